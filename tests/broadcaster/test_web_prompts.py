"""Prompts over HTTP: a switchboard that comes back is told that nothing is new, and never gets nothing."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from broadcaster.web import create_app
from broadcaster.web.prompts import PromptFile
from channels.prompts import Format, silent
from tests.fakes.surfaces import MemorySurfaces
from tests.support.sounding import heard, wav

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
SPOKEN = wav([1000, -1000] * 4000, 8000)
NAMES = {"vaxel-sv.wav": Format.WAV, "vaxel-sv.alaw": Format.ALAW, "vaxel-sv-ulaw.wav": Format.WAV_ULAW}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "prompts"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(SPOKEN)
    (folder / "secret.wav").write_bytes(b"secret")
    return folder


@pytest.fixture
async def switchboard(directory: Path) -> AsyncIterator[aiohttp.ClientSession]:
    app = create_app(
        feed_files=None,
        lines={},
        surfaces=MemorySurfaces(lambda: NOW),
        now=lambda: NOW,
        public_url=None,
        prompt_files={name: PromptFile(directory / name, form) for name, form in NAMES.items()},
    )
    headers = {"Accept-Encoding": "identity"}
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/"), headers=headers) as session:
        yield session


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("vaxel-sv.wav", "audio/wav"), ("vaxel-sv.alaw", "audio/PCMA"), ("vaxel-sv-ulaw.wav", "audio/wav")],
)
async def test_a_switchboard_gets_a_prompt_as_it_was_written(
    name: str, media_type: str, switchboard: aiohttp.ClientSession
) -> None:
    async with switchboard.get(f"/prompts/{name}") as response:
        assert response.status == 200
        assert await response.read() == SPOKEN
    assert response.headers["Content-Type"] == media_type
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["ETag"] == f'"{hashlib.sha256(SPOKEN).hexdigest()}"'


async def test_head_tells_the_same_without_the_sound(switchboard: aiohttp.ClientSession) -> None:
    async with switchboard.get("/prompts/vaxel-sv.wav") as got, switchboard.head("/prompts/vaxel-sv.wav") as headed:
        assert await headed.read() == b""
    assert headed.status == 200
    assert headed.headers["Content-Length"] == str(len(SPOKEN))
    assert {name for name in got.headers if got.headers[name] != headed.headers.get(name)} - {"Date"} == set()


async def test_a_switchboard_that_has_the_prompt_is_told_so_until_it_is_another(
    switchboard: aiohttp.ClientSession, directory: Path
) -> None:
    async with switchboard.get("/prompts/vaxel-sv.wav") as response:
        known = {"If-None-Match": response.headers["ETag"]}
    for method in ("GET", "HEAD"):
        async with switchboard.request(method, "/prompts/vaxel-sv.wav", headers=known) as response:
            assert response.status == 304
            assert await response.read() == b""
    (directory / "vaxel-sv.wav").write_bytes(SPOKEN[:-2])
    async with switchboard.get("/prompts/vaxel-sv.wav", headers=known) as response:
        assert response.status == 200


@pytest.mark.parametrize("name", NAMES)
async def test_a_prompt_that_is_not_there_is_answered_with_silence_that_nobody_keeps(
    name: str, switchboard: aiohttp.ClientSession, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (directory / name).unlink()
    async with switchboard.get(f"/prompts/{name}") as response:
        assert response.status == 200
        body = await response.read()
    assert body == silent(NAMES[name])
    assert name == "vaxel-sv.alaw" or heard(body).peak <= 8 / 0x8000
    assert response.headers["Cache-Control"] == "no-store"
    assert "its callers hear silence" in caplog.text


@pytest.mark.parametrize("name", ["vaxel-en.wav", "secret.wav", ".lock", "..%2fsecret.wav", "vaxel-sv.ulaw", ""])
async def test_nothing_but_prompts_is_handed_out(name: str, switchboard: aiohttp.ClientSession) -> None:
    async with switchboard.get(f"/prompts/{name}") as response:
        assert response.status == 404
        assert b"secret" not in await response.read()
