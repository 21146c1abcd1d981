"""What goes on in municipalities: the last message of each incident that has neither ended nor expired.

What was taken back counts as never said.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.schema import incidents, messages, renditions
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
    incident: str = ""


async def current(connection: AsyncConnection, municipalities: Collection[str], now: datetime) -> list[News]:
    """What goes on in some municipalities, the newest first."""
    m, r = messages.c, renditions.c
    said = select(r.message, r.municipality).where(r.municipality.in_(municipalities)).distinct().subquery()
    place = func.row_number().over(partition_by=(said.c.municipality, m.incident), order_by=(m.issued.desc(), m.id))
    ranked = (
        select(m.id, m.incident, m.kind, m.issued, m.expires, m.next_update, said.c.municipality, place.label("place"))
        .join(said, said.c.message == m.id)
        .where(m.retracted.is_(None))
        .subquery()
    )
    last = ranked.c
    is_closed = exists().where(incidents.c.name == last.incident, incidents.c.closed.is_not(None))
    goes_on = (last.place == 1) & (last.kind != Kind.ALL_CLEAR) & (last.expires > now) & ~is_closed
    wanted = (
        select(last.id, last.municipality, last.incident, last.next_update, r.language, r.title)
        .join(renditions, (r.message == last.id) & (r.municipality == last.municipality))
        .where(goes_on)
        .order_by(last.issued.desc(), last.id, last.municipality, r.id)
    )
    found: dict[tuple[str, str], News] = {}
    for row in await connection.execute(wanted):
        fresh = News(row.municipality, row.id, row.next_update, incident=row.incident)
        news = found.setdefault((row.municipality, row.id), fresh)
        news.headlines.setdefault(row.language, row.title)
    return list(found.values())
