"""Readiness: a named reason for whatever keeps the work from being done."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcaster.store.database import Database
from broadcaster.web.health import Readiness, Reason


@pytest.fixture
def nothing(tmp_path: Path) -> Iterator[Path]:
    """A file that is not there, and is not made."""
    file = tmp_path / "broadcaster.db"
    yield file
    assert not file.exists()


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    file = tmp_path / "broadcaster.db"
    file.touch()
    return file


@pytest.fixture
def something_else(tmp_path: Path) -> Path:
    file = tmp_path / "broadcaster.db"
    file.write_bytes(b"something else, and long enough to be looked at" * 100)
    return file


async def reason(file: Path) -> Reason | None:
    async with Database(f"sqlite+aiosqlite:///{file}") as database:
        return await Readiness(database, lambda: True).reason()


async def test_a_current_database_and_a_running_engine_are_ready(database: Database) -> None:
    assert await Readiness(database, lambda: True).reason() is None


async def test_without_a_running_engine_nothing_is_ready(database: Database) -> None:
    assert await Readiness(database, lambda: False).reason() is Reason.ENGINE_STOPPED


async def test_a_database_that_is_not_there_is_unreachable_and_not_made(nothing: Path) -> None:
    assert await reason(nothing) is Reason.DATABASE_UNREACHABLE


async def test_what_is_no_database_is_unreachable(something_else: Path) -> None:
    assert await reason(something_else) is Reason.DATABASE_UNREACHABLE


async def test_a_database_without_tables_is_of_another_revision(empty: Path) -> None:
    assert await reason(empty) is Reason.DATABASE_REVISION
