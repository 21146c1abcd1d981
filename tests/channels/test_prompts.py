"""Prompts: measured from the files that a switchboard plays, whatever goes wrong around them."""

import asyncio
import math
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import pytest
from pydantic import ValidationError

from channels.announcements import IVR
from channels.contract import Accepted, Deferred, Halted, Parcel, Rejected
from channels.folder import FolderError
from channels.prompts import Format, PromptChannel, PromptSettings, SpeechError
from channels.prompts.sound import LOUDNESS, PEAK, SILENCE, level
from channels.prompts.speech import VOICES, NoVoiceError, Speaker
from channels.prompts.wav import read
from messages import languages
from messages.model import Kind, Municipality, Rendition, Severity
from messages.rendering import measure
from messages.speech import seconds
from tests.fakes.recordings import MemoryRecordings
from tests.fakes.surfaces import MemorySurfaces
from tests.support.sounding import heard, wav

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
TEXT = {
    "sv": "Våra datasystem är avstängda. Ring noll fyra åtta fem, åtta åtta noll, noll noll.",
    "en": "Our computer systems are shut down. Call zero four eight five, eight eight zero, zero zero.",
}


def tone(hertz: int, length: float = 1.5) -> bytes:
    """A recording: a note that can be told from others in what a switchboard gets."""
    return wav(
        [round(9000 * math.sin(2 * math.pi * hertz * n / 16_000)) for n in range(round(16_000 * length))], 16_000
    )


def pitch(file: bytes, until: float = -0.6) -> int:
    """The note of a recording, as a switchboard's file has it; 0 for silence.

    Args:
        until: seconds from the beginning, or less than 0 from the end.
    """
    found = heard(file)
    sounding = found.samples[round(found.rate * 0.6) : round(found.rate * until)]
    rising = sum(before < 0 <= after for before, after in pairwise(sounding))
    return round(rising * found.rate / max(1, len(sounding)) / 10) * 10


def settings(**changes: object) -> PromptSettings:
    written = {"provider": "prompts", "line": "vaxel", "directory": "prompts", "formats": ["wav"]} | changes
    return PromptSettings.model_validate(written, context={"folder": Path("/etc/broadcaster")})


def parcel(
    message: str = "m1",
    language: str = "sv",
    text: str | None = None,
    issued: datetime = NOW,
    hours: float = 6,
    incident: str = "Dataintrång",
) -> Parcel:
    text = TEXT[language] if text is None else text
    return Parcel(
        key=f"{message}-1",
        target="vaxel",
        rendition=Rendition("borgholm", "ivr", language, "Avstängt", text),
        message=message,
        kind=Kind.ALERT,
        severity=Severity.SEVERE,
        issued=issued,
        expires=issued + timedelta(hours=hours),
        incident=incident,
    )


class Line:
    """A line with its folder, and recordings for those who do not want to hear a machine."""

    places: Mapping[str, Municipality] = MappingProxyType({})

    def __init__(self, folder: Path, **changes: object) -> None:
        self.directory = folder / "prompts"
        self.settings = PromptSettings.model_validate(
            {"provider": "prompts", "line": "vaxel", "directory": "prompts", "formats": ["wav"]} | changes,
            context={"folder": folder},
        )
        self.now = NOW
        self.surfaces = MemorySurfaces(lambda: self.now)
        self.recordings = MemoryRecordings()
        self.channel = self.another()

    def another(self) -> PromptChannel:
        """The same line in another process."""
        return PromptChannel(self.settings, self.surfaces, self.recordings, lambda: self.now, self.places, UTC)

    def record(self, hertz: int, message: str = "m1", language: str = "sv") -> None:
        self.recordings.files[message, language] = tone(hertz)

    def file(self, name: str = "vaxel-sv.wav") -> bytes:
        return (self.directory / name).read_bytes()

    @property
    def pitch(self) -> int:
        return pitch(self.file())

    def names(self) -> set[str]:
        return {file.name for file in self.directory.iterdir() if not file.name.startswith(".")}


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts programs in the place of all that there are on this machine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, script: str) -> None:
        program = folder / name
        program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    return put


@pytest.mark.usefixtures("espeak")
@pytest.mark.parametrize("language", ["sv", "en"])
async def test_a_text_becomes_speech_as_loud_and_as_long_as_it_shall_be(language: str, tmp_path: Path) -> None:
    line = Line(tmp_path, formats=["wav", "wav-16k", "wav-alaw", "wav-ulaw"])
    assert await line.channel.send(parcel(language=language)) == Accepted(f"m1/{language}")
    for ending, coding, rate, bits in (
        (".wav", 1, 8000, 16),
        ("-16k.wav", 1, 16_000, 16),
        ("-alaw.wav", 6, 8000, 8),
        ("-ulaw.wav", 7, 8000, 8),
    ):
        file = line.file(f"vaxel-{language}{ending}")
        found = heard(file)
        assert (found.coding, found.channels, found.rate, found.bits) == (coding, 1, rate, bits)
        assert 20 * math.log10(found.peak) == pytest.approx(PEAK, abs=0.3)
        assert level(read(file)).speech == pytest.approx(LOUDNESS, abs=2)
        assert all(SILENCE - 0.1 <= end <= SILENCE + 0.1 for end in found.quiet)
        assert 0.6 < (found.seconds - 2 * SILENCE) / seconds(TEXT[language], language) < 1.5


async def test_bare_a_law_and_mu_law_are_as_long_as_the_wav_file(tmp_path: Path) -> None:
    line = Line(tmp_path, formats=["wav", "alaw", "ulaw"])
    line.record(440)
    assert isinstance(await line.channel.send(parcel()), Accepted)
    assert line.names() == {"vaxel-sv.wav", "vaxel-sv.alaw", "vaxel-sv.ulaw"}
    assert len(line.file("vaxel-sv.alaw")) == len(line.file("vaxel-sv.ulaw")) == len(heard(line.file()).samples)


@pytest.mark.usefixtures("espeak")
async def test_every_language_that_messages_know_is_spoken() -> None:
    assert set(languages.KNOWN) <= set(VOICES)
    for language in languages.KNOWN:
        assert (await Speaker({}).say("112.", language)).seconds > 0.3


@pytest.mark.usefixtures("espeak")
async def test_text_that_looks_like_an_option_is_spoken_like_any_other() -> None:
    assert (await Speaker({}).say("--help är inget ord. Åäö.", "sv")).seconds > 1


@pytest.mark.usefixtures("espeak")
async def test_the_same_text_gives_the_same_bytes_and_the_file_is_left_alone(tmp_path: Path) -> None:
    line = Line(tmp_path)
    await line.channel.send(parcel())
    before = (line.directory / "vaxel-sv.wav").stat().st_ino
    assert await line.another().send(parcel()) == Accepted("m1/sv")
    assert (line.directory / "vaxel-sv.wav").stat().st_ino == before


async def test_a_persons_own_recording_is_preferred(line: Line) -> None:
    line.record(440)
    assert await line.channel.send(parcel()) == Accepted("m1/sv")
    assert line.pitch == 440
    assert 20 * math.log10(heard(line.file()).peak) <= PEAK


@pytest.mark.usefixtures("espeak")
async def test_a_recording_that_cannot_be_used_gives_way_to_speech(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.recordings.files["m1", "sv"] = b"no sound at all"
    assert await line.channel.send(parcel()) == Accepted("m1/sv")
    assert heard(line.file()).seconds > 3
    assert "the recording of message m1 in sv cannot be used: it is not a WAV file" in caplog.text


async def test_a_line_has_a_silent_file_in_each_language_before_there_is_a_message(tmp_path: Path) -> None:
    line = Line(tmp_path, formats=["wav", "alaw"])
    await line.channel.refresh(["sv", "en"], NOW)
    assert line.names() == {"vaxel-sv.wav", "vaxel-sv.alaw", "vaxel-en.wav", "vaxel-en.alaw"}
    assert heard(line.file()).peak == 0
    assert set(line.file("vaxel-en.alaw")) == {0xD5}


async def test_the_ordinary_greeting_is_what_a_line_says_without_a_message(tmp_path: Path) -> None:
    (tmp_path / "greeting.wav").write_bytes(tone(300))
    line = Line(tmp_path, greetings={"sv": "greeting.wav"})
    await line.channel.refresh(["sv", "en"], NOW)
    assert (line.pitch, pitch(line.file("vaxel-en.wav"))) == (300, 0)


@pytest.mark.parametrize("content", [None, b"no sound"])
async def test_a_greeting_that_cannot_be_used_leaves_the_line_silent_and_is_told(
    content: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if content:
        (tmp_path / "greeting.wav").write_bytes(content)
    line = Line(tmp_path, greetings={"sv": "greeting.wav"})
    await line.channel.refresh(["sv"], NOW)
    assert heard(line.file()).peak == 0
    assert "greeting.wav cannot be used, so the line is silent" in caplog.text


async def test_a_newer_message_takes_the_place_of_the_older_and_never_the_other_way(line: Line) -> None:
    line.record(400, "m1")
    line.record(600, "m2")
    newer = parcel("m2", issued=NOW + timedelta(minutes=5))
    assert isinstance(await line.channel.send(parcel()), Accepted)
    assert isinstance(await line.channel.send(newer), Accepted)
    assert line.pitch == 600
    assert await line.channel.send(parcel()) == Rejected("a newer announcement is on the line")
    assert line.pitch == 600


async def test_what_has_expired_gives_way_to_the_greeting(tmp_path: Path) -> None:
    (tmp_path / "greeting.wav").write_bytes(tone(300))
    line = Line(tmp_path, greetings={"sv": "greeting.wav"})
    line.record(500)
    message = parcel(hours=1)
    await line.channel.send(message)
    await line.channel.refresh(["sv"], NOW + timedelta(minutes=59))
    assert line.pitch == 500
    await line.channel.refresh(["sv"], NOW + timedelta(hours=1))
    assert line.pitch == 300


async def test_a_withdrawn_message_gives_way_unless_a_newer_one_is_there(line: Line) -> None:
    line.record(400, "m1")
    line.record(600, "m2")
    first, second = parcel(), parcel("m2", issued=NOW + timedelta(minutes=5))
    for message in (first, second):
        await line.channel.send(message)
    assert await line.channel.withdraw(first, "m1/sv") == Accepted("m1/sv")
    assert line.pitch == 600
    for _ in range(2):
        assert await line.channel.withdraw(second, "m2/sv") == Accepted("m2/sv")
        assert line.pitch == 0


async def test_what_was_not_written_in_a_language_is_heard_in_another_after_a_remark(line: Line) -> None:
    line.places = {"borgholm": Municipality("borgholm", ("sv", "en"), ("ivr",), {})}
    line.channel = line.another()
    assert await line.channel.send(parcel()) == Accepted("m1/sv")
    swedish, english = heard(line.file("vaxel-sv.wav")), heard(line.file("vaxel-en.wav"))
    assert english.seconds > swedish.seconds + 1  # "This message is in Swedish only." and all of the Swedish
    await line.channel.withdraw(parcel(), "m1/sv")
    assert pitch(line.file("vaxel-en.wav")) == 0


@pytest.mark.usefixtures("programs")  # with none: what only a program can say is left out, and recordings are heard
async def test_after_an_incidents_end_the_line_goes_on_with_the_other_that_is_not_over(line: Line) -> None:
    for hertz, message in ((400, "m1"), (600, "water"), (800, "storm")):
        line.record(hertz, message)
    water = parcel("water", issued=NOW + timedelta(minutes=5), incident="Vatten")
    storm = parcel("storm", issued=NOW + timedelta(minutes=6), hours=1, incident="Storm")
    for announcement, said in ((parcel(), 400), (water, 600), (storm, 800)):
        assert isinstance(await line.channel.send(announcement), Accepted)
        assert pitch(line.file(), until=1.0) == said  # of the equally bad the newest comes first
    line.now = storm.expires
    await line.channel.refresh(["sv"], line.now)
    assert pitch(line.file(), until=1.0) == 600
    await line.channel.withdraw(water, "water/sv")
    assert line.pitch == 400


@pytest.mark.usefixtures("programs")
async def test_what_has_expired_or_was_withdrawn_is_not_said_even_if_the_other_cannot_be_spoken(line: Line) -> None:
    await line.surfaces.put(IVR.name, "vaxel", "sv", parcel())  # which nothing here can speak
    line.record(600, "water")
    water = parcel("water", issued=NOW + timedelta(minutes=5), hours=1, incident="Vatten")
    await line.channel.send(water)
    assert line.pitch == 600
    line.now = water.expires
    with pytest.raises(SpeechError):
        await line.channel.refresh(["sv"], line.now)
    assert line.pitch == 0
    line.now = NOW
    await line.channel.refresh(["sv"], line.now)
    assert line.pitch == 600
    elsewhere = line.another()
    assert isinstance(await elsewhere.withdraw(water, "water/sv"), Halted)
    assert line.pitch == 0


async def test_what_another_machine_has_sent_is_written_here_too(line: Line) -> None:
    line.record(700)
    await line.surfaces.put(IVR.name, "vaxel", "sv", parcel())
    await line.channel.refresh(["sv", "so"], NOW)
    assert (line.pitch, pitch(line.file("vaxel-so.wav"))) == (700, 0)


@pytest.mark.usefixtures("programs")
async def test_without_the_program_the_account_halts_and_its_package_is_named(line: Line) -> None:
    await line.channel.refresh(["sv"], NOW)
    outcome = await line.channel.send(parcel())
    assert isinstance(outcome, Halted)
    assert "install the package espeak-ng" in outcome.reason
    assert heard(line.file()).peak == 0
    assert await line.surfaces.showing(IVR.name, "vaxel") == []


BAD_SPEAKERS = {
    "exit 3": "ended with code 3",
    "cat > /dev/null; echo no sound": "cannot be used: it is not a WAV file",
    "exec sleep 60": "did not finish within",
    "head -c 44 /dev/zero": "cannot be used",
}


@pytest.mark.parametrize(("script", "reason"), BAD_SPEAKERS.items())
async def test_a_program_that_fails_defers_and_nothing_of_the_text_is_told(
    script: str, reason: str, line: Line, programs: Callable[[str, str], None], caplog: pytest.LogCaptureFixture
) -> None:
    programs("espeak-ng", script)
    line.channel._speaker = Speaker({}, patience=0.5)
    outcome = await line.channel.send(parcel())
    assert isinstance(outcome, Deferred)
    assert reason in outcome.reason
    assert "datasystem" not in outcome.reason + caplog.text


async def test_a_program_that_says_nothing_is_not_taken_for_speech(
    tmp_path: Path, programs: Callable[[str, str], None]
) -> None:
    (tmp_path / "nothing.wav").write_bytes(wav([0] * 8000, 8000))
    programs("espeak-ng", f"cat > /dev/null; cat {tmp_path}/nothing.wav")
    with pytest.raises(SpeechError, match="said nothing"):
        await Speaker({}).say("Hej.", "sv")


async def test_a_program_is_ended_when_the_work_is_called_off(
    tmp_path: Path, programs: Callable[[str, str], None]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    programs("espeak-ng", f"echo $$ > {pipe}; exec sleep 60")
    saying = asyncio.create_task(Speaker({}).say("Hej.", "sv"))
    process = int(await asyncio.to_thread(pipe.read_text))
    saying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saying
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def piper(tmp_path: Path, hertz: int) -> str:
    """What stands in for piper: it notes what it was asked, and answers with a note."""
    (tmp_path / "piper.wav").write_bytes(tone(hertz))
    return f'echo "$@" > {tmp_path}/asked; cat > {tmp_path}/text; env > {tmp_path}/env; cat {tmp_path}/piper.wav'


async def test_piper_speaks_where_it_has_a_voice(
    tmp_path: Path, programs: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_TOKEN", "correct-horse-battery")
    programs("piper", piper(tmp_path, 800))
    line = Line(tmp_path, voices={"sv": "sv_SE-nst-medium.onnx"})
    assert await line.channel.send(parcel()) == Accepted("m1/sv")
    assert line.pitch == 800
    assert (tmp_path / "text").read_text(encoding="utf-8") == TEXT["sv"]
    asked = (tmp_path / "asked").read_text().split()
    assert asked == ["--model", f"{tmp_path}/sv_SE-nst-medium.onnx", "--sentence-silence", "0.3", "--output-file", "-"]
    assert "correct-horse" not in (tmp_path / "env").read_text()


async def test_where_piper_fails_espeak_speaks_and_the_log_says_so(
    tmp_path: Path, programs: Callable[[str, str], None], caplog: pytest.LogCaptureFixture
) -> None:
    programs("espeak-ng", piper(tmp_path, 500))
    line = Line(tmp_path, voices={"sv": "voice.onnx"})
    assert await line.channel.send(parcel()) == Accepted("m1/sv")
    assert line.pitch == 500
    assert "install the package piper-tts" in caplog.text


def test_what_is_missing_for_a_language_is_named(tmp_path: Path, programs: Callable[[str, str], None]) -> None:
    speaker = Speaker({"en": tmp_path / "voice.onnx"})
    assert "install the package espeak-ng" in str(speaker.missing("sv"))
    assert "install the package piper-tts" in str(speaker.missing("en"))
    programs("espeak-ng", "")
    programs("piper", "")
    assert speaker.missing("sv") is None
    assert "voice.onnx is not there" in str(speaker.missing("en"))
    (tmp_path / "voice.onnx").write_bytes(b"")
    assert speaker.missing("en") is None


async def test_a_language_that_nobody_speaks_is_rejected_unless_somebody_has_recorded_it(line: Line) -> None:
    message = parcel()
    message = replace(message, rendition=replace(message.rendition, language="so"))
    outcome = await line.channel.send(message)
    assert outcome == Rejected('no voice speaks "so": give a recording, or name a voice of piper')
    line.record(440, language="so")
    assert await line.channel.send(message) == Accepted("m1/so")
    with pytest.raises(NoVoiceError):
        await Speaker({}).say("Hej.", "so")


@pytest.mark.usefixtures("programs")
async def test_a_text_that_cannot_be_spoken_here_leaves_its_file_and_mends_all_others(line: Line) -> None:
    line.record(700)
    await line.channel.send(parcel())
    line.recordings.files.clear()
    elsewhere = line.another()  # another process, which knows nothing of what was made
    with pytest.raises(SpeechError, match="install the package espeak-ng"):
        await elsewhere.refresh(["sv", "so"], NOW)
    assert (line.pitch, pitch(line.file("vaxel-so.wav"))) == (700, 0)


@pytest.mark.usefixtures("programs")
async def test_a_text_that_cannot_be_spoken_never_leaves_a_line_without_its_file(line: Line) -> None:
    await line.surfaces.put(IVR.name, "vaxel", "sv", parcel())
    with pytest.raises(SpeechError):
        await line.channel.refresh(["sv"], NOW)
    assert heard(line.file()).peak == 0


def vanished(folder: Path) -> None:
    folder.rmdir()


def a_file_in_its_place(folder: Path) -> None:
    (folder / "prompts").write_text("")


@pytest.mark.parametrize("spoil", [vanished, a_file_in_its_place])
async def test_a_folder_that_has_to_be_mended_halts_the_account(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    line = Line(home)
    line.record(440)
    spoil(home)
    outcome = await line.channel.send(parcel())
    assert isinstance(outcome, Halted)
    assert f"the folder {line.directory} cannot be written" in outcome.reason
    with pytest.raises(FolderError):
        await line.channel.refresh(["sv"], NOW)
    assert isinstance(await line.channel.withdraw(parcel(), "m1/sv"), Halted)


async def test_a_folder_that_is_back_gets_its_files_again(line: Line) -> None:
    line.record(440)
    await line.channel.send(parcel())
    for file in line.directory.iterdir():
        file.unlink()
    line.directory.rmdir()
    await line.channel.refresh(["sv", "en"], NOW)
    assert line.pitch == 440
    assert line.names() == {"vaxel-sv.wav", "vaxel-en.wav"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
async def test_a_full_disk_defers_and_the_line_goes_on_with_its_old_file(line: Line) -> None:
    line.record(400, "m1")
    line.record(600, "m2")
    newer = parcel("m2", issued=NOW + timedelta(minutes=5))
    await line.channel.send(parcel())
    (line.directory / ".vaxel-sv.wav.unfinished").symlink_to("/dev/full")
    outcome = await line.channel.send(newer)
    assert isinstance(outcome, Deferred)
    assert "No space left" in outcome.reason
    assert line.pitch == 400
    (line.directory / ".vaxel-sv.wav.unfinished").unlink()
    assert isinstance(await line.channel.send(newer), Accepted)
    assert line.pitch == 600


async def test_announcements_that_come_together_leave_the_newest(line: Line) -> None:
    messages = [parcel(f"m{n}", issued=NOW + timedelta(minutes=n)) for n in range(6)]
    for place, message in enumerate(messages):
        line.record(400 + 100 * place, message.message)
    channels = [line.another() for _ in messages]
    await asyncio.gather(*(channel.send(message) for channel, message in zip(channels, messages, strict=True)))
    assert line.pitch == 900


async def test_the_event_loop_goes_on_while_a_prompt_is_made(line: Line) -> None:
    line.recordings.files["m1", "sv"] = tone(440, 20)
    sending = asyncio.create_task(line.channel.send(parcel()))
    turns = 0
    while not sending.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert await sending == Accepted("m1/sv")
    assert turns > 20


def test_no_announcement_is_longer_than_a_switchboard_takes() -> None:
    words = IVR.form.limits.words
    assert words is not None
    longest = Rendition("borgholm", "ivr", "sv", "", " ".join(["kommunen"] * words))
    length = measure(longest, IVR.form).seconds
    assert length is not None
    assert length * 1.5 * 16_000 * 2 < 4_000_000


def test_relative_paths_are_meant_from_the_configurations_folder() -> None:
    made = settings(greetings={"sv": "hej.wav"}, voices={"sv": "/srv/sv.onnx"})
    assert made.directory == Path("/etc/broadcaster/prompts")
    assert made.greetings == {"sv": Path("/etc/broadcaster/hej.wav")}
    assert made.voices == {"sv": Path("/srv/sv.onnx")}


@pytest.mark.parametrize("form", Format)
def test_every_files_name_is_short_enough_for_old_switchboards(form: Format) -> None:
    assert len(settings(line="a" * 20).file("sv", form)) <= 32


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"line": "Växel"}, "line"),
        ({"line": "../x"}, "line"),
        ({"line": "a" * 21}, "line"),
        ({"line": "-a"}, "line"),
        ({"formats": []}, "formats"),
        ({"formats": ["mp3"]}, "formats"),
        ({"greetings": {"xx": "a.wav"}}, "greetings"),
        ({"voices": {"xx": "a.onnx"}}, "voices"),
        ({"confirm": "perhaps"}, "confirm"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes: dict[str, object], key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        settings(**changes)
