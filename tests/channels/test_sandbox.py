"""The sandbox as a whole: its life, what it remembers, and how other processes talk to it."""

import asyncio
import errno
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from channels.sandbox import Behaviour, Fault, Sandbox
from channels.sandbox.records import Records, Text

AUTHORIZATION = {"Authorization": "Basic " + b64encode(b"u1:secret").decode()}
FORM = {"from": "Borgholm", "to": "+46701740605", "message": "Växeln fungerar."}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(sandbox.url, headers=AUTHORIZATION) as session:
        yield session


async def send(http: aiohttp.ClientSession, message: str = "Växeln fungerar.") -> int:
    async with http.post("/46elks/a1/sms", data=FORM | {"message": message}) as answer:
        return answer.status


async def order(http: aiohttp.ClientSession, path: str, body: object) -> tuple[int, Mapping[str, Any]]:
    async with http.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def test_each_provider_has_its_own_base_url(sandbox: Sandbox) -> None:
    assert sandbox.url.startswith("http://127.0.0.1:")
    assert sandbox.base_url("twilio") == sandbox.url + "/twilio"
    assert sandbox.base_url("46elks") == sandbox.url + "/46elks"
    assert sandbox.base_url("facebook") == sandbox.url + "/graph"
    with pytest.raises(ValueError, match="it has twilio, 46elks, facebook"):
        sandbox.base_url("carrier-pigeon")


async def test_a_busy_port_is_an_error_and_leaves_nothing_behind(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(OSError) as raised:  # noqa: PT011 - the number of the error says which one it is
        await Sandbox(port=port).__aenter__()
    assert raised.value.errno == errno.EADDRINUSE


async def test_a_closed_sandbox_gives_its_port_back() -> None:
    async with Sandbox() as first:
        port = int(first.url.rpartition(":")[2])
    async with Sandbox(port=port) as second:
        assert second.url == first.url


async def test_every_request_is_counted_even_one_that_is_turned_down(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    assert sandbox.requests == []
    await send(http)
    await send(http, "")
    async with http.get("/46elks/a1/me?token=secret") as answer:
        assert answer.status == 200
    seen = [(request.provider, request.method, request.path) for request in sandbox.requests]
    assert seen == [("46elks", "POST", "/46elks/a1/sms")] * 2 + [("46elks", "GET", "/46elks/a1/me")]


async def test_waiting_ends_when_it_becomes_true(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    waiting = asyncio.create_task(sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 2))
    await send(http)
    assert not waiting.done()
    await send(http)
    await asyncio.wait_for(waiting, 1)
    await sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 2, timeout=0)


async def test_waiting_in_vain_ends_with_what_there_was_instead(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    await send(http)
    with pytest.raises(TimeoutError, match=r"0\.01 seconds: the sandbox has got 1 texts, 0 posts and 1 requests"):
        await sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 2, timeout=0.01)


async def test_another_process_can_read_what_came(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    await send(http)
    form = {"access_token": "token", "message": "Hej"}
    async with http.post("/graph/v26.0/1000001/feed", data=form) as answer:
        assert answer.status == 200
    async with http.get("/sandbox/received") as answer:
        received = await answer.json()
    (text,), (post,) = received["texts"], received["posts"]
    assert (text["provider"], text["to"], text["body"]) == ("46elks", "+46701740605", "Växeln fungerar.")
    assert datetime.fromisoformat(text["at"]) == sandbox.texts[0].at
    assert (post["page"], post["message"], post["withdrawn"], post["history"]) == ("1000001", "Hej", False, [])


async def test_another_process_can_tell_a_provider_how_to_behave(http: aiohttp.ClientSession) -> None:
    behaviours = [{"fault": "throttle", "times": 1}, {"fault": "error", "code": 503, "to": "+46701740605"}]
    assert await order(http, "/sandbox/behave", {"provider": "46elks", "behaviours": behaviours}) == (200, {})
    assert [await send(http) for _ in range(3)] == [429, 503, 503]
    assert await order(http, "/sandbox/behave", {"provider": "46elks", "behaviours": []}) == (200, {})
    assert await send(http) == 200


async def test_another_process_can_start_anew(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    await send(http)
    sandbox.behave("46elks", Behaviour(Fault.ERROR))
    assert await order(http, "/sandbox/reset", {}) == (200, {})
    assert (sandbox.texts, sandbox.posts, sandbox.requests) == ([], [], [])
    assert await send(http) == 200


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("behave", [], "the body: Input should be an object"),
        ("behave", {"behaviours": []}, "provider: Field required"),
        ("behave", {"provider": "carrier-pigeon"}, "it has twilio, 46elks, facebook"),
        ("behave", {"provider": "twilio", "behaviour": []}, "behaviour: Extra inputs"),
        ("behave", {"provider": "twilio", "behaviours": [{"fault": "sulk"}]}, "behaviours.0.fault: Input should be"),
        ("behave", {"provider": "twilio", "behaviours": [{"fault": "slow", "secs": 1}]}, "behaviours.0.secs"),
        ("behave", {"provider": "twilio", "behaviours": [{"fault": "slow", "times": 0}]}, "times must be at least 1"),
        ("call", {}, "line: Field required"),
        ("call", {"line": "+46701740699", "digits": "two"}, "digits: String should match"),
    ],
)
async def test_an_order_that_makes_no_sense_is_answered_with_what_is_wrong(
    http: aiohttp.ClientSession, path: str, body: object, words: str
) -> None:
    status, payload = await order(http, f"/sandbox/{path}", body)
    assert status == 400
    assert words in payload["error"]


async def test_an_order_that_is_not_json_is_answered_with_what_is_wrong(http: aiohttp.ClientSession) -> None:
    async with http.post("/sandbox/behave", data=b"{") as answer:
        assert answer.status == 400
        assert "Invalid JSON" in (await answer.json())["error"]


async def test_a_call_that_fails_is_answered_with_why(http: aiohttp.ClientSession) -> None:
    status, payload = await order(http, "/sandbox/call", {"line": "+46701740699"})
    assert (status, payload) == (502, {"error": "no phone line has the number +46701740699: there are none at all"})


def test_no_two_things_happen_at_the_same_time() -> None:
    records = Records()
    times = [records.now() for _ in range(10_000)]
    assert times == sorted(set(times))


def test_fifty_thousand_texts_are_found_by_number_at_once() -> None:
    records = Records()
    for number in range(50_000):
        to = f"+46701740{605 + number % 95}"
        text = Text("twilio", "AC1", f"SM{number}", "Borgholm", to, "Hej", "", datetime.now(UTC))
        records.add_text(text)
    began = time.perf_counter()
    found = [records.texts_of("twilio", "AC1", "+46701740605") for _ in range(1000)]
    assert time.perf_counter() - began < 0.1
    assert {len(texts) for texts in found} == {len(range(0, 50_000, 95))}
