"""An incident where things go wrong: what is pending, in doubt or in another hand when the next message comes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from broadcaster.delivery import Operation, State
from broadcaster.doubt import Settlement
from broadcaster.plan import Plan, prepare, submission
from broadcaster.store import doubts, incidents, lanes, reports, retractions, schema
from broadcaster.store.errors import RefusedError
from broadcaster.store.schema import deliveries, renditions, subscribers, subscriptions
from broadcaster.store.submissions import submit
from channels.sandbox import Behaviour, Fault
from tests.acceptance.test_lifecycle import THREE, entries, got, heard, message, of, posts, say, take_back, written
from tests.support.world import World, resident, world


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with world(tmp_path, database_url) as found:
        await found.subscribe(THREE)
        yield found


async def write(here: World, kind: str, title: str, more: str = "") -> Plan:
    """Submit a message that nobody sends yet."""
    here.clock.move(timedelta(minutes=1))
    plan = message(here, kind, title, more)
    async with here.database as database:
        await submit(database, submission(plan, here.clock.now), "test")
    return plan


async def become(here: World, plan: Plan, state: State, channel: str, operation: Operation = Operation.SEND) -> None:
    """Let a message's deliveries be where a lane would bring them."""
    theirs = select(renditions.c.id).filter_by(message=plan.id, channel=channel, operation=operation)
    async with here.database as database, database.write() as connection:
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.rendition.in_(theirs), deliveries.c.state != state)
            .values(state=state)
        )


def first_lines(here: World) -> list[str]:
    return [post.message.splitlines()[0] for post in posts(here)]


def bodies(here: World, place: int) -> list[str]:
    return [text.body for text in here.sandbox.texts if text.to == resident(place)]


async def test_a_corrected_alert_does_not_take_the_line_from_the_update_after_it(here: World) -> None:
    alert = await say(here, "alert", "Ring 0485")
    await say(here, "update", "Telefonerna fungerar")
    await say(here, "correction", "Ring 0486", f'follows = "{alert.id}"')
    assert "elefonerna fungerar" in await heard(here)
    assert got(here, "Ring 0486") == THREE


async def test_what_is_over_is_not_corrected_as_if_it_were_news_but_its_all_clear_may_be(here: World) -> None:
    alert = await say(here, "alert", "Ring 0485")
    over = await say(here, "all-clear", "Allt fungerar")
    with pytest.raises(RefusedError, match=rf"It is over.*`broadcaster correct {over.id} FILE`"):
        await say(here, "correction", "Ring 0486", f'follows = "{alert.id}"')
    await say(here, "correction", "Allt fungerar utom skolan")
    assert await heard(here) == ""


async def test_an_update_does_not_undo_a_correction_that_has_not_reached_the_page(here: World) -> None:
    await say(here, "alert", "Ring 0485")
    await write(here, "correction", "Ring 0486")
    await say(here, "update", "Telefonerna fungerar")
    former, newer = posts(here)
    assert former.message.startswith("Ny information finns")
    assert "0486" in former.message
    assert "0485" not in former.message
    assert newer.message.startswith("Telefonerna fungerar")
    assert await entries(here) == ["Telefonerna fungerar", "RÄTTELSE: Ring 0486"]


async def test_the_mark_of_an_update_never_brings_back_the_text_that_was_corrected_meanwhile(here: World) -> None:
    alert = await say(here, "alert", "Ring 0485")
    newer = await write(here, "update", "Telefonerna fungerar")
    corrected = await write(here, "correction", "Ring 0486", f'follows = "{alert.id}"')
    for plan in (corrected, newer):
        await here.finish(plan.id)
    assert first_lines(here) == ["RÄTTELSE: Ring 0486", "Telefonerna fungerar"]


async def test_the_correction_of_an_update_never_overtakes_the_text_of_the_alert(here: World) -> None:
    alert = await write(here, "alert", "Allt är nere")
    newer = await write(here, "update", "Ring 0485", "notify = true")
    corrected = await write(here, "correction", "Ring 0486", f'follows = "{newer.id}"')
    assert await of(here, corrected, "sms") == {State.WAITING: 3}
    for plan in (corrected, alert):
        await here.finish(plan.id)
    assert ["Allt är nere" in body for body in bodies(here, 0)] == [True, False]
    assert got(here, "Ring 0486") == THREE
    assert got(here, "Ring 0485") == []


async def test_a_correction_without_a_text_for_residents_takes_none_from_them(here: World) -> None:
    await write(here, "alert", "Ring 0485")
    await say(here, "correction", "Ring 0486", 'channels = ["facebook"]')
    assert got(here, "Ring 0485") == THREE
    assert first_lines(here) == ["RÄTTELSE: Ring 0486"]


async def test_whoever_was_told_that_it_is_over_is_not_told_again_after_an_alert_that_never_came(here: World) -> None:
    await say(here, "alert", "Allt är nere")
    await say(here, "all-clear", "Allt fungerar")
    again = await write(here, "alert", "Nere igen")
    await say(here, "all-clear", "Nu fungerar allt")
    assert await of(here, again, "sms") == {State.CANCELLED: 3}
    assert got(here, "Nu fungerar allt") == []


async def test_nobody_hears_that_it_is_over_after_hearing_that_it_began_again(here: World) -> None:
    await say(here, "alert", "Allt är nere")
    over = await write(here, "all-clear", "Allt fungerar")
    again = await say(here, "alert", "Nere igen")
    await here.finish(over.id)
    assert await of(here, over, "sms") == {State.CANCELLED: 3}
    assert got(here, "Allt fungerar") == []
    assert got(here, "Nere igen") == THREE
    assert first_lines(here) == ["Allt är nere", "Nere igen"]
    assert "ere igen" in await heard(here)
    await say(here, "update", "Fortfarande nere", f'follows = "{again.id}"')


async def test_whoever_may_have_got_the_alert_is_told_that_it_is_over_though_nobody_can_tell(here: World) -> None:
    alert = await write(here, "alert", "Allt är nere")
    await become(here, alert, State.IN_DOUBT, "sms")
    over = await write(here, "all-clear", "Allt fungerar")
    async with here.database as database:
        lane = here.config.account_for("borgholm", "sms").name
        lease = await lanes.acquire(database, lane, "test")
        assert lease is not None
        found, _ = await doubts.due(database, lane, here.clock.now, 10)
        again = Settlement(State.PENDING, here.clock.now, "sent once more", again=True)
        assert await doubts.settle(database, lease, dict.fromkeys(found, again), here.clock.now) == 3
        await lanes.release(database, lease)
    await here.finish(over.id)
    assert await of(here, alert, "sms") == {State.ABANDONED: 3}
    assert got(here, "Allt är nere") == []
    assert got(here, "Allt fungerar") == THREE


@pytest.mark.parametrize("act", ["retract", "correct"])
async def test_a_correction_that_fails_in_the_last_moment_leaves_no_wrong_post(here: World, act: str) -> None:
    alert = await say(here, "alert", "Ring 0485")
    failing = await write(here, "correction", "Ring 0486")
    await become(here, failing, State.SENDING, "facebook", Operation.REPLACE)
    if act == "retract":
        async with here.database as database:
            await retractions.retract(database, alert.id, "Dataintrång", here.clock.now, "test")
        last = alert
    else:
        last = await write(here, "correction", "Ring 0487", f'follows = "{failing.id}"')
    await become(here, failing, State.REJECTED, "facebook", Operation.REPLACE)
    await here.finish(last.id)
    assert first_lines(here) == ([] if act == "retract" else ["RÄTTELSE: Ring 0487"])


async def test_what_corrects_a_retracted_alert_can_be_followed_and_ended(here: World) -> None:
    alert = await say(here, "alert", "Ring 0485")
    await take_back(here, alert)
    await say(here, "correction", "Ring 0486", f'follows = "{alert.id}"')
    await say(here, "all-clear", "Allt fungerar")
    assert got(here, "Allt fungerar") == THREE
    assert await heard(here) == ""
    async with here.database as database:
        found = await incidents.find(database, "Dataintrång")
    assert found is not None
    assert found.closed is not None


async def test_a_clock_that_is_set_back_does_not_make_the_newer_message_the_older_one(here: World) -> None:
    await say(here, "alert", "Allt är nere")
    here.clock.move(timedelta(hours=-1))
    newer = await say(here, "update", "Telefonerna fungerar")
    assert "elefonerna fungerar" in await heard(here)
    here.clock.move(timedelta(hours=-1))
    await say(here, "all-clear", "Allt fungerar", f'follows = "{newer.id}"')
    assert got(here, "Allt fungerar") == THREE
    async with here.database as database:
        found = await incidents.find(database, "Dataintrång")
    assert found is not None
    assert found.closed is not None


async def test_what_a_lane_claims_while_the_next_message_is_planned_is_not_overtaken(here: World) -> None:
    alert = await write(here, "alert", "Ring 0485")
    lane = here.config.account_for("borgholm", "sms").name
    async with here.database as database, here.database as other:
        assert await lanes.acquire(database, lane, "test") is not None
        async with database.write() as connection:
            claiming = update(schema.lanes).where(schema.lanes.c.name == lane).values(lease_until=0)
            await connection.execute(claiming)
            plan = message(here, "correction", "Ring 0486")
            planning = asyncio.create_task(submit(other, submission(plan, here.clock.now), "test"))
            done, _ = await asyncio.wait({planning}, timeout=0.5)
            assert not done
            claimed = deliveries.c.id.in_(
                select(deliveries.c.id).where(deliveries.c.message == alert.id, deliveries.c.lane == lane)
            )
            await connection.execute(update(deliveries).where(claimed).values(state=State.SENDING))
        await planning
        progress = await reports.progress(database, plan.id)
    assert {tally.state for tally in progress.tallies if tally.channel == "sms"} == {State.WAITING}


async def test_the_very_same_correction_again_changes_nothing(here: World) -> None:
    await say(here, "alert", "Ring 0485")
    corrected = await say(here, "correction", "Ring 0486")
    await here.send(corrected)
    assert got(here, "Ring 0486") == THREE
    assert len(posts(here)) == 1


async def test_two_municipalities_of_which_one_is_told_that_it_is_over(here: World) -> None:
    await here.subscribe([resident(2), resident(5)], "morbylanga")
    both = prepared(here, "alert", "Allt är nere", ["borgholm", "morbylanga"])
    await here.send(both)
    assert got(here, "Allt är nere") == [*THREE, resident(5)]
    here.clock.move(timedelta(minutes=1))
    over = prepared(here, "all-clear", "Allt fungerar", ["morbylanga"])
    await here.send(over)
    assert got(here, "Allt fungerar") == [resident(2), resident(5)]
    assert "llt är nere" in await heard(here)
    async with here.database as database:
        found = await incidents.find(database, "Dataintrång")
    assert found is not None
    assert found.closed is None
    here.clock.move(timedelta(minutes=1))
    await here.send(prepared(here, "all-clear", "Nu är allt över", ["borgholm"]))
    assert got(here, "Nu är allt över") == THREE
    assert await heard(here) == ""


def prepared(here: World, kind: str, title: str, municipalities: list[str]) -> Plan:
    text = written(here, kind, title).replace('["borgholm"]', str(municipalities).replace("'", '"'))
    return prepare(text.encode(), "message.md", here.config, here.clock.now)


async def test_a_number_that_is_gone_gets_no_correction(here: World) -> None:
    await say(here, "alert", "Ring 0485")
    here.sandbox.behave("twilio", Behaviour(Fault.REFUSE, to=resident(1), code=21610))
    await say(here, "update", "Nytt", "notify = true")
    here.sandbox.behave("twilio")
    await say(here, "correction", "Nyare")
    assert resident(1) not in got(here, "Nyare")


async def test_what_waits_for_a_doubt_goes_on_when_the_account_of_that_was_taken_out(here: World) -> None:
    alert = await write(here, "alert", "Allt är nere")
    await become(here, alert, State.IN_DOUBT, "sms")
    async with here.database as database, database.write() as connection:
        await connection.execute(update(deliveries).where(deliveries.c.state == State.IN_DOUBT).values(lane="formerly"))
    over = await say(here, "all-clear", "Allt fungerar")
    assert await of(here, over, "sms") == {State.ACCEPTED: 3}


async def test_who_is_meant_is_found_in_time_however_many_there_are(here: World) -> None:
    many = 20_000
    residents = [
        {"id": n, "number": str(n), "lookup": str(n), "since": here.clock.now} for n in range(1000, 1000 + many)
    ]
    theirs = [
        {"subscriber": one["id"], "municipality": "borgholm", "language": "sv", "since": here.clock.now}
        for one in residents
    ]
    async with here.database as database, database.write() as connection:
        await connection.execute(insert(subscribers), residents)
        await connection.execute(insert(subscriptions), theirs)
    await write(here, "alert", "Ring 0485")
    async with asyncio.timeout(20):  # by far enough, unless all are compared with all
        newer = await write(here, "update", "Nytt", "notify = true")
        corrected = await write(here, "correction", "Ring 0486")
    assert await of(here, newer, "sms") == {State.CANCELLED: many + 3}
    assert await of(here, corrected, "sms") == {State.WAITING: many + 3}
