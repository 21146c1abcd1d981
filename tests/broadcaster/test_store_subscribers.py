"""Subscribers: numbers that nobody can read in the database, and wishes that are kept to the letter."""

import asyncio
import base64
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import MetaData, select, text

from broadcaster.store.database import Database
from broadcaster.store.sealing import Seal, SealError, new_key
from broadcaster.store.submissions import submit
from broadcaster.store.subscribers import Subscribers, Subscription
from tests.support.storing import (
    BORGHOLM,
    HOUR,
    MORBYLANGA,
    NOW,
    SEAL,
    TO_BORGHOLM,
    TO_MORBYLANGA,
    blocked,
    execute,
    fetch,
    states,
    submission,
    subscribe,
    upgraded,
)

ONE, TWO = "+46701740605", "+46701740606"


@pytest.fixture
def subscribers(database: Database) -> Subscribers:
    return Subscribers(database, SEAL)


async def everyone(subscribers: Subscribers, municipality: str | None = None) -> list[tuple[str, str, str]]:
    wishes = [entry.subscription async for entry in subscribers.all(municipality)]
    return [(wish.number, wish.municipality, wish.language) for wish in wishes]


def contents(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


async def add(subscribers: Subscribers, *wanted: tuple[str, str, str]) -> int:
    return await subscribers.add([Subscription(*wish) for wish in wanted], NOW, "test")


async def test_a_number_is_nowhere_in_the_file(tmp_path: Path) -> None:
    async with upgraded(f"sqlite+aiosqlite:///{tmp_path}/kris.db") as database:
        await subscribe(database, (ONE, "borgholm", "sv"), (ONE, "morbylanga", "sv"), (TWO, "borgholm", "sv"))
        await submit(database, submission(routes=[TO_BORGHOLM]), "test")
        await Subscribers(database, SEAL).remove(TWO, None, NOW, "test")
        kept = contents(tmp_path)
    assert b"borgholm" in kept
    for trace in (b"1740605", b"1740606", base64.b64encode(ONE.encode()), sha256(ONE.encode()).hexdigest().encode()):
        assert trace not in kept


async def test_a_number_is_in_no_column(database: Database, subscribers: Subscribers) -> None:
    await add(subscribers, (ONE, "borgholm", "sv"), (TWO, "borgholm", "sv"))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    await subscribers.remove(TWO, None, NOW, "test")
    async with database.read() as connection:
        tables = MetaData()
        await connection.run_sync(tables.reflect)
        rows = [row for table in tables.sorted_tables for row in await connection.execute(select(table))]
    values = [str(value) for row in rows for value in row]
    assert "borgholm" in values
    assert not [value for value in values if "1740605" in value or "1740606" in value]


async def test_numbers_are_found_only_with_the_key(database: Database, subscribers: Subscribers) -> None:
    await add(subscribers, (ONE, "borgholm", "sv"))
    [(lookup,)] = await fetch(database, "SELECT lookup FROM subscribers")
    assert lookup == SEAL.lookup(ONE)
    assert lookup != Seal(SecretStr(new_key())).lookup(ONE)


async def test_another_key_reads_adds_and_removes_nothing(database: Database, subscribers: Subscribers) -> None:
    await add(subscribers, (ONE, "borgholm", "sv"))
    other = Subscribers(database, Seal(SecretStr(new_key())))
    with pytest.raises(SealError, match="use the key file they were made with"):
        await everyone(other)
    with pytest.raises(SealError):
        await add(other, (ONE, "borgholm", "sv"))
    with pytest.raises(SealError):
        await other.remove(ONE, None, NOW, "test")
    assert await everyone(subscribers) == [(ONE, "borgholm", "sv")]


async def test_adding_tells_how_many_subscriptions_are_new(subscribers: Subscribers) -> None:
    assert await add(subscribers, (ONE, "borgholm", "sv"), (ONE, "morbylanga", "sv"), (TWO, "borgholm", "sv")) == 3
    assert await add(subscribers, (ONE, "borgholm", "sv"), (TWO, "morbylanga", "sv")) == 1
    assert await add(subscribers) == 0
    assert (await subscribers.count(), await subscribers.count("borgholm"), await subscribers.people()) == (4, 2, 2)


async def test_adding_again_changes_the_language_and_nothing_else(subscribers: Subscribers) -> None:
    await add(subscribers, (ONE, "borgholm", "sv"), (TWO, "borgholm", "sv"))
    assert await subscribers.add([Subscription(ONE, "borgholm", "en")], NOW + HOUR, "test") == 0
    found = [(e.subscription.number, e.subscription.language, e.since) async for e in subscribers.all()]
    assert found == [(ONE, "en", NOW), (TWO, "sv", NOW)]


async def test_of_two_wishes_for_the_same_the_last_counts(subscribers: Subscribers) -> None:
    assert await add(subscribers, (ONE, "borgholm", "sv"), (ONE, "borgholm", "en")) == 1
    assert await everyone(subscribers) == [(ONE, "borgholm", "en")]


async def test_all_or_none_are_added(database: Database, subscribers: Subscribers) -> None:
    await execute(database, "ALTER TABLE audit RENAME COLUMN details TO remarks")  # so that it fails at the very end
    with pytest.raises(Exception, match="details"):
        await subscribers.add([Subscription(f"+460{n:09}", "borgholm", "sv") for n in range(1_500)], NOW, "test")
    assert await fetch(database, "SELECT count(*) FROM subscribers") == [(0,)]


async def test_leaving_ends_all_subscriptions_and_cancels_what_is_planned(
    database: Database, subscribers: Subscribers
) -> None:
    await add(subscribers, (ONE, "borgholm", "sv"), (ONE, "morbylanga", "sv"), (TWO, "borgholm", "sv"))
    texts, routes = [BORGHOLM, MORBYLANGA], [TO_BORGHOLM, TO_MORBYLANGA]
    await submit(database, submission(renditions=texts, routes=routes), "test")
    assert await subscribers.remove(ONE, None, NOW + HOUR, "anna")
    assert await everyone(subscribers) == [(TWO, "borgholm", "sv")]
    assert await subscribers.people() == 1
    found = await fetch(database, "SELECT state, reason FROM deliveries ORDER BY state")
    assert found == [("cancelled", "the subscriber left"), ("pending", None)]
    assert await fetch(database, "SELECT actor, action, subject FROM audit ORDER BY id DESC LIMIT 1") == [
        ("anna", "subscribers.remove", "all")
    ]
    assert not await subscribers.remove(ONE, None, NOW, "test")


async def test_leaving_one_municipality_keeps_the_other(database: Database, subscribers: Subscribers) -> None:
    await add(subscribers, (ONE, "borgholm", "sv"), (ONE, "morbylanga", "en"))
    await submit(database, submission("000000000a", renditions=[BORGHOLM], routes=[TO_BORGHOLM]), "test")
    await submit(database, submission("000000000b", renditions=[MORBYLANGA], routes=[TO_MORBYLANGA]), "test")
    joint = submission("000000000c", renditions=[BORGHOLM, MORBYLANGA], routes=[TO_BORGHOLM, TO_MORBYLANGA])
    await submit(database, joint, "test")

    assert await subscribers.remove(ONE, "borgholm", NOW, "test")
    assert await everyone(subscribers) == [(ONE, "morbylanga", "en")]
    assert await states(database) == ["cancelled", "pending", "pending"]
    assert not await subscribers.remove(ONE, "borgholm", NOW, "test")
    assert not await subscribers.remove(ONE, "kalmar", NOW, "test")

    assert await subscribers.remove(ONE, "morbylanga", NOW, "test")
    assert await states(database) == ["cancelled"] * 3
    assert await subscribers.people() == 0


async def test_somebody_unknown_has_nothing_to_end(database: Database, subscribers: Subscribers) -> None:
    assert not await subscribers.remove(ONE, None, NOW, "test")
    assert await fetch(database, "SELECT count(*) FROM audit") == [(0,)]


async def test_a_subscription_that_is_being_added_survives_the_leaving_of_another(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as database, Database(postgresql_url) as other:
        subscribers = Subscribers(database, SEAL)
        await add(subscribers, (ONE, "borgholm", "sv"))
        async with other.write() as connection:
            await connection.execute(text("INSERT INTO subscriptions VALUES (1, 'morbylanga', 'sv', 0)"))
            leaving = asyncio.create_task(subscribers.remove(ONE, "borgholm", NOW, "test"))
            await blocked(database)
        assert await leaving
        assert await everyone(subscribers) == [(ONE, "morbylanga", "sv")]


async def test_a_number_that_is_being_removed_can_be_added_again(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as database, Database(postgresql_url) as other:
        subscribers = Subscribers(database, SEAL)
        await add(subscribers, (ONE, "borgholm", "sv"))
        async with other.write() as connection:
            await connection.execute(text("DELETE FROM subscribers"))
            adding = asyncio.create_task(add(subscribers, (ONE, "borgholm", "en")))
            await blocked(database)
        assert await adding == 1
        assert await everyone(subscribers) == [(ONE, "borgholm", "en")]


async def test_a_long_list_is_read_in_the_order_of_joining_and_keeps_nobody_from_writing(database_url: str) -> None:
    async with upgraded(database_url) as database, Database(database_url, busy_timeout=1) as other:
        subscribers = Subscribers(database, SEAL)
        numbers = [f"+460{place:09}" for place in range(2_500)]
        await add(subscribers, *((n, m, "sv") for n in numbers for m in ("borgholm", "morbylanga")))
        listed = list[tuple[str, str]]()
        async for entry in subscribers.all():
            if not listed:
                await Subscribers(other, SEAL).add([Subscription(ONE, "borgholm", "sv")], NOW, "test")
            assert entry.since == NOW
            listed.append((entry.subscription.number, entry.subscription.municipality))
        assert listed == [(n, m) for n in numbers for m in ("borgholm", "morbylanga")] + [(ONE, "borgholm")]
        assert [n for n, _, _ in await everyone(subscribers, "morbylanga")] == numbers


async def test_subscriptions_are_counted_by_municipality_and_language(subscribers: Subscribers) -> None:
    assert await subscribers.counts() == []
    await add(subscribers, (ONE, "morbylanga", "sv"), (ONE, "borgholm", "sv"), (TWO, "borgholm", "en"))
    assert await subscribers.counts() == [("borgholm", "en", 1), ("borgholm", "sv", 1), ("morbylanga", "sv", 1)]
