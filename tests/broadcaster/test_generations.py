"""When something may have left from the original of a copy: a table of decisions; and what a new generation forgets."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from broadcaster.delivery import State
from broadcaster.doubt import together
from broadcaster.store import generations, lanes
from broadcaster.store.database import Database
from broadcaster.store.generations import UNSURE_FOR, Generation
from broadcaster.store.ledger import Ledger, Report
from broadcaster.store.schema import instances
from broadcaster.store.submissions import submit
from broadcaster.store.whereabouts import NOWHERE, Place
from channels.contract import Finding, Matches, Unclear
from tests.support.storing import NOW, execute, posts, states

HOUR = timedelta(hours=1)
COPIED = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
BEGAN = COPIED + 12 * HOUR
FIRST = Generation(1, COPIED, None, NOWHERE)
LARGEST_PID = 2**22 + 1  # more than Linux gives to any process
SECOND = Generation(2, BEGAN, COPIED, NOWHERE)


@pytest.mark.parametrize(
    ("generation", "meant", "now", "since"),
    [
        (FIRST, None, BEGAN, None),
        (FIRST, COPIED, BEGAN, None),
        (SECOND, None, BEGAN + HOUR, COPIED),  # somebody sends the file that was sent there, too
        (SECOND, None, BEGAN + UNSURE_FOR, None),
        (SECOND, BEGAN - HOUR, BEGAN, BEGAN - HOUR),  # a run that went there; the one before it has the same words
        (SECOND, COPIED - HOUR, BEGAN, COPIED),  # a run that was late
        (SECOND, BEGAN, BEGAN, None),
        (SECOND, BEGAN + HOUR, BEGAN + HOUR, None),
    ],
)
def test_a_message_that_is_new_here_may_have_left_from_the_original(
    generation: Generation, meant: datetime | None, now: datetime, since: datetime | None
) -> None:
    assert generation.unseen_since(meant, now) == since


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        ([Matches(("a",)), Matches(())], Matches(("a",))),
        ([Matches(()), Matches(("b",))], Matches(("b",))),
        ([Matches(()), Matches(())], Matches(())),
        ([Matches(()), Unclear("no answer")], Unclear("no answer")),
        ([Unclear("no answer"), Matches(("b",))], Matches(("b",))),
    ],
)
def test_that_something_is_nowhere_only_all_providers_can_say(findings: list[Finding], told: Finding) -> None:
    assert together(findings) == told


async def test_whoever_died_is_no_rival_of_a_later_copy(database: Database) -> None:
    living = lanes.new_holder()
    dead = living.replace(f" pid {os.getpid()} ", f" pid {LARGEST_PID} ")
    for holder in (dead, living):
        await generations.enter(database, holder, NOW)

    async with database.read() as connection:
        assert (await connection.execute(select(instances.c.holder))).scalars().all() == [living]


async def test_a_new_generation_takes_every_lease_away(database: Database) -> None:
    await submit(database, posts(2), "test")
    ledger, lease = Ledger(database), await lanes.acquire(database, "pages", "here pid 1 a")
    assert lease is not None
    await ledger.turn(lease, Report({}, room=1), NOW)

    async with database.write() as connection:
        opening = await generations.begin(connection, database, Place("there", "there"), NOW + HOUR, "test")

    assert opening.doubts == 2
    assert await states(database) == [State.IN_DOUBT, State.IN_DOUBT]
    with pytest.raises(lanes.LeaseLostError):
        await ledger.turn(lease, Report({}, room=1), NOW + HOUR)


async def test_what_waits_for_an_earlier_text_is_in_doubt_once_that_is_settled(database: Database) -> None:
    await submit(database, posts(2), "test")
    await execute(database, "UPDATE deliveries SET state = 'accepted' WHERE id = (SELECT min(id) FROM deliveries)")
    await execute(
        database,
        "UPDATE deliveries SET state = 'waiting', after = (SELECT min(id) FROM deliveries) "
        "WHERE id = (SELECT max(id) FROM deliveries)",
    )
    async with database.write() as connection:
        await generations.begin(connection, database, Place("there", "there"), NOW + HOUR, "test")
    assert await states(database) == [State.ACCEPTED, State.WAITING]

    await Ledger(database).release(NOW + HOUR)

    assert await states(database) == [State.ACCEPTED, State.IN_DOUBT]
    ledger = Ledger(database)
    assert await ledger.busy({"pages"}, NOW + HOUR) == set()
    assert await ledger.busy({"pages"}, NOW + HOUR + generations.SETTLE) == {"pages"}
