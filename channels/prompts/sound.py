"""Sound as numbers, and what makes speech of any origin into a prompt: one rate, one loudness, quiet at both ends.

All of it is arithmetic on lists: a minute of speech takes a second or two, which callers spend in a thread.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import mul

SILENCE = 0.4
"""Seconds of silence at each end: switchboards swallow the beginning while they connect, and the end when they cut."""

PEAK = -3.0
"""Loudest sample in dBFS: room for the filters and codecs on the way, which overshoot."""

LOUDNESS = -17.0
"""Mean power of speech in dBFS (0 being full scale), pauses left out: as loud as what switchboards are delivered with.

That is 9 dB above what G.711 networks carry on average (ITU-T G.100.1), for a prompt is heard through traffic and wind.
"""

_HEARD = 30.0  # dB below the loudest frame from which a frame counts as speech
_AUDIBLE = 40.0  # dB below the loudest frame at which speech begins and ends
_FRAME = 0.02  # seconds in which loudness is measured
_BREATH = 0.06  # seconds kept before the first and after the last audible frame, for soft consonants
_FADE = 0.01  # seconds in which what is kept begins and ends, so that it does not click
_NOTHING = -60.0  # dBFS: a recording whose loudest frame is quieter holds no speech

_REJECTION = 60.0  # dB by which what a rate cannot carry is damped; A-law's own noise is at 38
_TRANSITION = 0.15  # of the lower rate: 3.4 to 4.6 kHz at 8 kHz, as G.712 has it for the networks speech goes through
_RUMBLE = 60.0  # Hz below which nothing is kept: offsets, hum, steps; no telephone carries it


@dataclass(frozen=True, slots=True)
class Sound:
    """One channel of sound.

    Args:
        rate: samples a second.
        samples: full scale being 1.
    """

    rate: int
    samples: "array[float]"

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return len(self.samples) / self.rate


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a sound is, in dBFS; minus infinity for silence.

    Args:
        peak: of its loudest sample.
        speech: of its mean power, pauses left out.
        frame: of its loudest frame.
    """

    peak: float
    speech: float
    frame: float


def silence(rate: int) -> Sound:
    """The prompt that says nothing, as long as the quiet at both ends of one that does."""
    return Sound(rate, array("d", bytes(8 * 2 * round(SILENCE * rate))))


def joined(sounds: Sequence[Sound]) -> Sound:
    """Sounds of one rate, one after the other."""
    samples = array("d")
    for sound in sounds:
        samples.extend(sound.samples)
    return Sound(sounds[0].rate, samples)


def finished(sound: Sound, rate: int) -> Sound:
    """Make a prompt of speech: at a rate, without rumble, levelled, with ``SILENCE`` at both ends."""
    trimmed = _trimmed(_without_rumble(resampled(sound, rate)))
    measured = level(trimmed)
    if measured.frame == -math.inf:
        return silence(rate)
    gain = 10 ** ((LOUDNESS - measured.speech) / 20)
    levelled = _limited(Sound(rate, array("d", [gain * sample for sample in trimmed.samples])))
    quiet = array("d", bytes(8 * round(SILENCE * rate)))
    return Sound(rate, quiet + levelled.samples + quiet)


def level(sound: Sound) -> Level:
    """Measure how loud a sound is."""
    powers = _powers(sound)
    loudest = max(powers, default=0.0)
    heard = [power for power in powers if power > loudest * 10 ** (-_HEARD / 10)]
    peak = max(map(abs, sound.samples), default=0.0)
    return Level(_decibels(peak**2), _decibels(sum(heard) / max(1, len(heard))), _decibels(loudest))


def is_heard(sound: Sound) -> bool:
    """Whether there is anything to hear."""
    return level(sound).frame > _NOTHING


def resampled(sound: Sound, rate: int) -> Sound:
    """Bring a sound to another rate, through a filter that lets nothing through that the rates cannot carry.

    A polyphase filter: a sinc in a Kaiser window, taken at the few places between samples that come up.
    """
    if rate == sound.rate:
        return sound
    common = math.gcd(rate, sound.rate)
    step, phases = sound.rate // common, rate // common
    kernels = _kernels(sound.rate, rate, phases)
    width = len(kernels[0])
    quiet = array("d", bytes(8 * (width // 2)))
    padded = quiet + sound.samples + quiet + array("d", [0.0])
    made = array("d")
    for place in range(math.ceil(len(sound.samples) * phases / step)):
        start, phase = divmod(place * step, phases)
        made.append(sum(map(mul, kernels[phase], padded[start : start + width])))
    return Sound(rate, made)


def _kernels(source: int, target: int, phases: int) -> list[tuple[float, ...]]:
    """The filter, once for each place between two samples at which a new one can lie.

    Window and length follow Kaiser's formulas; see Oppenheim and Schafer, Discrete-Time Signal Processing, 7.6.
    """
    lower = min(source, target)
    cut = lower / 2 / source
    beta = 0.1102 * (_REJECTION - 8.7)
    half = math.ceil((_REJECTION - 8) / (2.285 * 2 * math.pi * _TRANSITION * lower / source) / 2)
    kernels = []
    for phase in range(phases):
        offsets = [tap - half - phase / phases for tap in range(2 * half + 1)]
        kernel = [_sinc(2 * cut * offset) * _kaiser(offset / (half + 1), beta) for offset in offsets]
        total = sum(kernel)
        kernels.append(tuple(tap / total for tap in kernel))
    return kernels


def _sinc(x: float) -> float:
    return math.sin(math.pi * x) / (math.pi * x) if x else 1.0


def _kaiser(x: float, beta: float) -> float:
    return _bessel(beta * math.sqrt(max(0.0, 1 - x * x))) / _bessel(beta)


def _bessel(x: float) -> float:
    """The modified Bessel function of the first kind and order zero, by its series."""
    total = term = 1.0
    order = 1
    while term > 1e-12 * total:
        term *= (x / 2 / order) ** 2
        total += term
        order += 1
    return total


def _without_rumble(sound: Sound) -> Sound:
    """Take out what lies below ``_RUMBLE`` with a filter of the first order."""
    kept = math.exp(-2 * math.pi * _RUMBLE / sound.rate)
    made = array("d")
    before = now = 0.0
    for sample in sound.samples:
        now = sample - before + kept * now
        before = sample
        made.append(now)
    return Sound(sound.rate, made)


def _trimmed(sound: Sound) -> Sound:
    """Leave out what is quiet at both ends, and fade what is left in and out."""
    powers = _powers(sound)
    threshold = max(powers, default=0.0) * 10 ** (-_AUDIBLE / 10)
    audible = [place for place, power in enumerate(powers) if power > threshold]
    if not audible:
        return Sound(sound.rate, array("d"))
    frame, breath = round(_FRAME * sound.rate), round(_BREATH * sound.rate)
    start, end = max(0, audible[0] * frame - breath), (audible[-1] + 1) * frame + breath
    kept = sound.samples[start:end]
    fade = min(len(kept) // 2, round(_FADE * sound.rate))
    for place in range(fade):
        kept[place] *= place / fade
        kept[-1 - place] *= place / fade
    return Sound(sound.rate, kept)


def _limited(sound: Sound) -> Sound:
    """Turn down, frame by frame, what is louder than ``PEAK``.

    The gain goes straight from one frame's border to the next, and at a border it is what the more needy of the two
    frames bears, so no sample is louder. A frame is longer than a period of the deepest voice: no wave is bent.
    """
    ceiling = 10 ** (PEAK / 20)
    bearable = [ceiling / max(ceiling, *map(abs, frame)) for frame in _frames(sound)]
    borders = [min(pair) for pair in pairwise([1.0, *bearable, 1.0])]
    made = array("d")
    for frame, (first, last) in zip(_frames(sound), pairwise(borders), strict=True):
        slope = (last - first) / len(frame)
        made.extend(sample * (first + place * slope) for place, sample in enumerate(frame))
    return Sound(sound.rate, made)


def _powers(sound: Sound) -> Sequence[float]:
    """The mean power of each frame; what is left at the end counts as one."""
    return [sum(map(mul, frame, frame)) / len(frame) for frame in _frames(sound)]


def _frames(sound: Sound) -> Iterator["array[float]"]:
    size = max(1, round(_FRAME * sound.rate))
    return (sound.samples[start : start + size] for start in range(0, len(sound.samples), size))


def _decibels(power: float) -> float:
    return 10 * math.log10(power) if power else -math.inf


def mixed(channels: Sequence["array[float]"]) -> "array[float]":
    """Bring several channels into one."""
    if len(channels) == 1:
        return channels[0]
    return array("d", [sum(samples) / len(channels) for samples in zip(*channels, strict=True)])
