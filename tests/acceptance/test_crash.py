"""What a crash leaves behind, and two processes on one database: asked of the phones, not of the ledger."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from pathlib import Path

from broadcaster.delivery import State
from broadcaster.engine.lane import LARGEST_CLAIM
from broadcaster.plan import Plan
from broadcaster.store import reports
from channels.sandbox import Behaviour, Fault
from messages.document import serialise
from tests.support.world import FAST, World, anybody, world

CROWD = [anybody(place) for place in range(2000)]


async def command(here: World, *arguments: str) -> Process:
    """Start the real command in a process of its own."""
    line = [sys.executable, "-m", "broadcaster", "--config", str(here.config.file), *arguments]
    return await asyncio.create_subprocess_exec(*line, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)


def written(here: World, folder: Path) -> tuple[Plan, str]:
    plan = here.plan()
    file = folder / "alert.md"
    file.write_text(serialise(plan.message), encoding="utf-8")
    return plan, str(file)


async def sms(here: World, message: str) -> Counter[State]:
    """What the ledger says of the texts."""
    async with here.database as database:
        tallies = (await reports.progress(database, message)).tallies
    found: Counter[State] = Counter()
    for tally in tallies:
        if tally.channel == "sms":
            found[tally.state] += tally.count
    return found


async def test_kill_9_in_the_middle_of_2000_texts_loses_none_and_sends_none_twice(
    tmp_path: Path, database_url: str
) -> None:
    async with world(tmp_path, database_url, FAST) as here:
        await here.subscribe(CROWD)
        plan, file = written(here, tmp_path)
        first = await command(here, "send", "--yes", file)
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 700, timeout=60)
        first.send_signal(signal.SIGKILL)
        await first.wait()
        assert (await sms(here, plan.id))[State.PENDING] > 0

        second = await command(here, "send", "--yes", "--json", file)
        _, said = await second.communicate()

        after = await sms(here, plan.id)
        got = Counter(here.reached())
        assert max(got.values()) == 1, "nobody got it twice"
        assert set(after) <= {State.ACCEPTED, State.IN_DOUBT}, said
        assert after[State.ACCEPTED] + after[State.IN_DOUBT] == len(CROWD)
        assert after[State.IN_DOUBT] <= LARGEST_CLAIM
        # Whoever was not reached is in doubt: known, not lost.
        assert len(CROWD) - len(got) <= after[State.IN_DOUBT]
        assert second.returncode == (1 if after[State.IN_DOUBT] else 0)


async def test_serve_and_send_on_one_database_reach_everybody_once(tmp_path: Path, database_url: str) -> None:
    crowd = CROWD[:400]
    ports = {"port = 8080": "port = 0", "port = 8070": "port = 0"}
    async with world(tmp_path, database_url, FAST | ports) as here:
        await here.subscribe(crowd)
        plan, file = written(here, tmp_path)
        serve = await command(here, "serve")
        assert serve.stdout is not None
        assert b"serving" in await serve.stdout.readline()

        sends = [await command(here, "send", "--yes", file) for _ in range(2)]
        for process in sends:
            await process.communicate()
        serve.send_signal(signal.SIGTERM)
        await serve.communicate()

        assert [process.returncode for process in (*sends, serve)] == [0, 0, 0]
        assert Counter(here.reached()) == Counter(crowd)
        assert await sms(here, plan.id) == {State.ACCEPTED: len(crowd)}
        assert len(here.sandbox.posts) == 4


async def test_sigterm_under_load_leaves_no_doubt_and_a_restart_finishes(tmp_path: Path, database_url: str) -> None:
    crowd = CROWD[:300]
    async with world(tmp_path, database_url, FAST) as here:
        await here.subscribe(crowd)
        here.sandbox.behave("twilio", Behaviour(Fault.SLOW, seconds=0.02))
        plan, file = written(here, tmp_path)
        first = await command(here, "send", "--yes", file)
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 40, timeout=60)
        first.send_signal(signal.SIGTERM)
        said, _ = await first.communicate()

        assert first.returncode == 1
        assert b"nothing is sent twice" in said
        assert set(await sms(here, plan.id)) == {State.ACCEPTED, State.PENDING}

        second = await command(here, "send", "--yes", file)
        await second.communicate()

        assert second.returncode == 0
        assert Counter(here.reached()) == Counter(crowd)
