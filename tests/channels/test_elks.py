"""46elks' own words: what we send it, and what its answers mean."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from channels.contract import Accepted, Deferred, Halted, InDoubt, Outcome, Parcel, Rejected
from channels.elks import ERRORS, PROVIDER, ElksSettings, ElksSms
from channels.provider import Wiring
from channels.sandbox import Behaviour, Fault, Sandbox
from channels.sms import SMS
from channels.wire import Wire
from messages.model import Kind, Rendition, Severity
from tests.fakes.surfaces import MemorySurfaces
from tests.support.answering import answering
from tests.support.documentation import documented, documented_errors

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)

PARCEL = Parcel(
    key="42",
    target="+46701740605",
    rendition=Rendition("borgholm", "sms", "sv", "", "Våra datasystem är avstängda."),
    message="m1",
    kind=Kind.ALERT,
    severity=Severity.SEVERE,
    issued=NOW,
    expires=NOW + timedelta(hours=1),
)


def settings(base_url: str = "https://api.46elks.com", **changes: object) -> ElksSettings:
    values: dict[str, object] = {
        "provider": "46elks",
        "username": "u0000",
        "password": SecretStr("secret"),
        "sender": "Borgholm",
        "base_url": base_url,
    }
    return ElksSettings.model_validate(values | changes)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def answered(http: aiohttp.ClientSession, status: int, text: str, **headers: str) -> Outcome:
    """Let 46elks give an answer and return what that means."""
    async with answering(lambda _: web.Response(text=text, status=status, headers=headers)) as provider:
        return await ElksSms(settings(provider.url), Wire(http)).send(PARCEL)


async def test_a_message_is_asked_for_as_46elks_documents_it(http: aiohttp.ClientSession) -> None:
    async with answering(lambda _: web.json_response({"id": "s0", "status": "created"})) as provider:
        assert await ElksSms(settings(provider.url), Wire(http)).send(PARCEL) == Accepted("s0")
    (request,) = provider.asked
    assert (request.method, request.path) == ("POST", "/a1/sms")
    assert request.headers["Authorization"] == aiohttp.encode_basic_auth("u0000", "secret")
    assert request.form == {"from": "Borgholm", "to": "+46701740605", "message": "Våra datasystem är avstängda."}


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Invalid to number", Rejected("46elks does not accept the number (46elks: Invalid to number)")),
        ("Invalid to number +46701740605\n", Rejected("46elks does not accept the number (46elks: Invalid to number)")),
        (
            "Invalid from number",
            Halted("46elks does not accept the sender: check sender (46elks: Invalid from number)"),
        ),
        (
            "Not enough credits to send to +46701740605",
            Halted("the 46elks account is out of money: fill it up (46elks: Not enough credits)"),
        ),
        ("Too long message", Rejected("the text is longer than 46elks takes (46elks: Too long)")),
        ("Missing key message", Rejected("46elks misses a part of the message (46elks: Missing key)")),
        ("Key message missing", Rejected("46elks misses a part of the message (46elks: Key)")),
    ],
)
async def test_errors_go_by_their_words_whatever_their_status(
    http: aiohttp.ClientSession, status: int, text: str, outcome: Outcome
) -> None:
    assert await answered(http, status, text) == outcome


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, Halted),
        (402, Rejected),
        (403, Rejected),
        (404, Halted),
        (405, Halted),
        (429, Deferred),
        (500, InDoubt),
        (502, InDoubt),
        (503, InDoubt),
    ],
)
async def test_words_that_are_new_to_us_go_by_the_status(http: aiohttp.ClientSession, status: int, kind: type) -> None:
    outcome = await answered(http, status, "Something about +46701740605")
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert f"HTTP {status}" in outcome.reason


def test_the_documentation_has_the_same_table() -> None:
    assert documented_errors("46elks") == {f"`{words}`": documented(outcome) for words, outcome in ERRORS}


async def test_known_words_in_a_server_error_leave_it_in_doubt(http: aiohttp.ClientSession) -> None:
    assert await answered(http, 500, "Invalid to number") == InDoubt("the provider failed (HTTP 500)")


async def test_the_wait_that_46elks_asks_for_is_passed_on(http: aiohttp.ClientSession) -> None:
    outcome = await answered(http, 429, "Too many requests", **{"Retry-After": "30"})
    assert outcome == Deferred("too much traffic (HTTP 429)", timedelta(seconds=30))


async def test_an_empty_account_halts_in_the_sandbox_too(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        sandbox.behave("46elks", Behaviour(Fault.REFUSE, text="Not enough credits", times=1))
        channel = ElksSms(settings(sandbox.base_url("46elks")), Wire(http))
        assert isinstance(await channel.send(PARCEL), Halted)
        assert isinstance(await channel.send(PARCEL), Accepted)
        (text,) = sandbox.texts
    assert (text.account, text.sender, text.to) == ("u0000", "Borgholm", "+46701740605")


@pytest.mark.parametrize("sender", ["Borgholm", "abc", "a1234567890", "+46701740605"])
def test_a_sender_may_be(sender: str) -> None:
    assert settings(sender=sender).sender == sender


@pytest.mark.parametrize(
    "sender", ["", "ab", "1abc", "Mörbylånga", "Orust Info", "a12345678901", "0701740605", "abc\n"]
)
def test_a_sender_may_not_be(sender: str) -> None:
    with pytest.raises(ValidationError, match="a sender is a number such as"):
        settings(sender=sender)


@pytest.mark.parametrize(
    "changes", [{"username": "borgholm"}, {"username": "u:0"}, {"password": "in the clear"}, {"colour": "blue"}]
)
def test_settings_that_cannot_be_are_errors(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


async def test_the_provider_builds_a_channel_for_sms(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        wiring = Wiring(http, MemorySurfaces(lambda: NOW), {}, None)
        channel = PROVIDER.build(settings(sandbox.base_url("46elks")), wiring)
        assert isinstance(await channel.send(PARCEL), Accepted)
    assert (PROVIDER.name, PROVIDER.channel, PROVIDER.target) == ("46elks", SMS, None)
