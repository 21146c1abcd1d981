"""How fast an account goes that is told that it is too much. Pure: answers go in, a share of the rate comes out.

A provider that is asked for more than it can do refuses the rest: going slower loses nothing, and the refusals end.
With one that refuses now and then whatever the pace, going slower only means that less gets done. Which of the two it
is shows itself at half the pace: the first takes as much as before, or all; the second refuses as large a share.
"""

from dataclasses import dataclass

ROUND = 40
"""Answers after which it is judged: enough to tell the two apart, and at a usual rate some seconds' worth."""

TOLERATED = 0.1
"""Share of refusals for which nobody goes slower."""

CHANCE = 0.2
"""By how much more may be refused in a round by mere chance."""

SLOWEST = 0.1
"""Share of its rate that an account keeps however near its limit it is, so that its usage is heard of."""


@dataclass(frozen=True, slots=True)
class Round:
    """Some answers one after the other.

    Args:
        share: of the rate, at which they were asked for.
        refused: share of them that said that it was too much.
    """

    share: float
    refused: float

    @property
    def taken(self) -> float:
        """What was taken, measured by the rate."""
        return self.share * (1 - self.refused)


@dataclass(frozen=True, slots=True)
class Course:
    """How an account goes on.

    Args:
        share: of its rate.
        tolerated: share of refusals for which it does not go slower.
    """

    share: float
    tolerated: float = TOLERATED


def course(last: Round, before: Round | None, tolerated: float = TOLERATED) -> Course:
    """Decide it after a round.

    Args:
        before: the round after which the account went slower, if it just did.
        tolerated: share of refusals that are known not to come from the pace.
    """
    if before is not None and _was_of_no_use(last, before):
        return Course(1.0, before.refused + CHANCE)
    is_too_fast = last.refused > tolerated
    return Course(max(SLOWEST, last.share / 2) if is_too_fast else last.share, tolerated)


def _was_of_no_use(last: Round, before: Round) -> bool:
    """Whether what was taken at the slower pace is nearer to what a provider takes that refuses at any pace."""
    by_pace = min(last.share, before.taken)
    at_any_pace = last.share * (1 - before.refused)
    return last.taken < (by_pace + at_any_pace) / 2
