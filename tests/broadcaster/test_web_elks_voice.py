"""46elks' voice webhook over HTTP: unsigned, so only who knows its address is answered; and never a dead line."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from broadcaster.web import create_app
from broadcaster.web.prompts import PromptFile
from channels.announcements import IVR, Announcements
from channels.contract import Parcel, Surfaces
from channels.elks_voice import ElksLine, call_secret, straight_through
from channels.prompts import Format
from channels.providers.elks_voice import ElksVoiceSettings
from messages.model import Kind, Rendition, Severity
from tests.fakes.surfaces import BrokenSurfaces, HangingSurfaces, MemorySurfaces
from tests.support.sounding import wav

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
PUBLIC_URL = "https://kris.example.se"
CALL = {"direction": "incoming", "callid": "c1", "from": "+46701740605", "to": "+46846500400", "result": "newincoming"}


@pytest.fixture
def line(tmp_path: Path) -> ElksLine:
    settings = ElksVoiceSettings(
        provider="46elks-voice",
        line="+46846500400",
        switchboard="+4648588000",
        secret=SecretStr("correct-horse-battery"),
        directory=tmp_path,
    )
    for place, file in enumerate((*settings.files("sv"), *settings.files("en")), start=1):
        (tmp_path / file).write_bytes(wav([1000 * place, 0] * 400, 8000))
    return ElksLine(settings, ("sv", "en"), ("sv", "en"))


def parcel(language: str, expires: datetime = NOW + timedelta(hours=1)) -> Parcel:
    rendition = Rendition("borgholm", IVR.name, language, "", "Systemen är avstängda.")
    return Parcel(language, "+46846500400", rendition, "m1", Kind.ALERT, Severity.SEVERE, NOW, expires)


@asynccontextmanager
async def serving(line: ElksLine, surfaces: Surfaces) -> AsyncIterator[aiohttp.ClientSession]:
    files = [file for language in line.languages for file in line.settings.files(language)]
    app = create_app(
        feed_files=None,
        lines={},
        surfaces=surfaces,
        now=lambda: NOW,
        public_url=PUBLIC_URL,
        prompt_files={file: PromptFile(line.settings.directory / file, Format.WAV) for file in files},
        elks_lines={call_secret(line.settings): line},
    )
    headers = {"Accept-Encoding": "identity"}
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/"), headers=headers) as session:
        yield session


@pytest.fixture
async def surfaces() -> MemorySurfaces:
    return MemorySurfaces(lambda: NOW)


@pytest.fixture
async def client(line: ElksLine, surfaces: MemorySurfaces) -> AsyncIterator[aiohttp.ClientSession]:
    async with serving(line, surfaces) as session:
        yield session


async def answered(
    client: aiohttp.ClientSession, line: ElksLine, query: str = "", data: object = CALL
) -> dict[str, Any]:
    async with client.post(f"/webhooks/46elks/voice/{call_secret(line.settings)}{query}", data=data) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("application/json")
        answer: dict[str, Any] = await response.json()
        return answer


async def test_the_announcement_is_played_from_an_address_of_its_own_and_then_the_call_connected(
    client: aiohttp.ClientSession, line: ElksLine, surfaces: MemorySurfaces
) -> None:
    await Announcements(surfaces).put(parcel("sv"))
    answer = (await answered(client, line))["next"]  # where nobody chooses another language
    sound = answer["play"].removeprefix(PUBLIC_URL)
    async with client.get(sound) as response:
        assert await response.read() == (line.settings.directory / "46846500400-sv.wav").read_bytes()
        assert response.headers["Content-Type"] == "audio/wav"
        assert "immutable" in response.headers["Cache-Control"]
        known = {"If-None-Match": response.headers["ETag"]}
    async with client.get(sound, headers=known) as response:
        assert response.status == 304
    assert answer["next"]["next"] == straight_through("+4648588000")


async def test_another_announcement_has_another_address_and_the_old_one_never_plays_it(
    client: aiohttp.ClientSession, line: ElksLine, surfaces: MemorySurfaces
) -> None:
    await Announcements(surfaces).put(parcel("sv"))
    before = (await answered(client, line))["next"]["play"]
    (line.settings.directory / "46846500400-sv.wav").write_bytes(wav([5000, 0] * 400, 8000))
    assert (await answered(client, line))["next"]["play"] != before
    async with client.get(before.removeprefix(PUBLIC_URL)) as response:
        assert (response.status, response.headers["Cache-Control"]) == (404, "no-store")


async def test_a_language_is_offered_and_repeated_by_keys(
    client: aiohttp.ClientSession, line: ElksLine, surfaces: MemorySurfaces
) -> None:
    for language in ("sv", "en"):
        await Announcements(surfaces).put(parcel(language))
    answer = await answered(client, line)
    assert answer["ivr"].endswith("/46846500400-en-choice.wav")
    assert answer["2"]["play"].endswith("/46846500400-en.wav")
    again = answer["2"]["next"]["9"]
    assert again == f"{PUBLIC_URL}/webhooks/46elks/voice/{call_secret(line.settings)}?language=en"
    assert await answered(client, line, "?language=en", {"callid": "c1", "result": "9"}) == answer["2"]


async def test_without_an_announcement_the_call_goes_straight_through(
    client: aiohttp.ClientSession, line: ElksLine, surfaces: MemorySurfaces
) -> None:
    assert await answered(client, line) == straight_through("+4648588000")
    await Announcements(surfaces).put(parcel("sv", expires=NOW))
    assert await answered(client, line) == straight_through("+4648588000")
    assert await answered(client, line, "?language=sv") == straight_through("+4648588000")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"", b"a=" * 500, b"from=&to=", {"from": "anonymous"}])
async def test_whatever_46elks_says_of_a_call_it_is_put_through(
    data: object, client: aiohttp.ClientSession, line: ElksLine
) -> None:
    assert await answered(client, line, data=data) == straight_through("+4648588000")


@pytest.mark.parametrize("secret", ["0" * 32, "x", "%F0%9F%98%80", "correct-horse-battery"])
async def test_who_does_not_know_a_lines_address_finds_nothing(secret: str, client: aiohttp.ClientSession) -> None:
    async with client.post(f"/webhooks/46elks/voice/{secret}", data=CALL) as response:
        assert response.status == 404


async def test_a_file_that_is_gone_costs_nobody_the_call(
    client: aiohttp.ClientSession, line: ElksLine, surfaces: MemorySurfaces, caplog: pytest.LogCaptureFixture
) -> None:
    await Announcements(surfaces).put(parcel("sv"))
    for file in (*line.settings.files("sv"), *line.settings.files("en")):
        (line.settings.directory / file).unlink()
    assert await answered(client, line) == straight_through("+4648588000")
    assert "its callers do not hear it" in caplog.text


@pytest.mark.parametrize("kind", [BrokenSurfaces, HangingSurfaces])
async def test_a_store_that_fails_never_leaves_a_dead_line(
    kind: type[MemorySurfaces], line: ElksLine, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(line, kind(lambda: NOW)) as client:
        assert await answered(client, line) == straight_through("+4648588000")
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "goes straight to the switchboard" in record.getMessage()
    assert call_secret(line.settings) not in caplog.text
