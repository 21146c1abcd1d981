"""Cron expressions as crontab(5) means them: minute, hour, day of month, month, day of week; 0 and 7 are Sunday."""

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}

_HORIZON = 9 * 366
"""Days within which every expression that fires at all has fired: 29 February can be eight years away."""


class CronError(ValueError):
    """It is not a cron expression, or never fires; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class _Field:
    """What one of the five may be."""

    name: str
    low: int
    high: int
    names: dict[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _DAYS),
)

_ITEM = re.compile(r"(?:(?P<all>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


@dataclass(frozen=True, slots=True)
class Cron:
    """When a local clock and calendar agree with an expression.

    Args:
        text: the expression as it was written, with single blanks.
        weekdays: 0 is Sunday.
    """

    text: str
    minutes: Sequence[int]
    hours: Sequence[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def fires_on(self, day: date) -> bool:
        """Whether it fires on a day."""
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def times(self, start: date) -> Iterator[datetime]:
        """The naive local times at which it fires, from the beginning of a day on, without end."""
        day = start
        while True:
            if self.fires_on(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        yield datetime.combine(day, time(hour, minute))
            day += timedelta(days=1)


def parse(text: str) -> Cron:
    """Read an expression.

    Raises:
        CronError: it is none, it never fires, or it names days of the month and of the week: cron would take either,
            and most who write it mean both.
    """
    words = text.split()
    if len(words) != len(_FIELDS):
        raise CronError(
            f"{text!r} is not a cron expression: it takes five fields, minute, hour, day, month and day of the week, "
            'such as "0 16 * * *" for every day at 16:00.'
        )
    minutes, hours, days, months, weekdays = (_values(word, field) for word, field in zip(words, _FIELDS, strict=True))
    if words[2] != "*" and words[4] != "*":
        raise CronError(
            f"{text!r} names days of the month and days of the week: write * for one of the two, or make two schedules."
        )
    cron = Cron(
        " ".join(words),
        sorted(minutes),
        sorted(hours),
        frozenset(days),
        frozenset(months),
        frozenset(day % 7 for day in weekdays),
    )
    some = date(2000, 1, 1)
    if not any(cron.fires_on(some + timedelta(days=days)) for days in range(_HORIZON)):
        raise CronError(f"{text!r} never fires: there is no such day. Look at the day and the month.")
    return cron


def _values(word: str, field: _Field) -> set[int]:
    return {value for item in word.split(",") for value in _item(item, field)}


def _item(item: str, field: _Field) -> range:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise _misread(item, field)
    step = int(found["step"] or 1)
    if found["all"]:
        first, last = field.low, field.high
    else:
        first = _number(found["first"], field)
        # By crontab(5) a step needs a range; a single value with one is taken as "from there on", as most crons do.
        last = _number(found["last"], field) if found["last"] else field.high if found["step"] else first
    if field.names is _DAYS and last == 0 < first:
        last = 7  # fri-sun
    if step < 1 or last < first:
        raise _misread(item, field)
    return range(first, last + 1, step)


def _number(word: str, field: _Field) -> int:
    value = field.names.get(word.lower(), int(word) if word.isascii() and word.isdigit() else -1)
    if not field.low <= value <= field.high:
        raise _misread(word, field)
    return value


def _misread(word: str, field: _Field) -> CronError:
    names = f" or {', '.join(field.names)}" if field.names else ""
    return CronError(f"{word!r} is no {field.name} of a cron expression: write {field.low} to {field.high}{names}.")
