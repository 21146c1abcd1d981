"""What follows what: every kind over every thread, as people would lead it and as they would get it wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.store.errors import RefusedError
from broadcaster.store.incidents import Incident
from broadcaster.store.threads import Said
from broadcaster.succession import predecessor, since_cleared, with_corrections
from messages.model import Kind, Severity

NOW = datetime(2022, 12, 12, 20, 0, tzinfo=UTC)
OPEN = Incident("Dataintrång", NOW, "anna", None, None, None, None)
CLOSED = Incident("Dataintrång", NOW, "anna", NOW, "anna", None, None)
BOTH = ("borgholm", "morbylanga")


def said(
    id_: str, kind: Kind, follows: str | None = None, *, for_: tuple[str, ...] = BOTH, retracted: bool = False
) -> Said:
    return Said(
        id=id_,
        incident="Dataintrång",
        kind=kind,
        severity=Severity.SEVERE,
        headline=id_,
        source="",
        issued=NOW,
        expires=NOW + timedelta(days=1),
        next_update=None,
        follows=follows,
        retracted=NOW if retracted else None,
        municipalities=for_,
    )


ALERT = said("alert", Kind.ALERT)
UPDATE = said("update", Kind.UPDATE, "alert")
FIX = said("fix", Kind.CORRECTION, "update")
CLEAR = said("clear", Kind.ALL_CLEAR, "update")


@pytest.mark.parametrize(
    ("kind", "follows", "thread", "expected"),
    [
        (Kind.ALERT, "", [ALERT], None),
        (Kind.UPDATE, "", [ALERT], ALERT),
        (Kind.UPDATE, "", [ALERT, UPDATE], UPDATE),
        (Kind.UPDATE, "fix", [ALERT, UPDATE, FIX], FIX),
        (Kind.CORRECTION, "", [ALERT, UPDATE], UPDATE),
        (Kind.CORRECTION, "alert", [ALERT, UPDATE], ALERT),
        (Kind.CORRECTION, "fix", [ALERT, UPDATE, FIX], FIX),
        (Kind.CORRECTION, "clear", [ALERT, UPDATE, CLEAR], CLEAR),
        (Kind.ALL_CLEAR, "", [ALERT, UPDATE, FIX], FIX),
        (Kind.UPDATE, "", [ALERT, said("update", Kind.UPDATE, "alert", retracted=True)], ALERT),
    ],
)
def test_a_message_follows_the_one_that_it_names_or_the_last_that_stands(
    kind: Kind, follows: str, thread: list[Said], expected: Said | None
) -> None:
    assert predecessor(kind, follows, BOTH, OPEN, thread) == expected


@pytest.mark.parametrize(
    ("kind", "follows", "thread", "words"),
    [
        (Kind.ALERT, "alert", [ALERT], 'An alert follows nothing. Write kind = "update"'),
        (Kind.UPDATE, "", [], "Nothing has been said in the incident 'Dataintrång'"),
        (Kind.UPDATE, "other", [ALERT], "No message other was sent in the incident 'Dataintrång'"),
        (Kind.UPDATE, "alert", [ALERT, UPDATE], "`broadcaster update update FILE`"),
        (Kind.ALL_CLEAR, "alert", [ALERT, UPDATE], "`broadcaster all-clear update`"),
        (Kind.UPDATE, "", [ALERT, UPDATE, CLEAR], "is over for borgholm, morbylanga: clear"),
        (Kind.UPDATE, "gone", [ALERT, said("gone", Kind.UPDATE, "alert", retracted=True)], "gone was taken back"),
        (Kind.CORRECTION, "", [], "Nothing has been sent in the incident 'Dataintrång'"),
        (Kind.CORRECTION, "update", [ALERT, UPDATE, FIX], "`broadcaster correct fix FILE`"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(kind: Kind, follows: str, thread: list[Said], words: str) -> None:
    with pytest.raises(RefusedError) as refused:
        predecessor(kind, follows, BOTH, OPEN, thread)
    assert words in str(refused.value)


@pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.ALL_CLEAR])
def test_a_closed_incident_takes_no_update_and_says_how_to_open_it(kind: Kind) -> None:
    with pytest.raises(RefusedError, match=r'is closed.*`broadcaster incident open "Dataintrång"`'):
        predecessor(kind, "", BOTH, CLOSED, [ALERT])


def test_a_wrong_all_clear_is_corrected_although_it_has_closed_the_incident() -> None:
    assert predecessor(Kind.CORRECTION, "", BOTH, CLOSED, [ALERT, UPDATE, CLEAR]) == CLEAR


def test_a_municipality_follows_what_was_said_for_it_and_not_what_another_said_for_itself() -> None:
    thread = [ALERT, said("theirs", Kind.UPDATE, "alert", for_=("morbylanga",))]
    assert predecessor(Kind.UPDATE, "", ("borgholm",), OPEN, thread) == ALERT
    assert predecessor(Kind.UPDATE, "alert", ("borgholm",), OPEN, thread) == ALERT
    with pytest.raises(RefusedError, match="alert was followed by theirs"):
        predecessor(Kind.UPDATE, "alert", ("morbylanga",), OPEN, thread)


def test_all_versions_of_a_text_belong_together_whichever_is_named() -> None:
    again = said("again", Kind.CORRECTION, "fix")
    thread = [ALERT, UPDATE, FIX, again]
    for version in (UPDATE, FIX, again):
        assert with_corrections(version, thread) == [UPDATE, FIX, again]
    assert with_corrections(ALERT, thread) == [ALERT]


def test_what_stands_is_what_was_said_since_the_last_all_clear_and_not_taken_back() -> None:
    assert since_cleared([ALERT, UPDATE], "borgholm") == [ALERT, UPDATE]
    assert since_cleared([ALERT, CLEAR], "borgholm") == []
    assert since_cleared([ALERT, CLEAR, said("fixed", Kind.CORRECTION, "clear")], "borgholm") == []
    assert since_cleared([ALERT, said("a", Kind.ALL_CLEAR, "alert", for_=("morbylanga",))], "borgholm") == [ALERT]
    assert since_cleared([said("gone", Kind.ALERT, retracted=True)], "borgholm") == []
