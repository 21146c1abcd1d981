"""Scripts of a provider that says that it is too much, and of one that wants to be left alone for an hour."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broadcaster.cli.app import app
from broadcaster.delivery import PATIENCE, State
from broadcaster.store import lanes
from channels.sandbox import Behaviour, Fault
from messages.model import Severity
from tests.acceptance.test_failover import CROWD, by_provider, two_providers
from tests.support.world import FAST, anybody, world

FEW = [anybody(place) for place in range(6)]
ALL = 'facebook = "facebook-{0}", sms = "sms", feed = "feeds", page = "pages", ivr = "phone-{0}"'
SMS_ONLY = {**FAST, ALL.format("borgholm"): 'sms = "sms"', ALL.format("morbylanga"): 'sms = "sms"'}


async def test_an_hour_of_silence_is_not_kept_by_an_alarm_and_people_are_told(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path, database_url, SMS_ONLY) as here:
        await here.subscribe(FEW)
        here.sandbox.behave("twilio", Behaviour(Fault.THROTTLE, times=1, retry_after=999_999))
        plan = here.plan()
        first = await here.send(plan, patience=0.5)

        async with here.database as database:
            (lane,) = [lane for lane in await lanes.states(database) if lane.name == "sms"]
        shown = await asyncio.to_thread(CliRunner().invoke, app, ["--config", str(here.config.file), "status", plan.id])
        here.clock.move(PATIENCE[Severity.SEVERE])
        second = await here.finish(plan.id)

    assert first.progress.count(State.ACCEPTED) < len(FEW)
    assert second.progress.count(State.ACCEPTED) == len(FEW)
    assert sorted(here.reached()) == FEW
    assert lane.throttled_since is not None
    assert lane.throttled_until is not None
    assert timedelta(hours=23) < lane.throttled_until - lane.throttled_since <= timedelta(days=1, seconds=5)
    assert "sms: the provider wants to be left alone until" in shown.output
    assert [record.levelname for record in caplog.records if "left alone" in record.message] == ["ERROR"]


async def test_where_there_is_another_provider_it_takes_over_at_once(tmp_path: Path, database_url: str) -> None:
    async with two_providers(tmp_path, database_url, FAST) as here:
        here.sandbox.behave("twilio", Behaviour(Fault.THROTTLE, retry_after=3600))

        sent = await here.send(here.plan())

        assert sent.progress.count(State.ACCEPTED) == sent.progress.total
        assert Counter(here.reached()) == Counter(CROWD)
        assert by_provider(here) == {"46elks": len(CROWD)}


async def test_some_refusals_for_too_much_hold_up_nobody_else(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url, {**SMS_ONLY, "rate = 2000": "rate = 100"}) as here:
        await here.subscribe(CROWD)
        refused = CROWD[::3]
        throttled = (Behaviour(Fault.THROTTLE, times=1, retry_after=1, to=number) for number in refused)
        here.sandbox.behave("twilio", *throttled)

        sent = await here.send(here.plan())

        assert sent.progress.count(State.ACCEPTED) == len(CROWD)
        at = {text.to: text.at for text in here.sandbox.texts}
        others = [at[number] for number in CROWD if number not in refused]
        assert max(others) - min(others) < timedelta(seconds=6), (
            "at the agreed rate it is one; rests took half a minute"
        )
