"""The board of services, what residents can use and what not, and the history of all its changes."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.board import Cause, Change, Entry, Notice, Stand, changes, put_back, undone
from broadcaster.store import audit
from broadcaster.store.audit import Deed
from broadcaster.store.database import Database
from broadcaster.store.schema import board_changes, services
from channels.contract import Standing
from messages.model import ServiceStatus
from messages.near_names import known_as


class BoardStore:
    """Fulfils the channels' ``Board``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standings(self) -> Sequence[Standing]:
        """How the services of all municipalities stand, by municipality and name."""
        async with self._database.read() as connection:
            return await standings(connection)

    async def set(
        self, notices: Iterable[Notice], now: datetime, actor: str, cause: Cause = Cause.SET
    ) -> tuple[Change, ...]:
        """Say how services stand; returns what that changes."""
        async with self._database.write() as connection:
            return await post(connection, self._database, notices, now, actor, cause)

    async def undo(self, municipalities: Collection[str], name: str, now: datetime, actor: str) -> tuple[Change, ...]:
        """Undo what was changed last of a service; returns what that changes."""
        async with self._database.write() as connection:
            await _keep(connection, self._database)
            found = undone(await self._history(connection, municipalities, name))
            await _write(connection, found, now, actor, Cause.UNDO)
        return found

    async def undoing(self, municipalities: Collection[str], name: str) -> tuple[Change, ...]:
        """What :meth:`undo` would change now."""
        async with self._database.read() as connection:
            return undone(await self._history(connection, municipalities, name))

    async def revision(self) -> object:
        """Something that is another whenever the board is another."""
        latest = func.max(services.c.changed, type_=services.c.changed.type)
        async with self._database.read() as connection:
            return tuple((await connection.execute(select(func.count(), latest).select_from(services))).one())

    async def _history(
        self, connection: AsyncConnection, municipalities: Collection[str], name: str
    ) -> Sequence[Entry]:
        everything = await _entries(connection, board_changes.c.municipality.in_(municipalities))
        return [entry for entry in everything if known_as(entry.change.name) == known_as(name)]


async def standings(connection: AsyncConnection) -> Sequence[Standing]:
    """How the services of all municipalities stand, by municipality and name."""
    found = (await connection.execute(select(services).order_by(services.c.municipality, services.c.name))).all()
    return [
        Standing(row.municipality, row.name, ServiceStatus(row.status), row.note, row.since, row.changed)
        for row in found
    ]


async def history(
    connection: AsyncConnection, since: datetime, until: datetime | None, messages: Collection[str]
) -> Sequence[Entry]:
    """All changes of the board in a span of time, and those that some messages made at any time; oldest first."""
    meanwhile = board_changes.c.at >= since
    if until is not None:
        meanwhile = and_(meanwhile, board_changes.c.at <= until)
    return await _entries(connection, or_(meanwhile, board_changes.c.message.in_(messages)))


async def post(
    connection: AsyncConnection,
    database: Database,
    notices: Iterable[Notice],
    now: datetime,
    by: str,
    cause: Cause,
    message: str | None = None,
) -> tuple[Change, ...]:
    """Put what is said of services on the board, and what that changes into its history; returns the changes."""
    said = tuple(notices)
    if not said:
        return ()
    await _keep(connection, database)
    found = changes(await standings(connection), said, now)
    await _write(connection, found, now, by, cause, message)
    return found


async def taken_back(connection: AsyncConnection, messages: Sequence[str]) -> tuple[Change, ...]:
    """What taking messages back changes on the board: what they were the last to change stands as before them."""
    named = select(board_changes.c.name).where(board_changes.c.message.in_(messages))
    return put_back(await _entries(connection, board_changes.c.name.in_(named)), messages)


async def take_back(
    connection: AsyncConnection, database: Database, messages: Sequence[str], now: datetime, by: str
) -> None:
    """Do what :func:`taken_back` says; the history names the last of the messages."""
    await _keep(connection, database)
    found = await taken_back(connection, messages)
    await _write(connection, found, now, by, Cause.RETRACT, messages[-1])


async def _keep(connection: AsyncConnection, database: Database) -> None:
    """Let nobody else change the board until this transaction ends, which SQLite sees to automatically."""
    if database.is_postgresql:
        await connection.execute(text("LOCK TABLE services IN SHARE ROW EXCLUSIVE MODE"))


async def _write(
    connection: AsyncConnection,
    found: Sequence[Change],
    now: datetime,
    by: str,
    cause: Cause,
    message: str | None = None,
) -> None:
    for change in found:
        there = (services.c.municipality == change.municipality) & (services.c.name == change.name)
        await connection.execute(delete(services).where(there))
        key = {"municipality": change.municipality, "name": change.name}
        if change.after is not None:
            row = key | {"changed": now, "by": by} | _columns(change.after, "")
            await connection.execute(insert(services).values(row))
        told = {"at": now, "by": by, "cause": cause, "message": message}
        row = key | told | _columns(change.before, "old_") | _columns(change.after, "")
        await connection.execute(insert(board_changes).values(row))
        action = "services.clear" if change.after is None else "services.set"
        subject = f"{change.municipality}/{change.name}"
        await audit.note(connection, Deed(now, by, action, subject, change.after.status if change.after else ""))


def _columns(stand: Stand | None, prefix: str) -> dict[str, object]:
    return {f"{prefix}{name}": getattr(stand, name, None) for name in ("status", "note", "since")}


async def _entries(connection: AsyncConnection, condition: ColumnElement[bool]) -> Sequence[Entry]:
    found = await connection.execute(select(board_changes).where(condition).order_by(board_changes.c.id))
    return [_entry(row) for row in found]


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    before = None if row.old_status is None else Stand(ServiceStatus(row.old_status), row.old_note, row.old_since)
    after = None if row.status is None else Stand(ServiceStatus(row.status), row.note, row.since)
    return Entry(Change(row.municipality, row.name, before, after), row.at, row.by, Cause(row.cause), row.message)
