"""A switchboard of the municipality's own: from the message to the file it plays, and to who switches it on."""

import asyncio
import hashlib
import math
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from broadcaster.delivery import State
from broadcaster.leading import close_incident
from broadcaster.plan import Plan, prepare
from broadcaster.prompting import LOOK_AFTER, follow_prompts
from broadcaster.serving import web_app
from broadcaster.store.confirmations import awaiting, confirm, confirmed
from broadcaster.store.recordings import RecordingStore
from channels.prompts import Format, silent
from channels.prompts.sound import SILENCE
from tests.support.desk import Desk
from tests.support.sounding import heard, wav
from tests.support.world import FAST, World, world

LINE = """[accounts.phone-borgholm]
provider = "prompts"
line = "vaxel"
directory = "prompts"
"""
TWILIO = """[accounts.phone-borgholm]
provider = "twilio-voice"
line = "+46846500400"               # what residents call
switchboard = "+4648588000"         # where calls go on to
auth_token = { file = "secrets/twilio" }
"""
TO_BORGHOLM = ('municipalities = ["borgholm", "morbylanga"]', 'municipalities = ["borgholm"]')

pytestmark = pytest.mark.usefixtures("espeak")


def tone(hertz: int, seconds: float = 1.5) -> bytes:
    return wav(
        [round(9000 * math.sin(2 * math.pi * hertz * n / 16_000)) for n in range(round(16_000 * seconds))], 16_000
    )


@pytest.fixture
def line(desk: Desk) -> Desk:
    """A desk whose line in Borgholm is one that a person has to switch on."""
    desk.configure(TWILIO, f"{LINE}confirm = true\n")
    return desk


def recorded(desk: Desk, *recording: str) -> str:
    """A message to Borgholm with recordings."""
    return desk.message(old=TO_BORGHOLM[0], new="\n".join([TO_BORGHOLM[1], *recording]))


async def sent(desk: Desk, name: str) -> str:
    """Send a message; returns its id."""
    ran = await desk.run("send", name, "--yes", "--json")
    assert ran.code == 0, ran.err
    assert ran.data["deliveries"]["ivr"]["accepted"] == 2
    return str(ran.data["message"])


async def test_a_prompt_waits_until_a_person_says_that_it_is_on(line: Desk) -> None:
    message = await sent(line, recorded(line))
    waiting = await line.run("status")
    confirmed = await line.run("status", message, "--confirm", "--line", "vaxel")
    again = await line.run("status", message, "--confirm")
    after = await line.run("status", "--json")

    assert waiting.code == 1
    assert "vaxel sv: awaiting confirmation" in waiting.out
    assert "vaxel en: awaiting confirmation" in waiting.out
    assert confirmed.code == 0
    assert "vaxel sv: switched on, according to" in confirmed.out
    assert "awaiting" not in confirmed.out
    assert again.code == 2
    assert f"no prompt of {message} waits to be confirmed" in again.err
    assert (after.code, after.data["deliveries"]["ivr"]["delivered"]) == (0, 2)


async def test_another_lines_name_confirms_nothing_and_the_right_one_is_named(line: Desk) -> None:
    message = await sent(line, recorded(line))
    ran = await line.run("status", message, "--confirm", "--line", "vaxeln")
    assert ran.code == 2
    assert f"no prompt of {message} on the line vaxeln waits to be confirmed. These lines do: vaxel." in ran.err
    assert "awaiting" in (await line.run("status")).out


async def test_a_line_that_plays_by_itself_waits_for_nobody(desk: Desk) -> None:
    desk.configure(TWILIO, LINE)
    message = await sent(desk, recorded(desk))
    assert (await desk.run("status", message)).code == 0
    assert (await desk.run("status", message, "--confirm")).code == 2


async def test_the_package_holds_sound_scripts_checksums_and_what_to_do(line: Desk) -> None:
    message = await sent(line, recorded(line))
    folder, archive = await line.run("prompts", "export", "usb"), await line.run("prompts", "export", "usb.zip")
    assert (folder.code, archive.code) == (0, 0)

    package = line.folder / "usb/vaxel"
    files = {file.relative_to(package).as_posix(): file.read_bytes() for file in package.rglob("*.*")}
    sounds = {f"vaxel-{language}.{form}" for language in ("sv", "en") for form in ("wav", "alaw")}
    papers = {"manus-sv.txt", "manus-en.txt", "INSTRUKTION.txt"}
    assert set(files) == sounds | {f"ordinarie/{name}" for name in sounds} | papers
    sums = {f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items()}
    assert set((package / "SHA256SUMS").read_text().splitlines()) == sums
    assert files["vaxel-sv.wav"] == (line.folder / "prompts/vaxel-sv.wav").read_bytes()
    assert files["ordinarie/vaxel-sv.wav"] == silent(Format.WAV)
    assert "Ring noll fyra åtta fem" in files["manus-sv.txt"].decode()
    assert f"broadcaster status {message} --confirm --line vaxel" in files["INSTRUKTION.txt"].decode()
    assert "svenska: meddelande" in files["INSTRUKTION.txt"].decode()
    with zipfile.ZipFile(BytesIO((line.folder / "usb.zip").read_bytes())) as opened:
        zipped = {name: opened.read(name) for name in opened.namelist()}
    assert {f"vaxel/{name}" for name in files} | {"vaxel/SHA256SUMS"} == set(zipped)
    assert zipped["vaxel/vaxel-en.alaw"] == files["vaxel-en.alaw"]


async def test_without_a_message_the_package_says_so(line: Desk) -> None:
    assert (await line.run("prompts", "export", "usb")).code == 0
    instructions = (line.folder / "usb/vaxel/INSTRUKTION.txt").read_text(encoding="utf-8")
    assert "inget meddelande nu" in instructions
    assert not (line.folder / "usb/vaxel/manus-sv.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("usb", "--line", "kontaktcenter"), 2, "there is no line 'kontaktcenter'. There are: vaxel."),
        (("gone/usb",), 3, "cannot be written"),
        (("gone/usb.zip",), 3, "cannot be written"),
    ],
)
async def test_an_export_that_cannot_be_made_says_why(
    line: Desk, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    ran = await line.run("prompts", "export", *arguments)
    assert ran.code == code
    assert reason in ran.err


async def test_where_no_line_plays_prompts_the_export_says_how_to_get_one(desk: Desk) -> None:
    ran = await desk.run("prompts", "export", "usb")
    assert ran.code == 2
    assert 'an account with provider = "prompts" makes one' in ran.err


async def test_check_names_what_a_line_lacks(line: Desk) -> None:
    line.configure("confirm = true", 'greetings = { sv = "hej.wav" }\nvoices = { en = "en.onnx" }')
    ran = await line.run("check", env={"PATH": str(line.folder)})
    assert ran.code == 3
    assert "config.toml: accounts.phone-borgholm: sv is not spoken: the program espeak-ng" in ran.err
    assert "install the package espeak-ng" in ran.err
    assert "install the package piper-tts" in ran.err
    assert "accounts.phone-borgholm.greetings.sv" in ran.err


async def test_two_lines_cannot_have_one_name(line: Desk) -> None:
    line.configure("[accounts.phone-morbylanga]", f"{LINE.replace('borgholm', 'oland')}\n[accounts.phone-morbylanga]")
    ran = await line.run("check")
    assert ran.code == 3
    assert "accounts.phone-oland.line: phone-borgholm has a line of this name" in ran.err


async def test_a_persons_own_recording_is_what_callers_hear(line: Desk) -> None:
    line.write("larm.wav", tone(500))
    name = recorded(line, 'recording = "larm.wav"')
    preview = await line.run("preview", name)
    assert "note: larm.wav takes 2 s" in preview.out
    await sent(line, name)
    swedish, english = (heard((line.folder / f"prompts/vaxel-{code}.wav").read_bytes()) for code in ("sv", "en"))
    assert swedish.seconds == pytest.approx(1.5 + 0.8, abs=0.2)
    assert english.seconds > 3


async def test_another_recording_makes_it_another_message(line: Desk) -> None:
    name = recorded(line, 'recording = { sv = "sv.wav", en = "en.wav" }')
    line.write("sv.wav", tone(500))
    line.write("en.wav", tone(600))
    first = await line.run("send", name, "--dry-run", "--json")
    line.write("en.wav", tone(700))
    second = await line.run("send", name, "--dry-run", "--json")
    assert first.code == second.code == 0
    assert first.data["message"] != second.data["message"]


@pytest.mark.parametrize(
    ("recording", "reason"),
    [
        ('recording = "gone.wav"', "gone.wav cannot be read: No such file or directory."),
        ('recording = "message.md"', "cannot be played to callers: it is not a WAV file: save it as WAV, 16 bits PCM."),
        ('recording = { sv = "short.wav" }', "cannot be played to callers: it takes 0.5 s, and 1 to 90 s can be used."),
        ('recording = { uk = "good.wav" }', "Nobody would hear the recording good.wav"),
        ('exercise = true\nrecording = "good.wav"', "does not say that this is an exercise."),
        ('recording = "../good.wav"', "A recording stands beside the message, or in a folder there."),
    ],
)
@pytest.mark.parametrize("command", ["preview", "send"])
async def test_a_recording_that_cannot_be_used_is_named_before_anything_is_sent(
    command: str, line: Desk, recording: str, reason: str
) -> None:
    line.write("good.wav", tone(500))
    line.write("short.wav", tone(500, 0.5))
    ran = await line.run(command, recorded(line, recording))
    assert ran.code == 2
    assert reason in ran.err
    assert "message.md:" in ran.err
    assert "recording" in ran.err


MESSAGE = """+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm"]
expires = {expires}
{recording}
+++
# Våra system är avstängda

Ring växeln.
"""


def planned(world: World, recording: str = 'recording = "larm.wav"') -> Plan:
    """A message to Borgholm for an hour, with a recording."""
    (world.config.folder / "larm.wav").write_bytes(tone(500))
    expires = (world.clock.now + timedelta(hours=1)).replace(microsecond=0).isoformat()
    text = MESSAGE.format(expires=expires, recording=recording)
    return prepare(text.encode(), str(world.config.folder / "message.md"), world.config, world.clock.now)


async def test_a_recording_is_kept_as_it_was_given_in_the_first_language_of_the_municipality(
    tmp_path: Path, database_url: str
) -> None:
    async with world(tmp_path, database_url, {**FAST, TWILIO: LINE}) as w:
        plan = planned(w)
        sent = await w.send(plan)
        assert sent.progress.count(State.ACCEPTED) == sent.progress.total
        async with w.database as database:
            recordings = RecordingStore(database)
            assert await recordings.find(plan.id, "sv") == tone(500)
            assert await recordings.find(plan.id, "en") is None
            assert await recordings.find("0000000000", "sv") is None
        assert heard((tmp_path / "prompts/vaxel-sv.wav").read_bytes()).seconds < 3


async def test_of_two_who_confirm_at_once_one_is_written_down(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url, {**FAST, TWILIO: LINE}) as w:
        plan, lanes = planned(w), {"phone-borgholm"}
        await w.send(plan)
        async with w.database as database:
            found = await awaiting(database, plan.id, lanes)
            assert [(one.line, one.language) for one in found] == [("vaxel", "sv")]
            assert await awaiting(database, plan.id, {"phone-morbylanga"}) == []
            both = await asyncio.gather(
                *(confirm(database, plan.id, found, w.clock.now, who) for who in ("anna", "bo"))
            )
            assert sorted(map(len, both)) == [0, 1]
            assert await awaiting(database, plan.id, lanes) == []
            [done] = await confirmed(database, plan.id)
            assert (done.prompt, done.actor) == ("vaxel sv", "anna" if both[0] else "bo")


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - nobody tells of what stands in a file or a log
            await asyncio.sleep(0.02)


async def until_it_holds(file: Path, length: float) -> None:
    """Wait until a file holds a prompt of about so many seconds."""
    await until(lambda: file.exists() and abs(heard(file.read_bytes()).seconds - length) < 0.2)


async def test_serve_keeps_the_files_as_the_database_and_the_clock_have_them(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db"
    file, stop = tmp_path / "prompts/vaxel-sv.wav", asyncio.Event()
    async with world(tmp_path, url, {**FAST, TWILIO: LINE}) as w, w.running() as broadcaster:
        following = asyncio.create_task(follow_prompts(broadcaster, stop, w.clock))
        await until_it_holds(file, 2 * SILENCE)

        await w.send(planned(w))  # by another process, for all that this one knows
        await until_it_holds(file, 1.5 + 2 * SILENCE)

        shutil.rmtree(tmp_path / "prompts")
        w.clock.move(timedelta(seconds=LOOK_AFTER))
        await until_it_holds(file, 1.5 + 2 * SILENCE)

        w.clock.move(timedelta(hours=1))
        await until(lambda: heard(file.read_bytes()).seconds > 4)  # how old it is, and then what was said
        await close_incident(broadcaster.store.database, planned(w).message.incident, w.clock(), "test")
        await until_it_holds(file, 2 * SILENCE)
        stop.set()
        await following


async def test_serve_goes_on_while_the_folder_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db"
    folder, stop = tmp_path / "prompts", asyncio.Event()
    folder.write_text("not a folder")
    async with world(tmp_path, url, {**FAST, TWILIO: LINE}) as w, w.running() as broadcaster:
        following = asyncio.create_task(follow_prompts(broadcaster, stop, w.clock))
        await until(lambda: "the prompts of phone-borgholm cannot be written" in caplog.text)
        folder.unlink()
        await until_it_holds(folder / "vaxel-sv.wav", 2 * SILENCE)
        stop.set()
        await following


async def test_a_switchboard_fetches_what_the_line_says(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db"
    async with world(tmp_path, url, {**FAST, TWILIO: LINE}) as w:
        await w.send(planned(w))
        async with (
            w.running() as broadcaster,
            TestServer(web_app(broadcaster, w.clock)) as server,
            aiohttp.ClientSession(server.make_url("/")) as switchboard,
            switchboard.get("/prompts/vaxel-sv.alaw") as response,
        ):
            assert await response.read() == (tmp_path / "prompts/vaxel-sv.alaw").read_bytes()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_samples_of_the_documentation_are_what_a_switchboard_gets(language: str) -> None:
    file = (Path(__file__).parents[2] / f"docs/samples/prompt-{language}.wav").read_bytes()
    found = heard(file)
    assert len(file) <= 100_000
    assert (found.coding, found.channels, found.rate, found.bits) == (1, 1, 8000, 16)
    assert found.peak < 10 ** (-3 / 20) + 0.001
    assert all(0.3 <= end <= 0.5 for end in found.quiet)
