"""Crashes at every named point, stolen leases, sick databases and sick providers: the phones decide, not the ledger."""

import asyncio
import resource
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.delivery import OPEN, State
from broadcaster.plan import Plan, submission
from broadcaster.runtime import Broadcaster
from broadcaster.store import reports
from broadcaster.store.schema import moment
from broadcaster.store.sqlite_driver import sqlite3
from broadcaster.store.submissions import submit
from channels.limit import TimeLimit
from channels.provider import Wiring
from channels.sandbox import Behaviour, Fault
from channels.twilio import TwilioSettings, TwilioSms
from channels.wire import Wire
from messages.document import serialise
from tests.support.mortal import CLAIMING, RECORDING, RECOVERING, SETTLING, SUBMITTING, Mortal, Point
from tests.support.postgresql import Server
from tests.support.storing import execute, fetch
from tests.support.world import FAST, World, anybody, world

ALL = 'facebook = "facebook-{0}", sms = "sms", feed = "feeds", page = "pages", ivr = "phone-{0}"'
SMS_ONLY = {**FAST, ALL.format("borgholm"): 'sms = "sms"', ALL.format("morbylanga"): 'sms = "sms"'}
FEW = [anybody(place) for place in range(30)]
CROWD = [anybody(place) for place in range(1000)]
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with world(tmp_path, database_url, SMS_ONLY) as made:
        yield made


def written(here: World, plan: Plan) -> Path:
    """The message's file."""
    file = here.config.folder / "alert.md"
    file.write_text(serialise(plan.message), encoding="utf-8")
    return file


async def command(here: World, *arguments: str) -> Process:
    """The real command, in a process of its own."""
    line = [sys.executable, "-m", "broadcaster", "--config", str(here.config.file), *arguments]
    return await asyncio.create_subprocess_exec(*line, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)


async def texts(here: World) -> Counter[State]:
    """What the ledger says of the texts."""
    async with here.database as database:
        return Counter({State(state): count for state, count in await fetch(database, COUNTED)})


COUNTED = "SELECT state, count(*) FROM deliveries GROUP BY state"
NEXT = "SELECT min(due) FROM deliveries WHERE state IN ('pending', 'in_doubt') AND held = 0"


@asynccontextmanager
async def at_work(here: World) -> AsyncIterator[Broadcaster]:
    """What ``serve`` does, in this process."""
    async with here.running() as broadcaster:
        stop = asyncio.Event()
        working = asyncio.create_task(broadcaster.engine.run(stop))
        try:
            yield broadcaster
        finally:
            stop.set()
            await working


async def brought_to_an_end(here: World) -> Counter[State]:
    """Serve until nothing happens by itself any more, without waiting: the clock is put forward to what comes next."""
    async with asyncio.timeout(40), at_work(here) as broadcaster:
        database = broadcaster.store.database
        while True:
            [(due,)] = await fetch(database, NEXT)
            if due is not None:
                here.clock.move(max(timedelta(0), moment(due) + MOMENT - here.clock.now))
            elif not (await texts(here))[State.SENDING]:
                break
    return await texts(here)


IN_FLIGHT = None
BEFORE_SUBMIT, SUBMITTED = Point(SUBMITTING, committed=False), Point(SUBMITTING, committed=True)
BEFORE_CLAIM, CLAIMED = Point(CLAIMING, committed=False), Point(CLAIMING, committed=True)
BEFORE_RECORD, RECORDED = Point(RECORDING, committed=False), Point(RECORDING, committed=True)
BEFORE_RECOVERY, RECOVERED = Point(RECOVERING, committed=False), Point(RECOVERING, committed=True)
BEFORE_SETTLEMENT, SETTLED = Point(SETTLING, committed=False), Point(SETTLING, committed=True)

NOTHING = set[State]()


@pytest.mark.parametrize(
    ("deaths", "left"),
    [
        pytest.param([BEFORE_SUBMIT], NOTHING, id="before submit commits"),
        pytest.param([SUBMITTED], {State.PENDING}, id="after submit"),
        pytest.param([BEFORE_CLAIM], {State.PENDING}, id="before the claim commits"),
        pytest.param([CLAIMED], {State.SENDING}, id="after the claim, before bytes leave"),
        pytest.param([IN_FLIGHT], {State.SENDING}, id="in flight"),
        pytest.param([BEFORE_RECORD], {State.SENDING}, id="after the answer, before it is recorded"),
        pytest.param([RECORDED], {State.SENDING, State.ACCEPTED}, id="after it is recorded"),
        pytest.param([IN_FLIGHT, BEFORE_RECOVERY], {State.SENDING}, id="before the recovery commits"),
        pytest.param([IN_FLIGHT, RECOVERED], {State.IN_DOUBT}, id="after the recovery"),
        pytest.param([IN_FLIGHT, RECOVERED, BEFORE_SETTLEMENT], {State.IN_DOUBT}, id="before the settlement commits"),
        pytest.param([IN_FLIGHT, RECOVERED, SETTLED], {State.ACCEPTED, State.PENDING}, id="after the settlement"),
    ],
)
async def test_kill_9_at_a_named_point_loses_nothing_and_sends_nothing_twice(
    here: World, deaths: Sequence[Point | None], left: set[State]
) -> None:
    await here.subscribe(FEW)
    plan = here.plan()
    file = written(here, plan)

    for point in deaths:
        if point is IN_FLIGHT:
            here.sandbox.behave("twilio", Behaviour(Fault.HANG))
        process = Mortal(here.config.file, file, point, here.clock.ahead)
        if point is IN_FLIGHT:
            await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 8)
            await process.kill()
            here.sandbox.behave("twilio")
        assert await process.end() == -signal.SIGKILL
        here.clock.move(timedelta(minutes=1))

    assert set(await texts(here)) <= left
    assert bool(await texts(here)) is bool(left)
    await here.send(plan, patience=0)
    assert await brought_to_an_end(here) == {State.ACCEPTED: len(FEW)}
    assert here.reached() == FEW


@asynccontextmanager
async def on_sqlite(folder: Path) -> AsyncIterator[tuple[World, Path]]:
    """A world on SQLite, and its file."""
    file = folder / "broadcaster.db"
    async with world(folder, f"sqlite+aiosqlite:///{file}", SMS_ONLY) as here:
        yield here, file


@asynccontextmanager
async def on_postgresql(folder: Path, server: Server) -> AsyncIterator[tuple[World, str]]:
    """A world on PostgreSQL, and its database's name; what is committed survives a crash of the server."""
    async with server.database() as name:
        await server.make_durable(name)
        async with world(folder, f"postgresql+asyncpg://{server.address}/{name}", SMS_ONLY) as here:
            yield here, name


# Not on SQLite: there a process that is stopped while it writes holds the file, and then everybody waits for it.
async def test_a_worker_that_was_stopped_for_too_long_changes_nothing_when_it_wakes(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with on_postgresql(tmp_path, postgresql_server) as (here, _):
        await here.subscribe(CROWD)
        here.sandbox.behave("twilio", Behaviour(Fault.SLOW, seconds=0.5))
        plan = here.plan()
        sleeper = await command(here, "send", "--yes", "--wait", "0", str(written(here, plan)))
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 8, timeout=60)
        sleeper.send_signal(signal.SIGSTOP)
        async with here.database as database:
            await execute(database, "UPDATE lanes SET lease_until = 0")

        here.sandbox.behave("twilio")
        taken_over = await here.send(plan, patience=0.5)
        sleeper.send_signal(signal.SIGCONT)
        _, said = await sleeper.communicate()

        in_doubt = taken_over.progress.count(State.IN_DOUBT)
        assert in_doubt >= 8
        assert (await texts(here))[State.IN_DOUBT] == in_doubt, "what it had to say came too late"
        assert b"in doubt" in said or b"took it over" in said
        assert await brought_to_an_end(here) == {State.ACCEPTED: len(CROWD)}
        assert here.reached() == CROWD


async def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    async with on_sqlite(tmp_path) as (here, file):
        await here.subscribe(CROWD)
        plan = here.plan()
        sending = asyncio.create_task(here.send(plan))
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 100)

        with closing(sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)) as other:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            found = await texts(here)
            claimed = found.total() - found[State.PENDING]
            await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= claimed)
            assert await texts(here) == found
            other.execute("ROLLBACK")
        sent = await sending

        assert found[State.PENDING] > 0
        assert sent.progress.count(State.ACCEPTED) == sent.progress.total == len(CROWD)
        assert here.reached() == CROWD


async def until(stream: asyncio.StreamReader | None, words: bytes) -> None:
    """Read what a process says until it says these words."""
    assert stream is not None
    async with asyncio.timeout(40):
        while words not in (line := await stream.readline()):
            assert line, f"it ended without {words!r}"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit the files of another process")
async def test_a_full_disk_takes_nothing_in_and_forgets_nothing(tmp_path: Path) -> None:
    def full(process: Process, *, full: bool) -> None:
        """No byte is written to a file beyond its first 512: neither to the database nor to its journal."""
        most = 512 if full else resource.RLIM_INFINITY
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    async with on_sqlite(tmp_path) as (here, _):
        await here.subscribe(CROWD)
        plan = here.plan()
        sender = await command(here, "send", "--yes", str(written(here, plan)))
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 100, timeout=60)

        full(sender, full=True)
        await until(sender.stderr, b"wait for the database")
        stuck = await texts(here)
        assert stuck[State.PENDING] > 0
        assert stuck[State.ACCEPTED] <= len(here.sandbox.texts)

        full(sender, full=False)
        await sender.communicate()
        assert sender.returncode == 0
        assert await texts(here) == {State.ACCEPTED: len(CROWD)}
        assert here.reached() == CROWD


async def test_a_message_that_cannot_be_stored_is_refused_and_goes_nowhere(tmp_path: Path) -> None:
    async with on_sqlite(tmp_path) as (here, _):
        await here.subscribe(FEW)
        limit = (
            "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (512, 512)); from broadcaster.cli import main; main()"
        )
        config, message = str(here.config.file), str(written(here, here.plan()))
        line = [sys.executable, "-c", limit, "--config", config, "send", "--yes", message]
        refused = await asyncio.create_subprocess_exec(*line, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
        _, said = await refused.communicate()

        assert refused.returncode not in {0, None}
        assert str(here.config.folder).encode() in said
        assert b"Traceback" not in said
        assert await texts(here) == {}
        assert here.reached() == []


async def test_a_database_that_may_only_be_read_for_a_while_forgets_nothing(
    tmp_path: Path, postgresql_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_postgresql(tmp_path, postgresql_server) as (here, name):
        await here.subscribe(CROWD)
        async with here.database as database:
            await submit(database, submission(here.plan(), here.clock.now), "test")
        async with at_work(here):
            await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 100)
            await postgresql_server.make_read_only(name)
            async with asyncio.timeout(20):
                while "the database" not in caplog.text:
                    assert (await texts(here))[State.ACCEPTED] <= len(here.sandbox.texts)
            assert (await texts(here))[State.PENDING] > 0
            await postgresql_server.make_read_only(name, read_only=False)
            await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= len(CROWD), timeout=30)

        assert await brought_to_an_end(here) == {State.ACCEPTED: len(CROWD)}
        assert here.reached() == CROWD


async def test_a_restart_of_postgresql_in_the_middle_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with on_postgresql(tmp_path, postgresql_server) as (here, _):
        await here.subscribe(CROWD)
        async with here.database as database:
            await submit(database, submission(here.plan(), here.clock.now), "test")
        async with at_work(here):
            await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 100, timeout=30)
            await asyncio.to_thread(postgresql_server.restart)
            await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 500, timeout=30)
            await asyncio.to_thread(postgresql_server.restart)

        assert await brought_to_an_end(here) == {State.ACCEPTED: len(CROWD)}
        assert here.reached() == CROWD


async def test_what_expires_during_an_outage_is_never_sent(here: World) -> None:
    await here.subscribe(FEW)
    lost, throttled = Behaviour(Fault.RESET, times=5), Behaviour(Fault.THROTTLE)
    here.sandbox.behave("twilio", lost, throttled)
    plan = here.plan(lifetime=timedelta(hours=1))
    outage = await here.send(plan, patience=0.5)
    assert outage.progress.count(State.IN_DOUBT) > 0
    assert outage.progress.count(*OPEN) > 0

    here.clock.move(timedelta(hours=1))
    here.sandbox.behave("twilio")

    assert await brought_to_an_end(here) == {State.EXPIRED: len(FEW)}
    assert here.reached() == []


async def test_poison_delays_nobody_and_says_what_is_wrong_with_it(here: World) -> None:
    await here.subscribe(CROWD)
    poison = CROWD[::10]
    here.sandbox.behave("twilio", *(Behaviour(Fault.REFUSE, to=number, code=21614) for number in poison))

    sent = await here.send(here.plan())

    assert await texts(here) == {State.REJECTED: 100, State.ACCEPTED: 900}
    assert here.reached() == sorted(set(CROWD) - set(poison))
    asked = [request for request in here.sandbox.requests if request.method == "POST"]
    assert len(asked) == len(CROWD), "nobody is asked twice"
    first, *_, last = here.sandbox.texts
    assert last.at - first.at < timedelta(seconds=10), "a rest after each would take a minute"
    async with here.database as database:
        [why] = await reports.reasons(database, sent.message)
    assert (why.state, why.count) == (State.REJECTED, 100)
    assert "21614" in why.reason


async def test_whatever_a_provider_does_after_it_has_acted_is_a_doubt_that_gets_settled(here: World) -> None:
    def impatient(settings: TwilioSettings, wiring: Wiring) -> TwilioSms:
        return TwilioSms(settings, Wire(wiring.http, TimeLimit(0.5)))

    account = here.config.accounts["sms"]
    accounts = {**here.config.accounts, "sms": replace(account, provider=replace(account.provider, build=impatient))}
    here.config = replace(here.config, accounts=accounts)
    faults = (Fault.DROP, Fault.DRIP, Fault.HANG, Fault.ERROR_AFTER, Fault.GARBAGE)
    sick = {number: faults[place % len(faults)] for place, number in enumerate(FEW) if place % 3}
    here.sandbox.behave("twilio", *(Behaviour(fault, to=number) for number, fault in sick.items()))
    await here.subscribe(FEW)

    sent = await here.send(here.plan(), patience=1)

    assert sent.progress.count(State.IN_DOUBT) == len(sick)
    assert sent.progress.count(State.ACCEPTED) == len(FEW) - len(sick)
    here.sandbox.behave("twilio")
    assert await brought_to_an_end(here) == {State.ACCEPTED: len(FEW)}
    assert here.reached() == FEW
