"""What is kept of doubts that ended: by whom they ended, and how."""

from datetime import timedelta

from broadcaster.delivery import State
from broadcaster.doubt import Settlement
from broadcaster.store import doubts, endings, lanes
from broadcaster.store.database import Database
from broadcaster.store.endings import OURSELVES, Ending
from broadcaster.store.receipts import believe
from broadcaster.store.submissions import submit
from broadcaster.store.subscribers import Subscribers
from channels.contract import Arrival, Receipt
from tests.support.storing import HOUR, NOW, SEAL, TO_BORGHOLM, execute, states, submission, subscribe

MESSAGE, OTHER = "0a1b2c3d4e", "0000000002"
LANE = "sms-borgholm"
NUMBERS = [f"+4670174062{place}" for place in range(8)]
LATER = NOW + HOUR


async def in_doubt(database: Database, count: int, message: str = MESSAGE) -> None:
    """A message all of whose deliveries are in doubt, the first with the id 1."""
    await subscribe(database, *((number, "borgholm", "sv") for number in NUMBERS[:count]))
    await submit(database, submission(message, routes=[TO_BORGHOLM]), "test")
    tried = "UPDATE deliveries SET state = 'in_doubt', attempts = 1, tried = 1 WHERE state = 'pending'"
    await execute(database, tried)


async def settle(database: Database, *settlements: Settlement) -> None:
    """Settle what is in doubt, one after the other."""
    lease = await lanes.acquire(database, LANE, "here pid 1 a")
    assert lease is not None
    found, _ = await doubts.due(database, LANE, LATER, len(settlements))
    settled = dict(zip(found, settlements, strict=True))
    assert await doubts.settle(database, lease, settled, LATER) == len(settlements)


async def ended(database: Database, message: str | None = None) -> list[Ending]:
    return [one.ending for one in await endings.listing(database, message=message)]


async def test_what_the_provider_told_is_kept(database: Database) -> None:
    await in_doubt(database, 3)
    no_trace = "the provider has no trace of it, so it was not sent"
    await settle(
        database,
        Settlement(State.ACCEPTED, LATER, remote_id="SM1"),
        Settlement(State.PENDING, LATER, no_trace),
        Settlement(State.IN_DOUBT, LATER + HOUR, "the provider cannot tell yet"),
    )
    assert await states(database) == ["accepted", "pending", "in_doubt"]
    assert sorted(await ended(database), key=lambda ending: ending.delivery) == [
        Ending(1, LATER, State.ACCEPTED, "the provider has it", OURSELVES),
        Ending(2, LATER, State.PENDING, no_trace, OURSELVES),
    ]
    assert await endings.count(database, MESSAGE) == 2


async def test_what_a_person_decided_is_kept_with_the_name(database: Database) -> None:
    await in_doubt(database, 1)
    assert await doubts.resolve(database, 1, State.ABANDONED, LATER, "anna")
    assert not await doubts.resolve(database, 1, State.ACCEPTED, LATER, "bo")
    assert await ended(database) == [Ending(1, LATER, State.ABANDONED, "a person let it be", "anna")]


async def test_what_a_receipt_settled_is_kept_once(database: Database) -> None:
    await in_doubt(database, 2)
    told = [Receipt(f"{MESSAGE}-1", "SM1", arrival) for arrival in (Arrival.ACCEPTED, Arrival.DELIVERED)]
    assert await believe(database, [*told, *told], LATER) == 2
    assert await believe(database, told, LATER) == 0
    assert await ended(database) == [Ending(1, LATER, State.ACCEPTED, "the provider reported on it")]
    assert await states(database) == ["delivered", "in_doubt"]


async def test_a_receipt_for_what_was_never_in_doubt_leaves_no_mark(database: Database) -> None:
    await in_doubt(database, 1)
    await execute(database, "UPDATE deliveries SET state = 'accepted', remote_id = 'SM1'")
    assert await believe(database, [Receipt(f"{MESSAGE}-1", "SM1", Arrival.DELIVERED)], LATER) == 1
    assert await ended(database) == []


async def test_a_doubt_may_come_back_and_is_counted_as_one_delivery(database: Database) -> None:
    await in_doubt(database, 1)
    await doubts.resolve(database, 1, State.PENDING, LATER, "anna")
    await execute(database, "UPDATE deliveries SET state = 'in_doubt', attempts = 2")
    await doubts.resolve(database, 1, State.ACCEPTED, LATER + HOUR, "anna")
    assert [(one.at, one.state) for one in await ended(database)] == [
        (LATER + HOUR, State.ACCEPTED),
        (LATER, State.PENDING),
    ]
    assert await endings.count(database, MESSAGE) == 1


async def test_each_message_has_its_own_and_other_deeds_are_none(database: Database) -> None:
    await in_doubt(database, 1)
    await in_doubt(database, 1, OTHER)
    await Subscribers(database, SEAL).remove(NUMBERS[0], None, LATER, "anna")
    for id_ in (1, 2):
        await doubts.resolve(database, id_, State.ACCEPTED, LATER + timedelta(minutes=id_), "anna")

    assert [one.delivery for one in await ended(database)] == [2, 1]
    assert [one.delivery for one in await ended(database, OTHER)] == [2]
    [one] = await endings.listing(database, delivery=1)
    assert (one.message, one.lane, one.municipality, one.state) == (MESSAGE, LANE, "borgholm", State.ACCEPTED)
    assert (one.target, one.sealed_number) == (None, None)  # the subscriber left
    assert await endings.count(database, "nothing") == 0
