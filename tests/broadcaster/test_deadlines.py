"""By when authorities are to be told: tables of moments, counted by hand."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.deadlines import IDS, a_month_after, deadlines

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)


def found(aware: str, done: dict[str, str | None] | None = None, ended: str | None = None) -> list[tuple[str, str]]:
    """The deadlines' ids and local times."""
    told = {id_: None if at is None else local(at) for id_, at in (done or {}).items()}
    counted = deadlines(local(aware), STOCKHOLM, told, None if ended is None else local(ended))
    assert [one.due.tzinfo for one in counted] == [UTC] * len(counted)
    return [(one.id, f"{one.due.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}") for one in counted]


@pytest.mark.parametrize(
    ("aware", "after_24", "after_72"),
    [
        ("2026-12-12 20:00", "2026-12-13 20:00", "2026-12-15 20:00"),
        # Clocks are set forward in the night to 28 March 2027: the day has 23 hours, and on the wall it is later.
        ("2027-03-27 20:00", "2027-03-28 21:00", "2027-03-30 21:00"),
        ("2027-03-26 01:30", "2027-03-27 01:30", "2027-03-29 02:30"),
        # Clocks are set back in the night to 31 October 2027: that day has 25 hours.
        ("2027-10-30 20:00", "2027-10-31 19:00", "2027-11-02 19:00"),
        ("2027-10-29 02:30", "2027-10-30 02:30", "2027-11-01 01:30"),
        # Over the end of a year and of a February with 29 days; weekends and holidays count like other days.
        ("2027-12-31 09:15", "2028-01-01 09:15", "2028-01-03 09:15"),
        ("2028-02-27 12:00", "2028-02-28 12:00", "2028-03-01 12:00"),
    ],
)
def test_hours_are_hours_that_have_passed_whatever_clocks_do(aware: str, after_24: str, after_72: str) -> None:
    assert found(aware)[:3] == [("early-warning", after_24), ("gdpr", after_72), ("notification", after_72)]


@pytest.mark.parametrize(
    ("time", "month_later"),
    [
        ("2026-12-15 20:00", "2027-01-15 20:00"),
        ("2027-01-28 10:00", "2027-02-28 10:00"),
        ("2027-01-31 10:00", "2027-02-28 10:00"),
        ("2028-01-31 10:00", "2028-02-29 10:00"),
        ("2027-03-31 23:59", "2027-04-30 23:59"),
        ("2027-05-31 00:00", "2027-06-30 00:00"),
        ("2027-12-31 10:00", "2028-01-31 10:00"),
        ("2027-02-28 10:00", "2027-03-28 10:00"),  # the day on which clocks are set forward
        ("2027-02-28 02:30", "2027-03-28 03:00"),  # a time that this day does not have
        ("2027-09-30 02:30", "2027-10-30 02:30"),
        ("2027-10-15 02:30", "2027-11-15 02:30"),
    ],
)
def test_a_month_ends_on_the_day_of_the_same_number_or_the_last_one(time: str, month_later: str) -> None:
    assert f"{a_month_after(local(time), STOCKHOLM).astimezone(STOCKHOLM):%Y-%m-%d %H:%M}" == month_later


def test_of_two_times_that_look_alike_a_month_ends_with_the_first() -> None:
    assert a_month_after(local("2026-09-25 02:30"), STOCKHOLM) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


AWARE = "2027-01-28 10:00"
FIRST = [("early-warning", "2027-01-29 10:00"), ("gdpr", "2027-01-31 10:00"), ("notification", "2027-01-31 10:00")]


@pytest.mark.parametrize(
    ("done", "ended", "after_the_first"),
    [
        ({}, None, [("status-report", "2027-02-28 10:00")]),
        ({}, "2027-02-20 09:00", [("final-report", "2027-02-28 10:00")]),
        ({}, "2027-02-28 10:00", [("final-report", "2027-02-28 10:00")]),
        ({}, "2027-05-31 12:00", [("status-report", "2027-02-28 10:00"), ("final-report", "2027-06-30 12:00")]),
        ({"notification": "2027-01-29 08:00"}, None, [("status-report", "2027-02-28 08:00")]),
        ({"notification": "2027-02-02 08:00"}, None, [("status-report", "2027-03-02 08:00")]),
        ({"notification": "2027-01-29 08:00"}, "2027-02-20 09:00", [("final-report", "2027-02-28 08:00")]),
        ({"final-report": "2027-02-10 08:00"}, None, [("final-report", "2027-02-28 10:00")]),
        (
            {"status-report": "2027-02-27 08:00", "final-report": "2027-05-10 08:00"},
            "2027-04-30 12:00",
            [("status-report", "2027-02-28 10:00"), ("final-report", "2027-05-30 12:00")],
        ),
        ({"notification": None}, None, []),
        ({"notification": None}, "2027-05-31 12:00", []),
        ({"gdpr": None, "early-warning": None}, None, [("status-report", "2027-02-28 10:00")]),
    ],
)
def test_a_month_counts_from_the_notification_and_a_long_incident_ends_with_a_report_of_its_own(
    done: dict[str, str | None], ended: str | None, after_the_first: list[tuple[str, str]]
) -> None:
    assert found(AWARE, done, ended) == FIRST + after_the_first


def test_every_deadline_names_its_rule() -> None:
    rules = {one.id: one.rule for one in deadlines(local(AWARE), STOCKHOLM, ended=local("2027-05-31 12:00"))}
    assert rules == {
        "early-warning": "SFS 2025:1506, 2 kap. 5 §",
        "gdpr": "GDPR article 33",
        "notification": "SFS 2025:1506, 2 kap. 6 §",
        "status-report": "SFS 2025:1506, 2 kap. 8 §",
        "final-report": "SFS 2025:1506, 2 kap. 8 §",
    }
    assert set(rules) == set(IDS)


@given(st.integers(0, 100 * 365 * 24 * 60))
def test_whenever_it_became_known_the_deadlines_follow_each_other(minutes: int) -> None:
    aware = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    counted = deadlines(aware, STOCKHOLM)
    assert [one.due - aware for one in counted[:3]] == [timedelta(hours=hours) for hours in (24, 72, 72)]
    assert all(one.due <= other.due for one, other in pairwise(counted))
    month = counted[-1].due - counted[-2].due
    assert timedelta(days=28) - timedelta(hours=1) <= month <= timedelta(days=31, hours=1)
