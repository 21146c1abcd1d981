"""What people on duty are reminded of, in the database; and how the texts leave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from broadcaster.config import Config, load
from broadcaster.engine.engine import Engine
from broadcaster.engine.slips import TRY_AGAIN
from broadcaster.engine.station import Workshop
from broadcaster.scaffold import write_missing
from broadcaster.store import duty, incidents, lanes
from broadcaster.store.database import Database
from broadcaster.store.duty import Promise, Text
from broadcaster.store.incidents import Report
from broadcaster.store.lanes import Lease
from broadcaster.store.ledger import Ledger
from broadcaster.store.slips import Slip
from broadcaster.store.submissions import Submission, submit
from channels.contract import Accepted, Deferred, Halted, InDoubt, Outcome, Parcel, Rejected
from messages.model import Kind
from tests.fakes.channel import ScriptedChannel
from tests.support.storing import BORGHOLM, HOUR, MORBYLANGA, NOW, SEAL, SECOND, execute, fetch, posts, submission
from tests.support.world import Clock, resident

LANE = "sms"
HALF_AN_HOUR = timedelta(minutes=30)
EVERYBODY = ("borgholm", "morbylanga")
WORDS = "Krisinformation (jour): utlovad uppdatering."


@pytest.fixture
def config(tmp_path: Path) -> Config:
    write_missing(tmp_path / "config.toml")
    return load(tmp_path / "config.toml")


def promising() -> Submission:
    """A message to both that promises an update."""
    message = submission(renditions=[BORGHOLM, MORBYLANGA], lifetime=24 * HOUR)
    return replace(message, next_update=NOW + 4 * HOUR)


def text(place: int = 90, at: datetime = NOW) -> Text:
    return Text(
        LANE, Slip("promise a due", SEAL.close(resident(place)), SEAL.close(WORDS), "sv", at, at + HALF_AN_HOUR)
    )


async def test_what_was_promised_and_has_not_come_is_found(database: Database) -> None:
    await submit(database, promising(), "test")
    found = await duty.promises(database, EVERYBODY, NOW + HOUR)
    assert found == [Promise("0a1b2c3d4e", "Dataintrång", EVERYBODY, NOW, NOW + 4 * HOUR)]
    assert [one.municipalities for one in await duty.promises(database, ["borgholm"], NOW + HOUR)] == [("borgholm",)]


async def test_a_newer_message_keeps_the_promise_for_those_who_sent_it(database: Database) -> None:
    await submit(database, promising(), "test")
    update = replace(
        submission("1a1b2c3d4e", issued=NOW + HOUR, lifetime=9 * HOUR), kind=Kind.UPDATE, next_update=NOW + 8 * HOUR
    )
    await submit(database, update, "test")
    found = await duty.promises(database, EVERYBODY, NOW + HOUR)
    assert [(one.message, one.municipalities) for one in found] == [
        ("0a1b2c3d4e", ("morbylanga",)),
        ("1a1b2c3d4e", ("borgholm",)),
    ]


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE messages SET retracted = issued",
        "UPDATE messages SET expires = issued",
        "UPDATE incidents SET closed = opened",
        "UPDATE messages SET kind = 'all-clear'",
    ],
)
async def test_nobody_waits_for_what_is_over(database: Database, ending: str) -> None:
    await submit(database, promising(), "test")
    await execute(database, ending)
    assert await duty.promises(database, EVERYBODY, NOW + HOUR) == []


async def test_incidents_whose_deadlines_count_are_found_with_what_was_reported(database: Database) -> None:
    async with database.write(wakes=True) as connection:
        for name in ("Dataintrång", "Strömavbrott", "Gammalt"):
            await incidents.enter(connection, database, name, NOW, "test")
        for name in ("Dataintrång", "Gammalt"):
            await incidents.become_aware(connection, name, NOW - HOUR)
        await incidents.end(connection, "Gammalt", NOW - 40 * 24 * HOUR, "test")
        for deadline, why in (("gdpr", "no personal data"), ("early-warning", None)):
            await incidents.report(connection, database, "Dataintrång", deadline, Report(NOW, "test", why))
    (found,) = await duty.awareness(database, NOW - 32 * 24 * HOUR)
    assert (found.incident, found.aware, found.closed) == ("Dataintrång", NOW - HOUR, None)
    assert found.reported == {"gdpr": None, "early-warning": NOW}


async def test_of_many_who_remind_at_the_same_time_one_does(database: Database) -> None:
    reminded = await asyncio.gather(
        *(duty.remind(database, "promise a due", "Dataintrång", NOW, [text()]) for _ in range(5))
    )
    assert sorted(reminded) == [False, False, False, False, True]
    assert await duty.told(database, ["promise a due", "promise a before"]) == {"promise a due": NOW}
    assert await fetch(database, "SELECT count(*) FROM reminder_texts") == [(1,)]


async def test_a_number_on_duty_is_sealed_in_the_database_and_gone_once_its_text_is_taken(database: Database) -> None:
    await duty.remind(database, "promise a due", "Dataintrång", NOW, [text()])
    ((number,),) = await fetch(database, "SELECT number FROM reminder_texts")
    assert SEAL.open(number) == resident(90)
    lease = await lanes.acquire(database, LANE, "one")
    assert lease is not None
    assert await duty.waiting(database, [LANE, "other"], NOW) == {LANE}
    slip = await duty.take(database, lease, NOW)
    assert slip is not None
    assert (SEAL.open(slip.number), SEAL.open(slip.text)) == (resident(90), WORDS)
    assert await duty.take(database, lease, NOW) is None
    assert await fetch(database, "SELECT count(*) FROM reminder_texts") == [(0,)]
    await duty.put_back(database, LANE, slip, NOW + SECOND)
    assert await duty.waiting(database, [LANE], NOW) == set()
    assert await duty.take(database, lease, NOW) is None
    assert await duty.take(database, lease, NOW + SECOND) == slip


async def test_a_reminder_that_could_not_leave_in_time_is_forgotten(database: Database) -> None:
    await duty.remind(database, "promise a due", "Dataintrång", NOW, [text()])
    assert await duty.forget_expired(database, NOW + HALF_AN_HOUR - SECOND) == 0
    assert await duty.waiting(database, [LANE], NOW + HALF_AN_HOUR) == set()
    assert await duty.forget_expired(database, NOW + HALF_AN_HOUR) == 1
    assert await fetch(database, "SELECT count(*) FROM reminder_texts") == [(0,)]


async def test_a_reminder_that_still_waits_can_be_called_off(database: Database) -> None:
    await duty.remind(database, "promise a due", "Dataintrång", NOW, [text()])
    assert await duty.queued(database) == {"promise a due"}
    await duty.call_off(database, ["promise b due"])
    assert await duty.waiting(database, [LANE], NOW) == {LANE}
    await duty.call_off(database, ["promise a due"])
    assert await duty.queued(database) == await duty.waiting(database, [LANE], NOW) == set()
    assert await duty.told(database, ["promise a due"]) == {"promise a due": NOW}


async def test_no_reminder_tries_an_account_that_a_person_has_to_mend(database: Database) -> None:
    await duty.remind(database, "promise a due", "Dataintrång", NOW, [text()])
    await lanes.acquire(database, LANE, "one")
    await lanes.halt(database, LANE, "the password is wrong", NOW)
    assert await duty.waiting(database, [LANE], NOW) == set()
    await lanes.resume(database, [LANE])
    assert await duty.waiting(database, [LANE], NOW) == {LANE}


@asynccontextmanager
async def running(database: Database, config: Config, channel: ScriptedChannel, clock: Clock) -> AsyncIterator[None]:
    """An engine with one lane."""
    shop = Workshop(database, Ledger(database), SEAL, clock, lambda: 0.5, lanes.new_holder())
    engine = Engine({LANE: config.accounts["sms"]}, {LANE: channel}, [], shop, look_out=0.05)
    stop = asyncio.Event()
    working = asyncio.create_task(engine.run(stop))
    try:
        yield
    finally:
        stop.set()
        await working


async def test_a_reminder_leaves_in_the_middle_of_a_large_sending(database: Database, config: Config) -> None:
    clock, reminded = Clock(), asyncio.Event()

    async def answer(parcel: Parcel) -> Outcome:
        if parcel.key.startswith("reminder-"):
            reminded.set()
        return Accepted(parcel.key)

    crowd = posts(400, issued=clock.now)
    await submit(database, replace(crowd, postings=tuple(replace(one, lane=LANE) for one in crowd.postings)), "test")
    channel = ScriptedChannel(answer)
    async with running(database, config, channel, clock):
        await channel.has_sent(1)
        await duty.remind(database, "promise a due", "Dataintrång", clock.now, [text(at=clock.now)])
        async with asyncio.timeout(20):
            await reminded.wait()
    assert len(channel.sent) < 100


@pytest.mark.parametrize("outcome", [Deferred("too much"), Halted("the password is wrong")])
async def test_a_reminder_that_certainly_was_not_sent_is_sent_later(
    database: Database, config: Config, outcome: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    outcomes = [outcome, Accepted("1")]

    async def answer(_: Parcel) -> Outcome:
        return outcomes.pop(0)

    await duty.remind(database, "promise a due", "Dataintrång", clock.now, [text(at=clock.now)])
    channel = ScriptedChannel(answer)
    async with running(database, config, channel, clock):
        await channel.has_sent(1)
        async with asyncio.timeout(20):
            while not await fetch(database, "SELECT id FROM reminder_texts"):
                continue
        clock.move(TRY_AGAIN)
        await channel.has_sent(2)
    assert [parcel.target for parcel in channel.sent] == [resident(90)] * 2
    assert [lane.halted_reason or lane.down_reason for lane in await lanes.states(database)] == [None]
    assert "a reminder was not sent" in caplog.text
    assert resident(90) not in caplog.text
    assert WORDS not in caplog.text


@pytest.mark.parametrize("outcome", [InDoubt("no answer"), Rejected("no such number", gone=True)])
async def test_a_reminder_that_may_have_been_sent_or_never_will_be_is_not_sent_again(
    database: Database, config: Config, outcome: Outcome
) -> None:
    clock = Clock()

    async def answer(parcel: Parcel) -> Outcome:
        return outcome if parcel.target == resident(90) else Accepted(parcel.key)

    await duty.remind(database, "promise a due", "Dataintrång", clock.now, [text(90, clock.now), text(91, clock.now)])
    channel = ScriptedChannel(answer)
    async with running(database, config, channel, clock):
        await channel.has_sent(2)
    assert [parcel.target for parcel in channel.sent] == [resident(90), resident(91)]
    assert await fetch(database, "SELECT id FROM reminder_texts") == []


async def test_a_reminder_that_another_worker_has_taken_is_not_taken_again(database: Database) -> None:
    await duty.remind(database, "promise a due", "Dataintrång", NOW, [text()])
    await lanes.acquire(database, LANE, "one")
    with pytest.raises(lanes.LeaseLostError):
        await duty.take(database, Lease(LANE, "another", 9), NOW)
    assert await duty.waiting(database, [LANE], NOW) == {LANE}
