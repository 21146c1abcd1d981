"""Sources that are followed: when each is polled next and by whom, and what became of each version of each item."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, true, update

from broadcaster.sources.entries import Entry, Fate
from broadcaster.store.database import Database
from broadcaster.store.schema import source_items, source_states
from messages.model import Severity

BETWEEN_HURRIED = timedelta(seconds=5)
"""The least time between two polls of a source that says that there is news."""

KEPT = timedelta(days=30)
"""How long it is remembered why an item was ignored. By then it is too old to be anything else."""

_CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where the polling of a source stands.

    Args:
        rule: fingerprint of the source as it was when the conditions were noted.
        etag, last_modified: what to ask with the next time.
        succeeded, failed: the last time that it did; ``reason`` is why it failed.
        failures: how many in a row; 0 if the last poll went well.
        untidy: what had to be mended in what was read the last time; None if it was in order.
    """

    name: str
    next_poll: datetime
    polled: datetime | None
    rule: str | None
    etag: str | None
    last_modified: str | None
    succeeded: datetime | None
    failed: datetime | None
    reason: str | None
    failures: int
    untidy: str | None


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of what was read, until it is another: those of :class:`SourceState`."""

    rule: str
    etag: str | None
    last_modified: str | None
    untidy: str | None


async def claim(
    database: Database, name: str, now: datetime, until: datetime, *, hurried: bool = False, forced: bool = False
) -> SourceState | None:
    """Take it on to poll a source; None if it is not yet time, or another process is at it.

    Args:
        until: when it is polled next if nothing more is heard of this poll.
        hurried: there is news. Then it is time as soon as the last poll is some seconds ago, unless that failed.
        forced: a person wants it now.
    """
    s = source_states.c
    due = or_(s.next_poll <= now, s.polled.is_(None), s.polled > now + _CLOCKS_DIFFER)  # the clock may have gone back
    if hurried:
        due = or_(due, and_(s.failures == 0, s.polled <= now - BETWEEN_HURRIED))
    mine = s.name == name if forced else and_(s.name == name, due)
    async with database.read() as connection:  # nearly always it is not, and nobody who writes is kept waiting for that
        if (await connection.execute(select(s.name).where(s.name == name, ~mine))).first():
            return None
    async with database.write() as connection:
        first = database.insert(source_states).values(name=name, next_poll=now)
        await connection.execute(first.on_conflict_do_nothing())
        claimed = await connection.execute(update(source_states).where(mine).values(polled=now, next_poll=until))
        if not claimed.rowcount:
            return None
        row = (await connection.execute(select(source_states).where(s.name == name))).one()
    return _state(row)


async def give_back(database: Database, name: str, now: datetime) -> None:
    """Leave a poll that was taken on to others."""
    async with database.write() as connection:
        await connection.execute(update(source_states).where(source_states.c.name == name).values(next_poll=now))


async def succeed(
    database: Database,
    name: str,
    now: datetime,
    next_poll: datetime,
    read: Memory | None,
) -> None:
    """Note that a source was polled.

    Args:
        read: what to remember of what was read; None if nothing has changed since the last time.
    """
    noted: dict[str, object] = {"succeeded": now, "failures": 0, "next_poll": next_poll}
    if read is not None:
        noted |= asdict(read)
    async with database.write() as connection:
        await connection.execute(update(source_states).where(source_states.c.name == name).values(noted))
        old = (source_items.c.source == name) & (source_items.c.seen < now - KEPT) & (source_items.c.incident.is_(None))
        await connection.execute(delete(source_items).where(old))


async def fail(database: Database, name: str, now: datetime, next_poll: datetime, reason: str) -> None:
    """Note that a source could not be polled, and why."""
    noted = {
        "failed": now,
        "reason": reason,
        "failures": source_states.c.failures + 1,
        "next_poll": next_poll,
    }
    async with database.write() as connection:
        await connection.execute(update(source_states).where(source_states.c.name == name).values(noted))


async def states(database: Database) -> Mapping[str, SourceState]:
    """Where the polling of each source stands, by its name."""
    async with database.read() as connection:
        return {row.name: _state(row) for row in await connection.execute(select(source_states))}


async def acts(database: Database, source: str) -> Sequence[Entry]:
    """Everything of a source that was made something of, and what is known to be the same; oldest first."""
    return await _entries(database, (source_items.c.source == source) & source_items.c.incident.is_not(None))


async def unfinished(database: Database, source: str) -> Sequence[Entry]:
    """What of a source was decided and not carried out, because the program ended in between; oldest first."""
    i = source_items.c
    open_ = i.text.is_not(None) & i.message.is_(None) & i.draft.is_(None)
    return await _entries(database, (i.source == source) & open_)


async def entries(database: Database, source: str | None = None) -> Sequence[Entry]:
    """All that is remembered of the items of a source, or of all; oldest first."""
    return await _entries(database, true() if source is None else source_items.c.source == source)


async def counts(database: Database) -> Mapping[tuple[str, Fate], int]:
    """How many versions of items are remembered, by source and what was decided."""
    by = (source_items.c.source, source_items.c.decision)
    async with database.read() as connection:
        found = await connection.execute(select(*by, func.count()).group_by(*by))
        return {(row[0], Fate(row[1])): row[2] for row in found}


async def note_ignored(database: Database, ignored: Collection[Entry]) -> None:
    """Remember why items were ignored, where nothing is remembered of them yet."""
    if not ignored:
        return
    new = database.insert(source_items).on_conflict_do_nothing()
    async with database.write() as connection:
        await connection.execute(new, [_row(entry) for entry in ignored])


async def take_up(database: Database, entry: Entry) -> bool:
    """Take it on to carry out what was decided; False if somebody else has. What was ignored before can be taken up."""
    row = _row(entry)
    new = database.insert(source_items).values(row)
    mine = new.on_conflict_do_update(
        index_elements=[source_items.c.source, source_items.c.item, source_items.c.version],
        set_={name: new.excluded[name] for name in row if name not in {"source", "item", "version"}},
        where=source_items.c.text.is_(None),
    )
    async with database.write() as connection:
        return bool((await connection.execute(mine)).rowcount)


async def finish(database: Database, entry: Entry) -> None:
    """Note what came of carrying it out."""
    i, row = source_items.c, _row(entry)
    this = (i.source == entry.source) & (i.item == entry.item) & (i.version == entry.version)
    async with database.write() as connection:
        await connection.execute(update(source_items).where(this).values(row))


async def _entries(database: Database, wanted: ColumnElement[bool]) -> Sequence[Entry]:
    i = source_items.c
    query = select(source_items).where(wanted).order_by(i.seen, i.sent, i.source, i.item, i.version)
    async with database.read() as connection:
        return [_entry(row) for row in await connection.execute(query)]


def _row(entry: Entry) -> dict[str, object]:
    return asdict(entry) | {"municipalities": " ".join(entry.municipalities), "withdrawn": int(entry.withdrawn)}


def _entry(row: object) -> Entry:
    values = {field.name: getattr(row, field.name) for field in fields(Entry)}
    values |= {
        "severity": Severity(values["severity"]),
        "municipalities": tuple(values["municipalities"].split()),
        "withdrawn": bool(values["withdrawn"]),
        "decision": Fate(values["decision"]),
    }
    return Entry(**values)


def _state(row: object) -> SourceState:
    return SourceState(*(getattr(row, field.name) for field in fields(SourceState)))
