"""What goes on in municipalities: the last message of each incident that has not ended, the most important first.

What was taken back counts as never said. What has expired is the last word of an incident that goes on all the same.
An exercise is an incident of its own, also in a real one of the same name.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.delivery import OWN_WORDS
from broadcaster.store import incidents, schema
from broadcaster.store.schema import messages, renditions
from messages.languages import KNOWN, language
from messages.model import Kind, Severity
from messages.precedence import precedence

_COLUMNS = ("id", "incident", "severity", "issued", "expires", "next_update")


@dataclass(frozen=True, slots=True)
class News:
    """What a municipality says last in an incident that goes on.

    Args:
        lasts: whether the incident goes on when the message has expired.
        headlines: by language.
    """

    municipality: str
    message: str
    incident: str
    severity: Severity
    issued: datetime
    expires: datetime
    next_update: datetime | None
    lasts: bool
    headlines: dict[str, str] = field(default_factory=dict)


async def current(connection: AsyncConnection, municipalities: Collection[str], now: datetime) -> list[News]:
    """What goes on in some municipalities, the most important first."""
    m, r = messages.c, renditions.c
    is_its_own = r.operation.in_(OWN_WORDS)
    is_exercise = or_(*(r.title.startswith(f"{language(code).exercise.mark}: ") for code in KNOWN))
    said = (
        select(r.message, r.municipality, func.max(case((is_exercise, 1), else_=0)).label("exercise"))
        .where(r.municipality.in_(municipalities), is_its_own)
        .group_by(r.message, r.municipality)
        .subquery()
    )
    incident = said.c.municipality, m.incident, said.c.exercise
    place = func.row_number().over(partition_by=incident, order_by=(m.issued.desc(), m.id))
    ranked = (
        select(*(m[name] for name in _COLUMNS), m.kind, said.c.municipality, said.c.exercise, place.label("place"))
        .join(said, said.c.message == m.id)
        .where(m.retracted.is_(None))
        .subquery()
    )
    last = ranked.c
    is_closed = exists().where(schema.incidents.c.name == last.incident, schema.incidents.c.closed.is_not(None))
    lasts = incidents.lasts(last.incident)
    goes_on = (last.place == 1) & (last.kind != Kind.ALL_CLEAR) & ((last.expires > now) | lasts) & ~is_closed
    own = (last[name] for name in _COLUMNS)
    wanted = (
        select(*own, last.municipality, last.exercise, lasts.label("lasts"), r.language, r.title)
        .join(renditions, (r.message == last.id) & (r.municipality == last.municipality))
        .where(goes_on, is_its_own)
        .order_by(last.issued.desc(), last.id, last.municipality, r.id)
    )
    found: dict[tuple[str, str], News] = {}
    for row in await connection.execute(wanted):
        news = found.setdefault((row.municipality, row.id), _news(row))
        news.headlines.setdefault(row.language, row.title)
    going_on = [one for one in found.values() if one.lasts or one.expires > now]
    return sorted(going_on, key=lambda one: precedence(Kind.ALERT, one.severity, one.issued))


def _news(row: Row[*tuple[Any, ...]]) -> News:
    return News(
        municipality=row.municipality,
        message=row.id,
        incident=row.incident,
        severity=Severity(row.severity),
        issued=row.issued,
        expires=row.expires,
        next_update=row.next_update,
        lasts=bool(row.lasts) and not row.exercise,
    )
