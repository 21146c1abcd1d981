"""A machine that stands still in the middle of writing: the others go on without it, in real time."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

from broadcaster.delivery import State
from broadcaster.store import endings
from broadcaster.store.sealing import Seal
from channels.sandbox import Behaviour, Fault
from tests.acceptance.test_faults import brought_to_an_end, on_postgresql, written
from tests.support.mortal import RECORDING_AMID, Mortal, Point
from tests.support.postgresql import Server
from tests.support.storing import fetch
from tests.support.world import anybody

CROWD = [anybody(place) for place in range(700)]  # more than are claimed at once

STANDS_STILL = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND state = 'idle in transaction' AND clock_timestamp() - state_change > interval '1 s'"""

LEDGER = "SELECT id, state, epoch, attempts, remote_id, changed FROM deliveries ORDER BY id"


async def test_a_worker_stopped_in_mid_transaction_loses_its_lane_within_15_seconds_and_its_late_results(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with on_postgresql(tmp_path, postgresql_server) as (here, _):
        await here.subscribe(CROWD)
        here.sandbox.behave("twilio", Behaviour(Fault.SLOW, seconds=0.2))  # until a turn is taken in halves
        point = Point(RECORDING_AMID, committed=False, by=signal.SIGSTOP)
        sleeper = Mortal(here.config.file, written(here, here.plan()), point)
        async with here.database as database, asyncio.timeout(40):
            while await fetch(database, STANDS_STILL) == [(0,)]:
                continue  # every look gives way to the others
        here.sandbox.behave("twilio")
        sent_before = len(here.sandbox.texts)
        assert 0 < sent_before < len(CROWD)

        taking_over = asyncio.create_task(brought_to_an_end(here))
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) > sent_before, timeout=15)
        assert await taking_over == {State.ACCEPTED: len(CROWD)}
        async with here.database as database:
            before = await fetch(database, LEDGER)
            sleeper.wake()
            assert await sleeper.end() == 0
            assert await fetch(database, LEDGER) == before
            doubted = await endings.listing(database, most=len(CROWD))
        got = Counter(here.reached())
        assert got.keys() == set(CROWD), "nobody was left out"
        # A request whose first byte had not left when the worker was stopped leaves when it wakes, as nobody can know.
        twice = {number for number, count in got.items() if count > 1}
        assert twice <= {Seal(here.config.key).open(one.sealed_number or "") for one in doubted}
