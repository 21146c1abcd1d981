"""How the frequent questions are gone about: by an index that stays small, however long the ledger grows."""

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from broadcaster.delivery import State, Verdict
from broadcaster.store import lanes, reports
from broadcaster.store.database import Database
from broadcaster.store.ledger import Ledger, Report
from broadcaster.store.receipts import believe, in_question
from broadcaster.store.sqlite_driver import sqlite3
from broadcaster.store.submissions import submit
from broadcaster.store.subscribers import Subscribers
from broadcaster.store.turns import prepare_sqlite
from channels.contract import Arrival, Receipt
from tests.support.postgresql import Server
from tests.support.storing import (
    BORGHOLM,
    HOUR,
    NOW,
    SEAL,
    SECOND,
    TO_BORGHOLM,
    execute,
    submission,
    subscribe,
    upgraded,
)

Statement = tuple[str, tuple[object, ...]]

BY_PENDING = "SEARCH deliveries USING INDEX ix_deliveries_pending (lane=? AND due<?)"
BY_SENDING = "SEARCH deliveries USING INDEX ix_deliveries_sending (lane=?)"
BY_IN_DOUBT = "SEARCH deliveries USING INDEX ix_deliveries_in_doubt (lane=? AND due<?)"
BY_ID = "SEARCH deliveries USING INTEGER PRIMARY KEY (rowid=?)"
BY_MESSAGE = "SEARCH deliveries USING INDEX ix_deliveries_message_state_rendition (message=? AND state=?)"
MORE = re.compile(r" EXISTS(?= USING)|COVERING (?=INDEX ix_deliveries_(pending|sending|in_doubt)\b)")

COUNTED = "SEARCH deliveries USING COVERING INDEX ix_deliveries_message_state_rendition (message=?)"
COUNTED_OPEN = "SEARCH deliveries USING COVERING INDEX ix_deliveries_message_state_rendition (message=? AND state=?)"
BY_SUBSCRIBER = "SEARCH deliveries USING INDEX ix_deliveries_subscriber (subscriber=?)"
A_TURN = [BY_ID, BY_PENDING, BY_ID]  # recorded, found, claimed
FREED = "SEARCH deliveries USING COVERING INDEX ix_deliveries_subscriber (subscriber=?)"


@contextmanager
def listening() -> Iterator[list[Statement]]:
    """Every statement that is executed meanwhile, with its values."""
    heard: list[Statement] = []

    def hear(_: object, __: object, statement: str, values: tuple[object, ...], ___: object, ____: object) -> None:
        heard.append((statement, values))

    event.listen(Engine, "before_cursor_execute", hear)
    yield heard
    event.remove(Engine, "before_cursor_execute", hear)


async def plans(database: Database, statements: list[Statement]) -> list[str]:
    """The steps of each statement that look at deliveries or sort, in order."""
    steps = []
    with closing(sqlite3.connect(database.name)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        prepare_sqlite(connection.cursor())
        for statement, values in statements:
            if statement.startswith("INSERT INTO turn"):
                for part in parts_of_a_turn(connection):
                    steps += explained(connection, part, given(part))
            elif not statement.startswith(("BEGIN", "INSERT")):
                steps += explained(connection, statement, values)
    return [step for step in steps if "deliveries" in step or "ORDER BY" in step]


def parts_of_a_turn(connection: sqlite3.Connection) -> list[str]:
    """The statements of the trigger that take a turn, with parameters for what it is given."""
    [[trigger]] = connection.execute("SELECT sql FROM sqlite_temp_master WHERE type = 'trigger'")
    body = trigger.partition(" BEGIN ")[2].removesuffix("; END")
    return [part.replace("NEW.", ":") for part in body.split("; ") if "RAISE" not in part]


def given(statement: str) -> dict[str, int]:
    """Something for every parameter."""
    return dict.fromkeys(re.findall(r":(\w+)", statement), 1)


def explained(connection: sqlite3.Connection, statement: str, values: tuple[object, ...] | dict[str, int]) -> list[str]:
    """The steps of one statement, without what newer versions of SQLite say more of them."""
    steps = [step for *_, step in connection.execute("EXPLAIN QUERY PLAN " + statement, values)]
    return [MORE.sub("", step) for step in steps]


async def recovering(database: Database) -> None:
    lease = await lanes.acquire(database, "sms-borgholm", "there pid 1 b")
    assert lease is not None
    await Ledger(database).recover(lease, repeatable=False, now=NOW)


async def claiming(database: Database) -> None:
    lease = await lanes.acquire(database, "sms-borgholm", "there pid 1 b")
    assert lease is not None
    await Ledger(database).turn(lease, Report({}, 2), NOW)


async def recording(database: Database) -> None:
    lease = await lanes.acquire(database, "sms-borgholm", "there pid 1 b")
    assert lease is not None
    await Ledger(database).turn(lease, Report({1: Verdict(State.ACCEPTED)}, 0, swept=NOW), NOW + SECOND)


async def expiring(database: Database) -> None:
    lease = await lanes.acquire(database, "sms-borgholm", "there pid 1 b")
    assert lease is not None
    await Ledger(database).turn(lease, Report({}, 0), NOW + 2 * HOUR)


async def believing(database: Database) -> None:
    undelivered = Receipt("0a1b2c3d4e-1", "SM1", Arrival.UNDELIVERED, "no such number", gone=True)
    await execute(database, "UPDATE deliveries SET state = 'in_doubt', tried = 1 WHERE id = 1")
    assert await believe(database, [undelivered], NOW) == 1


async def questioning(database: Database) -> None:
    hint = Receipt("0a1b2c3d4e-1", "SM1", Arrival.DELIVERED, hint=True)
    await execute(database, "UPDATE deliveries SET state = 'in_doubt', tried = 1 WHERE id = 1")
    assert len(await in_question(database, SEAL, [hint])) == 1


async def asking_for_work(database: Database) -> None:
    await Ledger(database).busy(["sms-borgholm", "pages"], NOW + SECOND)


async def counting(database: Database) -> None:
    await reports.progress(database, "0a1b2c3d4e")


async def listing(database: Database) -> None:
    await reports.find_message(database, "0a1b2c3d4e")


async def asking_for_lanes(database: Database) -> None:
    await reports.open_lanes(database, "0a1b2c3d4e")


async def looking_for_who_left(database: Database) -> None:
    await Ledger(database).called_off("sms-borgholm")


async def leaving(database: Database) -> None:
    await Subscribers(database, SEAL).remove("+46701740605", "borgholm", NOW, "test")


@pytest.mark.parametrize(
    ("question", "steps"),
    [
        (claiming, [*A_TURN, BY_MESSAGE, *A_TURN, BY_ID]),
        (recording, [*A_TURN, BY_MESSAGE]),
        (expiring, [*A_TURN, BY_MESSAGE, BY_MESSAGE]),
        (recovering, [BY_SENDING]),
        (asking_for_work, [BY_PENDING, BY_SENDING, BY_IN_DOUBT]),
        (believing, [BY_ID, BY_ID, BY_ID, BY_ID, BY_ID]),
        (questioning, [BY_ID, BY_ID, BY_SUBSCRIBER.replace("deliveries", "other", 1)]),
        (counting, [COUNTED]),
        (asking_for_lanes, [BY_MESSAGE]),
        (leaving, [BY_SUBSCRIBER, FREED]),
        (looking_for_who_left, [BY_SENDING]),
    ],
)
async def test_a_frequent_question_goes_by_the_index_that_is_meant_for_it(
    tmp_path: Path, question: Callable[[Database], Awaitable[None]], steps: list[str]
) -> None:
    async with upgraded(f"sqlite+aiosqlite:///{tmp_path}/kris.db") as database:
        await subscribe(database, *((f"+467017406{place}", "borgholm", "sv") for place in ("05", "06", "07")))
        await submit(database, submission(renditions=[BORGHOLM], routes=[TO_BORGHOLM]), "test")
        with listening() as heard:
            await question(database)
        assert await plans(database, heard) == steps


async def test_a_turn_is_one_statement_and_a_look_at_what_it_claimed(tmp_path: Path) -> None:
    async with upgraded(f"sqlite+aiosqlite:///{tmp_path}/kris.db") as database:
        await subscribe(database, *((f"+467017406{place}", "borgholm", "sv") for place in ("05", "06", "07")))
        await submit(database, submission(renditions=[BORGHOLM], routes=[TO_BORGHOLM]), "test")
        lease = await lanes.acquire(database, "sms-borgholm", "there pid 1 b")
        assert lease is not None
        ledger = Ledger(database)
        first = await ledger.turn(lease, Report({}, 2), NOW)
        verdicts = {one.id: Verdict(State.ACCEPTED) for one in first.claimed}
        with listening() as heard:
            second = await ledger.turn(lease, Report(verdicts, 2, first.letters.keys(), swept=NOW), NOW)

        assert len(second.claimed) == 1
        assert [statement.split()[0] for statement, _ in heard] == ["BEGIN", "INSERT", "SELECT"]


async def test_postgresql_reads_no_whole_table_at_a_turn(postgresql_server: Server) -> None:
    async with (
        postgresql_server.database() as name,
        upgraded(f"postgresql+asyncpg://{postgresql_server.address}/{name}") as database,
    ):
        await subscribe(database, ("+46701740605", "borgholm", "sv"))
        await submit(database, submission(renditions=[BORGHOLM], routes=[TO_BORGHOLM]), "test")
        lease = await lanes.acquire(database, "sms-borgholm", "there pid 1 b")
        assert lease is not None
        with listening() as heard:
            await Ledger(database).turn(lease, Report({1: Verdict(State.ACCEPTED)}, 2, swept=NOW), NOW)
        [(turn, values)] = [(statement, values) for statement, values in heard if statement.startswith("WITH held")]
        plan = await database.read_at_once(
            lambda connection: connection.exec_driver_sql(f"EXPLAIN {turn}", values).scalars().all()
        )

    assert any("Index Scan using pk_deliveries on deliveries" in step for step in plan)
    assert not any("Seq Scan" in step for step in plan)


async def test_open_deliveries_of_a_list_of_messages_are_counted_in_the_index(tmp_path: Path) -> None:
    async with upgraded(f"sqlite+aiosqlite:///{tmp_path}/kris.db") as database:
        with listening() as heard:
            await listing(database)
        assert COUNTED_OPEN in await plans(database, heard)
