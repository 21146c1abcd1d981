"""What becomes of a doubt, by what the provider says: a table of decisions."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.delivery import State
from broadcaster.doubt import ANSWER_WITHIN, LONGEST_LOOK_AGAIN, Case, judge
from channels.contract import Finding, Matches, Unclear
from messages.model import Severity

NOW = datetime(2022, 12, 12, 20, 0, tzinfo=UTC)
SILENT = Unclear("no answer")
NOTHING = Matches(())


def case(
    severity: Severity = Severity.MODERATE,
    ago: timedelta = timedelta(minutes=1),
    left: timedelta = timedelta(hours=1),
    *,
    looks: int = 0,
    again: bool = False,
) -> Case:
    return Case(severity, since=NOW - ago, expires=NOW + left, looks=looks, again=again)


@pytest.mark.parametrize(
    ("finding", "known", "state", "again", "held"),
    [
        (Matches(("SM1",)), case(), State.ACCEPTED, False, False),
        (NOTHING, case(), State.PENDING, False, False),
        (NOTHING, case(left=timedelta(0)), State.EXPIRED, False, False),
        (SILENT, case(), State.IN_DOUBT, False, False),
        (SILENT, case(Severity.EXTREME), State.IN_DOUBT, False, False),
        (SILENT, case(ago=ANSWER_WITHIN), State.IN_DOUBT, False, True),
        (SILENT, case(Severity.MINOR, ANSWER_WITHIN), State.IN_DOUBT, False, True),
        (SILENT, case(Severity.INFORMATION, ANSWER_WITHIN), State.IN_DOUBT, False, True),
        (SILENT, case(Severity.EXTREME, ANSWER_WITHIN), State.PENDING, True, False),
        (SILENT, case(Severity.SEVERE, ANSWER_WITHIN), State.PENDING, True, False),
        (SILENT, case(Severity.SEVERE, ANSWER_WITHIN, again=True), State.IN_DOUBT, False, True),
        (SILENT, case(Severity.SEVERE, ANSWER_WITHIN, left=timedelta(0)), State.IN_DOUBT, False, True),
    ],
)
def test_a_finding_leads_to_a_settlement(finding: Finding, known: Case, state: State, again: bool, held: bool) -> None:
    settlement = judge(finding, (), known, NOW, dice=0.5)

    assert (settlement.state, settlement.again, settlement.held) == (state, again, held)


def test_the_first_match_that_is_nobody_elses_is_ours() -> None:
    assert judge(Matches(("SM1", "SM2", "SM3")), {"SM1"}, case(), NOW, 0.5).remote_id == "SM2"


def test_matches_that_are_all_somebody_elses_prove_that_it_was_not_sent() -> None:
    assert judge(Matches(("SM1",)), {"SM1"}, case(), NOW, 0.5).state is State.PENDING


@given(looks=st.integers(0, 10_000))
def test_a_silent_provider_is_asked_again_less_and_less_often_but_at_least_every_minute(looks: int) -> None:
    due = judge(SILENT, (), case(looks=looks), NOW, 0.5).due
    later = judge(SILENT, (), case(looks=looks + 1), NOW, 0.5).due

    assert NOW < due <= later <= NOW + LONGEST_LOOK_AGAIN


@given(
    finding=st.one_of(st.builds(Matches, st.lists(st.sampled_from("abc")).map(tuple)), st.just(SILENT)),
    severity=st.sampled_from(Severity),
    minutes=st.integers(0, 60),
    left=st.integers(-60, 60),
    again=st.booleans(),
    taken=st.sets(st.sampled_from("abc")),
)
def test_nothing_is_sent_again_unless_it_is_surely_absent_or_lives_depend_on_it_and_only_once(
    finding: Finding, severity: Severity, minutes: int, left: int, again: bool, taken: set[str]
) -> None:
    known = case(severity, timedelta(minutes=minutes), timedelta(minutes=left), again=again)

    settlement = judge(finding, taken, known, NOW, dice=0.5)

    if settlement.state is State.PENDING:
        assert left > 0
        if isinstance(finding, Matches):
            assert set(finding.remote_ids) <= taken
            assert not settlement.again
        else:
            assert severity in {Severity.EXTREME, Severity.SEVERE}
            assert settlement.again
            assert not again
