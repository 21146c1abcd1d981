"""Before residents depend on it: what `check` refuses in earnest, and what providers say when they are asked."""

import pytest

from broadcaster.config import load
from broadcaster.opening import opened
from broadcaster.store import generations
from channels.sandbox import Behaviour, Fault
from tests.support.desk import Desk
from tests.support.world import resident


async def test_live_refuses_all_that_only_stands_for_something(desk: Desk) -> None:
    await desk.subscribe([resident(0), resident(1)])
    desk.configure('mode = "sandbox"', 'mode = "live"')
    desk.configure("public_url =", "# public_url =")
    weather = f'[sources.weather]\nkind = "smhi"\nurl = "{desk.sandbox.url}/sources/smhi"\n'
    desk.configure("[sandbox]\n", f"{weather}\n[sandbox]\n")

    ran = await desk.run("check")
    error = ran.err

    for key in (
        "accounts.sms.account_sid",
        "accounts.sms.auth_token",
        "accounts.sms.base_url",
        "accounts.sms.inbound",
        "accounts.facebook-borgholm.page",
        "accounts.facebook-borgholm.token",
        "accounts.phone-borgholm.line",
        "sources.weather.url",
    ):
        assert f": {key}: " in error
    assert ran.code == 3
    assert "config.toml:" in error
    assert "2 of the subscribers have numbers that belong to nobody" in error
    assert ran.out == ""


@pytest.mark.parametrize("command", [["send", "--yes"], ["serve"], ["worker"], ["site", "export", "site"]])
async def test_nothing_is_sent_or_served_in_earnest_with_what_only_stands_for_something(
    desk: Desk, command: list[str]
) -> None:
    await desk.subscribe([resident(0)])
    desk.configure('mode = "sandbox"', 'mode = "live"')
    desk.configure("public_url =", "# public_url =")

    ran = await desk.run(*command, *([desk.message()] if command[0] == "send" else []))

    assert ran.code == 3
    assert ": accounts.sms.auth_token: " in ran.err
    assert desk.sandbox.requests == []
    assert not (desk.folder / "site").exists()


async def test_providers_are_asked_only_on_request_and_nothing_is_sent(desk: Desk) -> None:
    await desk.subscribe([resident(0), resident(1)])
    assert (await desk.run("check")).code == 0
    assert desk.sandbox.requests == []

    ran = await desk.run("check", "--online", "--json")

    assert ran.code == 0
    online = ran.data["online"]
    assert online["accounts"]["sms"] == {
        "answers": True,
        "trouble": "",
        "balance": {"amount": 1000.0, "currency": "SEK"},
        "sms_to_everybody": {"people": {"borgholm": 2}, "kronor_a_segment": 0.7, "segments_left": 1428},
    }
    assert online["accounts"]["facebook-borgholm"]["answers"]
    assert online["accounts"]["phone-borgholm"] == {"answers": None}
    assert desk.sandbox.texts == []
    assert desk.sandbox.posts == []
    assert "sandbox" not in str([request.path for request in desk.sandbox.requests]), "no token stands in an address"
    async with opened(load(desk.folder / "config.toml")) as store:
        assert await generations.newest(store.database) is None, "who only asks sends from nowhere"


@pytest.mark.parametrize("provider", ["twilio", "facebook"])
async def test_what_a_provider_does_not_take_is_said_and_is_no_success(desk: Desk, provider: str) -> None:
    desk.sandbox.behave(provider, Behaviour(Fault.UNAUTHORISED))

    ran = await desk.run("check", "--online")

    assert ran.code == 1
    assert {"twilio": "sms: Twilio does not accept", "facebook": "facebook-borgholm: the token"}[provider] in ran.out
