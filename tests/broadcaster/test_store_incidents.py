"""Incidents as people lead them: opened, opened again, referring to each other, reported, closed when all is over."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from broadcaster.leading import (
    Owed,
    clocks,
    close_incident,
    current,
    goes_on,
    note_report,
    open_incident,
    owed,
    standing,
)
from broadcaster.store import incidents, threads
from broadcaster.store.database import Database
from broadcaster.store.errors import RefusedError
from broadcaster.store.incidents import Incident, Report
from broadcaster.store.submissions import submit
from broadcaster.store.threads import Said
from messages.model import Kind, Severity
from tests.support.storing import HOUR, NOW, execute, fetch, posts

NAME = "Dataintrång"
GOES_ON = Incident(NAME, NOW, "anna", None, None, None, None, lasts=True)
MARCH = "Dataintrång mars"
STOCKHOLM = ZoneInfo("Europe/Stockholm")
LATER = NOW + HOUR


def source(*municipalities: str, exercise: bool = False) -> str:
    listed = ", ".join(f'"{name}"' for name in municipalities)
    return f"+++\nincident = {NAME!r}\nkind = 'alert'\nseverity = 'severe'\nmunicipalities = [{listed}]\n" + (
        "exercise = true\n+++\n# Övning\n" if exercise else "+++\n# Läget\n"
    )


async def deeds(database: Database) -> list[tuple[str, str, str, str]]:
    """What is in the audit about incidents."""
    statement = "SELECT actor, action, subject, details FROM audit WHERE action LIKE 'incident.%' ORDER BY id"
    return [(row[0], row[1], row[2], row[3]) for row in await fetch(database, statement)]


# --- Opening ----------------------------------------------------------------------------------------------------------


async def test_an_incident_is_opened_with_what_is_known_of_it(database: Database) -> None:
    await open_incident(database, MARCH, NOW, "bo")
    opened = await open_incident(database, NAME, LATER, "anna", aware=NOW, earlier=MARCH)
    assert (opened.is_new, opened.was_closed) == (True, False)
    assert opened.incident == await incidents.find(database, NAME)
    assert opened.incident == incidents.Incident(NAME, LATER, "anna", None, None, NOW, MARCH)
    assert await deeds(database) == [
        ("bo", "incident.open", MARCH, ""),
        ("anna", "incident.open", NAME, ""),
        ("anna", "incident.aware", NAME, NOW.isoformat()),
        ("anna", "incident.earlier", NAME, MARCH),
    ]


async def test_opening_what_is_open_changes_nothing_and_leaves_no_mark(database: Database) -> None:
    first = await open_incident(database, NAME, NOW, "anna", aware=NOW)
    noted = await deeds(database)
    again = await open_incident(database, NAME, LATER, "bo", aware=NOW)
    assert (again.is_new, again.was_closed, again.incident) == (False, False, first.incident)
    assert await deeds(database) == noted


async def test_when_it_became_known_can_be_put_right_and_the_audit_keeps_both(database: Database) -> None:
    await open_incident(database, NAME, NOW, "anna", aware=NOW)
    put_right = await open_incident(database, NAME, LATER, "bo", aware=NOW - HOUR)
    assert put_right.incident.aware == NOW - HOUR
    assert (await deeds(database))[-1][3] == f"{(NOW - HOUR).isoformat()}, not {NOW.isoformat()}"


async def test_an_incident_that_comes_back_is_opened_again_and_keeps_what_is_known_of_it(database: Database) -> None:
    await open_incident(database, NAME, NOW, "anna", aware=NOW)
    await close_incident(database, NAME, LATER, "anna")
    again = await open_incident(database, NAME, LATER + HOUR, "bo")
    assert (again.is_new, again.was_closed) == (False, True)
    assert again.incident == await incidents.find(database, NAME)
    assert again.incident == incidents.Incident(NAME, NOW, "anna", None, None, NOW, None)
    assert [action for _, action, _, _ in await deeds(database)][-2:] == ["incident.close", "incident.reopen"]


@pytest.mark.parametrize("name", ["", "  ", "två\nrader", "med\x00tecken"])
async def test_a_name_that_nobody_can_read_is_refused(database: Database, name: str) -> None:
    with pytest.raises(RefusedError, match="one line"):
        await open_incident(database, name, NOW, "anna")


async def test_what_nobody_can_know_yet_is_refused(database: Database) -> None:
    with pytest.raises(RefusedError, match="in the future"):
        await open_incident(database, NAME, NOW, "anna", aware=NOW + timedelta(seconds=1))
    assert await incidents.find(database, NAME) is None


async def test_an_earlier_incident_must_be_there_and_really_be_earlier(database: Database) -> None:
    with pytest.raises(RefusedError, match="There is no incident 'Dataintrång mars'"):
        await open_incident(database, NAME, NOW, "anna", earlier=MARCH)
    assert await incidents.find(database, NAME) is None
    for name, earlier in ((MARCH, None), (NAME, MARCH), ("Dataintrång juni", NAME)):
        await open_incident(database, name, NOW, "anna", earlier=earlier)
    for earlier in (MARCH, NAME, "Dataintrång juni"):
        with pytest.raises(RefusedError, match="cannot be an earlier one"):
            await open_incident(database, MARCH, NOW, "anna", earlier=earlier)


async def test_incidents_that_go_on_are_listed_first_and_the_latest_of_them_at_the_top(database: Database) -> None:
    for place, name in enumerate(("Covid", MARCH, NAME, "Strömavbrott")):
        await open_incident(database, name, NOW + place * HOUR, "anna")
    await close_incident(database, MARCH, NOW + 4 * HOUR, "anna")
    assert [one.name for one in await incidents.listing(database)] == ["Strömavbrott", NAME, "Covid", MARCH]
    assert [one.name for one in await incidents.listing(database, closed=False)] == ["Strömavbrott", NAME, "Covid"]


# --- Closing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def told(database: Database) -> str:
    """The id of a message that holds for an hour."""
    sent = replace(posts(2), source=source("borgholm"))
    await submit(database, sent, "anna")
    return sent.id


async def test_a_message_opens_its_incident(database: Database, told: str) -> None:
    found = await incidents.find(database, NAME)
    assert found is not None
    assert (found.opened, found.opened_by, found.closed) == (NOW, "anna", None)
    assert [said.id for said in await threads.thread(database, NAME)] == [told]


async def test_an_incident_is_not_closed_while_residents_go_by_its_messages(database: Database, told: str) -> None:
    with pytest.raises(RefusedError, match=f"`broadcaster all-clear {told}`.*`broadcaster retract {told}`"):
        await close_incident(database, NAME, NOW, "anna")
    found = await incidents.find(database, NAME)
    assert found is not None
    assert found.closed is None
    assert (await fetch(database, "SELECT count(*) FROM audit WHERE action = 'incident.close'"))[0][0] == 0


async def test_an_incident_whose_messages_have_expired_is_closed(database: Database, told: str) -> None:  # noqa: ARG001
    before = await close_incident(database, NAME, LATER, "bo")
    assert before.closed is None
    found = await incidents.find(database, NAME)
    assert found is not None
    assert (found.closed, found.closed_by) == (LATER, "bo")


async def test_an_incident_whose_message_was_taken_back_is_closed(database: Database, told: str) -> None:
    await execute(database, "UPDATE messages SET retracted = issued WHERE id = :id", id=told)
    await close_incident(database, NAME, NOW, "bo")
    assert (await deeds(database))[-1] == ("bo", "incident.close", NAME, "")


async def test_closing_twice_keeps_the_first_time(database: Database) -> None:
    await open_incident(database, NAME, NOW, "anna")
    await close_incident(database, NAME, NOW, "anna")
    before = await close_incident(database, NAME, LATER, "bo")
    assert (before.closed, before.closed_by) == (NOW, "anna")
    assert before == await incidents.find(database, NAME)


async def test_what_is_not_there_cannot_be_closed(database: Database) -> None:
    with pytest.raises(RefusedError, match="There is no incident"):
        await close_incident(database, NAME, NOW, "anna")


# --- What stands ------------------------------------------------------------------------------------------------------


def said(
    id_: str,
    kind: Kind = Kind.ALERT,
    *,
    follows: str | None = None,
    municipalities: tuple[str, ...] = ("borgholm", "morbylanga"),
    lifetime: timedelta = 8 * HOUR,
    retracted: bool = False,
    exercise: bool = False,
    next_update: datetime | None = None,
) -> Said:
    """A message; one of a later letter is said later."""
    issued = NOW + (ord(id_[0]) - ord("a")) * HOUR
    return Said(
        id=id_,
        incident=NAME,
        kind=kind,
        severity=Severity.SEVERE,
        headline="Läget",
        source=source(*municipalities, exercise=exercise),
        issued=issued,
        expires=issued + lifetime,
        next_update=next_update,
        follows=follows,
        retracted=issued if retracted else None,
        municipalities=municipalities,
    )


UPDATE, CORRECTION, ALL_CLEAR = Kind.UPDATE, Kind.CORRECTION, Kind.ALL_CLEAR
B_ONLY, M_ONLY = ("borgholm",), ("morbylanga",)


@pytest.mark.parametrize(
    ("thread", "stand", "last"),
    [
        ([], "", ""),
        ([said("a")], "a", "a"),
        ([said("a"), said("b", UPDATE, follows="a")], "ab", "b"),
        ([said("a", lifetime=HOUR)], "", ""),
        ([said("a"), said("b", UPDATE, follows="a", lifetime=HOUR)], "a", ""),
        ([said("a", retracted=True)], "", ""),
        ([said("a"), said("b", UPDATE, follows="a", retracted=True)], "a", "a"),
        ([said("a"), said("b", CORRECTION, follows="a")], "ab", "b"),
        ([said("a"), said("b", UPDATE, follows="a"), said("c", CORRECTION, follows="a")], "abc", "b"),
        ([said("a"), said("b", ALL_CLEAR, follows="a")], "", ""),
        ([said("a"), said("b", ALL_CLEAR, follows="a"), said("c", CORRECTION, follows="b")], "", ""),
        ([said("a"), said("b", ALL_CLEAR, follows="a", retracted=True)], "a", "a"),
        ([said("a"), said("b", ALL_CLEAR, follows="a"), said("c")], "c", "c"),
        ([said("a"), said("b", ALL_CLEAR, follows="a", municipalities=B_ONLY)], "a", "a"),
        ([said("a", municipalities=B_ONLY), said("b", municipalities=M_ONLY)], "ab", "ab"),
        ([said("a"), said("b", ALL_CLEAR, follows="a", exercise=True)], "a", "a"),
        ([said("a", exercise=True), said("b", ALL_CLEAR, follows="a", exercise=True)], "", ""),
    ],
)
def test_what_stands_and_what_is_the_last_word(thread: list[Said], stand: str, last: str) -> None:
    now = NOW + 4 * HOUR
    assert "".join(one.id for one in standing(thread, now)) == stand
    assert "".join(one.id for one in current(thread, now)) == last


def test_the_promise_is_that_of_the_last_word() -> None:
    first, second = said("a", next_update=NOW + HOUR), said("b", UPDATE, follows="a", next_update=NOW + 3 * HOUR)
    assert owed(GOES_ON, [first], NOW).promise == NOW + HOUR
    assert owed(GOES_ON, [first, second], NOW + HOUR).promise == NOW + 3 * HOUR
    assert owed(GOES_ON, [first, second, said("c", UPDATE, follows="b")], NOW + 2 * HOUR).promise is None
    assert owed(GOES_ON, [], NOW) == Owed(None, None)


def test_what_has_expired_is_owed_until_it_ends() -> None:
    alert = said("a", next_update=NOW + HOUR)
    late = alert.expires + HOUR
    assert owed(GOES_ON, [alert], late) == Owed(NOW + HOUR, alert.expires)
    assert owed(GOES_ON, [alert], late).overdue(late)
    assert not owed(GOES_ON, [alert], NOW).overdue(NOW)
    assert owed(replace(GOES_ON, lasts=False), [alert], late) == Owed(None, None)
    assert owed(replace(GOES_ON, closed=late), [alert], late) == Owed(None, None)
    assert owed(GOES_ON, [alert, said("b", Kind.ALL_CLEAR, follows="a")], late) == Owed(None, None)


@pytest.mark.parametrize(
    ("incident", "thread", "expected"),
    [
        (GOES_ON, [said("a")], True),
        (replace(GOES_ON, lasts=False), [said("a")], False),  # a notice, of which the day is over
        (replace(GOES_ON, lasts=False), [], True),  # nothing has been said yet
        (replace(GOES_ON, lasts=False, aware=NOW), [said("a")], True),  # an authority waits
        (replace(GOES_ON, closed=NOW), [said("a")], False),
        (GOES_ON, [said("a", exercise=True)], False),
        (GOES_ON, [said("a", retracted=True)], False),
        (GOES_ON, [said("a"), said("b", ALL_CLEAR, follows="a", municipalities=B_ONLY)], True),
    ],
)
def test_an_incident_goes_on_until_it_is_closed_or_what_ends_by_itself_has_expired(
    incident: Incident, thread: list[Said], expected: bool
) -> None:
    assert goes_on(incident, thread, NOW + 1000 * HOUR) is expected


# --- Clocks -----------------------------------------------------------------------------------------------------------


async def left(database: Database, name: str) -> list[str]:
    """The deadlines by which something is still to be reported."""
    incident = await incidents.find(database, name)
    assert incident is not None
    async with database.read() as connection:
        noted = await incidents.reports(connection, name)
    return [clock.deadline.id for clock in clocks(incident, noted, STOCKHOLM) if clock.report is None]


async def test_without_a_time_of_awareness_no_clock_runs(database: Database) -> None:
    await open_incident(database, NAME, NOW, "anna")
    assert await left(database, NAME) == []
    with pytest.raises(RefusedError, match="--aware-at"):
        await note_report(database, NAME, "gdpr", Report(NOW, "anna"), NOW)


async def test_what_is_reported_is_not_outstanding_any_more(database: Database) -> None:
    await open_incident(database, NAME, LATER, "anna", aware=NOW)
    await open_incident(database, MARCH, LATER, "anna", aware=NOW - HOUR)
    await note_report(database, MARCH, "gdpr", Report(NOW, "anna", "inga uppgifter"), LATER)
    await note_report(database, MARCH, "notification", Report(NOW, "anna", "inte betydande"), LATER)
    await note_report(database, NAME, "early-warning", Report(LATER, "bo"), LATER)
    assert await left(database, MARCH) == ["early-warning"]
    assert await left(database, NAME) == ["gdpr", "notification", "status-report"]
    assert (await deeds(database))[-3:] == [
        ("anna", "incident.report", MARCH, "gdpr not due: inga uppgifter"),
        ("anna", "incident.report", MARCH, "notification not due: inte betydande"),
        ("bo", "incident.report", NAME, f"early-warning {LATER.isoformat()}"),
    ]


async def test_clocks_go_on_when_the_incident_is_closed(database: Database) -> None:
    await open_incident(database, NAME, NOW, "anna", aware=NOW)
    await close_incident(database, NAME, LATER, "anna")
    assert await left(database, NAME) == ["early-warning", "gdpr", "notification", "final-report"]


async def test_a_report_noted_again_takes_the_place_of_the_first(database: Database) -> None:
    opened = await open_incident(database, NAME, LATER, "anna", aware=NOW)
    await note_report(database, NAME, "gdpr", Report(NOW, "anna", "inga uppgifter"), LATER)
    await note_report(database, NAME, "gdpr", Report(LATER, "bo"), LATER)
    async with database.read() as connection:
        noted = await incidents.reports(connection, NAME)
    assert noted == {"gdpr": Report(LATER, "bo")}
    [gdpr] = [clock for clock in clocks(opened.incident, noted, STOCKHOLM) if clock.deadline.id == "gdpr"]
    assert gdpr.report == Report(LATER, "bo")


@pytest.mark.parametrize(
    ("name", "deadline", "at", "reason"),
    [
        (NAME, "gdrp", LATER, "Did you mean gdpr"),
        (NAME, "gdpr", LATER + HOUR, "in the future"),
        (NAME, "gdpr", NOW - HOUR, "Nobody knew of it then"),
        (MARCH, "gdpr", LATER, "There is no incident"),
    ],
)
async def test_a_report_that_cannot_be_is_refused(
    database: Database, name: str, deadline: str, at: datetime, reason: str
) -> None:
    await open_incident(database, NAME, LATER, "anna", aware=NOW)
    with pytest.raises(RefusedError, match=reason):
        await note_report(database, name, deadline, Report(at, "anna"), LATER)
    assert await fetch(database, "SELECT * FROM incident_reports") == []
