"""What is current and what is history: a message is true until it expires or a later one takes its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.contract import Showing
from messages.model import Kind


@dataclass(frozen=True, slots=True)
class Thread:
    """What one municipality has said in one incident, newest first.

    Args:
        current: what is true now.
        earlier: what was.
    """

    current: Sequence[Showing]
    earlier: Sequence[Showing]


def in_language(showings: Sequence[Showing], language: str, first: Mapping[str, str]) -> Sequence[Showing]:
    """Each message of each municipality once: in the language, or else in the municipality's first, or in any.

    Args:
        first: the municipalities' first languages; those of others are left out.
    """

    def rank(showing: Showing) -> tuple[bool, bool]:
        rendition = showing.parcel.rendition
        return rendition.language == language, rendition.language == first[rendition.municipality]

    found: dict[tuple[str, str], Showing] = {}
    for showing in showings:
        key = showing.parcel.rendition.municipality, showing.parcel.message
        if key[0] in first and (key not in found or rank(showing) > rank(found[key])):
            found[key] = showing
    return list(found.values())


def threads(showings: Sequence[Showing], now: datetime) -> Sequence[Thread]:
    """Sort messages into incidents, the one that something was last said of first.

    An update or an all-clear takes the place of all that was said before, a correction that of the last message, and a
    further alert stands beside the others.
    """
    told: dict[tuple[str, str], list[Showing]] = {}
    for showing in sorted(showings, key=lambda showing: (showing.parcel.issued, showing.parcel.message)):
        parcel = showing.parcel
        told.setdefault((parcel.rendition.municipality, parcel.incident or parcel.message), []).append(showing)
    found = [_thread(incident, now) for incident in told.values()]
    return sorted(found, key=_last_said, reverse=True)


def _thread(said: Sequence[Showing], now: datetime) -> Thread:
    standing: list[Showing] = []
    for showing in said:
        match showing.parcel.kind:
            case Kind.ALERT:
                pass
            case Kind.CORRECTION:
                del standing[-1:]
            case Kind.UPDATE | Kind.ALL_CLEAR:
                standing.clear()
        standing.append(showing)
    current = [showing for showing in reversed(standing) if showing.parcel.expires > now]
    return Thread(current, [showing for showing in reversed(said) if showing not in current])


def _last_said(thread: Thread) -> datetime:
    return max(showing.parcel.issued for showing in (*thread.current, *thread.earlier))
