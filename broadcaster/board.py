"""The board of services as values: how services stand, what is said of them, and what that changes. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from channels.contract import Standing
from messages.model import Service, ServiceStatus
from messages.near_names import known_as


class Since(StrEnum):
    """Since when a service stands as it does, where no time is given."""

    CHANGED = "changed"
    """Since its status changed; of what never was on the board and works, nobody says since when."""

    UNKNOWN = "unknown"


class Cause(StrEnum):
    """What changed the board."""

    SET = "set"
    CLEAR = "clear"
    UNDO = "undo"
    MESSAGE = "message"
    RETRACT = "retract"


@dataclass(frozen=True, slots=True)
class Stand:
    """How a service stands; ``since`` is None where nobody knows or it never was otherwise."""

    status: ServiceStatus
    note: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said of one municipality's service.

    Args:
        status: None takes it off the board.
        since: when it began to stand like that.
    """

    municipality: str
    name: str
    status: ServiceStatus | None
    note: str = ""
    since: datetime | Since = Since.CHANGED


@dataclass(frozen=True, slots=True)
class Change:
    """A service that stands otherwise than before; None where it is not on the board."""

    municipality: str
    name: str
    before: Stand | None
    after: Stand | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A change in the history of the board, which has all of them.

    Args:
        message: id of the message that made it, or whose taking back did.
    """

    change: Change
    at: datetime
    by: str
    cause: Cause
    message: str | None = None


def changes(board: Iterable[Standing], notices: Iterable[Notice], now: datetime) -> tuple[Change, ...]:
    """What is changed by what is said of services: the last word on each.

    A name that differs from the board's only in case, blanks, hyphens or accents means the same service, which keeps
    its name. Where it stands there in two ways already, one is left.
    """
    there: defaultdict[tuple[str, str], list[Standing]] = defaultdict(list)
    names: dict[str, str] = {}
    for one in board:
        there[one.municipality, known_as(one.name)].append(one)
        names.setdefault(known_as(one.name), one.name)
    last = {(notice.municipality, known_as(notice.name)): notice for notice in notices}
    found: list[Change] = []
    for key, notice in last.items():
        name = names.get(key[1], notice.name)
        twins = sorted(there[key], key=lambda one: one.name != notice.name)
        found += [Change(twin.municipality, twin.name, _stand(twin), None) for twin in twins[1:]]
        before = _stand(twins[0]) if twins else None
        after = _after(before, notice, now)
        if after != before:
            found.append(Change(notice.municipality, twins[0].name if twins else name, before, after))
    return tuple(found)


def put_back(history: Sequence[Entry], messages: Collection[str]) -> tuple[Change, ...]:
    """What taking some messages back changes: what they changed last stands as it did before them.

    Args:
        history: all of the board's that is about services that the messages changed, oldest first.
    """
    return tuple(_undone(entries) for entries in _trailing(history, lambda entry: entry.message in messages))


def undone(history: Sequence[Entry]) -> tuple[Change, ...]:
    """What undoing the last change of some services changes, in all municipalities where that was one deed.

    Args:
        history: all of the board's that is about the services, oldest first.
    """
    last = max((entry.at for entry in history), default=None)
    return tuple(_undone(entries[-1:]) for entries in _trailing(history, lambda entry: entry.at == last))


def as_services(board: Iterable[Standing], municipalities: Sequence[str]) -> tuple[Service, ...]:
    """The board of some municipalities as a message says it: once what is the same for all of them."""
    alike: defaultdict[tuple[str, ServiceStatus, str], list[str]] = defaultdict(list)
    for one in board:
        if one.municipality in municipalities:
            alike[one.name, one.status, one.note].append(one.municipality)
    return tuple(
        Service(*said, municipalities=() if set(having) == set(municipalities) else tuple(having))
        for said, having in alike.items()
    )


def described(change: Change, time: Callable[[datetime], str]) -> str:
    """A change in a few words: *borgholm/E-post: down → working*; ``time`` writes a moment."""
    before, after = change.before, change.after
    dated = before is not None and after is not None and before.status is after.status and before.since != after.since

    def said(stand: Stand | None) -> str:
        if stand is None:
            return "not on the board"
        since = f" since {time(stand.since) if stand.since else 'nobody knows when'}" if dated else ""
        return f"{stand.status}{since}" + (f" ({stand.note})" if stand.note else "")

    return f"{change.municipality}/{change.name}: {said(before)} → {said(after)}"


def _stand(standing: Standing) -> Stand:
    return Stand(standing.status, standing.note, standing.since)


def _after(before: Stand | None, notice: Notice, now: datetime) -> Stand | None:
    if notice.status is None:
        return None
    if isinstance(notice.since, datetime):
        since: datetime | None = notice.since
    elif notice.since is Since.UNKNOWN:
        since = None
    elif before is not None and before.status is notice.status:
        since = before.since
    else:
        since = None if before is None and notice.status is ServiceStatus.WORKING else now
    return Stand(notice.status, notice.note, since)


def _trailing(history: Sequence[Entry], is_meant: Callable[[Entry], bool]) -> Iterator[Sequence[Entry]]:
    """The last entries of each service, as far back as all of them are meant."""
    of_services: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in history:
        of_services[entry.change.municipality, entry.change.name].append(entry)
    for entries in of_services.values():
        meant = 0
        while meant < len(entries) and is_meant(entries[-1 - meant]):
            meant += 1
        if meant:
            yield entries[-meant:]


def _undone(entries: Sequence[Entry]) -> Change:
    first, last = entries[0].change, entries[-1].change
    return Change(last.municipality, last.name, last.after, first.before)
