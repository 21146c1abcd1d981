"""Local times as people type and mean them, and the moments that they are: also on the two days when clocks change."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)

_TYPED = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)[ T]|(?P<day>today|tomorrow) )?(?P<hour>\d{1,2})[:.](?P<minute>\d\d)"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?"
)


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


def typed(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The moment that somebody means.

    Args:
        text: ``2027-03-28 16:00``, ``16:00`` (today), ``tomorrow 16:00``, or with an offset ``2027-10-31T02:30+02:00``.

    Returns:
        The moment in UTC, which may be past.

    Raises:
        TimeError: it is no time, does not exist in the zone, or comes twice there.
    """
    found = _TYPED.fullmatch(text.strip())
    if found is None:
        raise TimeError(f"{text!r} is no time. Write 2027-03-28 16:00, 16:00 or tomorrow 16:00.")
    try:
        if found["date"]:
            day = datetime.strptime(found["date"], "%Y-%m-%d")  # noqa: DTZ007 (a local date, whose zone follows)
        else:
            day = now.astimezone(zone).replace(tzinfo=None) + timedelta(days=found["day"] == "tomorrow")
        local = day.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=0, microsecond=0)
        if found["offset"]:
            return datetime.fromisoformat(f"{local.isoformat()}{found['offset']}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise TimeError(f"{text!r} is no time: there is no such day, hour or offset.") from None
    return _settled(local, zone)


def _settled(local: datetime, zone: ZoneInfo) -> datetime:
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
