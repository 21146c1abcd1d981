"""The sandbox as Twilio, against what its documentation and its recorded traffic say."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from channels.sandbox import Sandbox

ACCOUNT = "AC" + "1" * 32
SERVICE = "MG" + "2" * 32
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
FORM = {"To": "+46701740605", "From": "Borgholm", "Body": "Växeln fungerar."}


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(credentials.encode()).decode()}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(sandbox.base_url("twilio") + "/", headers=basic(f"{ACCOUNT}:secret")) as session:
        yield session


async def send(http: aiohttp.ClientSession, **changes: str) -> Mapping[str, Any]:
    async with http.post(MESSAGES[1:] + ".json", data=FORM | changes) as answer:
        assert answer.status == 201
        payload: Mapping[str, Any] = await answer.json()
        return payload


async def fetch(http: aiohttp.ClientSession, path: str) -> Mapping[str, Any]:
    async with http.get(path.removeprefix("/")) as answer:
        payload: Mapping[str, Any] = await answer.json()
        return payload


async def test_a_text_that_is_sent_is_queued_and_reaches_the_resident(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    callback = "https://broadcaster.example/receipts?d=7"
    async with http.post(MESSAGES[1:] + ".json", data=FORM | {"StatusCallback": callback}) as answer:
        assert answer.status == 201
        assert answer.content_type == "application/json"
        assert answer.headers["Twilio-Concurrent-Requests"] == "1"
        assert answer.headers["Twilio-Request-Id"].startswith("RQ")
        payload = await answer.json()
    sid = payload["sid"]
    assert sid.startswith("SM")
    assert len(sid) == 34
    assert abs(parsedate_to_datetime(payload["date_created"]) - datetime.now(UTC)) < timedelta(seconds=5)
    expected = {
        "account_sid": ACCOUNT,
        "body": "Växeln fungerar.",
        "date_sent": None,
        "direction": "outbound-api",
        "error_code": None,
        "from": "Borgholm",
        "messaging_service_sid": None,
        "num_segments": "1",
        "price": None,
        "status": "queued",
        "to": "+46701740605",
        "uri": f"{MESSAGES}/{sid}.json",
    }
    assert {key: payload[key] for key in expected} == expected
    (text,) = sandbox.texts
    assert (text.provider, text.sid, text.sender, text.to) == ("twilio", sid, "Borgholm", "+46701740605")
    assert (text.body, text.callback) == ("Växeln fungerar.", callback)


async def test_a_messaging_service_chooses_the_sender_later(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    form = {"To": "+46701740605", "MessagingServiceSid": SERVICE, "Body": "Hej"}
    async with http.post(MESSAGES[1:] + ".json", data=form) as answer:
        payload = await answer.json()
    assert (payload["status"], payload["from"], payload["num_segments"]) == ("accepted", None, "0")
    assert payload["messaging_service_sid"] == SERVICE
    assert sandbox.texts[0].sender == SERVICE


@pytest.mark.parametrize(("body", "segments"), [("å" * 160, "1"), ("å" * 161, "2"), ("á" * 71, "2"), ("€" * 81, "2")])
async def test_segments_are_counted_as_twilio_counts_them(
    http: aiohttp.ClientSession, body: str, segments: str
) -> None:
    assert (await send(http, Body=body))["num_segments"] == segments


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "0701740605"}, 21211),
        ({"To": "+0701740605"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "Borgholms kommun"}, 21212),
        ({"From": "12 345"}, 21212),
        ({"MessagingServiceSid": "MG1"}, 21705),
        ({"Body": ""}, 21602),
        ({"Body": "a" * 1601}, 21617),
        ({"StatusCallback": "ftp://broadcaster.example"}, 21609),
        ({"StatusCallback": "https://under_score.example"}, 21609),
        ({"StatusCallback": "http://["}, 21609),
        ({"ValidityPeriod": "0"}, 90007),
        ({"ValidityPeriod": "36001"}, 90007),
    ],
)
async def test_what_twilio_turns_down_is_turned_down_in_its_words(
    sandbox: Sandbox, http: aiohttp.ClientSession, changes: dict[str, str], code: int
) -> None:
    async with http.post(MESSAGES[1:] + ".json", data=FORM | changes) as answer:
        payload = await answer.json()
        assert answer.status == 400
    assert payload["code"] == code
    assert payload["status"] == 400
    assert payload["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert payload["message"]
    assert sandbox.texts == []


async def test_the_longest_body_and_validity_period_are_taken(http: aiohttp.ClientSession) -> None:
    assert (await send(http, Body="a" * 1600, ValidityPeriod="36000"))["status"] == "queued"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer token"},
        {"Authorization": "Basic not-base64!"},
        basic(f"{ACCOUNT}:"),
        basic(f"AC{'9' * 32}:secret"),
    ],
)
async def test_without_credentials_of_the_account_nothing_is_sent(sandbox: Sandbox, headers: dict[str, str]) -> None:
    url = sandbox.base_url("twilio") + MESSAGES + ".json"
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url, data=FORM) as answer:
        assert answer.status == 401
        assert (await answer.json())["code"] == 20003
    assert sandbox.texts == []


async def test_an_api_key_may_stand_in_for_the_account(sandbox: Sandbox) -> None:
    url = sandbox.base_url("twilio") + MESSAGES + ".json"
    async with (
        aiohttp.ClientSession(headers=basic(f"SK{'3' * 32}:secret")) as http,
        http.post(url, data=FORM) as answer,
    ):
        assert answer.status == 201


async def test_a_text_can_be_read_again_and_is_then_delivered(http: aiohttp.ClientSession) -> None:
    sent = await send(http)
    read = await fetch(http, sent["uri"])
    assert (read["sid"], read["status"]) == (sent["sid"], "delivered")
    assert read["date_sent"] == sent["date_created"]


@pytest.mark.parametrize(
    "path", [f"{MESSAGES}/SM{'0' * 32}.json", f"/2010-04-01/Accounts/{ACCOUNT}/Faxes.json", "/nowhere"]
)
async def test_what_does_not_exist_is_error_20404(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path[1:]) as answer:
        assert answer.status == 404
        assert (await answer.json())["code"] == 20404


async def test_an_account_does_not_see_what_another_sent(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sent = await send(http)
    other = "AC" + "9" * 32
    async with aiohttp.ClientSession(headers=basic(f"{other}:secret")) as stranger:
        base = sandbox.base_url("twilio")
        async with stranger.get(base + sent["uri"].replace(ACCOUNT, other)) as answer:
            assert answer.status == 404
        async with stranger.get(base + MESSAGES.replace(ACCOUNT, other) + ".json") as answer:
            assert (await answer.json())["messages"] == []


async def test_texts_are_listed_newest_first_by_number_and_sender(http: aiohttp.ClientSession) -> None:
    await send(http, Body="1")
    await send(http, Body="2", To="+46701740606")
    await send(http, Body="3", From="Morbylanga")
    listing = await fetch(http, f"{MESSAGES}.json?To=%2B46701740605")
    assert [message["body"] for message in listing["messages"]] == ["3", "1"]
    assert (listing["page"], listing["page_size"], listing["start"], listing["end"]) == (0, 50, 0, 1)
    assert listing["next_page_uri"] is None
    listing = await fetch(http, f"{MESSAGES}.json?From=Morbylanga")
    assert [message["body"] for message in listing["messages"]] == ["3"]
    assert (await fetch(http, f"{MESSAGES}.json?To=%2B46701740699"))["messages"] == []


async def test_texts_are_listed_by_the_day_and_time_they_were_sent(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    await send(http)
    at = sandbox.texts[0].at
    today, tomorrow = at.date(), at.date() + timedelta(days=1)
    second = timedelta(seconds=1)
    for query, found in (
        (f"DateSent={today}", 1),
        (f"DateSent={tomorrow}", 0),
        (f"DateSent%3E={today}", 1),
        (f"DateSent%3E={tomorrow}", 0),
        (f"DateSent%3C={today}", 1),
        (f"DateSent%3C={today - timedelta(days=1)}", 0),
        (f"DateSent%3E={(at - second):%Y-%m-%dT%H:%M:%SZ}", 1),
        (f"DateSent%3E={(at + second):%Y-%m-%dT%H:%M:%SZ}", 0),
        (f"DateSent%3C={quote((at + second).isoformat())}", 1),
    ):
        assert len((await fetch(http, f"{MESSAGES}.json?{query}"))["messages"]) == found, query


@pytest.mark.parametrize("query", ["PageSize=many", "Page=last", "DateSent=yesterday", "DateSent%3E=2026-13-01"])
async def test_a_filter_that_says_nothing_is_turned_down(http: aiohttp.ClientSession, query: str) -> None:
    async with http.get(f"{MESSAGES[1:]}.json?{query}") as answer:
        assert answer.status == 400


async def test_pages_follow_each_other_even_when_texts_come_in_between(http: aiohttp.ClientSession) -> None:
    for number in range(5):
        await send(http, Body=str(number))
    bodies: list[str] = []
    uri: str | None = f"{MESSAGES}.json?To=%2B46701740605&PageSize=2"
    while uri:
        assert uri.startswith("/2010-04-01/")
        listing = await fetch(http, uri)
        bodies += [message["body"] for message in listing["messages"]]
        uri = listing["next_page_uri"]
        await send(http, Body="in between")
    assert bodies == ["4", "3", "2", "1", "0"]


async def test_a_page_can_be_asked_for_by_its_number(http: aiohttp.ClientSession) -> None:
    for number in range(5):
        await send(http, Body=str(number))
    listing = await fetch(http, f"{MESSAGES}.json?PageSize=2&Page=1")
    assert [message["body"] for message in listing["messages"]] == ["2", "1"]
    assert (listing["start"], listing["end"]) == (2, 3)
