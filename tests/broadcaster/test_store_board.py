"""The board of services, kept in the database: what stands on it, since when, and who said so."""

from dataclasses import replace

import pytest

from broadcaster.store.board import BoardStore, Notice
from broadcaster.store.database import Database
from broadcaster.store.submissions import submit
from channels.contract import Standing
from messages.model import ServiceStatus
from tests.support.storing import HOUR, NOW, SECOND, fetch, submission

DOWN = Notice("borgholm", "E-tjänster", ServiceStatus.DOWN, "Ring växeln.")
LATER = NOW + HOUR


@pytest.fixture
def board(database: Database) -> BoardStore:
    return BoardStore(database)


async def test_what_is_said_stands_on_the_board(board: BoardStore) -> None:
    assert await board.set([DOWN, replace(DOWN, municipality="alvesta")], NOW, "anna") == 2
    assert await board.standings() == [
        Standing("alvesta", "E-tjänster", ServiceStatus.DOWN, "Ring växeln.", NOW, NOW),
        Standing("borgholm", "E-tjänster", ServiceStatus.DOWN, "Ring växeln.", NOW, NOW),
    ]


async def test_a_new_status_begins_anew(board: BoardStore) -> None:
    await board.set([DOWN], NOW, "anna")
    assert await board.set([replace(DOWN, status=ServiceStatus.LIMITED)], LATER, "bo") == 1
    [standing] = await board.standings()
    assert (standing.status, standing.since, standing.changed) == (ServiceStatus.LIMITED, LATER, LATER)


async def test_a_new_note_leaves_since_when_it_stands_like_that(board: BoardStore) -> None:
    await board.set([DOWN], NOW, "anna")
    assert await board.set([replace(DOWN, note="Ring inte.")], LATER, "bo") == 1
    [standing] = await board.standings()
    assert (standing.note, standing.since, standing.changed) == ("Ring inte.", NOW, LATER)


async def test_the_same_again_changes_nothing(database: Database, board: BoardStore) -> None:
    await board.set([DOWN], NOW, "anna")
    assert await board.set([DOWN], LATER, "bo") == 0
    [standing] = await board.standings()
    assert standing.changed == NOW
    assert await fetch(database, "SELECT services.by FROM services") == [("anna",)]


async def test_the_last_word_on_a_service_counts(board: BoardStore) -> None:
    await board.set([DOWN, replace(DOWN, status=ServiceStatus.WORKING, note="")], NOW, "anna")
    [standing] = await board.standings()
    assert (standing.status, standing.note) == (ServiceStatus.WORKING, "")


async def test_a_service_is_taken_off_the_board_of_those_who_were_named(board: BoardStore) -> None:
    both = [DOWN, replace(DOWN, municipality="alvesta"), replace(DOWN, name="Bibliotek")]
    await board.set(both, NOW, "anna")
    assert await board.clear(["borgholm"], "E-tjänster", LATER, "bo") == 1
    assert [(s.municipality, s.name) for s in await board.standings()] == [
        ("alvesta", "E-tjänster"),
        ("borgholm", "Bibliotek"),
    ]
    assert await board.clear(["borgholm"], "E-tjänster", LATER, "bo") == 0
    assert await board.clear(["borgholm", "alvesta"], None, LATER, "bo") == 2
    assert await board.standings() == []


async def test_every_change_by_a_person_is_in_the_audit(database: Database, board: BoardStore) -> None:
    await board.set([DOWN], NOW, "anna")
    await board.clear(["borgholm"], None, LATER, "bo")
    assert await fetch(database, "SELECT actor, action, subject, details FROM audit ORDER BY id") == [
        ("anna", "services.set", "borgholm/E-tjänster", "down"),
        ("bo", "services.clear", "borgholm/E-tjänster", ""),
    ]


async def test_a_message_sets_the_board_as_it_is_submitted_and_once(database: Database, board: BoardStore) -> None:
    message = replace(submission(), services=(DOWN,))
    assert await submit(database, message, "anna")
    await board.set([replace(DOWN, status=ServiceStatus.WORKING)], LATER, "bo")
    assert not await submit(database, message, "anna")
    [standing] = await board.standings()
    assert standing.status is ServiceStatus.WORKING


async def test_the_revision_is_another_whenever_the_board_is(board: BoardStore) -> None:
    seen = [await board.revision()]

    async def changed() -> bool:
        seen.append(await board.revision())
        return seen[-1] not in seen[:-1]

    await board.set([DOWN], NOW, "anna")
    assert await changed()
    await board.set([DOWN], NOW + SECOND, "anna")
    assert not await changed()
    await board.set([replace(DOWN, note="")], NOW + SECOND, "anna")
    assert await changed()
    await board.clear(["borgholm"], None, LATER, "anna")
    assert await board.revision() == seen[0]
