"""A-law and µ-law, the eight bits in which telephone networks carry speech (ITU-T G.711).

Python had this in ``audioop`` until 3.13. A sample is looked up in a table, so a minute of speech takes a blink.
"""

from array import array
from functools import cache

_SIGN = 0x80
_EVEN_BITS = 0x55  # A-law is sent with every other bit turned over
_BIAS = 33  # added to a magnitude in µ-law, so that its segments begin at powers of two
_LARGEST = 8191 - _BIAS  # what is louder is cut, as the law has it


def to_alaw(samples: "array[int]") -> bytes:
    """Encode 16-bit samples, one byte each; Europe's law."""
    table = _alaw_bytes()
    return bytes([table[sample >> 4] for sample in samples])


def to_ulaw(samples: "array[int]") -> bytes:
    """Encode 16-bit samples, one byte each; the law of North America and Japan."""
    table = _ulaw_bytes()
    return bytes([table[sample >> 2] for sample in samples])


def from_alaw(data: bytes) -> "array[int]":
    """Decode to 16-bit samples."""
    values = [_alaw_value(byte) for byte in range(256)]
    return array("h", [values[byte] for byte in data])


def from_ulaw(data: bytes) -> "array[int]":
    """Decode to 16-bit samples."""
    values = [_ulaw_value(byte) for byte in range(256)]
    return array("h", [values[byte] for byte in data])


@cache
def _alaw_bytes() -> bytes:
    """The bytes of all samples by their upper 12 bits, the negative ones last, as Python's indices have them."""
    return bytes(_alaw_byte(value) for value in (*range(2048), *range(-2048, 0)))


@cache
def _ulaw_bytes() -> bytes:
    """The bytes of all samples by their upper 14 bits, the negative ones last."""
    return bytes(_ulaw_byte(value) for value in (*range(8192), *range(-8192, 0)))


def _alaw_byte(value: int) -> int:
    """Encode 12 bits: sign, segment, and the four bits below the first one that is set."""
    magnitude = value if value >= 0 else ~value
    segment = max(0, magnitude.bit_length() - 4)
    step = magnitude >> max(0, segment - 1) & 0xF
    return (_SIGN if value >= 0 else 0) | (segment << 4 | step) ^ _EVEN_BITS


def _alaw_value(byte: int) -> int:
    segment, step = (byte ^ _EVEN_BITS) >> 4 & 7, (byte ^ _EVEN_BITS) & 0xF
    magnitude = (step << 4) + 8 if segment == 0 else ((step << 4) + 0x108) << segment - 1
    return magnitude if byte & _SIGN else -magnitude


def _ulaw_byte(value: int) -> int:
    """Encode 14 bits, as A-law but with a bias and all bits turned over."""
    magnitude = min(abs(value), _LARGEST) + _BIAS
    segment = magnitude.bit_length() - 6
    step = magnitude >> segment + 1 & 0xF
    return ~((0 if value >= 0 else _SIGN) | segment << 4 | step) & 0xFF


def _ulaw_value(byte: int) -> int:
    turned = ~byte & 0xFF
    segment, step = turned >> 4 & 7, turned & 0xF
    magnitude = ((step << 1) + _BIAS << segment) - _BIAS << 2
    return -magnitude if turned & _SIGN else magnitude
