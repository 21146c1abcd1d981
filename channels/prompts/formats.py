"""Sound in the formats that switchboards read."""

import sys
from array import array

from channels.prompts import g711, wav
from channels.prompts.sound import Sound, silence
from channels.providers.prompts import Format


def encoded(sound: Sound, form: Format) -> bytes:
    """Write a sound in a format whose rate it has."""
    samples = array("h", [round(max(-1.0, min(1.0, sample)) * 0x7FFF) for sample in sound.samples])
    match form:
        case Format.WAV | Format.WAV_16K:
            return wav.write(wav.Coding.PCM, form.rate, _little_endian(samples))
        case Format.WAV_ALAW:
            return wav.write(wav.Coding.ALAW, form.rate, g711.to_alaw(samples))
        case Format.WAV_ULAW:
            return wav.write(wav.Coding.ULAW, form.rate, g711.to_ulaw(samples))
        case Format.ALAW:
            return g711.to_alaw(samples)
        case Format.ULAW:
            return g711.to_ulaw(samples)


def silent(form: Format) -> bytes:
    """Write the prompt that says nothing."""
    return encoded(silence(form.rate), form)


def _little_endian(samples: "array[int]") -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
