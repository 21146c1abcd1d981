"""What is said of services, and what that changes on the board."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.board import Change, Notice, Since, Stand, as_services, changes, described
from channels.contract import Standing
from messages.model import Service, ServiceStatus

NOW = datetime(2022, 12, 13, 8, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=12)
DOWN, LIMITED, WORKING = ServiceStatus.DOWN, ServiceStatus.LIMITED, ServiceStatus.WORKING
STANDING = Standing("borgholm", "E-post", DOWN, "Ring.", BEFORE, BEFORE)


def after(notice: Notice, *board: Standing) -> Stand | None:
    (change,) = changes(board, [notice], NOW)
    return change.after


@pytest.mark.parametrize("name", ["E-post", "e-post", "Epost", "E\u2011post", " E-POST"])
def test_a_service_is_the_one_that_stands_there_however_it_is_typed(name: str) -> None:
    assert changes([STANDING], [Notice("borgholm", name, WORKING)], NOW) == (
        Change("borgholm", "E-post", Stand(DOWN, "Ring.", BEFORE), Stand(WORKING, "", NOW)),
    )


def test_a_service_is_called_as_others_call_it() -> None:
    (change,) = changes([STANDING], [Notice("morbylanga", "epost", DOWN)], NOW)
    assert (change.municipality, change.name, change.before) == ("morbylanga", "E-post", None)


def test_where_a_service_stands_in_two_ways_one_is_left() -> None:
    twin = replace(STANDING, name="e-post", status=WORKING, note="", since=None)
    found = changes([STANDING, twin], [Notice("borgholm", "E-post", LIMITED)], NOW)
    assert {(change.name, change.after and change.after.status) for change in found} == {
        ("e-post", None),
        ("E-post", LIMITED),
    }


def test_what_is_as_it_was_changes_nothing() -> None:
    assert changes([STANDING], [Notice("borgholm", "e-post", DOWN, "Ring.")], NOW) == ()
    assert changes([], [Notice("borgholm", "E-post", None)], NOW) == ()


@pytest.mark.parametrize(
    ("status", "since", "board", "expected"),
    [
        (WORKING, Since.CHANGED, [], None),  # it never failed
        (DOWN, Since.CHANGED, [], NOW),
        (WORKING, Since.CHANGED, [STANDING], NOW),  # it works again
        (DOWN, Since.CHANGED, [STANDING], BEFORE),
        (LIMITED, Since.CHANGED, [STANDING], NOW),
        (DOWN, NOW - timedelta(hours=1), [STANDING], NOW - timedelta(hours=1)),
        (WORKING, Since.UNKNOWN, [STANDING], None),
    ],
)
def test_since_when_a_service_stands_as_it_does(
    status: ServiceStatus, since: datetime | Since, board: list[Standing], expected: datetime | None
) -> None:
    stand = after(Notice("borgholm", "E-post", status, "!", since), *board)
    assert stand is not None
    assert stand.since == expected


def test_a_change_is_told_in_a_few_words() -> None:
    down, up = Stand(DOWN, "Ring.", BEFORE), Stand(WORKING, "", NOW)

    def told(before: Stand | None, after: Stand | None) -> str:
        return described(Change("borgholm", "E-post", before, after), lambda time: f"{time:%H}")

    assert told(down, up) == "borgholm/E-post: down (Ring.) → working"
    assert told(None, up) == "borgholm/E-post: not on the board → working"
    assert told(down, None) == "borgholm/E-post: down (Ring.) → not on the board"
    assert told(down, replace(down, since=None)) == (
        "borgholm/E-post: down since 20 (Ring.) → down since nobody knows when (Ring.)"
    )


def test_a_board_that_is_the_same_for_all_is_said_once() -> None:
    board = [STANDING, replace(STANDING, municipality="morbylanga"), replace(STANDING, name="Växel")]
    assert as_services(board, ("borgholm", "morbylanga")) == (
        Service("E-post", DOWN, "Ring."),
        Service("Växel", DOWN, "Ring.", ("borgholm",)),
    )
    assert as_services(board, ("alvesta",)) == ()
