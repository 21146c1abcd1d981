"""What the people on duty are reminded of, each thing once, and the texts that tell them.

A text is taken out of the database before it leaves, so it leaves once at most; what surely did not leave is put back.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store import news
from broadcaster.store.database import Database
from broadcaster.store.lanes import Lease, hold
from broadcaster.store.news import News
from broadcaster.store.schema import audit, incident_reports, incidents, lanes, messages, reminder_texts, reminders
from broadcaster.store.slips import Slip
from messages.document import is_exercise


@dataclass(frozen=True, slots=True)
class Promise:
    """A next update that residents wait for.

    Args:
        message: id of the message that promises it, the last one of its incident in the municipalities.
        due: when it is promised for.
        exercise: whether nothing has happened and people only practise.
    """

    message: str
    incident: str
    municipalities: tuple[str, ...]
    issued: datetime
    due: datetime
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class Awareness:
    """An incident whose deadlines by law count.

    Args:
        aware: since when the municipality knows of it.
        closed: when it ended, if it did.
        reported: when what was reported, by the deadlines' ids; None where no report is due.
    """

    incident: str
    aware: datetime
    closed: datetime | None
    reported: Mapping[str, datetime | None]


@dataclass(frozen=True, slots=True)
class Text:
    """A text to somebody on duty, and the lane it leaves by."""

    lane: str
    slip: Slip


async def promises(database: Database, municipalities: Collection[str], now: datetime) -> Sequence[Promise]:
    """The next updates that were promised and have not come, the earliest first."""
    async with database.read() as connection:
        going_on = await news.current(connection, municipalities, now)
        waiting = {one.message for one in going_on if one.next_update is not None and one.expires > now}
        m = messages.c
        wanted = select(m.id, m.incident, m.issued, m.next_update, m.source).where(m.id.in_(waiting))
        found = (await connection.execute(wanted.order_by(m.next_update, m.id))).all() if waiting else ()
    senders = defaultdict(list)
    for one in going_on:
        senders[one.message].append(one.municipality)
    return [
        Promise(
            message=row.id,
            incident=row.incident,
            municipalities=tuple(sorted(senders[row.id])),
            issued=row.issued,
            due=row.next_update,
            exercise=is_exercise(row.source),
        )
        for row in found
    ]


async def last_words(database: Database, municipalities: Collection[str], now: datetime) -> Sequence[News]:
    """The last word of each incident that goes on when that has expired, once for all municipalities whose it is."""
    async with database.read() as connection:
        going_on = await news.current(connection, municipalities, now)
    return list({one.message: one for one in going_on if one.lasts}.values())


async def awareness(database: Database, since: datetime) -> Sequence[Awareness]:
    """The incidents for which deadlines count, without those that were closed before ``since``."""
    async with database.read() as connection:
        i, r = incidents.c, incident_reports.c
        counts = i.aware.is_not(None) & (i.closed.is_(None) | (i.closed > since))
        known = (await connection.execute(select(i.name, i.aware, i.closed).where(counts).order_by(i.name))).all()
        names = [row.name for row in known]
        wanted = select(r.incident, r.deadline, r.at, r.not_due).where(r.incident.in_(names))
        done = (await connection.execute(wanted)).all() if names else ()
    reported: defaultdict[str, dict[str, datetime | None]] = defaultdict(dict)
    for row in done:
        reported[row.incident][row.deadline] = row.at if row.not_due is None else None
    return [Awareness(row.name, row.aware, row.closed, reported[row.name]) for row in known]


async def told(database: Database, keys: Collection[str]) -> dict[str, datetime]:
    """Those of the keys that were reminded of, and when."""
    wanted = select(reminders.c.key, reminders.c.at).where(reminders.c.key.in_(keys))
    async with database.read() as connection:
        return {row.key: row.at for row in await connection.execute(wanted)} if keys else {}


async def said_by(database: Database, ids: Collection[str], actor: str) -> set[str]:
    """Those of the messages that somebody sent."""
    a = audit.c
    wanted = select(a.subject).where(a.action == "message.submit", a.actor == actor, a.subject.in_(ids))
    async with database.read() as connection:
        return set((await connection.execute(wanted)).scalars())


async def remind(database: Database, key: str, incident: str, now: datetime, texts: Sequence[Text] = ()) -> bool:
    """Note that people are reminded of something, and let the texts leave; tells whether nobody had done so before.

    Args:
        texts: their subject is the key.
    """
    async with database.write(wakes=bool(texts)) as connection:
        new = database.insert(reminders).values(key=key, incident=incident, at=now).on_conflict_do_nothing()
        if not (await connection.execute(new)).rowcount:
            return False
        for text in texts:
            await _keep(connection, text.lane, text.slip, now)
    return True


async def waiting(database: Database, names: Collection[str], now: datetime) -> set[str]:
    """Those of the lanes by which a text could leave now: an account that a person has to mend sends none."""
    t = reminder_texts.c
    is_halted = exists().where(lanes.c.name == t.lane, lanes.c.halted_reason.is_not(None))
    wanted = select(t.lane).distinct().where(t.lane.in_(names), t.due <= now, t.expires > now, ~is_halted)
    async with database.read() as connection:
        return set((await connection.execute(wanted)).scalars())


async def take(database: Database, lease: Lease, now: datetime) -> Slip | None:
    """Take the text that is due for longest in the lane out of the database; None if there is none.

    Raises:
        LeaseLostError: the lane is another worker's now; nothing was taken.
    """
    t = reminder_texts.c
    first = select(t.id).where(t.lane == lease.lane, t.due <= now, t.expires > now).order_by(t.due, t.id).limit(1)
    taken = delete(reminder_texts).where(t.id == first.scalar_subquery()).returning(reminder_texts)
    async with database.write() as connection:
        await hold(connection, database, lease)
        row = (await connection.execute(taken)).one_or_none()
    return None if row is None else Slip(row.reminder, row.number, row.text, row.language, row.written, row.expires)


async def put_back(database: Database, lane: str, slip: Slip, due: datetime) -> None:
    """Let a text that certainly did not leave wait again."""
    async with database.write() as connection:
        await _keep(connection, lane, slip, due)


async def queued(database: Database) -> set[str]:
    """The keys of the reminders whose texts have not all left."""
    async with database.read() as connection:
        return set((await connection.execute(select(reminder_texts.c.reminder).distinct())).scalars())


async def call_off(database: Database, keys: Collection[str]) -> None:
    """Forget the texts of reminders that are of no use any more."""
    async with database.write() as connection:
        await connection.execute(delete(reminder_texts).where(reminder_texts.c.reminder.in_(keys)))


async def forget_expired(database: Database, now: datetime) -> int:
    """Forget the texts that could not leave in time; tells how many. Nearly always there is nothing to do."""
    is_over = reminder_texts.c.expires <= now
    async with database.read() as connection:
        if not (await connection.execute(select(exists().where(is_over)))).scalar_one():
            return 0
    async with database.write() as connection:
        return (await connection.execute(delete(reminder_texts).where(is_over))).rowcount


async def _keep(connection: AsyncConnection, lane: str, slip: Slip, due: datetime) -> None:
    values = {
        "reminder": slip.subject,
        "lane": lane,
        "number": slip.number,
        "text": slip.text,
        "language": slip.language,
        "written": slip.written,
        "due": due,
        "expires": slip.expires,
    }
    await connection.execute(insert(reminder_texts).values(values))
