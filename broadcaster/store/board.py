"""The board of services: what residents can use, what only with limits and what not at all, and since when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store import audit
from broadcaster.store.audit import Deed
from broadcaster.store.database import Database
from broadcaster.store.schema import services
from channels.contract import Standing
from messages.model import ServiceStatus


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said of one municipality's service."""

    municipality: str
    name: str
    status: ServiceStatus
    note: str = ""


class BoardStore:
    """Fulfils the channels' ``Board``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standings(self) -> Sequence[Standing]:
        """How the services of all municipalities stand, by municipality and name."""
        async with self._database.read() as connection:
            return await standings(connection)

    async def set(self, notices: Sequence[Notice], now: datetime, actor: str) -> int:
        """Say how services stand; returns how many of them are another than before."""
        async with self._database.write() as connection:
            changed = await post(connection, self._database, notices, now, actor)
            for notice in notices:
                subject = f"{notice.municipality}/{notice.name}"
                await audit.note(connection, Deed(now, actor, "services.set", subject, notice.status))
        return changed

    async def clear(self, municipalities: Collection[str], name: str | None, now: datetime, actor: str) -> int:
        """Take a service, or all of them, off the board of some municipalities; returns how many there were."""
        named = services.c.municipality.in_(municipalities)
        gone = delete(services).where(named if name is None else named & (services.c.name == name))
        async with self._database.write() as connection:
            found = (await connection.execute(gone.returning(services.c.municipality, services.c.name))).all()
            for municipality, service in sorted(map(tuple, found)):
                await audit.note(connection, Deed(now, actor, "services.clear", f"{municipality}/{service}"))
        return len(found)

    async def revision(self) -> object:
        """Something that is another whenever the board is another."""
        latest = func.max(services.c.changed, type_=services.c.changed.type)
        async with self._database.read() as connection:
            return tuple((await connection.execute(select(func.count(), latest).select_from(services))).one())


async def standings(connection: AsyncConnection) -> Sequence[Standing]:
    """How the services of all municipalities stand, by municipality and name."""
    found = (await connection.execute(select(services).order_by(services.c.municipality, services.c.name))).all()
    return [
        Standing(row.municipality, row.name, ServiceStatus(row.status), row.note, row.since, row.changed)
        for row in found
    ]


async def post(
    connection: AsyncConnection, database: Database, notices: Sequence[Notice], now: datetime, by: str
) -> int:
    """Put what is said of services on the board, the last word on each; returns how many are another than before.

    A service keeps its ``since`` for as long as it keeps its status.
    """
    last = {(notice.municipality, notice.name): notice for notice in notices}
    if not last:
        return 0
    new = database.insert(services).values(
        [
            {
                "municipality": notice.municipality,
                "name": notice.name,
                "status": notice.status,
                "note": notice.note,
                "since": now,
                "changed": now,
                "by": by,
            }
            for notice in last.values()
        ]
    )
    given = new.excluded
    same = services.c.status == given.status
    written = new.on_conflict_do_update(
        index_elements=[services.c.municipality, services.c.name],
        set_={
            "status": given.status,
            "note": given.note,
            "since": case((same, services.c.since), else_=given.since),
            "changed": given.changed,
            "by": given.by,
        },
        where=or_(~same, services.c.note != given.note),
    )
    return (await connection.execute(written)).rowcount
