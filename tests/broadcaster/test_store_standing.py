"""How things stand: counted by lane and state, at the price of what is not done and not of the whole ledger."""

from datetime import timedelta

from sqlalchemy import event

from broadcaster.delivery import State
from broadcaster.store.database import Database
from broadcaster.store.standing import standing
from broadcaster.store.submissions import submit
from tests.support.storing import HOUR, NOW, SECOND, execute, fetch, posts


async def test_nothing_is_not_done_in_an_empty_database(database: Database) -> None:
    found = await standing(database, ["borgholm"], NOW)

    assert (found.counts, found.oldest, found.held, found.lanes, found.promises) == ({}, {}, {}, (), {})


async def test_what_is_not_done_is_counted_by_lane_and_state(database: Database) -> None:
    await submit(database, posts(7), "test")
    for place, state in enumerate(("sending", "in_doubt", "in_doubt", "accepted", "rejected"), 1):
        await execute(database, "UPDATE deliveries SET state = :state WHERE id = :id", state=state, id=place)
    await execute(database, "UPDATE deliveries SET held = 1 WHERE id = 2")
    late = round((NOW - 90 * SECOND).timestamp() * 1000)
    await execute(database, "UPDATE deliveries SET due = :due WHERE id = 7", due=late)

    found = await standing(database, ["borgholm"], NOW)

    assert found.counts == {("pages", State.PENDING): 2, ("pages", State.SENDING): 1, ("pages", State.IN_DOUBT): 2}
    assert found.oldest == {"pages": NOW - timedelta(seconds=90)}
    assert found.held == {"pages": 1}


async def test_the_next_update_is_that_of_the_last_message_of_what_goes_on(database: Database) -> None:
    for place, promised in enumerate((HOUR, 2 * HOUR)):
        id_ = f"{place}a1b2c3d4e"
        await submit(database, posts(1, id_, issued=NOW + place * SECOND, lifetime=4 * HOUR), "test")
        due = round((NOW + promised).timestamp() * 1000)
        await execute(database, "UPDATE messages SET next_update = :due WHERE id = :id", due=due, id=id_)

    before = await standing(database, ["borgholm", "morbylanga"], NOW + 2 * SECOND)
    later = await standing(database, ["borgholm"], NOW + 5 * HOUR)
    await execute(database, "UPDATE incidents SET closed = opened")
    after = await standing(database, ["borgholm"], NOW + 5 * HOUR)

    assert before.promises == {"borgholm": NOW + 2 * HOUR}
    assert before.incidents == {"Dataintrång": NOW + 2 * HOUR}
    assert later.promises == before.promises  # what was promised is owed when the message has expired, too
    assert after.promises == after.incidents == {}


async def test_a_look_reads_deliveries_by_the_indexes_of_what_is_not_done_alone(database: Database) -> None:
    if database.is_postgresql:
        return  # its planner goes by what a table holds, and here that is nothing
    asked: list[str] = []
    event.listen(database._engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    await standing(database, ["borgholm"], NOW)

    about = [statement for statement in asked if "FROM deliveries" in statement]
    plans = [" ".join(str(row[3]) for row in await fetch(database, f"EXPLAIN QUERY PLAN {one}")) for one in about]
    assert len(plans) == 3
    assert all("INDEX ix_deliveries_" in plan for plan in plans)
    assert [plan.split("ix_deliveries_")[1].split()[0] for plan in plans] == ["pending", "sending", "in_doubt"]
