"""A delivery's states, and what follows from what a channel said. Pure: no I/O, no clock, no chance of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from channels.contract import Accepted, Deferred, Halted, InDoubt, Outcome, Rejected
from messages.model import Severity


class Operation(StrEnum):
    """What is done with a rendition at its target."""

    SEND = "send"
    REPLACE = "replace"  # put in the place of the wrong text
    MARK = "mark"  # the former text, put in its own place with the word that there is a newer one
    RESTORE = "restore"  # the former text, put in its own place without that word, as the newer one is gone
    WITHDRAW = "withdraw"  # taken away


OWN_WORDS = frozenset({Operation.SEND, Operation.REPLACE})
"""What is done with a message's own text; all else is done with the text of a former one."""


class State(StrEnum):
    """Where a delivery stands. Drawn in docs/architecture.md."""

    WAITING = "waiting"  # to be sent once what it follows in the same place is settled there
    PENDING = "pending"  # to be sent when it is due
    SENDING = "sending"  # claimed: bytes may be on their way
    ACCEPTED = "accepted"  # the provider has it
    DELIVERED = "delivered"  # a receipt says that it arrived
    UNDELIVERED = "undelivered"  # a receipt says that it did not
    REJECTED = "rejected"  # the provider will never take it
    IN_DOUBT = "in_doubt"  # may have been sent; never sent again blindly
    ABANDONED = "abandoned"  # in doubt, and a person or policy let it be
    EXPIRED = "expired"  # stopped being true before it could be sent
    CANCELLED = "cancelled"  # taken back before it was sent


OPEN = (State.WAITING, State.PENDING, State.SENDING)
"""Something is still going to happen automatically."""

ARRIVED = (State.ACCEPTED, State.DELIVERED, State.UNDELIVERED, State.ABANDONED)
"""It went out, or may have, and nothing more will become of it."""

REACHED = (State.ACCEPTED, State.DELIVERED)
"""All went well, as far as is known."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a claimed delivery.

    Args:
        due: when it may be sent, for one that goes back to pending.
        attempts: how many attempts this one counts for: 0 when nothing was tried or the account was to blame.
        gone: the target is surely no good any more.
    """

    state: State
    reason: str | None = None
    remote_id: str | None = None
    due: datetime | None = None
    attempts: int = 1
    gone: bool = False


FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)


PATIENCE: Mapping[Severity, timedelta] = {
    Severity.EXTREME: timedelta(minutes=1),
    Severity.SEVERE: timedelta(minutes=1),
    Severity.MODERATE: timedelta(minutes=5),
    Severity.MINOR: timedelta(minutes=10),
    Severity.INFORMATION: timedelta(minutes=15),
}
"""How long a delivery is put off at most, whatever the provider asks for: an hour is no answer to an alarm."""


def backoff(attempts: int, dice: float) -> timedelta:
    """How long to wait after a number of attempts: doubling, between half and the whole of it by ``dice`` (0 to 1).

    The spread keeps the many deliveries that one outage put off from all coming back in the same moment.
    """
    whole = min(LONGEST_WAIT, FIRST_WAIT * float(2 ** min(attempts, 16)))
    return whole * (0.5 + dice / 2)


def decide(outcome: Outcome, attempts: int, now: datetime, dice: float, severity: Severity) -> Verdict:
    """What follows from an outcome of a message's delivery, after ``attempts`` earlier ones."""
    match outcome:
        case Accepted(remote_id):
            return Verdict(State.ACCEPTED, remote_id=remote_id)
        case Deferred(reason, after):
            wait = min(PATIENCE[severity], max(after or timedelta(0), backoff(attempts, dice)))
            return Verdict(State.PENDING, reason, due=now + wait)
        case Rejected(reason, gone):
            return Verdict(State.REJECTED, reason, gone=gone)
        case InDoubt(reason):
            return Verdict(State.IN_DOUBT, reason)
        case Halted(reason):
            return Verdict(State.PENDING, reason, due=now, attempts=0)
        case _:
            assert_never(outcome)


def unsent(now: datetime) -> Verdict:
    """Claimed but certainly not sent, because the work was stopped first: no attempt is lost."""
    return Verdict(State.PENDING, due=now, attempts=0)


INTERRUPTED = Verdict(State.IN_DOUBT, "the broadcaster was stopped while this was being sent")
CRASHED = Verdict(State.IN_DOUBT, "the broadcaster died while this was being sent")
EXPIRED = Verdict(State.EXPIRED, "expired before it could be sent", attempts=0)
