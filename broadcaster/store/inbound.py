"""Texts that residents sent, by the providers' names for them: what a webhook says twice is done once."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.database import Database
from broadcaster.store.schema import inbound

KEPT = timedelta(days=7)
"""46elks repeats a webhook for six hours at least; of Twilio nobody knows."""


async def is_new(connection: AsyncConnection, database: Database, provider: str, id_: str, now: datetime) -> bool:
    """Note a text, as part of a transaction; whoever notes it at the same moment waits for the end of that."""
    await connection.execute(delete(inbound).where(inbound.c.at < now - KEPT))
    noted = database.insert(inbound).values(provider=provider, id=id_, at=now).on_conflict_do_nothing()
    return (await connection.execute(noted)).rowcount == 1


async def keep_reply(connection: AsyncConnection, provider: str, id_: str, reply: str | None) -> None:
    """Keep what a text is answered, as part of the transaction that noted it."""
    of_text = (inbound.c.provider == provider) & (inbound.c.id == id_)
    await connection.execute(update(inbound).where(of_text).values(reply=reply))


async def reply_to(connection: AsyncConnection, provider: str, id_: str) -> str | None:
    """What a text was answered."""
    wanted = select(inbound.c.reply).where(inbound.c.provider == provider, inbound.c.id == id_)
    return (await connection.execute(wanted)).scalar()
