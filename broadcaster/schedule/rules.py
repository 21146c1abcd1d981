"""When a schedule runs: once, by the local clock and calendar (cron), or every so often."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from typing import assert_never
from zoneinfo import ZoneInfo

from broadcaster.schedule import cron
from broadcaster.schedule.cron import Cron, CronError
from messages.times import Bend, bend, moment_of

CLOSEST = timedelta(minutes=5)
"""How far two runs are apart at least: whoever wants more than that has slipped a field."""

_DAY = timedelta(days=1)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": _DAY}
_PERIOD = re.compile(r"([1-9]\d{0,4})([mhd])")
_SAMPLE = 300
"""How many runs are looked at to find out how close they come: more than one every five minutes for a day."""


class RuleError(ValueError):
    """No schedule can run by it; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Once:
    """At one moment, in UTC."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Every:
    """Every so often, counted from a start in UTC, which is the first run.

    Minutes and hours are elapsed time. Days keep the local time of the start when clocks change.
    """

    period: timedelta
    start: datetime

    @property
    def is_days(self) -> bool:
        """Whether it counts in whole days."""
        return self.period % _DAY == timedelta(0)


Rule = Once | Cron | Every


def period(text: str) -> timedelta:
    """Read a period: ``30m``, ``4h``, ``1d``.

    Raises:
        RuleError: it is none.
    """
    found = _PERIOD.fullmatch(text.strip())
    if found is None:
        raise RuleError(f"{text!r} is not a period: write 30m, 4h or 1d.")
    return int(found[1]) * _UNITS[found[2]]


def every(text: str, start: datetime) -> Every:
    """Read a period that a rule is to be made of.

    Args:
        start: the first run.

    Raises:
        RuleError: it is none, or too short.
    """
    found = period(text)
    if found < CLOSEST:
        raise RuleError(f"every {text} is too often: at least 5 minutes lie between two runs.")
    return Every(found, start)


def by_cron(text: str) -> Cron:
    """Read a cron expression.

    Raises:
        RuleError: it is none, never fires, or fires too often.
    """
    try:
        rule = cron.parse(text)
    except CronError as error:
        raise RuleError(str(error)) from None
    runs = occurrences(rule, ZoneInfo("UTC"), datetime(2000, 1, 1, tzinfo=UTC))
    sample = [run for run, _ in zip(runs, range(_SAMPLE), strict=False)]
    if any(later - sooner < CLOSEST for sooner, later in pairwise(sample)):
        raise RuleError(f"{text!r} fires too often: at least 5 minutes lie between two runs.")
    return rule


def occurrences(rule: Rule, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Every moment in UTC after a moment at which the rule runs, each once, in order.

    A local time that clocks skip is run at the first moment after the gap; one that comes twice is run the first time.
    Several that fall on one moment like that are one run.
    """
    match rule:
        case Once(at):
            if at > after:
                yield at
        case Every(span, start) if not rule.is_days:
            passed = max(0, (after - start) // span + 1)
            while True:
                yield start + passed * span
                passed += 1
        case Cron() | Every():
            last = after
            for local in _local_times(rule, zone, after):
                moment = moment_of(local, zone)
                if isinstance(rule, Every):  # whose start may be the second of two like times
                    moment = max(moment, rule.start)
                if moment > last:
                    yield moment
                    last = moment
        case _:
            assert_never(rule)


def next_after(rule: Rule, zone: ZoneInfo, after: datetime, until: datetime | None = None) -> datetime | None:
    """The first run after a moment, in UTC; None where there is none up to ``until``."""
    found = next(occurrences(rule, zone, after), None)
    return None if found is None or (until is not None and found > until) else found


def bends(rule: Rule, zone: ZoneInfo, after: datetime, until: datetime) -> list[Bend]:
    """The runs between two moments whose local time does not exist, or comes twice."""
    if isinstance(rule, Once) or (isinstance(rule, Every) and not rule.is_days):
        return []
    end = until.astimezone(zone).replace(tzinfo=None)
    found = (bend(local, zone) for local in takewhile(lambda local: local <= end, _local_times(rule, zone, after)))
    return [one for one in found if one is not None and after < one.moment <= until]


def written(rule: Rule) -> str:
    """The rule as it is stored and shown, to the second: ``at …``, ``cron …``, ``every … from …``; for ``parse``."""
    match rule:
        case Once(at):
            return f"at {at.isoformat(timespec='seconds')}"
        case Cron():
            return f"cron {rule.text}"
        case Every(span, start):
            return f"every {said(span)} from {start.isoformat(timespec='seconds')}"
        case _:
            assert_never(rule)


def parse(text: str) -> Rule:
    """Read what ``written`` wrote."""
    kind, _, rest = text.partition(" ")
    match kind:
        case "at":
            return Once(datetime.fromisoformat(rest))
        case "cron":
            return cron.parse(rest)
        case "every":
            words, _, start = rest.partition(" from ")
            return every(words, datetime.fromisoformat(start))
        case _:
            raise ValueError(f"no rule: {text!r}")


def said(span: timedelta) -> str:
    """A period in the largest unit that fits it: ``4h``."""
    unit = next(unit for unit in ("d", "h", "m") if span % _UNITS[unit] == timedelta(0))
    return f"{span // _UNITS[unit]}{unit}"


def _local_times(rule: Cron | Every, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The naive local times of runs, from a little before a moment on: none is left out that comes after it."""
    day = after.astimezone(zone).date() - _DAY
    if isinstance(rule, Cron):
        yield from rule.times(day)
        return
    local = rule.start.astimezone(zone).replace(tzinfo=None)
    local += max(0, (day - local.date()) // rule.period) * rule.period
    while True:
        yield local
        local += rule.period
