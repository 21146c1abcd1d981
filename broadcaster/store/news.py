"""What goes on in municipalities: the last message of each incident that has neither ended nor expired."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.schema import messages, renditions
from messages.model import Kind


@dataclass(frozen=True, slots=True)
class News:
    """What a municipality says last in an incident that goes on.

    Args:
        headlines: by language.
    """

    municipality: str
    message: str
    next_update: datetime | None
    headlines: dict[str, str] = field(default_factory=dict)


async def current(connection: AsyncConnection, municipalities: Collection[str], now: datetime) -> list[News]:
    """What goes on in some municipalities, the newest first."""
    m, r = messages.c, renditions.c
    said = select(r.message, r.municipality).where(r.municipality.in_(municipalities)).distinct().subquery()
    place = func.row_number().over(partition_by=(said.c.municipality, m.incident), order_by=(m.issued.desc(), m.id))
    ranked = (
        select(m.id, m.kind, m.issued, m.expires, m.next_update, said.c.municipality, place.label("place"))
        .join(said, said.c.message == m.id)
        .subquery()
    )
    last = ranked.c
    goes_on = (last.place == 1) & (last.kind != Kind.ALL_CLEAR) & (last.expires > now)
    wanted = (
        select(last.id, last.municipality, last.next_update, r.language, r.title)
        .join(renditions, (r.message == last.id) & (r.municipality == last.municipality))
        .where(goes_on)
        .order_by(last.issued.desc(), last.id, last.municipality, r.id)
    )
    found: dict[tuple[str, str], News] = {}
    for row in await connection.execute(wanted):
        news = found.setdefault((row.municipality, row.id), News(row.municipality, row.id, row.next_update))
        news.headlines.setdefault(row.language, row.title)
    return list(found.values())
