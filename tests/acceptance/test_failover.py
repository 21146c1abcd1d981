"""Scripts of a municipality with two SMS providers, one of which fails: asked of the phones."""

import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.config import ConfigError, load
from broadcaster.delivery import State
from broadcaster.engine.pace import DOUBTS_IN_A_ROW
from broadcaster.scaffold import template, write_missing
from broadcaster.store import lanes
from channels.sandbox import Behaviour, Fault
from tests.support.world import FAST, World, anybody, world

CROWD = [anybody(place) for place in range(120)]
TWO = {
    "[accounts.feeds]": """[accounts.reserve]
provider = "46elks"
username = "u00000000000000000000000000000001"
password = { file = "secrets/twilio" }
sender = "Kommunen"
rate = 2000
base_url = "http://127.0.0.1:8070/46elks"

[accounts.feeds]""",
    'sms = "sms"': 'sms = ["sms", "reserve"]',
}


@asynccontextmanager
async def two_providers(folder: Path, database_url: str, changes: dict[str, str]) -> AsyncIterator[World]:
    async with world(folder, database_url, {**changes, **TWO}) as here:
        await here.subscribe(CROWD)
        yield here


def by_provider(here: World) -> Counter[str]:
    return Counter(text.provider for text in here.sandbox.texts)


async def test_when_an_account_is_halted_the_next_one_takes_over(tmp_path: Path, database_url: str) -> None:
    async with two_providers(tmp_path, database_url, FAST) as here:
        here.sandbox.behave("twilio", Behaviour(Fault.UNAUTHORISED))

        sent = await here.send(here.plan())

        assert sent.progress.count(State.ACCEPTED) == sent.progress.total
        assert Counter(here.reached()) == Counter(CROWD)
        assert by_provider(here) == {"46elks": len(CROWD)}
        async with here.database as database:
            assert list(await lanes.halted(database)) == ["sms"]


async def test_when_a_provider_cannot_be_reached_the_next_one_takes_over(tmp_path: Path, database_url: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        async with two_providers(tmp_path, database_url, {**FAST, "http://127.0.0.1:8070/twilio": dead}) as here:
            sent = await here.send(here.plan(), patience=30)

            assert sent.progress.count(State.ACCEPTED) == sent.progress.total
            assert Counter(here.reached()) == Counter(CROWD)


async def test_what_may_be_with_the_first_provider_is_never_given_to_the_second(
    tmp_path: Path, database_url: str
) -> None:
    async with two_providers(tmp_path, database_url, FAST) as here:
        here.sandbox.behave("twilio", Behaviour(Fault.DROP))
        plan = here.plan()

        first = await here.send(plan, patience=6)
        doubts = first.progress.count(State.IN_DOUBT)
        here.sandbox.behave("twilio")
        here.clock.move(timedelta(minutes=2))
        second = await here.send(plan)

        assert doubts >= DOUBTS_IN_A_ROW
        assert by_provider(here)["46elks"] == len(CROWD) - doubts
        assert second.progress.count(State.ACCEPTED) == second.progress.total
        assert Counter(here.reached()) == Counter(CROWD)


async def test_what_one_provider_cannot_send_in_time_is_shared(tmp_path: Path, database_url: str) -> None:
    slow = {**FAST, "rate = 10 ": "rate = 5\nconcurrency = 2 "}
    async with two_providers(tmp_path, database_url, slow) as here:
        plan = here.plan(lifetime=timedelta(seconds=12))

        sent = await here.send(plan, patience=20)

        assert Counter(here.reached()) == Counter(CROWD)
        assert sent.progress.count(State.EXPIRED) == 0
        assert set(by_provider(here)) == {"twilio", "46elks"}


@pytest.mark.parametrize("order", ['["sms", "sms"]', "[]", '["sms", "nobody"]'])
async def test_an_order_of_accounts_that_makes_no_sense_is_refused(tmp_path: Path, order: str) -> None:
    file = tmp_path / "config.toml"
    write_missing(file)
    file.write_text(template().replace('sms = "sms"', f"sms = {order}"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"sms|nobody"):
        load(file)
