"""Opening the database of a configuration: all that commands need which only look, or keep the list of subscribers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from broadcaster.config import Config
from broadcaster.store.database import Database
from broadcaster.store.sealing import Seal
from broadcaster.store.subscribers import Subscribers


@dataclass(frozen=True, slots=True)
class Store:
    """The database of a configuration, opened and checked."""

    database: Database
    subscribers: Subscribers


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Store]:
    """Open the database.

    Raises:
        StoreError: it is missing, from another version, or cannot be used.
        SealError: the key is none.
    """
    seal = Seal(config.key)
    async with Database(config.database_url.get_secret_value()) as database:
        await database.expect_current()
        yield Store(database, Subscribers(database, seal))
