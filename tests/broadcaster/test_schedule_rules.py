"""When schedules run: every kind of rule, above all on the two days when clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.schedule.rules import (
    Every,
    Once,
    Rule,
    RuleError,
    bends,
    by_cron,
    every,
    next_after,
    occurrences,
    parse,
    written,
)

STOCKHOLM = ZoneInfo("Europe/Stockholm")
SPRING, AUTUMN = "2027-03-28", "2027-10-31"  # the days of 23 and of 25 hours
HOUR = timedelta(hours=1)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)


def runs_on(rule: Rule, day: str) -> list[str]:
    """The runs of a local day, as the clock on the wall and its offset show them."""
    begin = local(f"{day}T00:00")
    end = (begin.astimezone(STOCKHOLM) + timedelta(days=1)).astimezone(UTC)
    found = takewhile(lambda run: run < end, occurrences(rule, STOCKHOLM, begin - timedelta(seconds=1)))
    return [f"{run.astimezone(STOCKHOLM):%H:%M%z}" for run in found]


@pytest.mark.parametrize(
    ("rule", "spring", "autumn"),
    [
        (by_cron("30 2 * * *"), ["03:00+0200"], ["02:30+0200"]),
        (by_cron("0 2 * * *"), ["03:00+0200"], ["02:00+0200"]),
        (by_cron("0 3 * * *"), ["03:00+0200"], ["03:00+0100"]),
        (by_cron("0 16 * * *"), ["16:00+0200"], ["16:00+0100"]),
        (by_cron("0,30 1-3 * * sun"), ["01:00+0100", "01:30+0100", "03:00+0200", "03:30+0200"],
         ["01:00+0200", "01:30+0200", "02:00+0200", "02:30+0200", "03:00+0100", "03:30+0100"]),
        (by_cron("0 2,3 28,31 3,10 *"), ["03:00+0200"], ["02:00+0200", "03:00+0100"]),
        (every("1d", local("2027-03-01T02:30")), ["03:00+0200"], ["02:30+0200"]),
        (every("1d", local("2027-03-01T16:00")), ["16:00+0200"], ["16:00+0100"]),
        (every("7d", local("2027-03-07T02:15")), ["03:00+0200"], ["02:15+0200"]),
        (every("6h", local("2027-03-01T04:00")), ["05:00+0200", "11:00+0200", "17:00+0200", "23:00+0200"],
         ["04:00+0100", "10:00+0100", "16:00+0100", "22:00+0100"]),
        (Once(moment("2027-03-28T01:00Z")), ["03:00+0200"], []),
        (Once(moment("2027-10-31T01:30Z")), [], ["02:30+0100"]),
    ],
    ids=lambda value: written(value) if not isinstance(value, list) else "",
)  # fmt: skip
def test_on_the_days_when_clocks_change_each_run_comes_once(rule: Rule, spring: list[str], autumn: list[str]) -> None:
    assert runs_on(rule, SPRING) == spring
    assert runs_on(rule, AUTUMN) == autumn


def test_an_hourly_period_has_as_many_runs_as_the_day_has_hours() -> None:
    rule = every("1h", local("2027-01-01T00:00"))
    assert [len(runs_on(rule, day)) for day in (SPRING, "2027-06-01", AUTUMN)] == [23, 24, 25]


def test_an_hourly_cron_runs_once_for_each_hour_that_the_clock_shows() -> None:
    rule = by_cron("0 * * * *")
    assert [len(runs_on(rule, day)) for day in (SPRING, "2027-06-01", AUTUMN)] == [23, 24, 24]


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("0 8 * * 0", "Sun"),
        ("0 8 * * 7", "Sun"),
        ("0 8 * * sun", "Sun"),
        ("0 8 * * 1", "Mon"),
        ("0 8 * * mon-fri", "Mon Tue Wed Thu Fri"),
        ("0 8 * * 1-5", "Mon Tue Wed Thu Fri"),
        ("0 8 * * FRI-SUN", "Sun Fri Sat"),
        ("0 8 * * 5-7", "Sun Fri Sat"),
        ("0 8 * * 0-2", "Sun Mon Tue"),
        ("0 8 * * */2", "Sun Tue Thu Sat"),
        ("0 8 * * 6,0", "Sun Sat"),
    ],
)
def test_days_of_the_week_are_those_of_crontab(expression: str, runs: str) -> None:
    week = occurrences(by_cron(expression), STOCKHOLM, local("2027-01-03T00:00"))  # a Sunday
    found = takewhile(lambda run: run < local("2027-01-10T00:00"), week)
    assert " ".join(f"{run.astimezone(STOCKHOLM):%a}" for run in found) == runs


@pytest.mark.parametrize(
    ("expression", "after", "run"),
    [
        ("0 0 29 2 *", "2027-01-01T00:00", "2028-02-29T00:00"),
        ("*/15 8-9 * * *", "2027-01-01T08:14", "2027-01-01T08:15"),
        ("5/20 * * * *", "2027-01-01T08:30", "2027-01-01T08:45"),
        ("0 16 1 jan,jul *", "2027-01-01T16:00", "2027-07-01T16:00"),
        ("59 23 31 12 *", "2027-01-01T00:00", "2027-12-31T23:59"),
    ],
)
def test_the_next_run_of_a_cron_expression(expression: str, after: str, run: str) -> None:
    assert next_after(by_cron(expression), STOCKHOLM, local(after)) == local(run)


@pytest.mark.parametrize("expression", ["0 8 30 2 *", "0 8 31 2,4,6,9,11 *"])
def test_a_cron_that_never_fires_is_refused(expression: str) -> None:
    with pytest.raises(RuleError, match="never fires"):
        by_cron(expression)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("0 8 * *", "five fields"),
        ("@daily", "five fields"),
        ("60 8 * * *", "'60' is no minute"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 8 0 * *", "'0' is no day of the month"),
        ("0 8 * 13 *", "'13' is no month"),
        ("0 8 * * 8", "'8' is no day of the week"),
        ("0 8 * * lör", "'lör' is no day of the week"),
        ("0 8 * * fri-mon", "'fri-mon' is no day of the week"),
        ("*/0 8 * * *", "'*/0' is no minute"),
        ("0 8 5-1 * *", "'5-1' is no day of the month"),
        ("-5 8 * * *", "is no minute"),
        ("0 8 13 * fri", "days of the month and days of the week"),
        ("* * * * *", "too often"),
        ("0-2 16 * * *", "too often"),
        ("0,58 * * * *", "too often"),
    ],
)
def test_a_cron_that_cannot_be_meant_is_refused(expression: str, why: str) -> None:
    with pytest.raises(RuleError, match=why.replace("*", r"\*")):
        by_cron(expression)


@pytest.mark.parametrize(
    ("text", "why"),
    [("4", "is not a period"), ("0h", "is not a period"), ("1w", "is not a period"), ("4m", "too often")],
)
def test_a_period_that_cannot_be_meant_is_refused(text: str, why: str) -> None:
    with pytest.raises(RuleError, match=why):
        every(text, local("2027-01-01T00:00"))


def test_a_period_begins_with_its_start_even_if_that_is_the_second_of_two_like_times() -> None:
    second = moment("2027-10-31T02:30+01:00")
    for text in ("4h", "1d"):
        found = list(islice(occurrences(every(text, second), STOCKHOLM, second - 3 * HOUR), 2))
        assert found[0] == second
        assert found[1] > second


def test_runs_at_bent_times_are_told_beforehand() -> None:
    def told(rule: Rule) -> list[tuple[str, bool]]:
        found = bends(rule, STOCKHOLM, local("2027-01-01T00:00"), local("2027-12-31T00:00"))
        return [(bend.wanted.isoformat(), bend.twice) for bend in found]

    at_night = [("2027-03-28T02:30:00", False), ("2027-10-31T02:30:00", True)]
    assert told(by_cron("30 2 * * *")) == at_night
    assert told(every("1d", local("2027-01-01T02:30"))) == at_night
    assert told(every("1h", local("2027-01-01T02:30"))) == []
    assert told(by_cron("0 16 * * *")) == []


MOMENTS = st.integers(0, 410 * 1440).map(lambda minutes: local("2026-10-01T00:00") + timedelta(minutes=minutes))
RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(
        lambda minute, hour, weekday: by_cron(f"{minute} {hour} * * {weekday}"),
        st.integers(0, 59),
        st.sampled_from(["*", "*/2", "0-6", "2", "1,2,3", "23"]),
        st.sampled_from(["*", "sun", "1-5", "6,0"]),
    ),
    st.builds(Every, st.sampled_from([HOUR / 2, HOUR, 4 * HOUR, 24 * HOUR, 72 * HOUR]), MOMENTS),
    st.builds(Once, MOMENTS),
)


@given(RULES, MOMENTS)
def test_runs_come_in_order_and_are_the_same_wherever_one_begins_to_look(rule: Rule, after: datetime) -> None:
    found = list(islice(occurrences(rule, STOCKHOLM, after), 60))
    assert all(after < sooner < later for sooner, later in pairwise(found))
    for place, run in enumerate(found[:-1]):
        assert next_after(rule, STOCKHOLM, run) == found[place + 1]
        assert next_after(rule, STOCKHOLM, run - timedelta(milliseconds=1)) == run


@given(RULES)
def test_a_rule_is_read_as_it_was_written(rule: Rule) -> None:
    assert parse(written(rule)) == rule


@given(RULES, MOMENTS)
def test_no_two_runs_of_the_clock_are_closer_than_allowed_but_at_a_gap(rule: Rule, after: datetime) -> None:
    found = list(islice(occurrences(rule, STOCKHOLM, after), 200))
    close = [later for sooner, later in pairwise(found) if later - sooner < timedelta(minutes=5)]
    assert all(run.astimezone(STOCKHOLM).date().isoformat() == SPRING for run in close)
