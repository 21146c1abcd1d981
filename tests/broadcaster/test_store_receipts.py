"""Receipts: what they may move, and that everything else changes nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import permutations

import pytest

from broadcaster.delivery import CRASHED, INTERRUPTED, State, Verdict, unsent
from broadcaster.store import lanes
from broadcaster.store.database import Database
from broadcaster.store.ledger import Ledger, Report
from broadcaster.store.receipts import NOT_KNOWN_AS_SENT, believe, in_question
from broadcaster.store.submissions import submit
from broadcaster.store.subscribers import Entry, Subscribers, Subscription
from channels.contract import Arrival, Receipt
from tests.support.storing import (
    BORGHOLM,
    HOUR,
    MORBYLANGA,
    NOW,
    SEAL,
    SECOND,
    TO_BORGHOLM,
    TO_MORBYLANGA,
    audience,
    blocked,
    execute,
    fetch,
    states,
    submission,
    subscribe,
    upgraded,
)

MESSAGE = "0a1b2c3d4e"
LANE = "sms-borgholm"
NUMBERS = [f"+4670174062{place}" for place in range(8)]
WHY = "the number is unknown or no longer in use (Twilio error 30005)"
LATER = NOW + HOUR

ROW = "SELECT state, receipt, remote_id, reason, held FROM deliveries WHERE id = :id"
EVERYTHING = "SELECT * FROM deliveries ORDER BY id"


async def plan(database: Database, count: int = 1, message: str = MESSAGE) -> list[int]:
    """A message that is planned for some residents; gives the ids of its deliveries."""
    await subscribe(database, *((number, "borgholm", "sv") for number in NUMBERS[:count]))
    await submit(database, submission(message, routes=[TO_BORGHOLM]), "test")
    planned = "SELECT id FROM deliveries WHERE message = :message ORDER BY id"
    return [id_ for (id_,) in await fetch(database, planned, message=message)]


async def put(database: Database, id_: int, state: State, *, tried: bool = True, remote_id: str | None = None) -> None:
    """Let a delivery be in a state."""
    values = {"id": id_, "state": state, "tried": 1 if tried else None, "remote_id": remote_id}
    changed = "UPDATE deliveries SET state = :state, tried = :tried, remote_id = :remote_id WHERE id = :id"
    await execute(database, changed, **values)


def receipt(id_: int, arrival: Arrival = Arrival.DELIVERED, remote_id: str = "SM1", *, gone: bool = False) -> Receipt:
    reason = WHY if arrival is Arrival.UNDELIVERED else None
    return Receipt(f"{MESSAGE}-{id_}", remote_id, arrival, reason, gone)


async def claim(database: Database, room: int = 10) -> lanes.Lease:
    lease = await lanes.acquire(database, LANE, "here pid 1 a")
    assert lease is not None
    await Ledger(database).turn(lease, Report({}, room), NOW)
    return lease


async def record(database: Database, lease: lanes.Lease, verdict: Verdict, *ids: int) -> None:
    await Ledger(database).turn(lease, Report(dict.fromkeys(ids, verdict), room=0), NOW + SECOND)


async def entries(database: Database) -> list[Entry]:
    return [entry async for entry in Subscribers(database, SEAL).all()]


async def gone(database: Database) -> dict[str, tuple[datetime, str | None]]:
    """Since when and why numbers are gone."""
    found = await entries(database)
    return {entry.subscription.number: (entry.gone, entry.gone_reason) for entry in found if entry.gone}


@pytest.mark.parametrize(
    ("arrival", "reason"), [(Arrival.DELIVERED, None), (Arrival.UNDELIVERED, WHY)], ids=["delivered", "undelivered"]
)
async def test_what_was_accepted_arrives_or_does_not(database: Database, arrival: Arrival, reason: str | None) -> None:
    [id_, other] = await plan(database, 2)
    for one in (id_, other):
        await put(database, one, State.ACCEPTED, remote_id=f"SM{one}")

    assert await believe(database, [receipt(id_, arrival, f"SM{id_}")], LATER) == 1

    assert await fetch(database, ROW, id=id_) == [(arrival, None, f"SM{id_}", reason, 0)]
    assert await fetch(database, ROW, id=other) == [("accepted", None, f"SM{other}", None, 0)]


@pytest.mark.parametrize("arrival", Arrival)
@pytest.mark.parametrize("state", [State.DELIVERED, State.UNDELIVERED])
async def test_what_arrived_or_did_not_never_changes(database: Database, state: State, arrival: Arrival) -> None:
    [id_] = await plan(database)
    await put(database, id_, state, remote_id="SM1")
    before = await fetch(database, EVERYTHING)

    assert await believe(database, [receipt(id_, arrival, gone=True)], LATER) == 0

    assert await fetch(database, EVERYTHING) == before
    assert await gone(database) == {}


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
@pytest.mark.parametrize("order", list(permutations(Arrival)))
async def test_in_whatever_order_receipts_come_the_first_that_is_final_counts(
    database: Database, order: Sequence[Arrival], *, together: bool
) -> None:
    [id_] = await plan(database)
    await put(database, id_, State.IN_DOUBT)
    received = [receipt(id_, arrival) for arrival in (*order, *order)]

    for batch in [received] if together else [[one] for one in received]:
        await believe(database, batch, LATER)

    first = next(arrival for arrival in order if arrival is not Arrival.ACCEPTED)
    assert await states(database) == [first]


FORGED = [
    *(
        Receipt(key, "SM1", Arrival.DELIVERED, gone=True)
        for key in (
            None,
            "",
            MESSAGE,
            f"{MESSAGE}-",
            f"{MESSAGE}-0",
            f"{MESSAGE}-1 ",
            f"{MESSAGE}-1\n",
            f"{MESSAGE}-²",
            f"{MESSAGE}-{'9' * 18}",
            f"{MESSAGE}-{'9' * 40}",
            "0000000000-1",
            "' OR 1=1 --",
        )
    ),
    Receipt(f"{MESSAGE}-1", "SM2", Arrival.DELIVERED, gone=True),
]


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: f"{forged.key!r} {forged.remote_id}")
async def test_what_is_malformed_unknown_or_about_another_text_changes_nothing(
    database: Database, forged: Receipt
) -> None:
    assert await plan(database) == [1]
    await put(database, 1, State.ACCEPTED, remote_id="SM1")
    before = await fetch(database, EVERYTHING)

    assert await believe(database, [forged], LATER) == 0

    assert await fetch(database, EVERYTHING) == before
    assert await gone(database) == {}


async def test_what_a_provider_writes_may_be_what_no_text_may_hold(database: Database) -> None:
    [id_] = await plan(database)
    await put(database, id_, State.IN_DOUBT)
    assert await believe(database, [receipt(id_, remote_id="S\0M\ud800")], LATER) == 1
    assert await fetch(database, ROW, id=id_) == [("delivered", None, "S�M?", None, 0)]


@pytest.mark.parametrize("arrival", Arrival)
@pytest.mark.parametrize("state", NOT_KNOWN_AS_SENT)
async def test_a_receipt_shows_that_what_was_tried_was_sent(database: Database, state: State, arrival: Arrival) -> None:
    [id_] = await plan(database)
    await put(database, id_, state)
    await execute(database, "UPDATE deliveries SET held = 1, reason = 'waits for a person'")

    assert await believe(database, [receipt(id_, arrival)], LATER) == 1

    reason = WHY if arrival is Arrival.UNDELIVERED else None
    assert await fetch(database, ROW, id=id_) == [(arrival, None, "SM1", reason, 0)]
    assert await Ledger(database).busy([LANE], LATER) == set()


async def test_nothing_that_was_never_tried_can_have_been_sent(database: Database) -> None:
    ids = await plan(database, 3)
    for id_, state in zip(ids, (State.PENDING, State.EXPIRED, State.CANCELLED), strict=True):
        await put(database, id_, state, tried=False)

    assert await believe(database, [receipt(id_) for id_ in ids], LATER) == 0

    assert await states(database) == ["pending", "expired", "cancelled"]


# A receipt that is quicker than the answer to our own request.

LOST = Verdict(State.IN_DOUBT, "no answer")
BUSY = Verdict(State.PENDING, "too many requests", due=LATER)
REFUSED = Verdict(State.REJECTED, "the number is missing")
ANSWERED = Verdict(State.ACCEPTED, remote_id="SM1")


@pytest.mark.parametrize("arrival", Arrival)
@pytest.mark.parametrize(
    "verdict",
    [ANSWERED, LOST, INTERRUPTED, BUSY, REFUSED, unsent(NOW)],
    ids=["accepted", "in doubt", "interrupted", "deferred", "rejected", "unsent"],
)
async def test_an_early_receipt_waits_for_the_answer_and_then_says_more(
    database: Database, verdict: Verdict, arrival: Arrival
) -> None:
    [id_] = await plan(database)
    lease = await claim(database)

    assert await believe(database, [receipt(id_, arrival)], LATER) == 1
    assert await states(database) == ["sending"]
    await record(database, lease, verdict, id_)

    reason = WHY if arrival is Arrival.UNDELIVERED else None
    assert await fetch(database, ROW, id=id_) == [(arrival, arrival, "SM1", reason, 0)]


async def test_of_early_receipts_the_first_that_is_final_counts(database: Database) -> None:
    [id_] = await plan(database)
    lease = await claim(database)
    told = [Arrival.ACCEPTED, Arrival.DELIVERED, Arrival.UNDELIVERED, Arrival.ACCEPTED]
    assert [await believe(database, [receipt(id_, arrival)], LATER) for arrival in told] == [1, 1, 0, 0]
    await record(database, lease, ANSWERED, id_)
    assert await fetch(database, ROW, id=id_) == [("delivered", "delivered", "SM1", None, 0)]


async def test_an_early_receipt_for_an_earlier_try_does_not_count_for_this_one(database: Database) -> None:
    [id_] = await plan(database)
    lease = await claim(database)
    await believe(database, [receipt(id_, Arrival.UNDELIVERED, "SM0")], LATER)
    await record(database, lease, ANSWERED, id_)
    assert await believe(database, [receipt(id_, Arrival.UNDELIVERED, "SM0")], LATER) == 0
    assert (await fetch(database, ROW, id=id_))[0][:3] == ("accepted", "undelivered", "SM1")
    await believe(database, [receipt(id_)], LATER)
    assert await states(database) == ["delivered"]


@pytest.mark.parametrize("repeatable", [True, False])
async def test_what_a_dead_worker_left_is_no_doubt_when_a_receipt_has_come(
    database: Database, *, repeatable: bool
) -> None:
    told, untold = await plan(database, 2)
    await claim(database)
    await believe(database, [receipt(told)], LATER)
    await execute(database, "UPDATE lanes SET lease_until = 0")
    lease = await lanes.acquire(database, LANE, "elsewhere pid 1 b")
    assert lease is not None

    assert await Ledger(database).recover(lease, repeatable=repeatable, now=LATER) == 2

    assert await fetch(database, ROW, id=told) == [("delivered", "delivered", "SM1", None, 0)]
    left = ("pending", None, None, None, 0) if repeatable else ("in_doubt", None, None, CRASHED.reason, 0)
    assert await fetch(database, ROW, id=untold) == [left]


async def test_a_batch_is_written_whole_or_not_at_all(database: Database) -> None:
    ids = await plan(database, 3)
    for id_ in ids:
        await put(database, id_, State.ACCEPTED, remote_id=f"SM{id_}")
    received = [receipt(id_, arrival, f"SM{id_}") for arrival in Arrival for id_ in reversed(ids)]
    assert await believe(database, [*received, replace(received[0], key="nonsense")], LATER) == 3
    assert await states(database) == ["delivered"] * 3
    assert await believe(database, [], LATER) == 0


async def test_receipts_and_recording_never_lock_each_other_out(postgresql_url: str) -> None:
    """On PostgreSQL, where two transactions that take the same rows in opposite order would both wait for ever."""
    async with upgraded(postgresql_url) as database:
        first, last = await plan(database, 2)
        lease = await claim(database)
        async with database.write() as connection:
            await lanes.hold(connection, database, lease)
            told = asyncio.create_task(believe(database, [receipt(last), receipt(first)], LATER))
            await blocked(database)
            # It waits with nothing in its hands that we could want.
            await execute(database, "UPDATE deliveries SET reason = 'mine'")
        assert await told == 2


# Hints, which anybody may have made up.


def hint(id_: int, arrival: Arrival = Arrival.DELIVERED, remote_id: str = "SM1", *, gone: bool = False) -> Receipt:
    return replace(receipt(id_, arrival, remote_id, gone=gone), hint=True)


@pytest.mark.parametrize("arrival", [Arrival.DELIVERED, Arrival.UNDELIVERED])
async def test_a_hint_moves_on_what_the_provider_has_under_that_name(database: Database, arrival: Arrival) -> None:
    [id_] = await plan(database)
    await put(database, id_, State.ACCEPTED, remote_id="SM1")
    told = hint(id_, arrival)
    assert await in_question(database, SEAL, [told]) == {}
    assert await believe(database, [told], LATER) == 1
    assert await states(database) == [arrival]


@pytest.mark.parametrize("arrival", Arrival)
@pytest.mark.parametrize("state", NOT_KNOWN_AS_SENT)
async def test_a_hint_settles_nothing_until_it_is_confirmed(database: Database, state: State, arrival: Arrival) -> None:
    [id_] = await plan(database)
    await put(database, id_, state)
    told = hint(id_, arrival)
    before = await fetch(database, EVERYTHING)

    assert await believe(database, [told], LATER) == 0

    assert await fetch(database, EVERYTHING) == before
    [(asked, parcel)] = (await in_question(database, SEAL, [told])).items()
    assert asked == told
    assert (parcel.key, parcel.target, parcel.rendition) == (told.key, NUMBERS[0], BORGHOLM)
    assert parcel.issued == NOW
    assert await believe(database, [replace(told, hint=False)], LATER) == 1
    assert await in_question(database, SEAL, [told]) == {}


@pytest.mark.parametrize("arrival", Arrival)
async def test_a_hint_that_is_quicker_than_the_answer_is_not_kept_in_mind(database: Database, arrival: Arrival) -> None:
    [id_] = await plan(database)
    lease = await claim(database)
    assert await believe(database, [hint(id_, arrival)], LATER) == 0
    assert [parcel.key for parcel in (await in_question(database, SEAL, [hint(id_, arrival)])).values()]
    await record(database, lease, BUSY, id_)
    assert await fetch(database, ROW, id=id_) == [("pending", None, None, BUSY.reason, 0)]


async def test_what_a_person_said_arrived_is_not_settled_otherwise_by_a_hint(database: Database) -> None:
    """Nobody knows what the provider calls it."""
    [id_] = await plan(database)
    await put(database, id_, State.ACCEPTED)
    assert await believe(database, [hint(id_, Arrival.UNDELIVERED)], LATER) == 0
    assert len(await in_question(database, SEAL, [hint(id_, Arrival.UNDELIVERED)])) == 1


async def test_a_hint_that_could_change_nothing_is_in_no_question(database: Database) -> None:
    done, untried, other = await plan(database, 3)
    await put(database, done, State.DELIVERED, remote_id="SM1")
    await put(database, untried, State.PENDING, tried=False)
    await put(database, other, State.ACCEPTED, remote_id="SM3")
    nonsense = [replace(hint(done), key=key) for key in (None, "", MESSAGE, "0000000000-1", f"{MESSAGE}-999")]
    hints = [hint(done), hint(untried), hint(other), hint(other, Arrival.ACCEPTED, "SM3"), *nonsense]
    assert await in_question(database, SEAL, hints) == {}
    assert await believe(database, hints, LATER) == 0


async def test_the_name_of_another_text_to_the_same_resident_settles_nothing(database: Database) -> None:
    """Somebody who knows it could have it confirmed."""
    [first] = await plan(database)
    [second] = await plan(database, message="0000000002")
    await put(database, first, State.ACCEPTED, remote_id="SM1")
    await put(database, second, State.IN_DOUBT)
    told = Receipt(f"0000000002-{second}", "SM1", Arrival.DELIVERED, hint=True)
    assert await in_question(database, SEAL, [told]) == {}
    assert len(await in_question(database, SEAL, [replace(told, remote_id="SM2")])) == 1


async def test_a_doubt_about_somebody_who_left_is_about_no_number(database: Database) -> None:
    [id_] = await plan(database)
    await put(database, id_, State.IN_DOUBT)
    await execute(database, "UPDATE deliveries SET subscriber = NULL")
    [parcel] = (await in_question(database, SEAL, [hint(id_)])).values()
    assert parcel.target == ""


async def test_a_receipt_that_is_no_hint_is_in_no_question(database: Database) -> None:
    [id_] = await plan(database)
    await put(database, id_, State.IN_DOUBT)
    assert await in_question(database, SEAL, [receipt(id_)]) == {}


# Numbers that are gone.


async def test_a_hint_marks_nobody(database: Database) -> None:
    [id_] = await plan(database)
    await put(database, id_, State.ACCEPTED, remote_id="SM1")
    assert await believe(database, [hint(id_, Arrival.UNDELIVERED, gone=True)], LATER) == 1
    assert await gone(database) == {}


async def test_a_receipt_marks_a_number_that_is_gone(database: Database) -> None:
    [id_, _] = await plan(database, 2)
    await put(database, id_, State.ACCEPTED, remote_id="SM1")
    await believe(database, [receipt(id_, Arrival.UNDELIVERED, gone=True)], LATER)
    await believe(database, [receipt(id_, Arrival.UNDELIVERED, gone=True)], LATER + HOUR)
    assert await gone(database) == {NUMBERS[0]: (LATER, WHY)}
    assert await Subscribers(database, SEAL).gone() == 1


async def test_the_first_reason_for_being_gone_stays(database: Database) -> None:
    [first] = await plan(database)
    [second] = await plan(database, message="0000000002")
    for id_ in (first, second):
        await put(database, id_, State.ACCEPTED, remote_id="SM1")
    await believe(database, [receipt(first, Arrival.UNDELIVERED, gone=True)], LATER)
    late = Receipt(f"0000000002-{second}", "SM1", Arrival.UNDELIVERED, "opted out", gone=True)
    assert await believe(database, [late], LATER + HOUR) == 1
    assert await gone(database) == {NUMBERS[0]: (LATER, WHY)}


async def test_a_refusal_marks_a_number_that_is_gone_with_the_delivery(database: Database) -> None:
    ids = await plan(database, 3)
    lease = await claim(database)
    verdicts = {
        ids[0]: Verdict(State.REJECTED, "opted out", gone=True),
        ids[1]: Verdict(State.REJECTED, "too long"),
        ids[2]: ANSWERED,
    }
    await Ledger(database).turn(lease, Report(verdicts, room=0), LATER)
    assert await states(database) == ["rejected", "rejected", "accepted"]
    assert await gone(database) == {NUMBERS[0]: (LATER, "opted out")}


async def test_a_lost_lease_marks_nobody(database: Database) -> None:
    [id_] = await plan(database)
    lease = await claim(database)
    await execute(database, "UPDATE lanes SET lease_until = 0")
    assert await lanes.acquire(database, LANE, "elsewhere pid 1 b")
    with pytest.raises(lanes.LeaseLostError):
        await record(database, lease, Verdict(State.REJECTED, "opted out", gone=True), id_)
    assert await gone(database) == {}


async def test_a_page_that_is_gone_marks_nobody(database: Database) -> None:
    [id_] = await plan(database)
    await execute(database, "UPDATE deliveries SET subscriber = NULL, target = 'page', state = 'accepted'")
    assert await believe(database, [receipt(id_, Arrival.UNDELIVERED, gone=True)], LATER) == 1
    assert await gone(database) == {}


async def test_who_is_gone_is_left_out_of_new_messages_until_asking_anew(database: Database) -> None:
    [id_, _] = await plan(database, 2)
    subscribers = Subscribers(database, SEAL)
    await subscribers.add([Subscription(NUMBERS[0], "morbylanga", "sv")], NOW, "test")
    await put(database, id_, State.ACCEPTED, remote_id="SM1")
    await believe(database, [receipt(id_, Arrival.UNDELIVERED, gone=True)], LATER)
    routes = [TO_BORGHOLM, TO_MORBYLANGA]

    async def reached(message: str) -> int:
        await submit(database, submission(message, renditions=[BORGHOLM, MORBYLANGA], routes=routes), "test")
        return len(await fetch(database, "SELECT id FROM deliveries WHERE message = :m", m=message))

    assert await audience(database, routes) == [("borgholm", "sv", 1)]
    assert await reached("0000000001") == 1
    assert await subscribers.people() == 2

    assert await subscribers.add([Subscription(NUMBERS[0], "borgholm", "sv")], LATER, "test") == 0

    assert await gone(database) == {}
    assert await audience(database, routes) == [("borgholm", "sv", 2)]
    assert await reached("0000000002") == 2
