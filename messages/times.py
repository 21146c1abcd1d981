"""Local times as people type and mean them, and the moments that they are: also on the two days when clocks change."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from messages.languages import KNOWN, language

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DAYS = {
    "today": 0,
    "idag": 0,
    "tomorrow": 1,
    "imorgon": 1,
    "imorron": 1,
    "day after tomorrow": 2,
    "iövermorgon": 2,
    "övermorgon": 2,
    "yesterday": -1,
    "igår": -1,
}
"""Words for days, without blanks where people write them with and without."""

_FAR = 183
"""Days after which a date without its year is asked for it: half a year either way could be meant."""

_TIME = re.compile(
    r"(?:(?P<at>kl\.?|klockan|at)\s*)?(?P<hour>\d{1,2})(?:[:.]?(?P<minute>\d\d)(?::(?P<second>\d\d))?)?"
    r"\s*(?P<half>am|pm)?\s*(?P<offset>z|[+-]\d\d:?\d\d)?",
)
_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)")
_DAY_MONTH = re.compile(r"(?P<day>\d\d?)\s*/\s*(?P<month>\d\d?)(?:[\s/]+(?P<year>\d{4}))?")
_DAY_NAME = re.compile(
    r"(?:(?P<day>\d\d?)\.?\s+)?(?P<name>[a-zåäö]+)\.?(?:\s+(?P<after>\d\d?),?)?(?:\s+(?P<year>\d{4}))?"
)

EXAMPLES = "12:00, tomorrow 12:00, i morgon 12:00, 2026-12-13 12:00"
"""Times as they can be written."""


class TimeError(ValueError):
    """What was typed is no time, or not one time; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Bend:
    """A local time that does not exist, or comes twice, and the moment that is taken for it.

    Args:
        wanted: the local time, naive.
        moment: in UTC: the first moment after the gap, or the first of the two.
        twice: whether it comes twice; else it does not exist.
    """

    wanted: datetime
    moment: datetime
    twice: bool


def typed(text: str, zone: ZoneInfo, now: datetime, *, past: bool = False) -> datetime:
    """The moment that somebody means.

    A day may be a date, with or without its year, a weekday, or a word such as ``tomorrow``, in any language that texts
    are written in; without one it is today. Nothing is guessed: what could be two moments is asked for.

    Args:
        text: such as ``EXAMPLES``; with an offset, ``2027-10-31T02:30+02:00``, it has to be one that the zone has then.
        past: whether a day without a date lies before today rather than after it.

    Returns:
        The moment in UTC, which may be past.

    Raises:
        TimeError: it is no time, does not exist in the zone, comes twice there, or could be several.
    """
    words = re.sub(r"(?<=\d)t(?=\d)", " ", " ".join(text.casefold().replace(",", " ").split()))
    for begin in re.finditer("^| ", words):
        found = _TIME.fullmatch(words, begin.end())
        if found and (found["minute"] or found["at"] or found["half"]):
            break
    else:
        raise TimeError(f"{text!r} is not a time. Write it like one of these: {EXAMPLES}.")
    today = now.astimezone(zone).date()
    try:
        day = _day(words[: begin.start()], today, past=past)
        local = datetime.combine(day, _time_of_day(found))
        if found["offset"]:
            moment = datetime.fromisoformat(f"{local.isoformat()}{found['offset'].upper()}")
            expect_offset(moment, zone)
            return moment.astimezone(UTC)
    except TimeError:
        raise
    except (ValueError, OverflowError):
        raise TimeError(f"{text!r} is not a time: there is no such day, hour or offset.") from None
    return settled(local, zone)


def expect_offset(moment: datetime, zone: ZoneInfo) -> None:
    """Make sure that a moment is written with the zone's offset of its season; offsets of other zones are meant.

    Raises:
        TimeError: it has the one of summer in winter, or the other way round.
    """
    there = moment.astimezone(zone)
    others = {datetime(moment.year, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)}
    if moment.utcoffset() != there.utcoffset() and moment.utcoffset() in others:
        right = moment.replace(tzinfo=zone)
        raise TimeError(
            f"{moment.isoformat(timespec='minutes')} has the wrong offset: on that day {zone.key} is at "
            f"{right.isoformat()[-6:]}. Write {right.isoformat(timespec='minutes')}, or leave the offset out."
        )


def _time_of_day(found: re.Match[str]) -> time:
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("the hours before and after noon are 1 to 12")
        hour = hour % 12 + 12 * (found["half"] == "pm")
    return time(hour, int(found["minute"] or 0), int(found["second"] or 0))


def _day(words: str, today: date, *, past: bool) -> date:
    """The day that is named; raises ValueError if none is."""
    words = re.sub(r"^(?:on|på|the|den|nu på) ", "", words)
    if not words:
        return today
    near = _DAYS.get(words, _DAYS.get(words.replace(" ", "")))
    if near is not None:
        return today + timedelta(days=near)
    first, _, rest = words.partition(" ")
    weekday = _place(re.sub(r"en$", "", first) if first.endswith("dagen") else first, "weekdays")
    if weekday is None:
        return _date(words, today, past=past)
    if not rest:
        return _weekday(weekday, first, today, past=past)
    day = _date(re.sub(r"^(?:the|den) ", "", rest), today, past=past)
    if day.weekday() != weekday:
        raise TimeError(f"{day.isoformat()} is no {first}, but a {_WEEKDAYS[day.weekday()]}. Look at the day.")
    return day


def _weekday(weekday: int, word: str, today: date, *, past: bool) -> date:
    ahead = (weekday - today.weekday()) % 7
    if ahead == 0:
        raise TimeError(f"Today is {word}, so it could be today or in a week. Write today or the date.")
    return today + timedelta(days=ahead - 7 * past)


def _date(words: str, today: date, *, past: bool) -> date:
    if found := _DATE.fullmatch(words) or _DAY_MONTH.fullmatch(words):
        day, month = int(found["day"]), int(found["month"])
    elif (found := _DAY_NAME.fullmatch(words)) and bool(found["day"]) is not bool(found["after"]):
        day, place = int(found["day"] or found["after"]), _place(found["name"], "months")
        if place is None:
            raise ValueError("no month")
        month = place + 1
    else:
        raise ValueError("no date")
    if found["year"]:
        return date(int(found["year"]), month, day)
    meant = [date(year, month, day) for year in range(today.year - 1, today.year + 2) if _is_day(year, month, day)]
    if not meant:
        raise ValueError("no such day")
    meant = [one for one in meant if (one <= today if past else one >= today)]
    nearest = min(meant, key=lambda one: abs(one - today), default=None)
    if nearest is None or abs(nearest - today).days > _FAR:
        which = "ahead" if not past else "behind us"
        raise TimeError(f"{words!r} is more than half a year {which}, or was meant otherwise. Write it with its year.")
    return nearest


def _is_day(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _place(word: str, names: str) -> int | None:
    """The place of a weekday or month in its week or year, by its name or at least three letters of that."""
    for code in KNOWN:
        for place, name in enumerate(getattr(language(code).dates, names)):
            if len(word) >= 3 and name.casefold().startswith(word):
                return place
    return None


def settled(local: datetime, zone: ZoneInfo) -> datetime:
    """The one moment of a naive local time; raises TimeError where there is none, or two."""
    bent = bend(local, zone)
    if bent is None:
        return local.replace(tzinfo=zone).astimezone(UTC)
    if bent.twice:
        first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        raise TimeError(
            f"{local:%Y-%m-%d %H:%M} comes twice in {zone.key}: clocks are set back. Write "
            f"{first.isoformat(timespec='minutes')} for the first or {second.isoformat(timespec='minutes')} for the "
            "second."
        )
    after = bent.moment.astimezone(zone)
    before = (bent.moment - _MINUTE).astimezone(zone)
    raise TimeError(
        f"{local:%Y-%m-%d %H:%M} does not exist in {zone.key}: clocks are set forward. The nearest times are "
        f"{before:%Y-%m-%d %H:%M} and {after:%Y-%m-%d %H:%M}."
    )


def moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC that a naive local time stands for: of two the first; of none the first after the gap."""
    bent = bend(local, zone)
    return local.replace(tzinfo=zone).astimezone(UTC) if bent is None else bent.moment


def bend(local: datetime, zone: ZoneInfo) -> Bend | None:
    """What is wrong with a naive local time, if it is not exactly one moment.

    By PEP 495: where clocks change, ``fold=0`` counts by the offset before the change and ``fold=1`` by the one after.
    """
    early, late = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    before, after = early.utcoffset(), late.utcoffset()
    if before is None or after is None or before == after:
        return None
    if before > after:
        return Bend(local, early.astimezone(UTC), twice=True)
    return Bend(local, _change(late.astimezone(UTC), early.astimezone(UTC), zone), twice=False)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between two at which the offset changes, to the second."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
