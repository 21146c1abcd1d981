"""Incidents: what messages belong to, from the first alert to the end; and what authorities were told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.database import Database
from broadcaster.store.schema import incident_reports, incidents, messages, source_items
from messages.model import Severity


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it stands.

    Args:
        closed: when it ended; None while it goes on.
        aware: when the municipality became aware of it: what deadlines of the law count from.
        earlier: the name of one that came before and has to do with it.
        lasts: whether it goes on when what was said in it has expired: see :func:`lasts`.
    """

    name: str
    opened: datetime
    opened_by: str
    closed: datetime | None
    closed_by: str | None
    aware: datetime | None
    earlier: str | None
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What was told to an authority, or why nothing is to be told.

    Args:
        at: when it was told or decided.
        by: who says so.
        not_due: why no report is due; None where one was made.
    """

    at: datetime
    by: str
    not_due: str | None = None


async def enter(connection: AsyncConnection, database: Database, name: str, now: datetime, actor: str) -> Incident:
    """The incident that a message is about to belong to, opened if there is none of the name yet.

    Until the transaction ends nobody else enters it, so what one reads of it there stays true.
    """
    new = database.insert(incidents).values(name=name, opened=now, opened_by=actor)
    await connection.execute(new.on_conflict_do_nothing())
    wanted = _selected().where(incidents.c.name == name).with_for_update()
    return _incident((await connection.execute(wanted)).one())


async def find(database: Database, name: str) -> Incident | None:
    """The incident of a name; None if there is none."""
    async with database.read() as connection:
        return await read(connection, name)


async def read(connection: AsyncConnection, name: str, *, for_update: bool = False) -> Incident | None:
    """The incident of a name, as part of a transaction; None if there is none."""
    wanted = _selected().where(incidents.c.name == name)
    found = (await connection.execute(wanted.with_for_update() if for_update else wanted)).one_or_none()
    return None if found is None else _incident(found)


async def listing(database: Database, *, closed: bool = True) -> Sequence[Incident]:
    """All incidents, or only those that go on; those first, the one opened last at the top."""
    async with database.read() as connection:
        return await _select(connection, true() if closed else incidents.c.closed.is_(None))


async def later(connection: AsyncConnection, name: str) -> Sequence[Incident]:
    """The incidents that refer to this one as an earlier one."""
    return await _select(connection, incidents.c.earlier == name)


async def end(connection: AsyncConnection, name: str, now: datetime, actor: str) -> None:
    """Close an incident, as part of a transaction."""
    await connection.execute(update(incidents).where(incidents.c.name == name).values(closed=now, closed_by=actor))


async def reopen(connection: AsyncConnection, name: str) -> None:
    """Let an incident go on, as part of a transaction."""
    await connection.execute(update(incidents).where(incidents.c.name == name).values(closed=None, closed_by=None))


async def become_aware(connection: AsyncConnection, name: str, aware: datetime) -> None:
    """Note when the municipality became aware of an incident, as part of a transaction."""
    await connection.execute(update(incidents).where(incidents.c.name == name).values(aware=aware))


async def refer(connection: AsyncConnection, name: str, earlier: str) -> None:
    """Note which incident came before and has to do with this one, as part of a transaction."""
    await connection.execute(update(incidents).where(incidents.c.name == name).values(earlier=earlier))


async def report(connection: AsyncConnection, database: Database, name: str, deadline: str, said: Report) -> None:
    """Note what an authority was told by a deadline, in place of what was noted before, as part of a transaction."""
    new = database.insert(incident_reports).values(
        incident=name, deadline=deadline, at=said.at, by=said.by, not_due=said.not_due
    )
    given = {"at": new.excluded.at, "by": new.excluded.by, "not_due": new.excluded.not_due}
    key = [incident_reports.c.incident, incident_reports.c.deadline]
    await connection.execute(new.on_conflict_do_update(index_elements=key, set_=given))


async def reports(connection: AsyncConnection, name: str) -> Mapping[str, Report]:
    """What authorities were told of an incident, by the deadlines' ids, as part of a transaction."""
    r = incident_reports.c
    wanted = select(r.deadline, r.at, r.by, r.not_due).where(r.incident == name).order_by(r.deadline)
    return {row[0]: Report(*row[1:]) for row in await connection.execute(wanted)}


def lasts(name: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the incident of a name goes on when what was said in it has expired.

    It does until an all-clear ends it or somebody closes it, for silence is no all-clear. Two kinds end with what was
    said in them: a notice, in which all is information and no update is promised, and what follows a source, whose
    publisher says how long it holds.
    """
    incident, said = incidents.alias().c, messages.alias().c
    is_more_than_a_notice = or_(said.severity != Severity.INFORMATION, said.next_update.is_not(None))
    return (
        exists().where(incident.name == name, incident.closed.is_(None))
        & exists().where(said.incident == name, said.retracted.is_(None), is_more_than_a_notice)
        & ~exists().where(source_items.c.incident == name)
    )


def _selected() -> Select[Any]:
    return select(incidents, lasts(incidents.c.name).label("lasts"))


async def _select(connection: AsyncConnection, condition: ColumnElement[bool]) -> Sequence[Incident]:
    c = incidents.c
    wanted = _selected().where(condition).order_by(c.closed.is_not(None), c.opened.desc(), c.name)
    return [_incident(row) for row in await connection.execute(wanted)]


def _incident(row: object) -> Incident:
    values = {field.name: getattr(row, field.name) for field in fields(Incident)}
    return Incident(**values | {"lasts": bool(values["lasts"])})
