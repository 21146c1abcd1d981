"""What follows from what a channel said."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.delivery import FIRST_WAIT, LONGEST_WAIT, PATIENCE, State, Verdict, backoff, decide, unsent
from channels.contract import Accepted, Deferred, Halted, InDoubt, Outcome, Rejected
from messages.model import Severity

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

DECISIONS: list[tuple[Outcome, Verdict]] = [
    (Accepted("SM1"), Verdict(State.ACCEPTED, remote_id="SM1", attempts=1)),
    (Rejected("no such page"), Verdict(State.REJECTED, "no such page", attempts=1)),
    (InDoubt("no answer"), Verdict(State.IN_DOUBT, "no answer", attempts=1)),
    (Halted("the token has expired"), Verdict(State.PENDING, "the token has expired", due=NOW, attempts=0)),
    (Deferred("no connection"), Verdict(State.PENDING, "no connection", due=NOW + 3 * FIRST_WAIT, attempts=1)),
    (Deferred("busy", MINUTE), Verdict(State.PENDING, "busy", due=NOW + MINUTE, attempts=1)),
    (Deferred("busy", FIRST_WAIT), Verdict(State.PENDING, "busy", due=NOW + 3 * FIRST_WAIT, attempts=1)),
]


@pytest.mark.parametrize(("outcome", "verdict"), DECISIONS, ids=[str(outcome) for outcome, _ in DECISIONS])
def test_every_outcome_has_its_verdict(outcome: Outcome, verdict: Verdict) -> None:
    assert decide(outcome, attempts=2, now=NOW, dice=0.5, severity=Severity.SEVERE) == verdict


@pytest.mark.parametrize("asked", [timedelta(hours=1), timedelta(days=1), timedelta(days=400)])
@pytest.mark.parametrize(
    ("severity", "longest"),
    [
        (Severity.EXTREME, MINUTE),
        (Severity.SEVERE, MINUTE),
        (Severity.MODERATE, 5 * MINUTE),
        (Severity.MINOR, 10 * MINUTE),
        (Severity.INFORMATION, 15 * MINUTE),
    ],
)
def test_no_provider_puts_a_delivery_off_for_longer_than_its_severity_bears(
    severity: Severity, longest: timedelta, asked: timedelta
) -> None:
    assert decide(Deferred("too much", asked, throttled=True), 0, NOW, 0.5, severity).due == NOW + longest
    assert decide(Deferred("busy"), 10_000, NOW, 1.0, severity).due == NOW + min(longest, LONGEST_WAIT)


def test_every_severity_says_how_long_it_bears_to_wait() -> None:
    assert PATIENCE.keys() == set(Severity)


def test_every_kind_of_outcome_has_been_decided_upon() -> None:
    assert {type(outcome) for outcome, _ in DECISIONS} == set(get_args(Outcome))


@given(
    st.sampled_from([Accepted("SM1"), Rejected("no"), InDoubt("no answer"), Halted("no credit"), Deferred("busy")]),
    st.integers(0, 10_000),
    st.floats(0, 1),
)
def test_only_what_is_certainly_not_done_is_ever_tried_again(outcome: Outcome, attempts: int, dice: float) -> None:
    again = decide(outcome, attempts, NOW, dice, Severity.SEVERE).state is State.PENDING
    assert again is isinstance(outcome, Deferred | Halted)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_wait_lies_between_half_and_the_whole_of_a_doubling_time(attempts: int, dice: float) -> None:
    whole = min(LONGEST_WAIT, timedelta(seconds=2 ** min(attempts, 20)))
    assert whole / 2 <= backoff(attempts, dice) <= whole


@given(st.integers(0, 100), st.floats(0, 1))
def test_waits_never_get_shorter_with_more_attempts(attempts: int, dice: float) -> None:
    assert backoff(attempts, dice) <= backoff(attempts + 1, dice)


def test_waits_are_spread_over_the_dice() -> None:
    waits = [backoff(5, dice / 10) for dice in range(11)]
    assert all(later > earlier for earlier, later in pairwise(waits))


@given(st.timedeltas(timedelta(0), PATIENCE[Severity.INFORMATION]), st.integers(0, 30), st.floats(0, 1))
def test_a_provider_that_says_how_long_is_never_asked_earlier(after: timedelta, attempts: int, dice: float) -> None:
    due = decide(Deferred("busy", after), attempts, NOW, dice, Severity.INFORMATION).due
    assert due is not None
    assert due >= NOW + after


def test_what_was_never_tried_costs_no_attempt_and_is_due_at_once() -> None:
    assert unsent(NOW) == Verdict(State.PENDING, due=NOW, attempts=0)
