"""What people are shown about their messages."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from broadcaster.delivery import OPEN, State, Verdict
from broadcaster.plan import read
from broadcaster.store import lanes, reports
from broadcaster.store.database import Database
from broadcaster.store.ledger import Ledger, Report
from broadcaster.store.reports import MessageSummary, Progress, Reason, Tally
from broadcaster.store.submissions import Posting, submit
from messages.document import message_id, serialise
from tests.support.storing import (
    BORGHOLM,
    BORGHOLM_EN,
    HOUR,
    MORBYLANGA,
    NOW,
    PAGE,
    TO_BORGHOLM,
    TO_MORBYLANGA,
    execute,
    posts,
    submission,
    subscribe,
)

NUMBERS = [f"+467017406{place}" for place in range(10, 16)]


@pytest.fixture
async def sent(database: Database) -> str:
    """A message to one page and six residents of two municipalities."""
    wishes = [(number, "borgholm" if place < 4 else "morbylanga", "sv") for place, number in enumerate(NUMBERS)]
    await subscribe(database, *wishes)
    texts, routes = [BORGHOLM, MORBYLANGA, PAGE], [TO_BORGHOLM, TO_MORBYLANGA]
    await submit(database, submission(renditions=texts, postings=[Posting(PAGE, "pages", "1")], routes=routes), "test")
    await submit(database, posts(3, "ffffffffff", issued=NOW + HOUR), "test")
    return "0a1b2c3d4e"


async def judge(database: Database, lane: str, *verdicts: Verdict) -> None:
    lease = await lanes.acquire(database, lane, "here pid 1 a")
    assert lease is not None
    ledger = Ledger(database)
    turn = await ledger.turn(lease, Report({}, room=len(verdicts)), NOW)
    judged = dict(zip([claimed.id for claimed in turn.claimed], verdicts, strict=True))
    await ledger.turn(lease, Report(judged, room=0), NOW)
    await lanes.release(database, lease)


ACCEPTED = Verdict(State.ACCEPTED, remote_id="SM1")
REJECTED = Verdict(State.REJECTED, "the number is blocked")
LATER = Verdict(State.PENDING, "too many requests", due=NOW + HOUR)
DOUBTFUL = Verdict(State.IN_DOUBT, "no answer")


async def test_progress_is_counted_by_channel_municipality_and_state(database: Database, sent: str) -> None:
    await judge(database, "sms-borgholm", ACCEPTED, ACCEPTED, REJECTED)
    found = await reports.progress(database, sent)
    assert found.tallies == (
        Tally("facebook", "borgholm", State.PENDING, 1),
        Tally("sms", "borgholm", State.ACCEPTED, 2),
        Tally("sms", "borgholm", State.PENDING, 1),
        Tally("sms", "borgholm", State.REJECTED, 1),
        Tally("sms", "morbylanga", State.PENDING, 2),
    )
    assert (found.total, found.count(*OPEN), found.count(State.ACCEPTED, State.REJECTED)) == (7, 4, 3)
    assert not found.done


async def test_two_languages_of_one_municipality_are_one_tally(database: Database) -> None:
    await subscribe(database, (NUMBERS[0], "borgholm", "sv"), (NUMBERS[1], "borgholm", "en"))
    await submit(database, submission(renditions=[BORGHOLM, BORGHOLM_EN], routes=[TO_BORGHOLM]), "test")
    found = await reports.progress(database, "0a1b2c3d4e")
    assert found.tallies == (Tally("sms", "borgholm", State.PENDING, 2),)


@pytest.mark.parametrize("state", State)
def test_a_message_is_done_when_nothing_happens_to_it_by_itself(state: State) -> None:
    assert Progress((Tally("sms", "borgholm", state, 1),)).done is (state not in OPEN)


async def test_a_message_without_deliveries_is_done(database: Database) -> None:
    assert await reports.progress(database, "0a1b2c3d4e") == Progress(())
    assert Progress(()).done


async def test_reasons_are_told_with_the_most_frequent_first(database: Database, sent: str) -> None:
    await judge(database, "sms-borgholm", ACCEPTED, REJECTED, REJECTED, LATER)
    await judge(database, "sms-morbylanga", DOUBTFUL)
    assert await reports.reasons(database, sent) == [
        Reason("sms-borgholm", State.REJECTED, "the number is blocked", 2),
        Reason("sms-borgholm", State.PENDING, "too many requests", 1),
        Reason("sms-morbylanga", State.IN_DOUBT, "no answer", 1),
    ]
    assert len(await reports.reasons(database, sent, most=1)) == 1
    assert await reports.reasons(database, "ffffffffff") == []


async def test_a_reason_that_no_longer_holds_is_not_told(database: Database, sent: str) -> None:
    await judge(database, "pages", Verdict(State.PENDING, "too many requests", due=NOW))
    assert [reason.reason for reason in await reports.reasons(database, sent)] == ["too many requests"]
    await judge(database, "pages", ACCEPTED)
    assert await reports.reasons(database, sent) == []


async def test_a_lane_is_open_while_the_message_has_something_to_do_in_it(database: Database, sent: str) -> None:
    assert await reports.open_lanes(database, sent) == {"pages", "sms-borgholm", "sms-morbylanga"}
    await judge(database, "sms-morbylanga", ACCEPTED, REJECTED)
    await judge(database, "sms-borgholm", ACCEPTED, REJECTED, DOUBTFUL, LATER)
    await execute(database, "UPDATE deliveries SET state = 'sending' WHERE lane = 'pages'")
    assert await reports.open_lanes(database, sent) == {"pages", "sms-borgholm"}
    assert await reports.open_lanes(database, "ffffffffff") == {"pages"}
    assert await reports.open_lanes(database, "none") == set()


async def test_recent_messages_come_newest_first_with_what_is_still_open(database: Database, sent: str) -> None:
    await judge(database, "sms-borgholm", ACCEPTED, REJECTED, LATER)
    newest, oldest = await reports.recent(database)
    assert newest.id == "ffffffffff"
    assert newest.open == 3
    assert oldest == MessageSummary(
        id=sent,
        incident="Dataintrång",
        kind="alert",
        severity="severe",
        headline="Telefonerna är nere",
        issued=NOW,
        expires=NOW + HOUR,
        retracted=None,
        open=5,
    )
    assert await reports.recent(database, most=1) == [newest]


async def test_a_message_is_found_by_the_beginning_of_its_id(database: Database) -> None:
    for place, id_ in enumerate(("abc0000001", "abc0000002", "ab_0000003")):
        await submit(database, posts(1, id_, issued=NOW + timedelta(minutes=place)), "test")
    for prefix, ids in {
        "abc0000001": ["abc0000001"],
        "abc": ["abc0000002", "abc0000001"],
        "ab_": ["ab_0000003"],
        "": ["ab_0000003", "abc0000002", "abc0000001"],
        "0000": [],
        "%": [],
    }.items():
        assert [found.id for found in await reports.find_message(database, prefix)] == ids, prefix
    assert len(await reports.find_message(database, "", most=2)) == 2


async def test_the_texts_that_were_sent_can_be_shown_again(database: Database, sent: str) -> None:
    assert await reports.renditions_of(database, sent) == [BORGHOLM, MORBYLANGA, PAGE]


WRITTEN = """\
+++
incident = "Vattnet"
kind = "alert"
severity = "severe"
municipalities = ["borgholm"]
next_update = "12:00"
+++
# Koka vattnet

Ring oss.
"""


async def test_a_file_with_a_time_of_day_is_known_again_on_another_day(database: Database) -> None:
    today = datetime(2026, 11, 29, 9, tzinfo=ZoneInfo("Europe/Stockholm"))
    first, later = (read(WRITTEN.encode(), "m.md", now) for now in (today, today + timedelta(days=1)))
    assert message_id(first) != message_id(later)
    assert await reports.sent_as(database, later) == message_id(later)
    sent = replace(posts(1, message_id(first)), source=serialise(first))
    await submit(database, sent, "test")
    assert await reports.sent_as(database, later) == message_id(first)
    changed = read(WRITTEN.replace("Ring", "Mejla").encode(), "m.md", today)
    assert await reports.sent_as(database, changed) == message_id(changed)
