"""Measures prompts as a switchboard gets them: from the bytes of their files, by other means than what made them."""

import struct
from dataclasses import dataclass

_HEADERS = {1: 44, 6: 58, 7: 58}


@dataclass(frozen=True)
class Heard:
    """What a file holds.

    Args:
        coding: format tag: 1 PCM, 6 A-law, 7 µ-law.
        samples: 16 bits each, whatever the file has.
    """

    coding: int
    channels: int
    rate: int
    bits: int
    samples: list[int]

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def peak(self) -> float:
        """Of full scale."""
        return max(map(abs, self.samples)) / 0x8000

    @property
    def quiet(self) -> tuple[float, float]:
        """Seconds at both ends that nobody hears: what A-law and µ-law make of nothing is no more than 8 of 32768."""
        loud = [place for place, sample in enumerate(self.samples) if abs(sample) > 8]
        if not loud:
            return self.seconds, self.seconds
        return loud[0] / self.rate, (len(self.samples) - 1 - loud[-1]) / self.rate


def heard(file: bytes) -> Heard:
    """Read a WAV file as strictly as Asterisk does: one header, then sound to the end."""
    riff, size, wave, name, length, coding, channels, rate, _, align, bits = struct.unpack_from("<4sI4s4sIHHIIHH", file)
    assert (riff, wave, name) == (b"RIFF", b"WAVE", b"fmt ")
    assert size == len(file) - 8
    start = _HEADERS[coding]
    data, amount = struct.unpack_from("<4sI", file, start - 8)
    assert data == b"data"
    assert start + amount == len(file)
    assert align == channels * bits // 8
    assert length == (16 if coding == 1 else 18)
    body = file[start:]
    if coding == 1:
        return Heard(coding, channels, rate, bits, list(struct.unpack(f"<{len(body) // 2}h", body)))
    return Heard(coding, channels, rate, bits, [alaw(byte) if coding == 6 else ulaw(byte) for byte in body])


def alaw(byte: int) -> int:
    """Decode as in table 1 of ITU-T G.711."""
    byte ^= 0x55
    segment, step = byte >> 4 & 7, byte & 15
    value = (2 * step + 1) << 3 if segment == 0 else (2 * step + 33) << segment + 2
    return value if byte & 0x80 else -value


def ulaw(byte: int) -> int:
    """Decode as in table 2 of ITU-T G.711."""
    byte ^= 0xFF
    segment, step = byte >> 4 & 7, byte & 15
    value = ((2 * step + 33 << segment) - 33) << 2
    return -value if byte & 0x80 else value


def wav(samples: list[int], rate: int, channels: int = 1) -> bytes:
    """Write samples of 16 bits as recorders do."""
    body = struct.pack(f"<{len(samples)}h", *samples)
    head = struct.pack(
        "<4sIHHIIHH4sI", b"fmt ", 16, 1, channels, rate, 2 * channels * rate, 2 * channels, 16, b"data", len(body)
    )
    return b"RIFF" + struct.pack("<I", 4 + len(head) + len(body)) + b"WAVE" + head + body
