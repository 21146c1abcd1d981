"""How often something was done on a day: what limits are held by."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.database import Database
from broadcaster.store.schema import daily_counts

KEPT = timedelta(days=2)


async def count(connection: AsyncConnection, database: Database, subject: str, now: datetime) -> int:
    """Count once more, as part of a transaction; returns how often it has been on this day (UTC), this time included.

    Args:
        subject: what is counted; a number or an address only as its keyed hash.
    """
    await connection.execute(delete(daily_counts).where(daily_counts.c.day < _day(now - KEPT)))
    first = database.insert(daily_counts).values(day=_day(now), subject=subject, count=1)
    again = first.on_conflict_do_update(
        index_elements=[daily_counts.c.day, daily_counts.c.subject], set_={"count": daily_counts.c.count + 1}
    )
    counted: int = (await connection.execute(again.returning(daily_counts.c.count))).scalar_one()
    return counted


async def counted(connection: AsyncConnection, subject: str, now: datetime) -> int:
    """How often something has been counted on this day (UTC)."""
    today = (daily_counts.c.day == _day(now)) & (daily_counts.c.subject == subject)
    found: int | None = (await connection.execute(select(daily_counts.c.count).where(today))).scalar_one_or_none()
    return found or 0


def _day(time: datetime) -> str:
    return time.astimezone(UTC).date().isoformat()
