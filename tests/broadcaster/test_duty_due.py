"""Which reminders are due, and when automation speaks: tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.duty.due import USEFUL, Matter, Occasion, Watched, due, keys
from broadcaster.duty.unchanged import GRACE, in_a_row, next_promise, speakers, spoken_for
from broadcaster.store.duty import Promise
from broadcaster.store.threads import Said
from messages.model import Kind, Severity

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PROMISE = Watched("promise a", "Dataintrång", NOON, NOON - 4 * HOUR, 10 * MINUTE, Matter.PROMISE)
BEFORE, DUE = "promise a before", "promise a due"


@pytest.mark.parametrize(
    ("at", "told", "expected"),
    [
        (-11 * MINUTE, (), []),
        (-10 * MINUTE, (), [BEFORE]),
        (-MINUTE, (), [BEFORE]),
        (-MINUTE, (BEFORE,), []),
        (0 * MINUTE, (BEFORE,), [DUE]),
        (5 * HOUR, (), [DUE]),  # nothing ran for a while: one reminder, not two
        (5 * HOUR, (BEFORE,), [DUE]),
        (5 * HOUR, (BEFORE, DUE), []),
        (-MINUTE, (DUE,), []),  # the clock was set back
        (USEFUL - MINUTE, (), [DUE]),
        (USEFUL, (), []),
    ],
)
def test_each_reminder_is_due_once_and_of_several_only_the_last(
    at: timedelta, told: tuple[str, ...], expected: list[str]
) -> None:
    assert [reminder.key for reminder in due([PROMISE], told, NOON + at)] == expected


@pytest.mark.parametrize(("ahead", "expected"), [(9 * MINUTE, []), (10 * MINUTE, [BEFORE]), (HOUR, [BEFORE])])
def test_who_has_just_promised_something_is_not_reminded_of_it_at_once(ahead: timedelta, expected: list[str]) -> None:
    just = Watched("promise a", "Dataintrång", NOON, NOON - ahead, 10 * MINUTE, Matter.PROMISE)
    assert [reminder.key for reminder in due([just], (), NOON - 8 * MINUTE)] == expected


@given(st.lists(st.integers(min_value=-1000, max_value=3000), max_size=30))
def test_whatever_the_clock_does_nobody_is_reminded_twice_or_of_what_is_over(minutes: list[int]) -> None:
    told: list[str] = []
    for minute in minutes:
        told += [reminder.key for reminder in due([PROMISE], told, NOON + minute * MINUTE)]
    assert told in ([], [BEFORE], [DUE], [BEFORE, DUE])
    assert set(told) <= set(keys([PROMISE]))
    assert len(keys([PROMISE])) == len(Occasion)


def promise(span: timedelta = 4 * HOUR, due: datetime = NOON) -> Promise:
    return Promise("a", "Dataintrång", ("borgholm", "morbylanga"), due - span, due)


@pytest.mark.parametrize(
    ("willing", "at", "expected"),
    [
        ({"borgholm"}, GRACE - MINUTE, ()),
        ({"borgholm"}, GRACE, ("borgholm",)),
        ({"borgholm", "morbylanga", "kalmar"}, GRACE, ("borgholm", "morbylanga")),
        ((), 9 * HOUR, ()),
    ],
)
def test_automation_speaks_after_a_while_and_only_for_those_who_want_it(
    willing: set[str], at: timedelta, expected: tuple[str, ...]
) -> None:
    assert speakers(promise(), willing, NOON + at) == expected


@pytest.mark.parametrize(
    ("span", "at", "expected"),
    [
        (4 * HOUR, GRACE, 4 * HOUR),
        (HOUR, GRACE, HOUR),
        (10 * MINUTE, GRACE, HOUR),  # at least an hour
        (3 * HOUR + 53 * MINUTE, GRACE, 4 * HOUR),  # whole hours
        (90 * MINUTE, GRACE, 2 * HOUR),
        (72 * HOUR, GRACE, 24 * HOUR),  # at most a day
        (4 * HOUR, 4 * HOUR + MINUTE, 8 * HOUR),  # nothing ran for a while
        (4 * HOUR, 3 * HOUR + 30 * MINUTE, 4 * HOUR),
        (4 * HOUR, 3 * HOUR + 31 * MINUTE, 8 * HOUR),  # not one that is kept at once
    ],
)
def test_the_next_promise_is_as_far_ahead_as_the_last_one_was(
    span: timedelta, at: timedelta, expected: timedelta
) -> None:
    assert next_promise(promise(span), NOON + at) == NOON + expected


def said(id_: str, *municipalities: str, retracted: datetime | None = None, follows: str | None = None) -> Said:
    return Said(
        id=id_,
        incident="Dataintrång",
        kind=Kind.UPDATE,
        severity=Severity.SEVERE,
        headline="Läget",
        source="",
        issued=NOON,
        expires=NOON + 24 * HOUR,
        next_update=None,
        follows=follows,
        retracted=retracted,
        municipalities=municipalities or ("borgholm",),
    )


@pytest.mark.parametrize(
    ("thread", "expected"),
    [
        ([said("person")], 0),
        ([said("person"), said("auto1"), said("auto2")], 2),
        ([said("auto1"), said("person"), said("auto2")], 1),
        ([said("auto1"), said("auto2"), said("person")], 0),
        ([said("auto1"), said("person", "morbylanga"), said("auto2")], 2),  # another municipality's word
        ([said("auto1"), said("person", retracted=NOON), said("auto2")], 2),  # taken back
    ],
)
def test_what_automation_has_said_in_a_row_is_counted_back_to_a_persons_word(thread: list[Said], expected: int) -> None:
    assert in_a_row(thread, {"auto1", "auto2"}, ["borgholm"]) == expected


def test_automation_speaks_of_a_promise_once_even_where_that_was_taken_back() -> None:
    thread = [
        said("a", "borgholm", "morbylanga", "kalmar"),
        said("auto1", "borgholm", follows="a", retracted=NOON),
        said("person", "morbylanga", follows="a"),
        said("auto2", "kalmar", follows="person"),
    ]
    assert spoken_for(promise(), thread, {"auto1", "auto2"}) == {"borgholm"}
