"""What each kind does in a place, by tables: every act, over every state that an earlier delivery may be in."""

import pytest

from broadcaster.delivery import Operation, State
from broadcaster.lifecycle import TABLE, Act, Course, Placed, Practice, Step, course, is_for, nature_of
from channels.contract import Nature
from channels.registry import CHANNELS
from messages.model import Kind

SEND = (Step(Operation.SEND),)
ACCEPTED = Placed(1, Operation.SEND, State.ACCEPTED, of_subject=True)


def one(state: State, *, held: bool = False) -> Placed:
    return Placed(1, Operation.SEND, state, of_subject=True, held=held)


def test_the_table_has_a_practice_for_every_kind_on_every_nature_of_channel() -> None:
    assert set(TABLE) == set(Nature)
    assert {nature: set(acts) for nature, acts in TABLE.items()} == {nature: set(Act) for nature in Nature}
    assert {Act.of(kind) for kind in Kind} == set(Act) - {Act.RETRACT}


def test_every_channel_has_a_nature() -> None:
    assert {name: nature_of(name) for name in CHANNELS} == {
        "facebook": Nature.POST,
        "sms": Nature.TEXT,
        "feed": Nature.ENTRY,
        "page": Nature.PAGE,
        "websub": Nature.NOTICE,
        "ivr": Nature.LINE,
    }


@pytest.mark.parametrize(
    ("act", "nature", "expected"),
    [
        (Act.UPDATE, Nature.POST, (*SEND, Step(Operation.MARK, acts_on=1))),
        (Act.CORRECTION, Nature.POST, (Step(Operation.REPLACE, acts_on=1),)),
        (Act.ALL_CLEAR, Nature.POST, (*SEND, Step(Operation.MARK, acts_on=1))),
        (Act.RETRACT, Nature.POST, (Step(Operation.WITHDRAW, acts_on=1),)),  # nothing was marked
        (Act.UPDATE, Nature.ENTRY, SEND),
        (Act.CORRECTION, Nature.ENTRY, (Step(Operation.REPLACE, acts_on=1),)),
        (Act.ALL_CLEAR, Nature.ENTRY, SEND),
        (Act.RETRACT, Nature.ENTRY, (Step(Operation.WITHDRAW, acts_on=1),)),
        (Act.UPDATE, Nature.LINE, SEND),
        (Act.CORRECTION, Nature.LINE, SEND),
        (Act.ALL_CLEAR, Nature.LINE, (Step(Operation.WITHDRAW, acts_on=1),)),
        (Act.RETRACT, Nature.LINE, (Step(Operation.WITHDRAW, acts_on=1),)),
        (Act.UPDATE, Nature.PAGE, SEND),
        (Act.CORRECTION, Nature.PAGE, (Step(Operation.REPLACE, acts_on=1),)),
        (Act.ALL_CLEAR, Nature.PAGE, SEND),
        (Act.RETRACT, Nature.PAGE, (Step(Operation.WITHDRAW, acts_on=1),)),
        (Act.RETRACT, Nature.NOTICE, SEND),
    ],
)
def test_what_is_done_where_the_earlier_message_stands(act: Act, nature: Nature, expected: tuple[Step, ...]) -> None:
    assert course(act, nature, [ACCEPTED]) == Course(expected)


@pytest.mark.parametrize("state", [State.REJECTED, State.EXPIRED, State.CANCELLED])
def test_what_never_appeared_counts_for_nothing(state: State) -> None:
    assert course(Act.UPDATE, Nature.POST, [one(state)]) == Course(SEND)
    assert course(Act.CORRECTION, Nature.POST, [one(state)]) == Course(SEND)
    assert course(Act.RETRACT, Nature.POST, [one(state)]) == Course()
    assert course(Act.ALL_CLEAR, Nature.LINE, [one(state)]) == Course()


@pytest.mark.parametrize("state", [State.PENDING, State.WAITING])
@pytest.mark.parametrize("act", [Act.UPDATE, Act.CORRECTION, Act.ALL_CLEAR])
def test_what_has_not_left_gives_way_to_the_newer_word(state: State, act: Act) -> None:
    assert course(act, Nature.POST, [one(state)]) == Course(SEND, call_off=(1,))


def test_what_is_leaving_is_waited_for_and_not_sent_again() -> None:
    new, mark = course(Act.UPDATE, Nature.POST, [one(State.SENDING)]).steps
    assert new == Step(Operation.SEND, after=1)
    assert mark == Step(Operation.MARK, acts_on=1)
    assert course(Act.UPDATE, Nature.POST, [one(State.SENDING)]).call_off == (1,)


def test_what_may_have_left_holds_up_no_update_but_is_never_sent_again() -> None:
    assert course(Act.UPDATE, Nature.POST, [one(State.IN_DOUBT)]) == Course(
        (*SEND, Step(Operation.MARK, acts_on=1)), call_off=(1,)
    )


def test_a_correction_waits_for_a_doubt_but_not_for_a_person() -> None:
    asked = course(Act.CORRECTION, Nature.POST, [one(State.IN_DOUBT)])
    assert asked == Course((Step(Operation.REPLACE, acts_on=1, after=1),), call_off=(1,))
    held = course(Act.CORRECTION, Nature.POST, [one(State.IN_DOUBT, held=True)])
    assert held == Course((Step(Operation.REPLACE, acts_on=1),), call_off=(1,))


def test_a_correction_replaces_what_stands_although_a_later_version_has_not_left() -> None:
    versions = [ACCEPTED, Placed(2, Operation.REPLACE, State.PENDING, of_subject=True)]
    assert course(Act.CORRECTION, Nature.POST, versions) == Course((Step(Operation.REPLACE, acts_on=1),), call_off=(2,))


def test_a_retraction_takes_back_the_mark_that_its_message_has_left_on_the_former_one() -> None:
    former = Placed(1, Operation.SEND, State.ACCEPTED)
    newer = Placed(2, Operation.SEND, State.ACCEPTED, of_subject=True)
    mark = Placed(3, Operation.MARK, State.ACCEPTED, of_subject=True, acts_on=1)
    taken = Step(Operation.WITHDRAW, acts_on=2)
    assert course(Act.RETRACT, Nature.POST, [former, newer, mark]).steps == (
        taken,
        Step(Operation.RESTORE, acts_on=1),
    )
    newest = Placed(4, Operation.SEND, State.ACCEPTED)
    assert course(Act.RETRACT, Nature.POST, [former, newer, mark, newest]).steps == (taken,)
    corrected = Placed(4, Operation.REPLACE, State.ACCEPTED, acts_on=1)
    assert course(Act.RETRACT, Nature.POST, [former, newer, mark, corrected]).steps == (taken,)
    pending = Placed(3, Operation.MARK, State.PENDING, of_subject=True, acts_on=1)
    assert course(Act.RETRACT, Nature.POST, [former, newer, pending]) == Course((taken,), call_off=(3,))


def test_a_correction_leaves_other_messages_alone() -> None:
    other = Placed(2, Operation.SEND, State.PENDING)
    assert course(Act.CORRECTION, Nature.POST, [ACCEPTED, other]) == Course((Step(Operation.REPLACE, acts_on=1),))


@pytest.mark.parametrize("act", [Act.UPDATE, Act.ALL_CLEAR])
def test_a_correction_of_what_stands_is_made_before_a_newer_message_comes(act: Act) -> None:
    placed = [Placed(1, Operation.SEND, State.ACCEPTED), Placed(2, Operation.REPLACE, State.PENDING, acts_on=1)]
    found = course(act, Nature.POST, placed)
    assert found.steps[0] == Step(Operation.SEND, after=2)
    assert found.call_off == ()


@pytest.mark.parametrize(("state", "after"), [(State.PENDING, None), (State.WAITING, None), (State.SENDING, 3)])
def test_a_correction_stops_the_mark_that_would_bring_the_wrong_text_back(state: State, after: int | None) -> None:
    mark = Placed(3, Operation.MARK, state, acts_on=1)
    placed = [ACCEPTED, Placed(2, Operation.SEND, State.ACCEPTED), mark]
    wanted = Course((Step(Operation.REPLACE, acts_on=1, after=after),), call_off=(3,))
    assert course(Act.CORRECTION, Nature.POST, placed) == wanted


@pytest.mark.parametrize("operation", [Operation.SEND, Operation.WITHDRAW])
def test_a_line_that_has_gone_on_is_not_changed_by_the_correction_of_an_older_text(operation: Operation) -> None:
    newer = Placed(2, operation, State.ACCEPTED, acts_on=1)
    assert course(Act.CORRECTION, Nature.LINE, [ACCEPTED, newer]) == Course()
    never = Placed(2, operation, State.CANCELLED, acts_on=1)
    assert course(Act.CORRECTION, Nature.LINE, [ACCEPTED, never]) == Course(SEND)


def test_an_alert_meets_nothing_that_gives_way() -> None:
    assert [practice for acts in TABLE.values() for act, practice in acts.items() if act is Act.ALERT] == [
        Practice.NEW,
        Practice.AUDIENCE,
        Practice.NEW,
        Practice.REPLACE,
        Practice.NEW,
        Practice.TELL,
    ]


@pytest.mark.parametrize(
    ("kind", "channel", "notify", "expected"),
    [
        (Kind.ALERT, "sms", False, True),
        (Kind.UPDATE, "sms", False, False),
        (Kind.UPDATE, "sms", True, True),
        (Kind.CORRECTION, "sms", False, True),
        (Kind.ALL_CLEAR, "sms", False, True),
        (Kind.ALL_CLEAR, "ivr", False, False),
        (Kind.UPDATE, "ivr", False, True),
    ],
)
def test_a_kind_has_a_text_only_where_somebody_gets_it(
    kind: Kind, channel: str, *, notify: bool, expected: bool
) -> None:
    assert is_for(kind, channel, notify=notify) is expected
