"""WAV files: read whatever recorders and speech engines write, write what switchboards read.

The standard library's ``wave`` knows neither A-law and µ-law nor, before 3.12, what recorders write for more than two
channels. The format is that of "Multimedia Programming Interface and Data Specifications 1.0" (IBM and Microsoft, 1991)
and RFC 2361.
"""

import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from functools import partial

from channels.prompts import g711
from channels.prompts.sound import Sound, mixed


class Coding(IntEnum):
    """How samples stand in a WAV file: its format tag."""

    PCM = 0x0001
    FLOAT = 0x0003
    ALAW = 0x0006
    ULAW = 0x0007


_EXTENSIBLE = 0xFFFE  # the tag stands further on
_STREAMED = 0x7FFF0000  # a size from here on stands for "until the end": the writer did not know it yet
_RATES = range(8_000, 192_001)
_CHANNELS = range(1, 9)


class WavError(ValueError):
    """No WAV file that can be used; says what it is instead."""


def read(data: bytes) -> Sound:
    """Read a WAV file of 8 to 32 bits, any common rate, one or more channels.

    Raises:
        WavError: it is something else, or not whole.
    """
    chunks = dict(_chunks(data))
    form, body = chunks.get(b"fmt ", b""), chunks.get(b"data")
    if len(form) < 16 or body is None:
        raise WavError("it is a WAV file without sound in it")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if tag == _EXTENSIBLE and len(form) >= 26:
        (tag,) = struct.unpack_from("<H", form, 24)
    if rate not in _RATES or channels not in _CHANNELS:
        raise WavError(f"it has {channels} channels at {rate} Hz, and 1 to 8 at 8000 to 192000 Hz can be read")
    samples = _samples(tag, bits, body)
    whole = len(samples) - len(samples) % channels
    return Sound(rate, mixed([samples[channel:whole:channels] for channel in range(channels)]))


def write(coding: Coding, rate: int, body: bytes) -> bytes:
    """Write one channel: 16 bits a sample in PCM, 8 in A-law and µ-law, which both want a ``fact`` chunk."""
    width = 2 if coding is Coding.PCM else 1
    form = struct.pack("<HHIIHH", coding, 1, rate, rate * width, width, 8 * width)
    chunks = [(b"fmt ", form), (b"data", body)]
    if coding is not Coding.PCM:
        chunks = [(b"fmt ", form + struct.pack("<H", 0)), (b"fact", struct.pack("<I", len(body))), (b"data", body)]
    written = b"".join(
        name + struct.pack("<I", len(chunk)) + chunk + b"\0" * (len(chunk) % 2) for name, chunk in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(written)) + b"WAVE" + written


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavError("it is not a WAV file")
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        body = data[place + 8 : place + 8 + size]
        if len(body) < size < _STREAMED:
            raise WavError("its end is missing, so it was not copied whole")
        yield name, body
        place += 8 + size + size % 2


def _samples(tag: int, bits: int, body: bytes) -> "array[float]":
    """The samples of all channels, one after the other, full scale being 1."""
    if (tag, bits) not in _KINDS:
        raise WavError(f"its samples are of a kind that cannot be read (format {tag}, {bits} bits)")
    read_numbers, full_scale = _KINDS[tag, bits]
    return array("d", [value / full_scale for value in read_numbers(body)])


def _numbers(code: str, body: bytes) -> "array[int] | array[float]":
    numbers = array(code)
    numbers.frombytes(body[: len(body) - len(body) % numbers.itemsize])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _of_24_bits(body: bytes) -> "array[int] | array[float]":
    whole = len(body) // 3
    widened = bytearray(4 * whole)
    for byte in range(3):
        widened[byte + 1 :: 4] = body[byte : 3 * whole : 3]
    return _numbers("i", bytes(widened))


_KINDS: Mapping[tuple[int, int], tuple[Callable[[bytes], Iterable[float]], float]] = {
    (Coding.PCM, 8): (lambda body: (value - 128 for value in body), 0x80),
    (Coding.PCM, 16): (partial(_numbers, "h"), 0x8000),
    (Coding.PCM, 24): (_of_24_bits, 0x80000000),
    (Coding.PCM, 32): (partial(_numbers, "i"), 0x80000000),
    (Coding.FLOAT, 32): (lambda body: (max(-1.0, min(1.0, value)) for value in _numbers("f", body)), 1.0),
    (Coding.ALAW, 8): (g711.from_alaw, 0x8000),
    (Coding.ULAW, 8): (g711.from_ulaw, 0x8000),
}
"""How samples are read, and which number is full scale, by coding and bits."""
