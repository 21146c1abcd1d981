"""The sandbox as 46elks, against what its documentation says."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from channels.sandbox import Sandbox

FORM = {"from": "Borgholm", "to": "+46701740605", "message": "Växeln fungerar."}


def basic(user: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:secret".encode()).decode()}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(sandbox.base_url("46elks") + "/", headers=basic("u1")) as session:
        yield session


async def send(http: aiohttp.ClientSession, **changes: str) -> Mapping[str, Any]:
    async with http.post("a1/sms", data=FORM | changes) as answer:
        assert answer.status == 200
        payload: Mapping[str, Any] = await answer.json()
        return payload


async def history(http: aiohttp.ClientSession, **query: str) -> Mapping[str, Any]:
    async with http.get("a1/sms", params=query) as answer:
        assert answer.status == 200
        payload: Mapping[str, Any] = await answer.json()
        return payload


def messages(listing: Mapping[str, Any]) -> list[str]:
    return [text["message"] for text in listing["data"]]


async def test_a_text_that_is_sent_is_created_and_reaches_the_resident(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    payload = await send(http, whendelivered="https://broadcaster.example/receipts?d=7")
    assert payload["id"].startswith("s")
    assert len(payload["id"]) == 33
    created = datetime.fromisoformat(payload["created"])
    assert created.tzinfo is None
    assert abs(created.replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(seconds=5)
    expected = {
        "direction": "outgoing",
        "from": "Borgholm",
        "to": "+46701740605",
        "message": "Växeln fungerar.",
        "status": "created",
        "cost": 3500,
        "parts": 1,
    }
    assert payload == expected | {"id": payload["id"], "created": payload["created"]}
    (text,) = sandbox.texts
    assert (text.provider, text.sid, text.sender, text.to) == ("46elks", payload["id"], "Borgholm", "+46701740605")
    assert (text.body, text.callback) == ("Växeln fungerar.", "https://broadcaster.example/receipts?d=7")


async def test_a_long_text_costs_each_of_its_parts(http: aiohttp.ClientSession) -> None:
    payload = await send(http, message="å" * 307)
    assert (payload["parts"], payload["cost"]) == (3, 10500)


async def test_a_dry_run_tells_the_price_and_sends_nothing(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    payload = await send(http, dryrun="yes")
    assert payload["estimated_cost"] == 3500
    assert "id" not in payload
    assert sandbox.texts == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"from": ""}, "Missing key from"),
        ({"to": ""}, "Missing key to"),
        ({"message": ""}, "Missing key message"),
        ({"to": "0701740605"}, "Invalid to number"),
        ({"from": "Bo"}, "Invalid from number"),
        ({"from": "Borgholms kommun"}, "Invalid from number"),
        ({"from": "1Borgholm"}, "Invalid from number"),
    ],
)
async def test_what_46elks_turns_down_is_turned_down_in_plain_text(
    sandbox: Sandbox, http: aiohttp.ClientSession, changes: dict[str, str], words: str
) -> None:
    async with http.post("a1/sms", data=FORM | changes) as answer:
        assert answer.status == 403
        assert answer.content_type == "text/plain"
        assert await answer.text() == words
    assert sandbox.texts == []


async def test_without_credentials_nothing_is_sent(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as http, http.post(sandbox.base_url("46elks") + "/a1/sms", data=FORM) as answer:
        assert answer.status == 401
        assert answer.content_type == "text/plain"
    assert sandbox.texts == []


async def test_a_text_can_be_read_again_and_is_then_delivered(http: aiohttp.ClientSession) -> None:
    sent = await send(http)
    async with http.get(f"a1/sms/{sent['id']}") as answer:
        read = await answer.json()
    assert (read["id"], read["status"], read["delivered"]) == (sent["id"], "delivered", sent["created"])


@pytest.mark.parametrize("path", ["a1/sms/s0", "a1/faxes", "nowhere"])
async def test_what_does_not_exist_is_not_found(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as answer:
        assert answer.status == 404
        assert answer.content_type == "text/plain"


async def test_the_account_tells_its_balance(http: aiohttp.ClientSession) -> None:
    async with http.get("a1/me") as answer:
        account = await answer.json()
    assert (account["id"], account["currency"]) == ("u1", "SEK")
    assert account["balance"] > 0


async def test_the_history_runs_backwards_page_by_page(http: aiohttp.ClientSession) -> None:
    for number in range(5):
        await send(http, message=str(number))
    first = await history(http, limit="2")
    assert messages(first) == ["4", "3"]
    await send(http, message="in between")
    second = await history(http, limit="2", start=first["next"])
    assert messages(second) == ["2", "1"]
    third = await history(http, limit="2", start=second["next"])
    assert messages(third) == ["0"]
    assert "next" not in third


async def test_the_history_of_one_number_between_two_times(http: aiohttp.ClientSession) -> None:
    sent = [await send(http, message=str(number)) for number in range(4)]
    await send(http, message="elsewhere", to="+46701740606")
    assert messages(await history(http, to="+46701740605")) == ["3", "2", "1", "0"]
    between = await history(http, to="+46701740605", start=sent[3]["created"], end=sent[0]["created"])
    assert messages(between) == ["2", "1"]


async def test_the_history_shows_a_hundred_at_a_time(http: aiohttp.ClientSession) -> None:
    for number in range(101):
        await send(http, message=str(number))
    listing = await history(http, limit="1000")
    assert len(listing["data"]) == 100
    assert messages(await history(http, start=listing["next"])) == ["0"]


async def test_an_account_does_not_see_what_another_sent(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sent = await send(http)
    async with aiohttp.ClientSession(sandbox.base_url("46elks") + "/", headers=basic("u2")) as stranger:
        assert (await history(stranger))["data"] == []
        async with stranger.get(f"a1/sms/{sent['id']}") as answer:
            assert answer.status == 404


@pytest.mark.parametrize("query", ["limit=many", "start=yesterday", "end=later"])
async def test_a_filter_that_says_nothing_is_turned_down(http: aiohttp.ClientSession, query: str) -> None:
    async with http.get(f"a1/sms?{query}") as answer:
        assert answer.status == 403
