"""The board of services, kept in the database: what stands on it, since when, and who said so."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from broadcaster.board import Cause, Change, Entry, Notice, Stand, described
from broadcaster.store.board import BoardStore, history
from broadcaster.store.database import Database
from broadcaster.store.retractions import foreseen, retract
from broadcaster.store.submissions import submit
from channels.contract import Standing
from messages.model import ServiceStatus
from tests.support.storing import HOUR, NOW, SECOND, execute, fetch, migrated, submission

DOWN = Notice("borgholm", "E-tjänster", ServiceStatus.DOWN, "Ring växeln.")
LATER = NOW + HOUR


@pytest.fixture
def board(database: Database) -> BoardStore:
    return BoardStore(database)


async def test_what_is_said_stands_on_the_board(board: BoardStore) -> None:
    assert len(await board.set([DOWN, replace(DOWN, municipality="alvesta")], NOW, "anna")) == 2
    assert await board.standings() == [
        Standing("alvesta", "E-tjänster", ServiceStatus.DOWN, "Ring växeln.", NOW, NOW),
        Standing("borgholm", "E-tjänster", ServiceStatus.DOWN, "Ring växeln.", NOW, NOW),
    ]


async def test_a_new_status_begins_anew(board: BoardStore) -> None:
    await board.set([DOWN], NOW, "anna")
    assert len(await board.set([replace(DOWN, status=ServiceStatus.LIMITED)], LATER, "bo")) == 1
    [standing] = await board.standings()
    assert (standing.status, standing.since, standing.changed) == (ServiceStatus.LIMITED, LATER, LATER)


async def test_a_new_note_leaves_since_when_it_stands_like_that(board: BoardStore) -> None:
    await board.set([DOWN], NOW, "anna")
    assert len(await board.set([replace(DOWN, note="Ring inte.")], LATER, "bo")) == 1
    [standing] = await board.standings()
    assert (standing.note, standing.since, standing.changed) == ("Ring inte.", NOW, LATER)


async def test_the_same_again_changes_nothing(database: Database, board: BoardStore) -> None:
    await board.set([DOWN], NOW, "anna")
    assert len(await board.set([DOWN], LATER, "bo")) == 0
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
    off = Notice("borgholm", "E-tjänster", None)
    assert len(await board.set([off], LATER, "bo", Cause.CLEAR)) == 1
    assert [(s.municipality, s.name) for s in await board.standings()] == [
        ("alvesta", "E-tjänster"),
        ("borgholm", "Bibliotek"),
    ]
    assert await board.set([off], LATER, "bo", Cause.CLEAR) == ()


async def entries(database: Database, *messages: str) -> Sequence[Entry]:
    async with database.read() as connection:
        return await history(connection, NOW, None, messages)


async def test_every_change_is_in_the_history_whoever_made_it(database: Database, board: BoardStore) -> None:
    down, limited = (Stand(status, "Ring växeln.", NOW) for status in (ServiceStatus.DOWN, ServiceStatus.LIMITED))
    await board.set([DOWN], NOW, "anna")
    sent = replace(submission(), services=(replace(DOWN, status=ServiceStatus.LIMITED),), issued=LATER)
    await submit(database, sent, "bo")
    limited = replace(limited, since=LATER)
    await board.undo(["borgholm"], "e-tjänster", LATER, "carin")
    await board.set([replace(DOWN, status=None)], LATER, "dag", Cause.CLEAR)

    def entry(before: Stand | None, after: Stand | None, *told: object) -> Entry:
        return Entry(Change("borgholm", "E-tjänster", before, after), *told)  # type: ignore[arg-type]

    assert await entries(database) == [
        entry(None, down, NOW, "anna", Cause.SET),
        entry(down, limited, LATER, "bo", Cause.MESSAGE, sent.id),
        entry(limited, down, LATER, "carin", Cause.UNDO),
        entry(down, None, LATER, "dag", Cause.CLEAR),
    ]
    assert await board.standings() == []


async def test_what_a_message_changed_last_is_put_back_when_it_is_taken_back(
    database: Database, board: BoardStore
) -> None:
    other = replace(DOWN, name="Bibliotek")
    await board.set([DOWN], NOW, "anna")
    said = (replace(DOWN, status=ServiceStatus.WORKING), other, replace(DOWN, name="Telefoni"))
    message = replace(submission(), services=said, issued=LATER)
    await submit(database, message, "bo")
    await board.set([replace(other, status=ServiceStatus.LIMITED)], LATER, "carin")

    found = await foreseen(database, message.id, message.incident)
    await retract(database, message.id, message.incident, LATER, "dag")

    assert [(change.name, change.after and change.after.status) for change in found.board] == [
        ("E-tjänster", ServiceStatus.DOWN),
        ("Telefoni", None),
    ]
    assert [(one.name, one.status, one.since) for one in await board.standings()] == [
        ("Bibliotek", ServiceStatus.LIMITED, LATER),
        ("E-tjänster", ServiceStatus.DOWN, NOW),
    ]
    assert [entry.message for entry in await entries(database) if entry.cause is Cause.RETRACT] == [message.id] * 2


async def test_what_people_set_by_hand_before_there_was_a_history_is_in_it(database_url: str) -> None:
    async with Database(database_url) as database:
        async with database.write() as connection:
            await connection.run_sync(migrated, "0012")
        await execute(
            database,
            "INSERT INTO audit (at, actor, action, subject, details) VALUES"
            " (1000, 'anna', 'services.set', 'borgholm/E-post', 'down'),"
            " (2000, 'anna', 'services.set', 'borgholm/E-post', 'working'),"
            " (3000, 'anna', 'services.clear', 'borgholm/E-post', '')",
        )
        await execute(database, "INSERT INTO services VALUES ('borgholm', 'Bad', 'working', '', 1000, 1000, 'anna')")
        await database.upgrade()
        async with database.read() as connection:
            found = await history(connection, datetime.fromtimestamp(0, UTC), None, ())
        [bad] = await BoardStore(database).standings()
    assert [described(entry.change, str) for entry in found] == [
        "borgholm/E-post: not on the board → down",
        "borgholm/E-post: down → working",
        "borgholm/E-post: working → not on the board",
    ]
    assert [entry.cause for entry in found] == [Cause.SET, Cause.SET, Cause.CLEAR]
    assert bad.since is None


async def test_of_two_who_name_a_service_at_the_same_time_one_row_is_left(board: BoardStore) -> None:
    await asyncio.gather(
        board.set([DOWN], NOW, "anna"), board.set([replace(DOWN, name="e tjänster", note="")], LATER, "bo")
    )
    assert len(await board.standings()) == 1


async def test_every_change_by_a_person_is_in_the_audit(database: Database, board: BoardStore) -> None:
    await board.set([DOWN], NOW, "anna")
    await board.set([replace(DOWN, status=None)], LATER, "bo", Cause.CLEAR)
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
    await board.set([replace(DOWN, status=None)], LATER, "anna")
    assert await board.revision() == seen[0]
