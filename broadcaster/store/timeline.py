"""All that is known of an incident, for its record: one look at the database, counted there, without phone numbers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Row, case, cast, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.board import Entry
from broadcaster.delivery import Operation, State
from broadcaster.store import incidents, threads
from broadcaster.store.audit import Deed
from broadcaster.store.board import history
from broadcaster.store.database import Database
from broadcaster.store.incidents import Incident, Report
from broadcaster.store.schema import audit, deliveries, messages, recordings, renditions
from broadcaster.store.threads import Said
from messages.model import Rendition


@dataclass(frozen=True, slots=True)
class Outcome:
    """Deliveries of a rendition that ended alike, or are as far.

    Args:
        first, last: when the first and the last of them became what they are.
        tried_first, tried_last: when they were handed to the provider; None for those that never were.
    """

    lane: str
    state: State
    reason: str | None
    count: int
    first: datetime
    last: datetime
    tried_first: datetime | None
    tried_last: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """A delivery to a page, feed or line.

    Args:
        remote_id: the provider's name for what stands there.
    """

    lane: str
    target: str
    state: State
    remote_id: str | None
    reason: str | None
    attempts: int
    tried: datetime | None
    changed: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """Doubts that ended alike.

    Args:
        state: what the deliveries became by it.
        how: what was found, said or decided.
    """

    state: State
    how: str
    actor: str
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A rendition, and what became of it."""

    rendition: Rendition
    operation: Operation
    outcomes: tuple[Outcome, ...]
    places: tuple[Place, ...]
    settled: tuple[Settled, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What people recorded of a message in their own voice."""

    language: str
    digest: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Version:
    """A message with all that went out of it."""

    said: Said
    content_hash: str
    recordings: tuple[Spoken, ...]
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """An incident from its beginning to now.

    Args:
        earlier: those that it refers to, the latest first.
        later: those that refer to it.
        reports: what authorities were told, by the deadlines' ids.
        deeds: what people and the program did with the incident and its messages, in order.
        board: what was changed on the board of services of its municipalities meanwhile, by whomever, in order.
    """

    incident: Incident
    earlier: tuple[Incident, ...]
    later: tuple[Incident, ...]
    reports: Mapping[str, Report]
    versions: tuple[Version, ...]
    deeds: tuple[Deed, ...]
    board: tuple[Entry, ...]


async def read(database: Database, name: str) -> Story:
    """The story of an incident.

    Raises:
        LookupError: there is none of the name.
    """
    async with database.read() as connection:
        if database.is_postgresql:  # where every statement would see another moment
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        incident = await incidents.read(connection, name)
        if incident is None:
            raise LookupError(name)
        thread = await threads.read_thread(connection, name)
        return Story(
            incident=incident,
            earlier=await _earlier(connection, incident),
            later=tuple(await incidents.later(connection, name)),
            reports=await incidents.reports(connection, name),
            versions=await _versions(connection, thread),
            deeds=await _deeds(connection, name),
            board=await board_of(connection, incident, thread),
        )


async def authors(database: Database, incident: str) -> Mapping[str, str]:
    """Who submitted the messages of an incident, by their ids."""
    async with database.read() as connection:
        return {deed.subject: deed.actor for deed in await _deeds(connection, incident) if deed.action == SUBMITTED}


SUBMITTED = "message.submit"
"""What the audit calls the sending of a message."""


async def _earlier(connection: AsyncConnection, incident: Incident) -> tuple[Incident, ...]:
    found: list[Incident] = []
    last = incident
    while last.earlier is not None and (before := await incidents.read(connection, last.earlier)) is not None:
        found.append(before)
        last = before
    return tuple(found)


async def _versions(connection: AsyncConnection, thread: Sequence[Said]) -> tuple[Version, ...]:
    ids = [said.id for said in thread]
    hashed = select(messages.c.id, messages.c.content_hash).where(messages.c.id.in_(ids))
    hashes = {row.id: row.content_hash for row in await connection.execute(hashed)}
    spoken: dict[str, list[Spoken]] = defaultdict(list)
    r = recordings.c
    recorded = select(r.message, r.language, r.digest, r.content).where(r.message.in_(ids)).order_by(r.language)
    for row in await connection.execute(recorded):
        spoken[row.message].append(Spoken(row.language, row.digest, row.content))
    told = await _told(connection, ids)
    return tuple(Version(said, hashes[said.id], tuple(spoken[said.id]), tuple(told[said.id])) for said in thread)


async def _told(connection: AsyncConnection, ids: Sequence[str]) -> Mapping[str, Sequence[Told]]:
    outcomes, places = await _outcomes(connection, ids), await _places(connection, ids)
    settled = await _settled(connection, ids)
    r = renditions.c
    key = (r.municipality, r.channel, r.language, r.operation)
    found: dict[str, list[Told]] = defaultdict(list)
    for row in await connection.execute(select(renditions).where(r.message.in_(ids)).order_by(r.message, *key)):
        text_ = Rendition(row.municipality, row.channel, row.language, row.title, row.text)
        became = tuple(outcomes[row.id]), tuple(places[row.id]), tuple(settled[row.id])
        found[row.message].append(Told(text_, Operation(row.operation), *became))
    return found


async def _outcomes(connection: AsyncConnection, ids: Sequence[str]) -> Mapping[int, Sequence[Outcome]]:
    d = deliveries.c
    by = (d.rendition, d.lane, d.state, d.reason)
    of_type = d.changed.type
    times = [of(column, type_=of_type) for column in (d.changed, d.tried) for of in (func.min, func.max)]
    wanted = select(*by, func.count(), *times).where(d.message.in_(ids)).group_by(*by)
    found: dict[int, list[Outcome]] = defaultdict(list)
    for rendition, lane, state, reason, *numbers in await connection.execute(wanted):
        found[rendition].append(Outcome(lane, State(state), reason, *numbers))
    for alike in found.values():
        alike.sort(key=lambda one: (one.lane, list(State).index(one.state), one.reason or ""))
    return found


async def _places(connection: AsyncConnection, ids: Sequence[str]) -> Mapping[int, Sequence[Place]]:
    d = deliveries.c
    columns = (d.lane, d.target, d.state, d.remote_id, d.reason, d.attempts, d.tried, d.changed)
    wanted = select(d.rendition, *columns).where(d.message.in_(ids), d.target.is_not(None)).order_by(d.id)
    found: dict[int, list[Place]] = defaultdict(list)
    for rendition, lane, target, state, *rest in await connection.execute(wanted):
        found[rendition].append(Place(lane, target, State(state), *rest))
    return found


async def _settled(connection: AsyncConnection, ids: Sequence[str]) -> Mapping[int, Sequence[Settled]]:
    is_ending = audit.c.action.startswith(_DOUBT)
    delivery = case((is_ending, cast(audit.c.subject, BigInteger)))  # the subjects of other deeds are no numbers
    by = (deliveries.c.rendition, audit.c.action, audit.c.details, audit.c.actor)
    first, last = (of(audit.c.at, type_=audit.c.at.type) for of in (func.min, func.max))
    wanted = (
        select(*by, func.count(), first, last)
        .join_from(audit, deliveries, deliveries.c.id == delivery)
        .where(is_ending, deliveries.c.message.in_(ids))
        .group_by(*by)
    )
    found: dict[int, list[Settled]] = defaultdict(list)
    for rendition, action, how, actor, *numbers in await connection.execute(wanted):
        found[rendition].append(Settled(State(action.removeprefix(_DOUBT)), how, actor, *numbers))
    for alike in found.values():
        alike.sort(key=lambda one: (one.first, one.state, one.how, one.actor))
    return found


_DOUBT = "doubt."  # their subjects are deliveries; see store/endings.py
_OF_OTHERS = (_DOUBT, "services.", "subscribers.")
"""Deeds whose subjects are no incidents or messages, and could only be called the same."""


async def _deeds(connection: AsyncConnection, name: str) -> tuple[Deed, ...]:
    ids = select(messages.c.id).where(messages.c.incident == name)
    about = or_(audit.c.subject == name, audit.c.subject.in_(ids))
    of_others = or_(*(audit.c.action.startswith(action) for action in _OF_OTHERS))
    wanted = select(audit).where(about, ~of_others).order_by(audit.c.at, audit.c.id)
    return tuple(_deed(row) for row in await connection.execute(wanted))


async def board_of(connection: AsyncConnection, incident: Incident, thread: Sequence[Said]) -> tuple[Entry, ...]:
    """What was changed on the board of the incident's municipalities while it was open, and by its messages."""
    since = min(filter(None, [incident.opened, incident.aware, *(said.issued for said in thread)]))
    concerned = {municipality for said in thread for municipality in said.municipalities}
    entries = await history(connection, since, incident.closed, [said.id for said in thread])
    return tuple(entry for entry in entries if entry.change.municipality in concerned)


def _deed(row: Row[tuple[object, ...]]) -> Deed:
    return Deed(row.at, row.actor, row.action, row.subject, row.details)
