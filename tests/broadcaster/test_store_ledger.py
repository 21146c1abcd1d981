"""The ledger: what may become of a delivery, who may claim it, and in which order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from broadcaster.delivery import CRASHED, EXPIRED, INTERRUPTED, State, Verdict, unsent
from broadcaster.store import lanes
from broadcaster.store.database import Database
from broadcaster.store.lanes import Lease, LeaseLostError
from broadcaster.store.ledger import Ledger, Report
from broadcaster.store.schema import milliseconds
from broadcaster.store.submissions import submit
from broadcaster.store.subscribers import Subscribers
from messages.model import Kind, Severity
from tests.support.storing import (
    BORGHOLM,
    BORGHOLM_EN,
    HOUR,
    NOW,
    PAGE,
    SEAL,
    SECOND,
    TO_BORGHOLM,
    execute,
    fetch,
    posts,
    states,
    submission,
    subscribe,
    upgraded,
)


async def lease_on(database: Database, lane: str = "pages", holder: str = "here pid 1 a") -> Lease:
    lease = await lanes.acquire(database, lane, holder)
    assert lease is not None
    return lease


async def taken_over(database: Database, lane: str = "pages") -> Lease:
    """The lane, from whoever had it and said nothing for too long."""
    await execute(database, "UPDATE lanes SET lease_until = 0 WHERE name = :lane", lane=lane)
    return await lease_on(database, lane, "elsewhere pid 1 b")


async def claim(database: Database, lease: Lease, room: int = 10) -> list[int]:
    turn = await Ledger(database).turn(lease, Report({}, room), NOW)
    return [claimed.id for claimed in turn.claimed]


async def record(database: Database, lease: Lease, verdict: Verdict, *ids: int, room: int = 0) -> None:
    await Ledger(database).turn(lease, Report(dict.fromkeys(ids, verdict), room), NOW + SECOND)


ROW = "SELECT state, reason, remote_id, attempts, due, changed FROM deliveries WHERE id = :id"


@pytest.mark.parametrize(
    ("verdict", "attempts"),
    [
        (Verdict(State.ACCEPTED, remote_id="SM1"), 1),
        (Verdict(State.REJECTED, "no such page"), 1),
        (Verdict(State.PENDING, "too many requests", due=NOW + HOUR), 1),
        (Verdict(State.CANCELLED, "the subscriber left", attempts=0), 0),
        (unsent(NOW), 0),
        (INTERRUPTED, 1),
        (EXPIRED, 0),
    ],
    ids=["accepted", "rejected", "deferred", "cancelled", "unsent", "interrupted", "expired"],
)
async def test_a_verdict_is_written_down_with_all_it_says(database: Database, verdict: Verdict, attempts: int) -> None:
    await submit(database, posts(2), "test")
    lease = await lease_on(database)
    judged, other = await claim(database, lease)
    await record(database, lease, verdict, judged)

    [row] = await fetch(database, ROW, id=judged)
    due, changed = milliseconds(verdict.due or NOW + SECOND), milliseconds(NOW + SECOND)
    assert row == (verdict.state, verdict.reason, verdict.remote_id, attempts, due, changed)
    assert [row[0] for row in await fetch(database, ROW, id=other)] == [State.SENDING]


async def test_attempts_add_up(database: Database) -> None:
    await submit(database, posts(1), "test")
    lease = await lease_on(database)
    for _ in range(3):
        [id_] = await claim(database, lease)
        await record(database, lease, Verdict(State.PENDING, "busy", due=NOW), id_)
    turn = await Ledger(database).turn(lease, Report({}, 1), NOW + SECOND)
    assert turn.claimed[0].attempts == 3


async def test_a_provider_may_name_a_parcel_with_what_no_text_may_hold(database: Database) -> None:
    await submit(database, posts(1), "test")
    lease = await lease_on(database)
    [id_] = await claim(database, lease)
    await record(database, lease, Verdict(State.ACCEPTED, remote_id='a"b\\\0\ud800å'), id_)
    assert await fetch(database, "SELECT state, remote_id FROM deliveries") == [("accepted", 'a"b\\�?å')]


# Every transition, and the one state that it leaves.

CROWD = {state: f"+4670174062{place}" for place, state in enumerate(State)}
LANE = "sms-borgholm"


async def recording(database: Database, lease: Lease) -> None:
    ids = [id_ for (id_,) in await fetch(database, "SELECT id FROM deliveries")]
    await record(database, lease, Verdict(State.ACCEPTED, remote_id="SM1"), *ids)


async def claiming(database: Database, lease: Lease) -> None:
    assert len(await claim(database, lease, room=len(CROWD))) == 1


async def expiring(database: Database, lease: Lease) -> None:
    await Ledger(database).turn(lease, Report({}, room=0), NOW + 2 * HOUR)


async def recovering(database: Database, _: Lease) -> None:
    assert await Ledger(database).recover(await taken_over(database, LANE), repeatable=False, now=NOW) == 1


async def leaving(database: Database, _: Lease) -> None:
    for number in CROWD.values():
        assert await Subscribers(database, SEAL).remove(number, None, NOW, "test")


@pytest.mark.parametrize(
    ("transition", "leaves", "enters"),
    [
        (recording, {State.SENDING}, State.ACCEPTED),
        (claiming, {State.PENDING}, State.SENDING),
        (expiring, {State.WAITING, State.PENDING}, State.EXPIRED),
        (recovering, {State.SENDING}, State.IN_DOUBT),
        (leaving, {State.WAITING, State.PENDING}, State.CANCELLED),
    ],
    ids=["recording", "claiming", "expiring", "recovering", "leaving"],
)
async def test_a_transition_leaves_its_own_states_and_no_other(
    database: Database, transition: Callable[[Database, Lease], Awaitable[None]], leaves: set[State], enters: State
) -> None:
    await subscribe(database, *((number, "borgholm", "sv") for number in CROWD.values()))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    lease = await lease_on(database, LANE)
    for (id_,), state in zip(await fetch(database, "SELECT id FROM deliveries ORDER BY id"), State, strict=True):
        values = {"id": id_, "state": state, "epoch": lease.epoch}
        await execute(database, "UPDATE deliveries SET state = :state, epoch = :epoch WHERE id = :id", **values)
    await transition(database, lease)
    assert await states(database) == [enters if state in leaves else state for state in State]


async def test_claims_are_in_the_order_of_due_then_id_and_fill_the_room_and_no_more(database: Database) -> None:
    await submit(database, posts(5), "test")
    ids = [id_ for (id_,) in await fetch(database, "SELECT id FROM deliveries ORDER BY id")]
    for place, wait in enumerate([3, 1, 2, 1, 0]):
        due = milliseconds(NOW - HOUR + wait * SECOND)
        await execute(database, "UPDATE deliveries SET due = :due WHERE id = :id", due=due, id=ids[place])
    lease = await lease_on(database)
    assert await claim(database, lease, room=3) == [ids[4], ids[1], ids[3]]
    assert await claim(database, lease, room=0) == []
    assert await claim(database, lease, room=3) == [ids[2], ids[0]]
    assert await claim(database, lease, room=3) == []


async def test_residents_are_claimed_in_the_order_of_due_then_id_too(database: Database) -> None:
    await subscribe(database, *((f"+467017406{place}", "borgholm", "sv") for place in range(10, 60)))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    lease = await lease_on(database, "sms-borgholm")
    claimed = await claim(database, lease, room=50)
    assert claimed == sorted(claimed)
    assert len(claimed) == 50


async def test_nothing_is_claimed_before_it_is_due_or_from_another_lane(database: Database) -> None:
    await submit(database, posts(2, issued=NOW + SECOND), "test")
    other = await lease_on(database, "feed")
    lease = await lease_on(database)
    assert (await Ledger(database).turn(lease, Report({}, 10), NOW)).claimed == ()
    assert (await Ledger(database).turn(other, Report({}, 10), NOW + SECOND)).claimed == ()
    assert len((await Ledger(database).turn(lease, Report({}, 10), NOW + SECOND)).claimed) == 2


async def test_what_is_too_late_expires_with_its_reason_and_is_never_claimed(database: Database) -> None:
    await submit(database, posts(2, "0000000001", lifetime=SECOND), "test")
    await submit(database, posts(2, "0000000002"), "test")
    lease = await lease_on(database)
    turn = await Ledger(database).turn(lease, Report({}, 10), NOW + SECOND)
    assert {turn.letters[claimed.rendition].message for claimed in turn.claimed} == {"0000000002"}
    expired = "SELECT state, reason, attempts FROM deliveries WHERE message = '0000000001'"
    assert await fetch(database, expired) == [("expired", EXPIRED.reason, 0)] * 2


async def test_what_expires_during_a_lease_expires_at_its_next_turn(database: Database) -> None:
    await submit(database, posts(1, lifetime=2 * SECOND), "test")
    lease = await lease_on(database)
    ledger = Ledger(database)
    await ledger.turn(lease, Report({}, room=0), NOW + SECOND)
    assert await states(database) == ["pending"]
    await ledger.turn(lease, Report({}, room=0, swept=NOW + SECOND), NOW + 2 * SECOND)
    assert await states(database) == ["expired"]


async def test_what_comes_back_after_its_message_expired_expires_too(database: Database) -> None:
    await submit(database, posts(1, lifetime=SECOND), "test")
    lease = await lease_on(database)
    [id_] = await claim(database, lease)
    put_off = {id_: Verdict(State.PENDING, "busy", due=NOW)}
    turn = await Ledger(database).turn(lease, Report(put_off, 10, swept=NOW + 2 * SECOND), NOW + 3 * SECOND)
    assert turn.claimed == ()
    assert await states(database) == ["expired"]


async def test_only_the_lane_itself_lets_its_deliveries_expire(database: Database) -> None:
    await submit(database, posts(1), "test")
    await Ledger(database).turn(await lease_on(database, "feed"), Report({}, 10), NOW + 2 * HOUR)
    assert await states(database) == ["pending"]


async def test_a_worker_that_lost_its_lane_writes_nothing(database: Database) -> None:
    await submit(database, posts(2, lifetime=SECOND), "test")
    lost = await lease_on(database)
    claimed = await claim(database, lost, room=1)
    await taken_over(database)
    report = Report(dict.fromkeys(claimed, Verdict(State.ACCEPTED, remote_id="SM1")), room=10)
    with pytest.raises(LeaseLostError):
        await Ledger(database).turn(lost, report, NOW + HOUR)
    with pytest.raises(LeaseLostError):
        await Ledger(database).recover(lost, repeatable=True, now=NOW)
    assert await states(database) == ["sending", "pending"]


async def test_a_turn_that_finds_the_lease_lost_writes_nothing_before_anybody_has_recovered_the_lane(
    database: Database,
) -> None:
    await submit(database, posts(2), "test")
    lost, ledger = await lease_on(database), Ledger(database)
    [claimed] = (await ledger.turn(lost, Report({}, 1), NOW)).claimed
    await execute(database, "UPDATE lanes SET epoch = epoch + 1")

    report = Report({claimed.id: Verdict(State.ACCEPTED)}, 1, swept=NOW)  # with nothing to sweep: one statement
    with pytest.raises(LeaseLostError):
        await ledger.turn(lost, report, NOW)
    assert sorted(await states(database)) == [State.PENDING, State.SENDING]


async def test_a_verdict_counts_only_for_what_its_own_lease_claimed_in_its_own_lane(database: Database) -> None:
    await submit(database, posts(1), "test")
    early = await lease_on(database)
    [id_] = await claim(database, early)
    elsewhere = await lease_on(database, "feed")
    assert elsewhere.epoch == early.epoch
    await record(database, elsewhere, Verdict(State.REJECTED, "not ours"), id_)
    late = await taken_over(database)
    await record(database, late, Verdict(State.REJECTED, "not ours"), id_)
    assert await states(database) == ["sending"]


async def test_the_same_report_may_be_made_twice(database: Database) -> None:
    await submit(database, posts(1), "test")
    lease = await lease_on(database)
    [id_] = await claim(database, lease)
    for _ in range(2):
        await record(database, lease, Verdict(State.REJECTED, "no such page"), id_)
    assert await fetch(database, "SELECT state, attempts FROM deliveries") == [("rejected", 1)]


async def test_what_a_dead_worker_left_is_in_doubt_and_counts_as_an_attempt(database: Database) -> None:
    await submit(database, posts(3), "test")
    await claim(database, await lease_on(database), room=2)
    successor = await taken_over(database)
    ledger = Ledger(database)
    assert await ledger.recover(successor, repeatable=False, now=NOW) == 2
    assert await fetch(database, "SELECT state, reason, attempts FROM deliveries ORDER BY id") == [
        ("in_doubt", CRASHED.reason, 1),
        ("in_doubt", CRASHED.reason, 1),
        ("pending", None, 0),
    ]
    assert len((await ledger.turn(successor, Report({}, 10), NOW)).claimed) == 1


async def test_where_sending_again_does_no_harm_what_a_dead_worker_left_is_sent_again(database: Database) -> None:
    await submit(database, posts(2), "test")
    await claim(database, await lease_on(database))
    successor = await taken_over(database)
    assert await Ledger(database).recover(successor, repeatable=True, now=NOW) == 2
    assert len(await claim(database, successor)) == 2


async def test_a_lease_recovers_nothing_of_its_own_and_nothing_of_other_lanes(database: Database) -> None:
    await submit(database, posts(2), "test")
    lease = await lease_on(database)
    await claim(database, lease)
    for _ in range(3):
        other = await lease_on(database, "feed")
        await lanes.release(database, other)
    for recovering_lease in (lease, await lease_on(database, "feed")):
        assert await Ledger(database).recover(recovering_lease, repeatable=False, now=NOW) == 0
    assert await states(database) == ["sending", "sending"]


async def test_two_workers_at_once_never_claim_the_same_delivery(database_url: str) -> None:
    async with upgraded(database_url) as one, Database(database_url) as other:
        await submit(one, posts(400), "test")
        claimed: dict[str, list[int]] = {"one": [], "other": []}

        async def work(name: str, database: Database) -> None:
            """Serve the lane, and take it over whenever the other has it."""
            ledger = Ledger(database)
            while len(claimed["one"]) + len(claimed["other"]) < 400:
                await execute(database, "UPDATE lanes SET lease_until = 0")
                lease = await lanes.acquire(database, "pages", f"{name} pid 1 a")
                try:
                    while lease and (turn := await ledger.turn(lease, Report({}, 7), NOW)).claimed:
                        claimed[name] += [found.id for found in turn.claimed]
                except LeaseLostError:
                    continue

        async with asyncio.timeout(60):
            await asyncio.gather(work("one", one), work("other", other))
        everything = claimed["one"] + claimed["other"]
        assert len(everything) == len(set(everything)) == 400
        assert await fetch(one, "SELECT count(*) FROM deliveries WHERE state <> 'sending'") == [(0,)]


async def test_what_somebody_is_cancelling_is_passed_by_and_not_waited_for(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as database:
        await submit(database, posts(3), "test")
        lease = await lease_on(database)
        async with database.write() as connection:
            await connection.exec_driver_sql("UPDATE deliveries SET state = 'cancelled' WHERE target = 'page-0'")
            claimed = await claim(database, lease)
        assert len(claimed) == 2
        assert await states(database) == ["cancelled", "sending", "sending"]


async def test_a_claim_carries_where_it_goes(database: Database) -> None:
    await subscribe(database, ("+46701740605", "borgholm", "sv"))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    await submit(database, posts(1, "ffffffffff"), "test")
    ledger = Ledger(database)
    [resident] = (await ledger.turn(await lease_on(database, "sms-borgholm"), Report({}, 1), NOW)).claimed
    [page] = (await ledger.turn(await lease_on(database), Report({}, 1), NOW)).claimed
    assert resident.sealed_number is not None
    assert (SEAL.open(resident.sealed_number), resident.target) == ("+46701740605", None)
    assert (page.sealed_number, page.target) == (None, "page-0")


async def test_a_resident_who_left_while_being_sent_to_takes_the_number_along(database: Database) -> None:
    await subscribe(database, ("+46701740605", "borgholm", "sv"))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    lease = await lease_on(database, "sms-borgholm")
    [id_] = await claim(database, lease)
    await Subscribers(database, SEAL).remove("+46701740605", None, NOW, "test")
    await record(database, lease, Verdict(State.PENDING, "busy", due=NOW), id_)
    [claimed] = (await Ledger(database).turn(lease, Report({}, 10), NOW)).claimed
    assert (claimed.sealed_number, claimed.target) == (None, None)


async def test_letters_come_once_and_with_all_that_a_parcel_needs(database: Database) -> None:
    await subscribe(database, ("+46701740605", "borgholm", "sv"), ("+46701740606", "borgholm", "en"))
    await submit(database, submission(renditions=[BORGHOLM, BORGHOLM_EN], routes=[TO_BORGHOLM]), "test")
    lease, ledger = await lease_on(database, "sms-borgholm"), Ledger(database)
    first = await ledger.turn(lease, Report({}, room=1), NOW)
    [(known, letter)] = first.letters.items()
    assert (letter.message, letter.kind, letter.severity) == ("0a1b2c3d4e", Kind.ALERT, Severity.SEVERE)
    assert (letter.issued, letter.expires) == (NOW, NOW + HOUR)
    assert letter.rendition == BORGHOLM
    second = await ledger.turn(lease, Report({}, room=1, known=[known]), NOW)
    assert [new.rendition for new in second.letters.values()] == [BORGHOLM_EN]
    assert known not in second.letters


async def test_lanes_are_busy_while_something_is_due_or_being_sent(database: Database) -> None:
    ledger = Ledger(database)
    assert await ledger.busy(["pages", "feed"], NOW) == set()
    await submit(database, posts(1, issued=NOW + SECOND), "test")
    assert await ledger.busy(["pages", "feed"], NOW) == set()
    assert await ledger.busy(["pages", "feed"], NOW + SECOND) == {"pages"}
    assert await ledger.busy(["feed"], NOW + SECOND) == set()
    lease = await lease_on(database)
    [claimed] = (await ledger.turn(lease, Report({}, 1), NOW + SECOND)).claimed
    assert await ledger.busy(["pages"], NOW + SECOND) == {"pages"}
    await record(database, lease, Verdict(State.ACCEPTED, remote_id="SM1"), claimed.id)
    assert await ledger.busy(["pages"], NOW + timedelta(days=1)) == set()


async def test_everything_that_a_page_shows_comes_back_as_it_was(database: Database) -> None:
    await submit(database, posts(1), "test")
    turn = await Ledger(database).turn(await lease_on(database), Report({}, 1), NOW)
    assert [letter.rendition for letter in turn.letters.values()] == [PAGE]


async def test_what_a_lost_answer_claimed_goes_back_and_what_is_known_stays(database: Database) -> None:
    await submit(database, posts(4), "test")
    lease = await lease_on(database)
    known = await claim(database, lease, room=2)
    lost = await claim(database, lease, room=2)

    put_back = await Ledger(database).disown(lease, known, NOW)

    assert put_back == len(lost) == 2
    assert await claim(database, lease) == lost
    assert await Ledger(database).disown(lease, [*known, *lost], NOW + SECOND) == 0


async def test_pending_deliveries_take_another_lane_and_no_others_do(database: Database) -> None:
    await submit(database, posts(4), "test")
    lease = await lease_on(database)
    [sending] = await claim(database, lease, room=1)
    ledger = Ledger(database)

    assert await ledger.reroute("pages", "others", ["nowhere"], None, NOW) == 0
    assert await ledger.reroute("pages", "others", ["borgholm"], 1, NOW) == 1
    assert await ledger.reroute("pages", "others", ["borgholm"], None, NOW) == 2

    backlogs = await ledger.backlogs(["pages", "others"])
    assert {name: backlog.count for name, backlog in backlogs.items()} == {"others": 3}
    [row] = await fetch(database, "SELECT lane, state FROM deliveries WHERE id = :id", id=sending)
    assert tuple(row) == ("pages", "sending")
