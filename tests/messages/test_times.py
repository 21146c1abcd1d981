"""Local times as people type them, above all on the two days when clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.times import TimeError, bend, moment_of, typed

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NOW = datetime(2027, 3, 27, 14, 7, 30, tzinfo=UTC)  # 15:07 in Stockholm, the day before clocks are set forward
ZONES = [ZoneInfo(name) for name in ("Europe/Stockholm", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC")]


def naive(text: str) -> datetime:
    return datetime.fromisoformat(text)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2027-03-27 16:00", "2027-03-27T16:00+01:00"),
        ("2027-03-28 16:00", "2027-03-28T16:00+02:00"),
        ("2027-03-28T16:00", "2027-03-28T16:00+02:00"),
        ("16:00", "2027-03-27T16:00+01:00"),
        ("16.00", "2027-03-27T16:00+01:00"),
        (" 9:05 ", "2027-03-27T09:05+01:00"),
        ("today 16:00", "2027-03-27T16:00+01:00"),
        ("tomorrow 16:00", "2027-03-28T16:00+02:00"),
        ("2027-03-28 01:59", "2027-03-28T01:59+01:00"),
        ("2027-03-28 03:00", "2027-03-28T03:00+02:00"),
        ("2027-10-31T02:30+02:00", "2027-10-31T02:30+02:00"),
        ("2027-10-31T02:30+01:00", "2027-10-31T02:30+01:00"),
        ("2027-03-28T14:00Z", "2027-03-28T16:00+02:00"),
        ("2027-03-28 16:00:30", "2027-03-28T16:00:30+02:00"),
        ("kl. 16", "2027-03-27T16:00+01:00"),
        ("kl 16.30", "2027-03-27T16:30+01:00"),
        ("Klockan 9", "2027-03-27T09:00+01:00"),
        ("4 pm", "2027-03-27T16:00+01:00"),
        ("12:30 am", "2027-03-27T00:30+01:00"),
        ("idag kl. 16", "2027-03-27T16:00+01:00"),
        ("i morgon 12:00", "2027-03-28T12:00+02:00"),
        ("imorgon kl 12.00", "2027-03-28T12:00+02:00"),
        ("Tomorrow at 12:00", "2027-03-28T12:00+02:00"),
        ("i övermorgon 8.00", "2027-03-29T08:00+02:00"),
        ("tisdag 12:00", "2027-03-30T12:00+02:00"),
        ("på tisdag kl. 12", "2027-03-30T12:00+02:00"),
        ("Tue 12:00", "2027-03-30T12:00+02:00"),
        ("13 april 12:00", "2027-04-13T12:00+02:00"),
        ("tisdag 13 april kl. 12.00", "2027-04-13T12:00+02:00"),
        ("tisdagen den 13 april kl. 12", "2027-04-13T12:00+02:00"),
        ("April 13, 12:00", "2027-04-13T12:00+02:00"),
        ("13/4 12:00", "2027-04-13T12:00+02:00"),
        ("13 december 2027 12:00", "2027-12-13T12:00+01:00"),
        ("27 mars 12:00", "2027-03-27T12:00+01:00"),
    ],
)
def test_a_time_is_that_of_the_clock_on_the_wall(text: str, meant: str) -> None:
    assert typed(text, STOCKHOLM, NOW) == moment(meant)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "16",
        "16:60",
        "24:00",
        "2027-02-29 10:00",
        "2027-13-01 10:00",
        "10:00+99:99",
        "13 pm",
        "12",
        "13 12:00",
        "x 12:00",
        "31/4 12:00",
        "13 13 12:00",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeError, match="is not a time"):
        typed(text, STOCKHOLM, NOW)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lördag 12:00", "Today is lördag"),
        ("onsdag 13 april 12:00", "2027-04-13 is no onsdag, but a Tuesday"),
        ("26 mars 12:00", "Write it with its year"),
        ("13 december 12:00", "Write it with its year"),
        ("2027-12-13T12:00+02:00", r"Europe/Stockholm is at \+01:00. Write 2027-12-13T12:00\+01:00"),
        ("2027-07-13T12:00+01:00", r"Europe/Stockholm is at \+02:00. Write 2027-07-13T12:00\+02:00"),
    ],
)
def test_what_could_be_another_time_is_asked_for(text: str, why: str) -> None:
    with pytest.raises(TimeError, match=why):
        typed(text, STOCKHOLM, NOW)


def test_a_day_that_is_known_to_be_past_lies_before_today() -> None:
    assert typed("tisdag 12:00", STOCKHOLM, NOW, past=True) == moment("2027-03-23T12:00+01:00")
    assert typed("igår 12:00", STOCKHOLM, NOW, past=True) == moment("2027-03-26T12:00+01:00")
    assert typed("13 december 12:00", STOCKHOLM, NOW, past=True) == moment("2026-12-13T12:00+01:00")


def test_at_the_turn_of_the_year_a_date_lies_in_the_next_one() -> None:
    eve = datetime(2026, 12, 31, 20, tzinfo=UTC)
    assert typed("2 januari 12:00", STOCKHOLM, eve) == moment("2027-01-02T12:00+01:00")


@pytest.mark.parametrize("text", ["2027-03-28 02:00", "2027-03-28 02:30", "tomorrow 02:59"])
def test_a_time_that_clocks_skip_is_refused_with_the_nearest_ones(text: str) -> None:
    with pytest.raises(TimeError, match=r"does not exist in Europe/Stockholm.* 2027-03-28 01:59 and 2027-03-28 03:00"):
        typed(text, STOCKHOLM, NOW)


def test_a_time_that_comes_twice_is_settled_by_an_offset() -> None:
    with pytest.raises(TimeError) as refused:
        typed("2027-10-31 02:30", STOCKHOLM, NOW)
    first, second = "2027-10-31T02:30+02:00", "2027-10-31T02:30+01:00"
    assert f"Write {first} for the first or {second} for the second" in str(refused.value)
    assert typed(second, STOCKHOLM, NOW) - typed(first, STOCKHOLM, NOW) == timedelta(hours=1)


def test_of_a_time_that_comes_twice_a_schedule_takes_the_first() -> None:
    assert moment_of(naive("2027-10-31T02:30"), STOCKHOLM) == moment("2027-10-31T02:30+02:00")


def test_for_a_time_that_clocks_skip_a_schedule_takes_the_first_after_the_gap() -> None:
    assert moment_of(naive("2027-03-28T02:30"), STOCKHOLM) == moment("2027-03-28T03:00+02:00")


def test_a_gap_need_not_be_of_an_hour() -> None:
    assert moment_of(naive("2027-10-03T02:10"), ZoneInfo("Australia/Lord_Howe")) == moment("2027-10-03T02:30+11:00")
    assert moment_of(naive("2011-12-30T12:00"), ZoneInfo("Pacific/Apia")) == moment("2011-12-31T00:00+14:00")


@given(
    st.integers(0, 20 * 366 * 1440).map(lambda minutes: naive("2015-01-01") + timedelta(minutes=minutes)),
    st.sampled_from(ZONES),
)
def test_a_local_time_is_its_moment_and_its_moment_is_it_unless_clocks_skip_it(local: datetime, zone: ZoneInfo) -> None:
    found = moment_of(local, zone)
    back = found.astimezone(zone)
    bent = bend(local, zone)
    if bent is None or bent.twice:
        assert back.replace(tzinfo=None, fold=0) == local
        assert back.fold == 0
    else:
        assert back.replace(tzinfo=None) > local
        assert (found - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None) < local
