"""Sound: what makes a prompt of a recording or of speech, measured with tones whose answer is known."""

import math
import struct
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.prompts import g711, recording, wav
from channels.prompts.formats import encoded, silent
from channels.prompts.recording import RecordingError
from channels.prompts.sound import LOUDNESS, PEAK, SILENCE, Sound, finished, level, resampled
from channels.prompts.wav import Coding, WavError
from channels.providers.prompts import Format
from tests.support.sounding import alaw, heard, ulaw
from tests.support.sounding import wav as recorded

ALL = array("h", range(-0x8000, 0x8000))


def tone(hertz: float, rate: int, seconds: float = 0.5, amplitude: float = 0.5) -> Sound:
    return Sound(
        rate, array("d", [amplitude * math.sin(2 * math.pi * hertz * n / rate) for n in range(round(seconds * rate))])
    )


def power(sound: Sound) -> float:
    """In dB of a full sine, without the ends, where a filter starts and stops."""
    middle = sound.samples[len(sound.samples) // 4 : -len(sound.samples) // 4]
    return 10 * math.log10(2 * sum(sample**2 for sample in middle) / len(middle) + 1e-12)


def test_every_byte_of_a_law_and_mu_law_means_what_the_standard_says() -> None:
    every = bytes(range(256))
    assert list(g711.from_alaw(every)) == [alaw(byte) for byte in every]
    assert list(g711.from_ulaw(every)) == [ulaw(byte) for byte in every]


@pytest.mark.parametrize(
    ("samples", "a", "u"),
    [([0], b"\xd5", b"\xff"), ([0x7FFF], b"\xaa", b"\x80"), ([-0x8000], b"\x2a", b"\x00"), ([-1], b"\x55", b"\x7f")],
)
def test_the_ends_and_the_middle_of_the_laws_are_where_the_standard_has_them(
    samples: list[int], a: bytes, u: bytes
) -> None:
    assert g711.to_alaw(array("h", samples)) == a
    if samples != [-1]:
        assert g711.to_ulaw(array("h", samples)) == u


def test_what_a_law_has_decoded_it_encodes_to_the_same_byte() -> None:
    every = bytes(range(256))
    assert g711.to_alaw(g711.from_alaw(every)) == every
    assert g711.to_ulaw(g711.from_ulaw(every)).replace(b"\xff", b"\x7f") == every.replace(b"\xff", b"\x7f")


def test_no_sample_is_further_from_its_code_than_half_a_step() -> None:
    for decoded in (g711.from_alaw(g711.to_alaw(ALL)), g711.from_ulaw(g711.to_ulaw(ALL))):
        for sample, value in zip(ALL, decoded, strict=True):
            assert abs(sample - value) <= 8 + (abs(sample) + 132) / 32
        assert all(before <= after for before, after in pairwise(decoded))


@pytest.mark.parametrize("source", [22_050, 44_100, 48_000, 16_000, 11_025])
@pytest.mark.parametrize("hertz", [200, 1000, 3000, 3400])
def test_what_a_telephone_carries_comes_through_as_loud_as_it_was(source: int, hertz: int) -> None:
    assert power(resampled(tone(hertz, source), 8000)) == pytest.approx(power(tone(hertz, source)), abs=0.2)


@pytest.mark.parametrize("hertz", [4700, 5500, 7000, 8000, 9500, 10_900])
def test_what_a_telephone_cannot_carry_does_not_come_back_as_another_tone(hertz: int) -> None:
    assert power(resampled(tone(hertz, 22_050), 8000)) < -55


@pytest.mark.parametrize(("source", "target"), [(22_050, 8000), (8000, 16_000), (48_000, 8000), (11_025, 16_000)])
def test_another_rate_takes_as_long_and_keeps_the_pitch(source: int, target: int) -> None:
    sound = resampled(tone(440, source, 1.0), target)
    assert sound.seconds == pytest.approx(1.0, abs=1 / target)
    crossings = sum(before < 0 <= after for before, after in pairwise(sound.samples))
    assert crossings == pytest.approx(440, abs=2)


def test_the_same_rate_changes_nothing() -> None:
    sound = tone(440, 8000)
    assert resampled(sound, 8000) is sound


@pytest.mark.parametrize("amplitude", [0.01, 0.2, 0.99])
def test_however_loud_it_came_it_leaves_as_loud_as_all(amplitude: float) -> None:
    measured = level(finished(tone(440, 16_000, 2.0, amplitude), 8000))
    assert measured.speech == pytest.approx(LOUDNESS, abs=0.5)
    assert measured.peak <= PEAK + 1e-9


def test_uneven_speech_never_exceeds_the_peak_and_keeps_its_quiet_words() -> None:
    loud, soft = tone(300, 8000, 0.3, 0.9), tone(300, 8000, 0.7, 0.05)
    mixed = Sound(8000, soft.samples + loud.samples + soft.samples)
    made = finished(mixed, 8000)
    assert level(made).peak <= PEAK + 1e-9
    assert len(made.samples) > 8000 * 1.6


def test_an_offset_and_hum_are_taken_out_before_anything_is_measured() -> None:
    humming = Sound(8000, array("d", [sample + 0.3 for sample in tone(1000, 8000, 2.0, 0.1).samples]))
    samples = finished(humming, 8000).samples
    assert sum(samples) / len(samples) == pytest.approx(0, abs=0.001)
    assert level(Sound(8000, samples)).speech == pytest.approx(LOUDNESS, abs=0.5)


def test_silence_at_the_ends_is_as_long_as_it_shall_be_however_much_there_was() -> None:
    nothing = array("d", bytes(8 * 8000))
    sound = Sound(8000, nothing + tone(440, 8000, 1.0).samples + nothing + nothing)
    made = finished(sound, 8000)
    quiet = [place for place, sample in enumerate(made.samples) if sample]
    assert quiet[0] / 8000 == pytest.approx(SILENCE, abs=0.08)
    assert (len(made.samples) - quiet[-1]) / 8000 == pytest.approx(SILENCE, abs=0.08)


def test_it_begins_and_ends_without_a_click() -> None:
    made = finished(Sound(8000, array("d", [0.5, -0.5] * 4000)), 8000)
    steps = [abs(after - before) for before, after in pairwise(made.samples)]
    sounding = [place for place, step in enumerate(steps) if step]
    assert max(steps[sounding[0] : sounding[0] + 10]) < 0.15
    assert max(steps[sounding[-1] - 10 :]) < 0.15


def test_nothing_stays_nothing() -> None:
    for samples in (array("d"), array("d", bytes(8 * 8000))):
        made = finished(Sound(8000, samples), 8000)
        assert made.seconds == 2 * SILENCE
        assert not any(made.samples)


@pytest.mark.parametrize("form", Format)
def test_every_format_holds_the_same_sound(form: Format) -> None:
    sound = finished(tone(440, 22_050, 1.0), form.rate)
    file = encoded(sound, form)
    if form in {Format.ALAW, Format.ULAW}:
        samples = [alaw(byte) if form is Format.ALAW else ulaw(byte) for byte in file]
        assert len(file) == len(sound.samples)
    else:
        found = heard(file)
        samples = found.samples
        coding, bits = {Format.WAV_ALAW: (6, 8), Format.WAV_ULAW: (7, 8)}.get(form, (1, 16))
        assert (found.coding, found.channels, found.rate, found.bits) == (coding, 1, form.rate, bits)
        assert found.quiet[0] == pytest.approx(SILENCE, abs=0.08)
    errors = [abs(sample / 0x8000 - wanted) for sample, wanted in zip(samples, sound.samples, strict=True)]
    assert max(errors) < (0.0001 if form in {Format.WAV, Format.WAV_16K} else 0.02)


@pytest.mark.parametrize("form", Format)
def test_the_silent_prompt_is_silent_in_every_format(form: Format) -> None:
    file = silent(form)
    if form is Format.ALAW:
        assert set(file) == {0xD5}
    elif form is Format.ULAW:
        assert set(file) == {0xFF}
    else:
        assert heard(file).peak <= 8 / 0x8000
        assert heard(file).seconds == 2 * SILENCE


def fmt(tag: int, channels: int, rate: int, bits: int, more: bytes = b"") -> bytes:
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, 0, 0, bits) + more)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


GUID = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

KINDS = [
    (1, 8, bytes([0x80, 0xC0, 0x40, 0x00]), [0, 0.5, -0.5, -1]),
    (1, 16, struct.pack("<4h", 0, 0x4000, -0x4000, -0x8000), [0, 0.5, -0.5, -1]),
    (1, 24, bytes([0, 0, 0, 0, 0, 0x40, 0, 0, 0xC0, 0, 0, 0x80]), [0, 0.5, -0.5, -1]),
    (1, 32, struct.pack("<4i", 0, 1 << 30, -(1 << 30), -(1 << 31)), [0, 0.5, -0.5, -1]),
    (3, 32, struct.pack("<4f", 0, 0.5, -0.5, -3), [0, 0.5, -0.5, -1]),
    (6, 8, b"\xaa\x2a", [alaw(0xAA) / 0x8000, alaw(0x2A) / 0x8000]),
    (7, 8, b"\x80\x00", [ulaw(0x80) / 0x8000, ulaw(0x00) / 0x8000]),
]


@pytest.mark.parametrize(("tag", "bits", "body", "samples"), KINDS)
def test_what_recorders_write_is_read(tag: int, bits: int, body: bytes, samples: list[float]) -> None:
    plain = riff(chunk(b"LIST", b"abc"), fmt(tag, 1, 44_100, bits), chunk(b"data", body))
    tagged = struct.pack("<HHIH", 22, bits, 0, tag) + GUID
    extensible = riff(fmt(0xFFFE, 1, 44_100, bits, tagged), chunk(b"data", body))
    for file in (plain, extensible):
        sound = wav.read(file)
        assert sound.rate == 44_100
        assert list(sound.samples) == pytest.approx(samples, abs=1e-6)


def test_stereo_becomes_one_channel() -> None:
    sound = wav.read(recorded([0x4000, 0, -0x4000, -0x4000, 1], 8000, channels=2))
    assert list(sound.samples) == [0.25, -0.5]


def test_a_file_that_was_streamed_is_read_to_its_end() -> None:
    body = struct.pack("<2h", 0x4000, 0)
    streamed = b"RIFF\xff\xff\xff\xffWAVE" + fmt(1, 1, 22_050, 16) + b"data\x00\xf0\xff\x7f" + body
    assert list(wav.read(streamed).samples) == [0.5, 0]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "not a WAV file"),
        (b"ID3\x04 an MP3 and what follows", "not a WAV file"),
        (b"RIFF\x00\x00\x00\x00AVI ", "not a WAV file"),
        (riff(), "without sound"),
        (riff(fmt(1, 1, 8000, 16)), "without sound"),
        (riff(chunk(b"fmt ", b"\1\0"), chunk(b"data", b"")), "without sound"),
        (riff(fmt(0x55, 1, 8000, 0), chunk(b"data", b"")), "kind that cannot be read"),
        (riff(fmt(1, 1, 8000, 12), chunk(b"data", b"")), "kind that cannot be read"),
        (riff(fmt(1, 0, 8000, 16), chunk(b"data", b"")), "0 channels"),
        (riff(fmt(1, 1, 4000, 16), chunk(b"data", b"")), "4000 Hz"),
        (recorded([0] * 8000, 8000)[:-10], "its end is missing"),
    ],
)
def test_what_is_no_recording_says_what_it_is_instead(file: bytes, reason: str) -> None:
    with pytest.raises(WavError, match=reason):
        wav.read(file)
    with pytest.raises(RecordingError, match=r"save it as WAV, 16 bits PCM"):
        recording.read(file)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_whatsoever_are_more_than_refused(noise: bytes, kept: int) -> None:
    file = recorded([1, 2, 3, 4], 8000)
    for data in (noise, file[:kept] + noise):
        try:
            wav.read(data)
        except WavError:
            continue


def spoken(seconds: float, amplitude: int = 8000) -> bytes:
    return recorded([amplitude if n % 20 < 10 else -amplitude for n in range(round(seconds * 8000))], 8000)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (spoken(0.9), r"takes 0\.9 s"),
        (spoken(90.5), r"takes 90\.5 s"),
        (spoken(5, amplitude=5), "it is silent"),
        (bytes(recording.LARGEST + 1), "larger than 20 MB"),
    ],
)
def test_a_recording_that_callers_cannot_use_is_refused(file: bytes, reason: str) -> None:
    with pytest.raises(RecordingError, match=reason):
        recording.read(file)


def test_a_recording_is_written_as_it_was_read() -> None:
    body = b"".join(struct.pack("<h", n) for n in range(-500, 500))
    assert wav.write(Coding.PCM, 8000, body) == recorded(list(range(-500, 500)), 8000)
    assert list(wav.read(wav.write(Coding.ALAW, 8000, b"\xaa" * 3)).samples) == [alaw(0xAA) / 0x8000] * 3
