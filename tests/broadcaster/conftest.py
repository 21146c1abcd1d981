"""What the tests of the broadcaster ask for by name."""

from collections.abc import AsyncIterator

import pytest

from broadcaster.store.database import Database
from tests.support import postgresql
from tests.support.storing import upgraded


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with its tables and nothing in them, once of each kind."""
    async with upgraded(database_url) as made:
        yield made


@pytest.fixture
async def postgresql_url(postgresql_server: postgresql.Server) -> AsyncIterator[str]:
    """The URL of an empty PostgreSQL database, for what only PostgreSQL can do wrong."""
    async with postgresql_server.database() as name:
        yield f"postgresql+asyncpg://{postgresql_server.address}/{name}"
