"""What is current and what is history: a message is true until it expires or a later one takes its place.

Where all has expired and the incident goes on, the last word stays: silence is no all-clear.
A correction that has taken a message's place stands where that one stood, and counts as what it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.contract import Showing
from channels.exercise import is_exercise
from channels.feed.document import is_withdrawn
from messages.model import Kind


@dataclass(frozen=True, slots=True)
class Thread:
    """What one municipality has said in one incident, newest first.

    Args:
        current: what is true now, or the last word of an incident that goes on although it has expired.
        earlier: what was said before.
    """

    current: Sequence[Showing]
    earlier: Sequence[Showing]


def in_language(showings: Sequence[Showing], language: str, first: Mapping[str, str]) -> Sequence[Showing]:
    """Each message of each municipality once: in the language, or else in the municipality's first, or in any.

    What was withdrawn or corrected in one language only is not shown as it was in another.

    Args:
        first: the municipalities' first languages; those of others are left out.
    """

    def rank(showing: Showing) -> tuple[bool, bool, bool, bool]:
        rendition = showing.parcel.rendition
        return (
            is_withdrawn(rendition),
            is_corrected(showing),
            rendition.language == language,
            rendition.language == first[rendition.municipality],
        )

    found: dict[tuple[str, str], Showing] = {}
    for showing in showings:
        key = showing.parcel.rendition.municipality, showing.slot
        if key[0] in first and (key not in found or rank(showing) > rank(found[key])):
            found[key] = showing
    return list(found.values())


def threads(showings: Sequence[Showing], now: datetime) -> Sequence[Thread]:
    """Sort messages into incidents, the one that something was last said of first.

    An update or an all-clear takes the place of all that was said before, a correction of what never was on the page
    that of the last message, and a further alert stands beside the others. What is withdrawn takes no place any more:
    after a mistaken all-clear the alert stands there again. An exercise is an incident of its own.
    """
    told: dict[tuple[str, str, bool], list[Showing]] = {}
    for showing in sorted(showings, key=lambda showing: (showing.parcel.issued, showing.slot)):
        parcel = showing.parcel
        incident = parcel.rendition.municipality, parcel.incident or showing.slot, is_exercise(parcel.rendition)
        told.setdefault(incident, []).append(showing)
    found = [_thread(incident, now) for incident in told.values()]
    return sorted(found, key=_last_said, reverse=True)


def is_corrected(showing: Showing) -> bool:
    """Whether a correction stands in the place of what came first."""
    return showing.parcel.message != showing.slot


def said_at(showing: Showing) -> datetime:
    """When what is shown was said: a correction, when it was corrected."""
    return showing.updated if is_corrected(showing) else showing.parcel.issued


def is_late(showing: Showing, thread: Thread, now: datetime) -> bool:
    """Whether the update that a current message has promised should have come and has not.

    After an all-clear nobody waits for one, and a later message beside it that promises one itself, or came when it was
    due, has kept its promise.
    """
    parcel, due = showing.parcel, showing.parcel.next_update
    if due is None or due > now or parcel.kind is Kind.ALL_CLEAR or is_withdrawn(parcel.rendition):
        return False
    later = [other.parcel for other in thread.current if other.parcel.issued > parcel.issued]
    return not any(
        (other.next_update is not None or other.issued >= due) and not is_withdrawn(other.rendition) for other in later
    )


def _thread(said: Sequence[Showing], now: datetime) -> Thread:
    standing: list[Showing] = []
    for showing in said:
        if not is_withdrawn(showing.parcel.rendition):
            match showing.parcel.kind:
                case Kind.ALERT:
                    standing = [one for one in standing if one.parcel.kind is not Kind.ALL_CLEAR]
                case Kind.CORRECTION:
                    del standing[-1:]
                case Kind.UPDATE | Kind.ALL_CLEAR:
                    standing.clear()
        standing.append(showing)
    current = [showing for showing in reversed(standing) if showing.parcel.expires > now] or _last_word(standing)
    return Thread(current, [showing for showing in reversed(said) if showing not in current])


def _last_word(standing: Sequence[Showing]) -> Sequence[Showing]:
    """What was said last in an incident that goes on although it has expired; nothing in any other."""
    said = [showing for showing in standing if not is_withdrawn(showing.parcel.rendition)][-1:]
    return [showing for showing in said if showing.lasts and showing.parcel.kind is not Kind.ALL_CLEAR]


def _last_said(thread: Thread) -> datetime:
    return max(showing.parcel.issued for showing in (*thread.current, *thread.earlier))
