"""Databases, messages and residents for the tests of the store."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Connection, text

from broadcaster.store.audiences import Route
from broadcaster.store.database import Database
from broadcaster.store.sealing import Seal, new_key
from broadcaster.store.submissions import Posting, Submission, foreseen
from broadcaster.store.subscribers import Subscribers, Subscription
from messages.model import Kind, Rendition, Severity

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
SEAL = Seal(SecretStr(new_key()))

BORGHOLM = Rendition("borgholm", "sms", "sv", "Telefonerna är nere", "Telefonerna är nere. Ring 112 i nödläge.")
BORGHOLM_EN = Rendition("borgholm", "sms", "en", "The phones are down", "The phones are down. Emergency: 112.")
MORBYLANGA = Rendition("morbylanga", "sms", "sv", "Telefonerna är nere", "Mörbylångas telefoner är nere.")
PAGE = Rendition("borgholm", "facebook", "sv", "Telefonerna är nere", "Telefonerna är nere.\n\nRing 112 i nödläge.")

TO_BORGHOLM = Route("borgholm", "sms-borgholm", "sv")
TO_MORBYLANGA = Route("morbylanga", "sms-morbylanga", "sv")


@asynccontextmanager
async def upgraded(url: str) -> AsyncIterator[Database]:
    """A database with its tables."""
    async with Database(url) as database:
        await database.upgrade()
        yield database


def migrated(connection: Connection, revision: str) -> None:
    """Bring an empty database to an older revision."""
    config = Config()
    config.set_main_option("script_location", "broadcaster.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def submission(
    id_: str = "0a1b2c3d4e",
    *,
    renditions: Sequence[Rendition] = (BORGHOLM,),
    postings: Sequence[Posting] = (),
    routes: Sequence[Route] = (),
    issued: datetime = NOW,
    lifetime: timedelta = HOUR,
    kind: Kind = Kind.ALERT,
) -> Submission:
    """A message, ready to be written; ``routes`` are those of its SMS."""
    municipalities = tuple(dict.fromkeys(rendition.municipality for rendition in renditions))
    return Submission(
        id=id_,
        content_hash=id_.ljust(64, "0"),
        incident="Dataintrång",
        kind=kind,
        municipalities=municipalities,
        severity=Severity.SEVERE,
        headline=renditions[0].title,
        source=f"+++\nmunicipalities = {json.dumps(municipalities)}\n+++\n# Telefonerna är nere\n",
        issued=issued,
        next_update=None,
        expires=issued + lifetime,
        renditions=tuple(renditions),
        postings=tuple(postings),
        routes={"sms": tuple(routes)} if routes else {},
        zone=ZoneInfo("Europe/Stockholm"),
    )


def posts(count: int, id_: str = "0a1b2c3d4e", *, issued: datetime = NOW, lifetime: timedelta = HOUR) -> Submission:
    """A message with that many deliveries, all in the lane "pages"."""
    postings = [Posting(PAGE, "pages", f"page-{place}") for place in range(count)]
    return submission(id_, renditions=[PAGE], postings=postings, issued=issued, lifetime=lifetime)


async def subscribe(database: Database, *wanted: tuple[str, str, str]) -> None:
    """Subscribe numbers to municipalities in languages."""
    subscribers = Subscribers(database, SEAL)
    await subscribers.add([Subscription(*wish) for wish in wanted], NOW, "test")


async def audience(database: Database, routes: Sequence[Route]) -> list[tuple[str, str, int]]:
    """How many residents an alert would reach, by municipality and language."""
    return list((await foreseen(database, submission("ffffffff00", routes=routes))).get("sms", ()))


async def fetch(database: Database, statement: str, **values: object) -> list[tuple[Any, ...]]:
    """What is in the database."""
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(statement), values)]


async def execute(database: Database, statement: str, **values: object) -> None:
    """Change what is in the database, as nobody may but a test."""
    async with database.write() as connection:
        await connection.execute(text(statement), values)


async def states(database: Database) -> list[str]:
    """The deliveries' states, in the order of their ids."""
    return [state for (state,) in await fetch(database, "SELECT state FROM deliveries ORDER BY id")]


async def blocked(database: Database, by: int = 1) -> None:
    """Wait until so many wait for a lock on the PostgreSQL database."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while (await fetch(database, waiting))[0][0] < by:
        continue  # every look gives way to the others
