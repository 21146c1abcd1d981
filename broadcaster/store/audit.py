"""Who did what and when. Written in the same transaction as the deed."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.schema import audit


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person or the program did. ``details`` hold no phone number and no text of a message."""

    at: datetime
    actor: str
    action: str
    subject: str = ""
    details: str = ""


async def note(connection: AsyncConnection, *deeds: Deed) -> None:
    """Add a line for each."""
    await connection.execute(insert(audit), [asdict(deed) for deed in deeds])
