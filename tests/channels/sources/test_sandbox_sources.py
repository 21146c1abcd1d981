"""The sandbox as the sources that can be followed."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from channels.sandbox import Behaviour, Fault, Sandbox
from channels.sandbox.sources import FILES
from channels.sources.fetching import Bounds, Fetched, Fetcher, Unchanged, Unreachable
from channels.sources.parsing import SourceError
from channels.sources.registry import SOURCES


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def fetched(http: aiohttp.ClientSession, sandbox: Sandbox, path: str) -> Fetched:
    answer = await Fetcher(http).fetch(f"{sandbox.base_url('sources')}/{path}")
    assert isinstance(answer, Fetched)
    return answer


def test_the_sandbox_plays_every_kind_of_source() -> None:
    assert FILES.keys() == SOURCES.keys()


async def test_an_own_file_is_played_as_it_is_at_each_request(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    file = tmp_path / "smhi.json"
    file.write_text("[]", encoding="utf-8")
    async with Sandbox(sources=tmp_path) as sandbox:
        first = await fetched(http, sandbox, "smhi")
        url = f"{sandbox.base_url('sources')}/smhi"
        assert await Fetcher(http).fetch(url, etag=first.etag) == Unchanged()
        file.write_text('["@start@"]', encoding="utf-8")
        second = await Fetcher(http).fetch(url, etag=first.etag)
        assert b"SRCAP" in (await fetched(http, sandbox, "sr-vma")).body  # which has no file there
    assert first.body == b"[]"
    assert isinstance(second, Fetched)
    assert second.body.startswith(b'["20')


async def test_what_is_played_takes_the_place_of_a_file_until_the_sandbox_is_reset(
    http: aiohttp.ClientSession,
) -> None:
    async with Sandbox() as sandbox:
        sandbox.sources.play("feed", b"<html></html>", content_type="text/html")
        sandbox.sources.play("cap/2.xml", b"<alert/>")
        page = await fetched(http, sandbox, "feed")
        assert (await fetched(http, sandbox, "cap/2.xml")).body == b"<alert/>"
        sandbox.reset()
        assert b"<feed" in (await fetched(http, sandbox, "feed")).body
        missing = await Fetcher(http).fetch(f"{sandbox.base_url('sources')}/cap/2.xml")
    with pytest.raises(SourceError, match="it is HTML, not XML"):
        SOURCES["feed"].parse(page.body, page.url)
    assert missing == Unreachable("it answers with an error (HTTP 404)")


async def test_a_source_may_redirect(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        sandbox.sources.play("smhi", b"", status=302, headers={"Location": "https://10.0.0.1/"})
        answer = await Fetcher(http).fetch(f"{sandbox.base_url('sources')}/smhi")
    assert answer == Unreachable("it leads into a private network, where it has no business")


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour(Fault.THROTTLE, retry_after=60), "it asks to be left alone for a while (HTTP 429)"),
        (Behaviour(Fault.ERROR), "it answers with an error (HTTP 500)"),
        (Behaviour(Fault.UNAUTHORISED), "it answers with an error (HTTP 401)"),
        (Behaviour(Fault.RESET), "the connection broke before everything had arrived"),
        (Behaviour(Fault.DROP), "the connection broke before everything had arrived"),
        (Behaviour(Fault.HANG), "it did not finish within 0.3 seconds"),
        (Behaviour(Fault.DRIP), "it did not finish within 0.3 seconds"),
    ],
    ids=lambda value: value.fault.value if isinstance(value, Behaviour) else "",
)
async def test_sources_misbehave_as_they_are_told(
    http: aiohttp.ClientSession, behaviour: Behaviour, reason: str
) -> None:
    async with Sandbox() as sandbox:
        sandbox.behave("sources", behaviour)
        answer = await Fetcher(http, Bounds(patience=0.3)).fetch(f"{sandbox.base_url('sources')}/smhi")
    assert isinstance(answer, Unreachable)
    assert answer.reason == reason


async def test_another_process_can_have_an_event_sent(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        async with http.get(f"{sandbox.base_url('sources')}/sr-vma/stream") as stream:
            assert stream.content_type == "text/event-stream"
            assert await stream.content.readuntil(b"\n\n") == b": here\n\n"
            async with http.post(f"{sandbox.url}/sandbox/event") as answer:
                assert answer.status == 200
            assert await stream.content.readuntil(b"\n\n") == b"data: {}\n\n"
            sandbox.sources.end_streams()
            assert await stream.content.read() == b""
        await sandbox.wait_for(lambda sandbox: sandbox.sources.listeners == 0)
