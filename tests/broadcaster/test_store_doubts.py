"""Doubts in the database: whose answer settles which."""

from datetime import timedelta

from broadcaster.delivery import State, Verdict
from broadcaster.doubt import Settlement
from broadcaster.store import doubts, lanes
from broadcaster.store.database import Database
from broadcaster.store.ledger import Ledger, Report
from broadcaster.store.submissions import submit
from tests.support.storing import NOW, posts, states

MINUTE = timedelta(minutes=1)


async def test_an_answer_about_one_try_never_settles_the_doubt_about_a_later_one(database: Database) -> None:
    await submit(database, posts(1), "test")
    ledger, lease = Ledger(database), await lanes.acquire(database, "pages", "elsewhere pid 1 a")
    assert lease is not None

    async def comes_into_doubt() -> int:
        [claimed] = (await ledger.turn(lease, Report({}, room=1), NOW)).claimed
        await ledger.turn(lease, Report({claimed.id: Verdict(State.IN_DOUBT)}, room=0), NOW)
        return claimed.id

    delivery = await comes_into_doubt()
    [asked], _ = await doubts.due(database, "pages", NOW, 10)
    assert await doubts.resolve(database, delivery, State.PENDING, NOW, "person")  # while the provider is being asked
    assert await comes_into_doubt() == delivery

    answer = Settlement(State.PENDING, NOW, "the provider has no trace of it")
    assert await doubts.settle(database, lease, {asked: answer}, NOW + MINUTE) == 0
    assert await states(database) == [State.IN_DOUBT]
    [newer], _ = await doubts.due(database, "pages", NOW, 10)
    assert await doubts.settle(database, lease, {newer: answer}, NOW + MINUTE) == 1
    assert await states(database) == [State.PENDING]
