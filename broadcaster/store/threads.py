"""What has been said in an incident, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.database import Database
from broadcaster.store.schema import messages
from messages.document import is_exercise, municipalities_of
from messages.model import Kind, Severity


@dataclass(frozen=True, slots=True)
class Said:
    """A message of an incident.

    Args:
        source: the message as it was written.
        follows: id of the message that it updates, corrects or ends, if any.
        retracted: when it was taken back, if it was.
        municipalities: those that it was written for.
    """

    id: str
    incident: str
    kind: Kind
    severity: Severity
    headline: str
    source: str
    issued: datetime
    expires: datetime
    next_update: datetime | None
    follows: str | None
    retracted: datetime | None
    municipalities: tuple[str, ...]

    @property
    def is_exercise(self) -> bool:
        """Whether nothing has happened and people only practise."""
        return is_exercise(self.source)


async def thread(database: Database, incident: str) -> Sequence[Said]:
    """All messages of an incident, oldest first."""
    async with database.read() as connection:
        return await read_thread(connection, incident)


async def read_thread(connection: AsyncConnection, incident: str) -> Sequence[Said]:
    """All messages of an incident, oldest first, as part of a transaction."""
    m = messages.c
    wanted = select(messages).where(m.incident == incident).order_by(m.issued, m.id)
    return [
        Said(
            id=row.id,
            incident=row.incident,
            kind=Kind(row.kind),
            severity=Severity(row.severity),
            headline=row.headline,
            source=row.source,
            issued=row.issued,
            expires=row.expires,
            next_update=row.next_update,
            follows=row.follows,
            retracted=row.retracted,
            municipalities=municipalities_of(row.source),
        )
        for row in await connection.execute(wanted)
    ]
