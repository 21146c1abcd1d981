"""How the sandbox misbehaves when it is told to: what it says, and what it has done all the same."""

import asyncio
import errno
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from channels.sandbox import Behaviour, Fault, Sandbox

AUTHORIZATION = "Basic " + b64encode(b"AC1:secret").decode()
ACTING = [
    Fault.SLOW,
    Fault.ERROR_AFTER,
    Fault.STRANGER_AFTER,
    Fault.TWIN,
    Fault.GARBAGE,
    Fault.DROP,
    Fault.HANG,
    Fault.DRIP,
]
IDLE = [
    Fault.THROTTLE,
    Fault.ERROR,
    Fault.STRANGER,
    Fault.STALE,
    Fault.RESET,
    Fault.UNAUTHORISED,
    Fault.REFUSE,
]
ENDLESS = [Fault.HANG, Fault.DRIP]


@dataclass(frozen=True)
class Way:
    """One way to send something to ``to``, a number or a page, by a provider."""

    provider: str
    path: str
    form: dict[str, str]
    to: str


TWILIO = Way(
    "twilio",
    "/2010-04-01/Accounts/AC1/Messages.json",
    {"To": "+46701740605", "From": "Borgholm", "Body": "Hej"},
    "+46701740605",
)
ELKS = Way("46elks", "/a1/sms", {"to": "+46701740605", "from": "Borgholm", "message": "Hej"}, "+46701740605")
GRAPH = Way("facebook", "/v26.0/1000001/feed", {"message": "Hej", "access_token": "token"}, "1000001")
every_provider = pytest.mark.parametrize("way", [TWILIO, ELKS, GRAPH], ids=lambda way: way.provider)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": AUTHORIZATION}) as session:
        yield session


async def send(sandbox: Sandbox, http: aiohttp.ClientSession, way: Way, **changes: str) -> tuple[int, str]:
    async with http.post(sandbox.base_url(way.provider) + way.path, data=way.form | changes) as answer:
        return answer.status, await answer.text()


def done(sandbox: Sandbox) -> int:
    return len(sandbox.texts) + len(sandbox.posts)


def test_every_fault_either_acts_or_does_not() -> None:
    assert {fault for fault in Fault if fault.acts} == set(ACTING)
    assert {fault for fault in Fault if not fault.acts} == set(IDLE)


@every_provider
@pytest.mark.parametrize("fault", IDLE)
async def test_an_idle_fault_does_nothing(
    sandbox: Sandbox, http: aiohttp.ClientSession, way: Way, fault: Fault
) -> None:
    sandbox.behave(way.provider, Behaviour(fault))
    try:
        status, _ = await send(sandbox, http, way)
        assert status >= 400 or fault is Fault.STALE
    except aiohttp.ClientConnectionError:
        assert fault is Fault.RESET
    assert done(sandbox) == 0
    assert len(sandbox.requests) == 1


@every_provider
@pytest.mark.parametrize("fault", ACTING)
async def test_an_acting_fault_has_acted_whatever_it_says(
    sandbox: Sandbox, http: aiohttp.ClientSession, way: Way, fault: Fault
) -> None:
    sandbox.behave(way.provider, Behaviour(fault))
    sending = asyncio.create_task(send(sandbox, http, way))
    await sandbox.wait_for(lambda sandbox: done(sandbox) == 1)
    sending.cancel()
    await asyncio.wait([sending])


@every_provider
async def test_a_slow_provider_answers_well_but_late(sandbox: Sandbox, http: aiohttp.ClientSession, way: Way) -> None:
    sandbox.behave(way.provider, Behaviour(Fault.SLOW, seconds=0.2))
    began = asyncio.get_running_loop().time()
    status, _ = await send(sandbox, http, way)
    assert status in {200, 201}
    assert asyncio.get_running_loop().time() - began >= 0.2


@pytest.mark.parametrize(("retry_after", "header"), [(None, None), (2.0, "2"), (0.5, "1")])
async def test_twilio_throttles_with_error_20429(
    sandbox: Sandbox, http: aiohttp.ClientSession, retry_after: float | None, header: str | None
) -> None:
    sandbox.behave("twilio", Behaviour(Fault.THROTTLE, retry_after=retry_after))
    async with http.post(sandbox.base_url("twilio") + TWILIO.path, data=TWILIO.form) as answer:
        assert answer.status == 429
        assert answer.headers.get("Retry-After") == header
        assert answer.headers["Twilio-Concurrent-Requests"] == "1"
        assert (await answer.json())["code"] == 20429


async def test_46elks_throttles_in_plain_text(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.behave("46elks", Behaviour(Fault.THROTTLE, retry_after=30))
    async with http.post(sandbox.base_url("46elks") + ELKS.path, data=ELKS.form) as answer:
        assert (answer.status, answer.content_type, answer.headers["Retry-After"]) == (429, "text/plain", "30")


@pytest.mark.parametrize(("code", "expected"), [(None, 32), (4, 4), (80001, 80001)])
async def test_graph_throttles_by_code_and_tells_the_wait_in_minutes(
    sandbox: Sandbox, http: aiohttp.ClientSession, code: int | None, expected: int
) -> None:
    sandbox.behave("facebook", Behaviour(Fault.THROTTLE, code=code, retry_after=90))
    async with http.post(sandbox.base_url("facebook") + GRAPH.path, data=GRAPH.form) as answer:
        assert 400 <= answer.status < 500
        error = (await answer.json())["error"]
        (usage,) = json.loads(answer.headers["X-Business-Use-Case-Usage"]).values()
    assert (error["code"], error["is_transient"]) == (expected, True)
    assert usage[0]["estimated_time_to_regain_access"] == 2


@every_provider
@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.ERROR_AFTER])
@pytest.mark.parametrize("code", [None, 502, 503])
async def test_a_broken_provider_answers_with_a_server_error(
    sandbox: Sandbox, http: aiohttp.ClientSession, way: Way, fault: Fault, code: int | None
) -> None:
    sandbox.behave(way.provider, Behaviour(fault, code=code))
    status, _ = await send(sandbox, http, way)
    assert status == (code or 500)


@every_provider
async def test_garbage_is_a_web_page_that_claims_success(
    sandbox: Sandbox, http: aiohttp.ClientSession, way: Way
) -> None:
    sandbox.behave(way.provider, Behaviour(Fault.GARBAGE))
    status, body = await send(sandbox, http, way)
    assert status == 200
    assert body.startswith("<!DOCTYPE html>")


@every_provider
async def test_a_dropped_connection_brings_no_answer(sandbox: Sandbox, http: aiohttp.ClientSession, way: Way) -> None:
    sandbox.behave(way.provider, Behaviour(Fault.DROP))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await send(sandbox, http, way)


@every_provider
async def test_a_reset_connection_is_reset(sandbox: Sandbox, http: aiohttp.ClientSession, way: Way) -> None:
    sandbox.behave(way.provider, Behaviour(Fault.RESET))
    with pytest.raises(aiohttp.ClientOSError) as raised:
        await send(sandbox, http, way)
    assert raised.value.errno == errno.ECONNRESET


@every_provider
@pytest.mark.parametrize("fault", ENDLESS)
async def test_an_endless_answer_lasts_until_the_client_leaves_and_holds_up_nobody_else(
    sandbox: Sandbox, http: aiohttp.ClientSession, way: Way, fault: Fault
) -> None:
    sandbox.behave(way.provider, Behaviour(fault, times=1, seconds=0.01))
    endless = asyncio.create_task(send(sandbox, http, way))
    await sandbox.wait_for(lambda sandbox: done(sandbox) == 1)
    async with asyncio.timeout(5):
        await send(sandbox, http, way)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(endless, 0.1)


async def test_a_provider_forgets_a_client_that_left(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.behave("twilio", Behaviour(Fault.HANG, times=1))
    url = sandbox.base_url("twilio") + TWILIO.path
    with pytest.raises(TimeoutError):
        await http.post(url, data=TWILIO.form, timeout=aiohttp.ClientTimeout(total=0.1))
    async with asyncio.timeout(5):
        while True:
            async with http.post(url, data=TWILIO.form) as answer:
                if answer.headers["Twilio-Concurrent-Requests"] == "1":
                    break


async def test_a_dripping_answer_begins_well(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.behave("twilio", Behaviour(Fault.DRIP, seconds=0.01))
    async with http.post(sandbox.base_url("twilio") + TWILIO.path, data=TWILIO.form) as answer:
        assert answer.status == 201
        assert answer.content_type == "application/json"
        assert await answer.content.readexactly(3) == b"   "


@every_provider
@pytest.mark.parametrize("fault", [*ENDLESS, Fault.SLOW])
async def test_the_sandbox_closes_at_once_and_lets_go_of_who_still_waits(
    http: aiohttp.ClientSession, way: Way, fault: Fault
) -> None:
    async with Sandbox() as sandbox:
        sandbox.behave(way.provider, Behaviour(fault, seconds=60))
        waiting = asyncio.create_task(send(sandbox, http, way))
        await sandbox.wait_for(lambda sandbox: done(sandbox) == 1)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 0.9
    await asyncio.wait([waiting], timeout=1)
    assert waiting.done()
    if fault is Fault.SLOW:
        assert waiting.result()[0] in {200, 201}
    else:
        assert isinstance(waiting.exception(), aiohttp.ClientError)


async def test_wrong_credentials_are_told_in_the_words_of_each_provider(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    for way in (TWILIO, ELKS, GRAPH):
        sandbox.behave(way.provider, Behaviour(Fault.UNAUTHORISED))
    status, body = await send(sandbox, http, TWILIO)
    assert (status, json.loads(body)["code"]) == (401, 20003)
    status, body = await send(sandbox, http, ELKS)
    assert (status, "{" in body) == (401, False)
    status, body = await send(sandbox, http, GRAPH)
    error: dict[str, Any] = json.loads(body)["error"]
    assert (status, error["code"], error["error_subcode"], error["type"]) == (400, 190, 460, "OAuthException")


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        (Behaviour(Fault.REFUSE), 400, 21614),
        (Behaviour(Fault.REFUSE, code=21610), 400, 21610),
        (Behaviour(Fault.REFUSE, code=20005), 403, 20005),
        (Behaviour(Fault.REFUSE, code=29999), 400, 29999),
    ],
)
async def test_twilio_refuses_with_the_code_it_was_told(
    sandbox: Sandbox, http: aiohttp.ClientSession, behaviour: Behaviour, status: int, code: int
) -> None:
    sandbox.behave("twilio", behaviour)
    answered, body = await send(sandbox, http, TWILIO)
    assert (answered, json.loads(body)["code"]) == (status, code)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Behaviour(Fault.REFUSE), (403, "Invalid to number")),
        (Behaviour(Fault.REFUSE, text="Not enough credits"), (403, "Not enough credits")),
        (Behaviour(Fault.REFUSE, code=400), (400, "Invalid to number")),
    ],
)
async def test_46elks_refuses_with_the_words_it_was_told(
    sandbox: Sandbox, http: aiohttp.ClientSession, behaviour: Behaviour, expected: tuple[int, str]
) -> None:
    sandbox.behave("46elks", behaviour)
    assert await send(sandbox, http, ELKS) == expected


@pytest.mark.parametrize(("code", "status"), [(None, 400), (200, 403), (368, 400), (506, 400), (4711, 400)])
async def test_graph_refuses_with_the_code_it_was_told(
    sandbox: Sandbox, http: aiohttp.ClientSession, code: int | None, status: int
) -> None:
    sandbox.behave("facebook", Behaviour(Fault.REFUSE, code=code))
    answered, body = await send(sandbox, http, GRAPH)
    assert (answered, json.loads(body)["error"]["code"]) == (status, code or 100)


async def test_behaviours_follow_each_other_and_then_all_is_well(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.behave("twilio", Behaviour(Fault.THROTTLE, times=2), Behaviour(Fault.ERROR, times=1))
    assert [(await send(sandbox, http, TWILIO))[0] for _ in range(5)] == [429, 429, 500, 201, 201]
    sandbox.behave("twilio", Behaviour(Fault.ERROR))
    sandbox.behave("twilio")
    assert (await send(sandbox, http, TWILIO))[0] == 201


async def test_a_behaviour_can_be_meant_for_one_number(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.behave("twilio", Behaviour(Fault.REFUSE, to="+46701740606"), Behaviour(Fault.THROTTLE, times=1))
    assert (await send(sandbox, http, TWILIO, To="+46701740606"))[0] == 400
    assert (await send(sandbox, http, TWILIO))[0] == 429
    assert (await send(sandbox, http, TWILIO))[0] == 201
    assert (await send(sandbox, http, TWILIO, To="+46701740606"))[0] == 400


async def test_one_provider_is_sick_and_the_others_are_well(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.behave("twilio", Behaviour(Fault.ERROR))
    assert [(await send(sandbox, http, way))[0] for way in (TWILIO, ELKS, GRAPH)] == [500, 200, 200]


async def test_a_sick_provider_cannot_be_read_either_but_refuses_only_what_is_sent(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    url = sandbox.base_url("twilio") + TWILIO.path
    sandbox.behave("twilio", Behaviour(Fault.ERROR))
    async with http.get(url) as answer:
        assert answer.status == 500
    sandbox.behave("twilio", Behaviour(Fault.REFUSE))
    async with http.get(url) as answer:
        assert answer.status == 200


async def test_what_a_provider_would_turn_down_is_not_acted_on_by_a_fault(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    sandbox.behave("twilio", Behaviour(Fault.ERROR_AFTER))
    await send(sandbox, http, TWILIO, To="0701740605")
    assert sandbox.texts == []


@pytest.mark.parametrize(
    "numbers", [{"times": 0}, {"seconds": -1.0}, {"seconds": float("nan")}, {"retry_after": float("inf")}]
)
def test_a_behaviour_that_cannot_be_is_an_error(numbers: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Behaviour(Fault.SLOW, **numbers)


def test_a_provider_that_does_not_exist_is_an_error_that_names_those_that_do() -> None:
    with pytest.raises(ValueError, match="'carrier-pigeon': it has twilio, 46elks, facebook"):
        Sandbox().behave("carrier-pigeon", Behaviour(Fault.DROP))
