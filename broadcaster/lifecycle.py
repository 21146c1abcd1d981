"""What each kind of message does on each kind of channel: the table, and the steps that follow from it. Pure.

A message has a place on a channel: a page, a feed, a line, in one language. What an earlier message has there decides
what the next one does: it may have to be edited, taken away, waited for, or stopped because it has not left yet.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from broadcaster.delivery import ARRIVED, Operation, State
from channels.contract import Nature
from channels.registry import CHANNELS
from messages.model import Kind


class Act(StrEnum):
    """What a communicator does in an incident: the kinds of messages, and taking one back."""

    ALERT = "alert"
    UPDATE = "update"
    CORRECTION = "correction"
    ALL_CLEAR = "all-clear"
    RETRACT = "retract"

    @classmethod
    def of(cls, kind: Kind) -> "Act":
        """What sending a message of a kind is."""
        return cls(kind.value)


class Practice(StrEnum):
    """What is done on a channel. The values are the words of the documentation."""

    NEW = "a new one"
    NEW_AND_MARK = "a new one; once it is there, the first line of the former one says that there is a newer one"
    CHANGE = "the wrong one is changed in its place, and marked as corrected"
    REPLACE = "takes the place of what is there"
    WITHDRAW = "taken away"
    WITHDRAW_AND_UNMARK = "taken away; the former one is as it was before"
    MARK_WITHDRAWN = "stays, marked as withdrawn, without its text"
    AUDIENCE = "to the audience"
    AUDIENCE_IF_ASKED = "only if the message says `notify = true`, to the same audience"
    AS_THE_WRONG_ONE = "to those who were sent the wrong text; those whose turn had not come get this one in its place"
    AS_THE_ALERT = "to all who were sent the alert; what had not left by then is not sent"
    STOP = "what has not left is not sent; a correction is offered, never sent automatically"
    TELL = "told that the feed has changed"


TABLE: Mapping[Nature, Mapping[Act, Practice]] = MappingProxyType(
    {
        Nature.POST: {
            Act.ALERT: Practice.NEW,
            Act.UPDATE: Practice.NEW_AND_MARK,
            Act.CORRECTION: Practice.CHANGE,
            Act.ALL_CLEAR: Practice.NEW_AND_MARK,
            Act.RETRACT: Practice.WITHDRAW_AND_UNMARK,
        },
        Nature.TEXT: {
            Act.ALERT: Practice.AUDIENCE,
            Act.UPDATE: Practice.AUDIENCE_IF_ASKED,
            Act.CORRECTION: Practice.AS_THE_WRONG_ONE,
            Act.ALL_CLEAR: Practice.AS_THE_ALERT,
            Act.RETRACT: Practice.STOP,
        },
        Nature.ENTRY: {
            Act.ALERT: Practice.NEW,
            Act.UPDATE: Practice.NEW,
            Act.CORRECTION: Practice.CHANGE,
            Act.ALL_CLEAR: Practice.NEW,
            Act.RETRACT: Practice.MARK_WITHDRAWN,
        },
        Nature.LINE: {
            Act.ALERT: Practice.REPLACE,
            Act.UPDATE: Practice.REPLACE,
            Act.CORRECTION: Practice.REPLACE,
            Act.ALL_CLEAR: Practice.WITHDRAW,
            Act.RETRACT: Practice.WITHDRAW,
        },
        Nature.PAGE: {
            Act.ALERT: Practice.NEW,
            Act.UPDATE: Practice.NEW,
            Act.CORRECTION: Practice.CHANGE,
            Act.ALL_CLEAR: Practice.NEW,
            Act.RETRACT: Practice.MARK_WITHDRAWN,
        },
        Nature.NOTICE: dict.fromkeys(Act, Practice.TELL),
    }
)
"""What each kind does on each nature of channel. docs/reference/lifecycle.md shows the same table."""


def nature_of(channel: str) -> Nature:
    """The nature of a channel."""
    return CHANNELS[channel].nature


def texting() -> list[str]:
    """The channels that go to residents one by one."""
    return [name for name, channel in CHANNELS.items() if channel.nature is Nature.TEXT]


def is_for(kind: Kind, channel: str, *, notify: bool) -> bool:
    """Whether a message of a kind has a text for a channel."""
    practice = TABLE[nature_of(channel)][Act.of(kind)]
    return practice is not Practice.WITHDRAW and (practice is not Practice.AUDIENCE_IF_ASKED or notify)


@dataclass(frozen=True, slots=True)
class Placed:
    """A delivery of an earlier message of the incident in one place.

    Args:
        of_subject: whether its message is the one that is corrected or taken back, or a correction of that.
        held: it is in doubt and waits for a person.
        acts_on: the delivery whose text it replaces, marks or takes away.
    """

    id: int
    operation: Operation
    state: State
    of_subject: bool = False
    held: bool = False
    acts_on: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A delivery to be planned in a place.

    Args:
        acts_on: the delivery whose text it replaces, marks or takes away.
        after: the delivery that must be settled first; None if it may go at once.
    """

    operation: Operation
    acts_on: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """What is to be done in a place.

    Args:
        steps: in order; a later one waits for those before it.
        call_off: deliveries that are not to be sent any more.
    """

    steps: tuple[Step, ...] = ()
    call_off: tuple[int, ...] = ()

    def without_words(self) -> "Course":
        """The same where the message has no text of its own to send."""
        return replace(self, steps=tuple(step for step in self.steps if step.operation is not Operation.SEND))


_REMOVALS = frozenset({Practice.WITHDRAW, Practice.WITHDRAW_AND_UNMARK, Practice.MARK_WITHDRAWN})
_PLANNED = (State.WAITING, State.PENDING)
_UNSETTLED = (*_PLANNED, State.SENDING, State.IN_DOUBT)


def course(act: Act, nature: Nature, placed: Sequence[Placed]) -> Course:
    """What a message does in a place of a surface.

    Whatever has not left yet gives way: nobody needs the older word once there is a newer one. What is leaving in this
    moment is waited for. What may have left is not: it is never sent again, so it cannot come later. A correction of a
    text that stands is made all the same: without it the wrong text would stand beside the newer one.

    Args:
        placed: what the incident has there already, oldest first, without what was taken back.
    """
    practice = TABLE[nature][act]
    if practice is Practice.TELL:
        return Course((Step(Operation.SEND),))
    texts = [one for one in placed if one.operation in {Operation.SEND, Operation.REPLACE}]
    mends = act in {Act.CORRECTION, Act.RETRACT}
    if act is Act.CORRECTION and practice is Practice.REPLACE and _is_outdated(placed):
        return Course()
    if mends:
        texts = [one for one in texts if one.of_subject]
    leaving = {State.SENDING, State.IN_DOUBT}
    there = [
        one
        for one in texts
        if one.state in {*ARRIVED, *leaving}
        or (not mends and one.operation is Operation.REPLACE and one.state in _PLANNED)
    ]
    former = there[-1] if there else None
    marks = _marks(act, placed, {one.id for one in texts})
    stays = {one.id for one in there if one.state in _PLANNED}
    give_way = tuple(one.id for one in (*texts, *marks) if one.state in _UNSETTLED and one.id not in stays)
    marking = [one.id for one in marks if one.state is State.SENDING]
    steps = _steps(practice, former, marking[-1] if marking else None)
    if practice is Practice.WITHDRAW_AND_UNMARK:
        steps += tuple(Step(Operation.RESTORE, acts_on=mark.acts_on) for mark in _untrue(placed))
    return Course(steps, give_way)


def _is_outdated(placed: Sequence[Placed]) -> bool:
    """Whether a place that shows one text at a time shows a newer one than the corrected one, or none any more."""
    last = [one for one in placed if one.state not in {State.REJECTED, State.EXPIRED, State.CANCELLED}][-1:]
    return bool(last) and (not last[0].of_subject or last[0].operation is Operation.WITHDRAW)


def _marks(act: Act, placed: Sequence[Placed], subject: Collection[int]) -> Sequence[Placed]:
    """The marks that become untrue: a text's own on others if it is taken back, those on it if it is corrected."""
    marks = [one for one in placed if one.operation is Operation.MARK]
    if act is Act.RETRACT:
        return [one for one in marks if one.of_subject]
    return [one for one in marks if one.acts_on in subject] if act is Act.CORRECTION else []


def _untrue(placed: Sequence[Placed]) -> Sequence[Placed]:
    """The marks that speak of a text that is taken back, where nothing is newer and no correction is on top of them."""
    standing = [one for one in placed if one.operation in {Operation.SEND, Operation.REPLACE} and one.state in ARRIVED]
    if not standing or not standing[-1].of_subject:
        return []
    own = [one for one in placed if one.operation is Operation.MARK and one.of_subject and one.state in ARRIVED]
    return [mark for mark in own if not any(one.acts_on == mark.acts_on and one.id > mark.id for one in standing)][-1:]


def _steps(practice: Practice, former: Placed | None, marking: int | None) -> tuple[Step, ...]:
    if former is None:
        removes = practice in _REMOVALS
        return () if removes else (Step(Operation.SEND),)
    is_leaving = former.state in {*_PLANNED, State.SENDING}
    is_unsure = is_leaving or (former.state is State.IN_DOUBT and not former.held)
    new = Step(Operation.SEND, after=former.id if is_leaving else None)
    match practice:
        case Practice.NEW_AND_MARK:
            return new, Step(Operation.MARK, acts_on=former.id)
        case Practice.CHANGE:
            return (Step(Operation.REPLACE, acts_on=former.id, after=former.id if is_unsure else marking),)
        case practice if practice in _REMOVALS:
            return (Step(Operation.WITHDRAW, acts_on=former.id, after=former.id if is_unsure else None),)
        case _:
            return (new,)
