"""Which reminders are due. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

USEFUL = timedelta(hours=24)
"""How long after its time somebody who was not told in time, because nothing ran, is still told of it."""


class Occasion(StrEnum):
    """When somebody is reminded, earliest first."""

    BEFORE = "before"
    DUE = "due"


class Matter(StrEnum):
    """What is to be done: what residents were promised, what they still go by, what the law wants."""

    PROMISE = "promise"
    EXPIRY = "expiry"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class Watched:
    """Something that is to be done by a time.

    Args:
        key: names it, and never anything else.
        due: when it is to be done at the latest.
        since: when that became known.
        before: how long before that time people are reminded.
        matter: what it is.
        deadline: id of a deadline by law.
        exercise: whether people only practise.
    """

    key: str
    incident: str
    due: datetime
    since: datetime
    before: timedelta
    matter: Matter
    deadline: str = ""
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder of something that has not been done."""

    of: Watched
    occasion: Occasion

    @property
    def key(self) -> str:
        """Names the reminder: it goes out once."""
        return _key(self.of, self.occasion)


def keys(watched: Iterable[Watched]) -> list[str]:
    """The names of all reminders that there may be."""
    return [_key(one, occasion) for one in watched for occasion in Occasion]


def due(watched: Iterable[Watched], told: Collection[str], now: datetime) -> Iterator[Reminder]:
    """The reminders that are to go out now: of each thing the latest one, if neither it nor a later one has gone out.

    So after a while in which nothing ran, people are told once what is true, and not of everything that they missed.

    Args:
        told: keys of the reminders that went out.
    """
    for one in watched:
        occasion = _occasion(one, now)
        if occasion is not None and not any(_key(one, later) in told for later in _from(occasion)):
            yield Reminder(one, occasion)


def _occasion(one: Watched, now: datetime) -> Occasion | None:
    if now >= one.due:
        return Occasion.DUE if now - one.due < USEFUL else None
    first = one.due - one.before
    return Occasion.BEFORE if one.since <= first <= now else None  # who has just promised it knows


def _from(occasion: Occasion) -> list[Occasion]:
    occasions = list(Occasion)
    return occasions[occasions.index(occasion) :]


def _key(one: Watched, occasion: Occasion) -> str:
    return f"{one.key} {occasion}"
