"""What becomes of a delivery that may have been sent. Pure: a finding goes in, a settlement comes out.

The provider is asked first, for as long as it takes. Only when it cannot be asked for a long time does policy step in,
and only for life and safety: anything else waits for a person.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from broadcaster.delivery import State, backoff
from channels.contract import Finding, Matches, Unclear
from messages.model import Severity

FIRST_LOOK_AGAIN = timedelta(seconds=5)
LONGEST_LOOK_AGAIN = timedelta(minutes=1)

ANSWER_WITHIN = timedelta(minutes=10)
"""How long a provider may fail to answer before policy decides in its place."""

LIFE_AND_SAFETY = frozenset({Severity.EXTREME, Severity.SEVERE})
"""Getting such a message twice is better than not at all."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a doubt.

    Args:
        since: since when the provider could be asked.
        attempts: how often it has been tried.
        looks: how often the provider was asked without an answer.
        again: whether policy has sent it once more already.
    """

    severity: Severity
    since: datetime
    expires: datetime
    attempts: int = 1
    looks: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of it.

    Args:
        due: when it is sent (pending), or when the provider is asked next (in doubt).
        again: it is sent once more although the provider may have it.
        held: it waits for a person, though the provider is still asked.
    """

    state: State
    due: datetime
    reason: str | None = None
    remote_id: str | None = None
    again: bool = False
    held: bool = False


def together(findings: Collection[Finding]) -> Finding:
    """What several providers say of a delivery that any of them may have: that it is nowhere, only all can say."""
    found = tuple(id_ for finding in findings if isinstance(finding, Matches) for id_ in finding.remote_ids)
    unclear = next((finding for finding in findings if isinstance(finding, Unclear)), None)
    return Matches(found) if found or unclear is None else unclear


def judge(finding: Finding, taken: Collection[str], case: Case, now: datetime, dice: float) -> Settlement:
    """Settle a doubt, or say when to ask next.

    Args:
        taken: remote ids that belong to other deliveries; a match with one of them is not ours.
        dice: spreads what goes back (0 to 1).
    """
    match finding:
        case Matches(remote_ids):
            ours = next((remote_id for remote_id in remote_ids if remote_id not in taken), None)
            if ours is not None:
                return Settlement(State.ACCEPTED, now, remote_id=ours)
            if case.expires <= now:
                return Settlement(State.EXPIRED, now, "expired before it could be sent")
            wait = backoff(case.attempts, dice)
            return Settlement(State.PENDING, now + wait, "the provider has no trace of it, so it was not sent")
        case Unclear(reason):
            return _unanswered(reason, case, now)
        case _:
            assert_never(finding)


def _unanswered(reason: str, case: Case, now: datetime) -> Settlement:
    wait = min(LONGEST_LOOK_AGAIN, FIRST_LOOK_AGAIN * float(2 ** min(case.looks, 8)))
    if now - case.since < ANSWER_WITHIN:
        return Settlement(State.IN_DOUBT, now + wait, f"may have been sent; the provider cannot tell yet: {reason}")
    if case.severity in LIFE_AND_SAFETY and not case.again and now < case.expires:
        return Settlement(
            State.PENDING, now, f"sent once more, as lives may depend on it and nobody can tell: {reason}", again=True
        )
    return Settlement(State.IN_DOUBT, now + LONGEST_LOOK_AGAIN, f"waits for a person: {reason}", held=True)
