"""Graph's own words: what we send it, and what its answers mean."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from channels.contract import (
    Accepted,
    Deferred,
    Doubt,
    Finding,
    Halted,
    InDoubt,
    Matches,
    Outcome,
    Parcel,
    Rejected,
    Unclear,
)
from channels.facebook import ERRORS, SUBCODES, FacebookPage
from channels.providers.facebook import FACEBOOK, PROVIDER, FacebookSettings
from channels.sandbox import Sandbox
from channels.wire import Wire
from messages.model import Kind, Rendition, Severity
from tests.fakes.wiring import wired
from tests.support.answering import Asked, answering
from tests.support.documentation import documented, documented_errors

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
PAGE, POST = "100200300", "100200300_400500"
# HMAC-SHA256 of the token "token" under the key "app secret", made with OpenSSL.
PROOF = "3cfdb0e5f5fd459cf80f74d0dec60d5842017b6c70d01f7ee9d4c631639033ab"

PARCEL = Parcel(
    key="42",
    target=PAGE,
    rendition=Rendition("borgholm", "facebook", "sv", "", "Våra datasystem är avstängda. 🚱"),
    message="m1",
    kind=Kind.ALERT,
    severity=Severity.SEVERE,
    issued=NOW,
    expires=NOW + timedelta(hours=1),
)


def settings(base_url: str = "https://graph.facebook.com", **changes: object) -> FacebookSettings:
    values: dict[str, object] = {
        "provider": "facebook",
        "page": PAGE,
        "token": SecretStr("token"),
        "app_secret": SecretStr("app secret"),
        "base_url": base_url,
    }
    return FacebookSettings.model_validate(values | changes)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def error(
    code: int, subcode: int | None = None, status: int = 400, headers: Mapping[str, str] | None = None
) -> Callable[[Asked], web.Response]:
    """Answer with an error of Graph's."""
    content: dict[str, Any] = {"message": "Something about the token.", "type": "OAuthException", "code": code}
    if subcode is not None:
        content["error_subcode"] = subcode
    return lambda _: web.json_response({"error": content}, status=status, headers=headers)


async def sent(http: aiohttp.ClientSession, answer: Callable[[Asked], web.Response]) -> Outcome:
    async with answering(answer) as provider:
        return await FacebookPage(settings(provider.url), Wire(http)).send(PARCEL)


async def test_publishing_asks_for_a_post_on_the_pages_feed(http: aiohttp.ClientSession) -> None:
    async with answering(lambda _: web.json_response({"id": POST})) as provider:
        assert await FacebookPage(settings(provider.url), Wire(http)).send(PARCEL) == Accepted(POST)
    (request,) = provider.asked
    assert (request.method, request.path) == ("POST", f"/v26.0/{PAGE}/feed")
    assert request.form == {
        "message": "Våra datasystem är avstängda. 🚱",
        "access_token": "token",
        "appsecret_proof": PROOF,
    }


async def test_replacing_edits_the_post(http: aiohttp.ClientSession) -> None:
    async with answering(lambda _: web.json_response({"success": True})) as provider:
        channel = FacebookPage(settings(provider.url, version="v25.0"), Wire(http))
        assert await channel.replace(PARCEL, POST) == Accepted(POST)
    (request,) = provider.asked
    assert (request.method, request.path) == ("POST", f"/v25.0/{POST}")
    assert request.form == {"message": PARCEL.rendition.text, "access_token": "token", "appsecret_proof": PROOF}


async def test_withdrawing_deletes_the_post_and_keeps_the_token_out_of_its_address(
    http: aiohttp.ClientSession,
) -> None:
    async with answering(lambda _: web.json_response({"success": True})) as provider:
        channel = FacebookPage(settings(provider.url, app_secret=None), Wire(http))
        assert await channel.withdraw(PARCEL, POST) == Accepted(POST)
    (request,) = provider.asked
    assert (request.method, request.path) == ("DELETE", f"/v26.0/{POST}")
    assert request.form == {"access_token": "token"}


async def test_an_id_never_leads_to_another_path(http: aiohttp.ClientSession) -> None:
    async with answering(lambda _: web.json_response({"success": True})) as provider:
        await FacebookPage(settings(provider.url), Wire(http)).withdraw(PARCEL, "1/../2?x#y")
    assert provider.asked[0].path == "/v26.0/1%2F..%2F2%3Fx%23y"


# What the reference lists, and what it asks to be done; 506 and 1 and 2 may have been done.
CODES = {
    1: InDoubt,
    2: InDoubt,
    3: Halted,
    4: Deferred,
    10: Halted,
    17: Deferred,
    32: Deferred,
    100: Rejected,
    102: Halted,
    190: Halted,
    200: Halted,
    299: Halted,
    341: Deferred,
    368: Halted,
    506: InDoubt,
    613: Deferred,
    803: Halted,
    2500: Halted,
    80001: Deferred,
    1609005: Rejected,
}


@pytest.mark.parametrize("code", sorted(CODES.keys() | ERRORS.keys()))
async def test_every_error_code_has_its_outcome_and_is_named(http: aiohttp.ClientSession, code: int) -> None:
    outcome = await sent(http, error(code))
    assert isinstance(outcome, CODES.get(code, type(ERRORS[code])))
    assert not isinstance(outcome, Accepted)
    assert outcome.reason.endswith(f"(Facebook error {code})")


def test_the_documentation_has_the_same_table() -> None:
    table = {str(code): outcome for code, outcome in ERRORS.items() if code not in range(200, 300)}
    table |= {"200–299": ERRORS[200]} | {f"{code}/{sub}": outcome for (code, sub), outcome in SUBCODES.items()}
    assert documented_errors("facebook") == {name: documented(outcome) for name, outcome in table.items()}


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467, 492])
async def test_a_dead_token_halts_and_says_why_it_died(http: aiohttp.ClientSession, subcode: int) -> None:
    outcome = await sent(http, error(190, subcode, status=401))
    assert outcome == Halted(f"{SUBCODES[190, subcode].reason} (Facebook error 190/{subcode})")


async def test_an_unknown_subcode_goes_by_its_code(http: aiohttp.ClientSession) -> None:
    assert await sent(http, error(80001, 2_494_055)) == Deferred(
        "too much traffic for the page (Facebook error 80001/2494055)", throttled=True
    )


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [(99, 400, Rejected), (99, 403, Halted), (99, 429, Deferred), (99, 500, InDoubt), (190, 500, InDoubt)],
)
async def test_an_unknown_code_or_a_failing_server_goes_by_the_status(
    http: aiohttp.ClientSession, code: int, status: int, kind: type
) -> None:
    assert isinstance(await sent(http, error(code, status=status)), kind)


USAGE = {"type": "pages", "call_count": 100, "total_cputime": 25, "total_time": 25}


@pytest.mark.parametrize(
    ("usage", "wait"),
    [
        ({"1": [{**USAGE, "estimated_time_to_regain_access": 5}]}, timedelta(minutes=5)),
        (
            {
                "1": [USAGE, {**USAGE, "estimated_time_to_regain_access": 7}],
                "2": [{**USAGE, "estimated_time_to_regain_access": 3}],
            },
            timedelta(minutes=7),
        ),
        ({"1": [{**USAGE, "estimated_time_to_regain_access": 0}]}, timedelta(seconds=9)),
        ({"1": [{**USAGE, "estimated_time_to_regain_access": -5}]}, timedelta(seconds=9)),
        ({"1": [{**USAGE, "estimated_time_to_regain_access": 10**30}]}, timedelta(seconds=9)),
        ({"1": "full"}, timedelta(seconds=9)),
        ([], timedelta(seconds=9)),
    ],
)
async def test_the_longest_wait_that_graph_asks_for_is_passed_on(
    http: aiohttp.ClientSession, usage: object, wait: timedelta
) -> None:
    headers = {"X-Business-Use-Case-Usage": json.dumps(usage), "Retry-After": "9"}
    outcome = await sent(http, error(32, headers=headers))
    assert isinstance(outcome, Deferred)
    assert outcome.after == wait


@pytest.mark.parametrize(
    ("headers", "used"),
    [
        ({}, 0.0),
        ({"X-App-Usage": {"call_count": 28, "total_time": 25, "total_cputime": 26}}, 0.28),
        ({"X-App-Usage": {"call_count": 1, "total_time": 90, "total_cputime": 25}}, 0.9),
        ({"X-App-Usage": {"call_count": 28}, "X-Page-Usage": {"total_cputime": 83.5}}, 0.835),
        ({"X-Business-Use-Case-Usage": {"1": [{**USAGE, "call_count": 7}], "2": [{**USAGE, "call_count": 101}]}}, 1.01),
        ({"X-App-Usage": "full", "X-Page-Usage": {"call_count": -5}, "X-Business-Use-Case-Usage": []}, 0.0),
        ({"X-App-Usage": {"call_count": "NaN"}, "X-Page-Usage": {"call_count": 40}}, 0.4),
    ],
)
async def test_how_much_of_the_tightest_budget_is_used_up_is_passed_on(
    http: aiohttp.ClientSession, headers: Mapping[str, object], used: float
) -> None:
    told = {name: json.dumps(value) for name, value in headers.items()}
    outcome = await sent(http, lambda _: web.json_response({"id": POST}, headers=told))
    assert isinstance(outcome, Accepted)
    assert outcome.usage == pytest.approx(used)


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_what_is_too_much_for_facebook_is_told_apart(http: aiohttp.ClientSession, code: int) -> None:
    outcome = await sent(http, error(code))
    assert (isinstance(outcome, Deferred) and outcome.throttled) == (code in {4, 17, 32, 341, 613, 80001})


@pytest.mark.parametrize(("code", "subcode", "status"), [(100, 33, 400), (803, None, 404)])
async def test_a_post_that_is_gone_counts_as_withdrawn_but_not_as_replaced(
    http: aiohttp.ClientSession, code: int, subcode: int | None, status: int
) -> None:
    async with answering(error(code, subcode, status)) as provider:
        channel = FacebookPage(settings(provider.url), Wire(http))
        assert await channel.withdraw(PARCEL, POST) == Accepted(POST)
        replaced = await channel.replace(PARCEL, POST)
        assert isinstance(replaced, Rejected)
        assert replaced.reason.startswith("the post is no longer on the page")
        assert isinstance(await channel.send(PARCEL), Halted)


@pytest.mark.parametrize("code", [10, 200, 299])
async def test_a_post_that_the_app_may_not_touch_is_no_reason_to_hold_back_others(
    http: aiohttp.ClientSession, code: int
) -> None:
    async with answering(error(code, status=403)) as provider:
        channel = FacebookPage(settings(provider.url), Wire(http))
        for outcome in (await channel.replace(PARCEL, POST), await channel.withdraw(PARCEL, POST)):
            assert isinstance(outcome, Rejected)
            assert "published by another app or by a person" in outcome.reason
            assert outcome.reason.endswith(f"(Facebook error {code})")
        assert isinstance(await channel.send(PARCEL), Halted)


@pytest.mark.parametrize("code", sorted(ERRORS.keys() - {10, *range(200, 300), 803}))
async def test_any_other_error_means_the_same_for_an_edit_as_for_a_post(http: aiohttp.ClientSession, code: int) -> None:
    async with answering(error(code)) as provider:
        channel = FacebookPage(settings(provider.url), Wire(http))
        published = await channel.send(PARCEL)
        assert await channel.replace(PARCEL, POST) == await channel.withdraw(PARCEL, POST) == published


async def test_an_edit_tells_of_the_budget_as_a_post_does(http: aiohttp.ClientSession) -> None:
    told = {"X-App-Usage": json.dumps({"call_count": 85})}
    async with answering(lambda _: web.json_response({"success": True}, headers=told)) as provider:
        channel = FacebookPage(settings(provider.url), Wire(http))
        assert await channel.replace(PARCEL, POST) == await channel.withdraw(PARCEL, POST) == Accepted(POST, 0.85)


async def test_what_a_person_has_done_on_the_page_meanwhile_is_met_without_harm(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        channel = FacebookPage(settings(sandbox.base_url("facebook")), Wire(http))
        sent, by_hand = await channel.send(PARCEL), sandbox.publish(PAGE, "Öppet hus på lördag")
        assert isinstance(sent, Accepted)
        assert isinstance(await channel.replace(PARCEL, by_hand.id), Rejected)
        assert isinstance(await channel.withdraw(PARCEL, by_hand.id), Rejected)
        sandbox.delete(sent.remote_id)
        assert isinstance(await channel.replace(PARCEL, sent.remote_id), Rejected)
        assert isinstance(await channel.withdraw(PARCEL, sent.remote_id), Accepted)
        assert [post.message for post in sandbox.posts if not post.withdrawn] == ["Öppet hus på lördag"]


@pytest.mark.parametrize("answer", [{"success": False}, {"id": POST}, {}])
async def test_a_success_that_does_not_say_so_is_in_doubt(http: aiohttp.ClientSession, answer: dict[str, Any]) -> None:
    async with answering(lambda _: web.json_response(answer)) as provider:
        channel = FacebookPage(settings(provider.url), Wire(http))
        assert isinstance(await channel.replace(PARCEL, POST), InDoubt)
        assert isinstance(await channel.withdraw(PARCEL, POST), InDoubt)


async def test_the_same_text_twice_in_a_row_is_in_doubt_because_facebook_takes_it_for_one(
    http: aiohttp.ClientSession,
) -> None:
    async with Sandbox() as sandbox:
        channel = FacebookPage(settings(sandbox.base_url("facebook")), Wire(http))
        assert isinstance(await channel.send(PARCEL), Accepted)
        assert isinstance(await channel.send(PARCEL), InDoubt)
        assert len(sandbox.posts) == 1


async def test_a_proof_made_with_another_secret_is_refused(http: aiohttp.ClientSession) -> None:
    async with Sandbox(app_secrets=["another secret"]) as sandbox:
        outcome = await FacebookPage(settings(sandbox.base_url("facebook")), Wire(http)).send(PARCEL)
    assert isinstance(outcome, Rejected)
    assert "app_secret" in outcome.reason


def test_the_sdks_warning_about_its_own_source_is_not_passed_on() -> None:
    compiling_anew = ["-B", "-X", "pycache_prefix=/nonexistent"]
    command = [sys.executable, "-W", "always", *compiling_anew, "-c", "import channels.facebook"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "invalid escape" not in result.stderr


@pytest.mark.parametrize(
    "changes",
    [
        {"page": "Borgholms kommun"},
        {"page": ""},
        {"token": "in the clear"},
        {"version": "26.0"},
        {"version": "latest"},
        {"base_url": "http://graph.facebook.com"},
        {"colour": "blue"},
    ],
)
def test_settings_that_cannot_be_are_errors(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


async def test_the_provider_builds_a_channel_for_the_settings_page(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        account = settings(sandbox.base_url("facebook"))
        channel = PROVIDER.build(account, wired(http, lambda: NOW))
        assert isinstance(await channel.send(PARCEL), Accepted)
        assert [post.page for post in sandbox.posts] == [PAGE]
    assert PROVIDER.target is not None
    assert PROVIDER.target(account, PARCEL.rendition) == PAGE
    assert (PROVIDER.name, PROVIDER.channel, PROVIDER.concurrency) == ("facebook", FACEBOOK, 1)


def listed(post: str = POST, **changes: object) -> dict[str, object]:
    """Make a post as Graph lists it."""
    shown: dict[str, object] = {
        "id": post,
        "message": "Våra datasystem är avstängda. 🚱",
        "created_time": "2022-12-13T08:00:01+0000",
    }
    return shown | changes


async def looked_up(
    http: aiohttp.ClientSession, *pages: Mapping[str, object], **changes: object
) -> tuple[Finding, list[Asked]]:
    """Let Graph list these pages; return what is found of the parcel, and what was asked."""

    def answer(_: Asked) -> web.Response:
        ours = {"Date": format_datetime(datetime.now(UTC))}
        return web.json_response(pages[len(provider.asked) - 1], headers=ours)

    async with answering(answer) as provider:
        findings = await FacebookPage(settings(provider.url, **changes), Wire(http)).find([Doubt(PARCEL, NOW)])
    return findings["42"], provider.asked


async def test_what_was_published_is_asked_for_with_the_token_out_of_the_address(http: aiohttp.ClientSession) -> None:
    finding, asked = await looked_up(http, {"data": [listed()]})
    assert finding == Matches((POST,))
    (request,) = asked
    assert (request.method, request.form) == ("GET", {})
    assert request.path == (
        f"/v26.0/{PAGE}/published_posts?fields=id,message,created_time&limit=100&appsecret_proof={PROOF}"
    )
    assert request.headers["Authorization"] == "Bearer token"


async def test_the_next_page_comes_after_the_cursor(http: aiohttp.ClientSession) -> None:
    paging = {"cursors": {"before": "a", "after": "b="}, "next": "https://evil.example/?access_token=token"}
    first = {"data": [listed(f"{PAGE}_2")], "paging": paging}
    last = {"data": [listed(f"{PAGE}_1")], "paging": {"cursors": {"before": "c", "after": "d"}}}
    finding, asked = await looked_up(http, first, last, app_secret=None)
    assert finding == Matches((f"{PAGE}_1", f"{PAGE}_2"))
    assert asked[1].path == f"/v26.0/{PAGE}/published_posts?fields=id,message,created_time&limit=100&after=b%3D"


async def test_a_picture_without_words_is_not_ours(http: aiohttp.ClientSession) -> None:
    wordless = listed()
    del wordless["message"]
    finding, _ = await looked_up(http, {"data": [wordless]})
    assert finding == Matches(())


async def test_a_refusal_to_list_is_told_in_the_words_of_a_refusal_to_post(http: aiohttp.ClientSession) -> None:
    async with answering(error(10, status=403)) as provider:
        findings = await FacebookPage(settings(provider.url), Wire(http)).find([Doubt(PARCEL, NOW)])
    reason = "the page's token lacks a permission: grant it and make a new token (Facebook error 10)"
    assert findings == {"42": Unclear(reason)}
