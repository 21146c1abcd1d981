"""What became of a message: counts and reasons, as people are shown them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true

from broadcaster.delivery import OPEN, State
from broadcaster.store.database import Database
from broadcaster.store.schema import deliveries, messages, renditions
from messages.document import as_written, message_id, serialise
from messages.front_matter import AS_WRITTEN
from messages.model import Message, Rendition


@dataclass(frozen=True, slots=True)
class Tally:
    """Deliveries of a message that have one thing in common: where they go and where they stand."""

    channel: str
    municipality: str
    state: State
    count: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why deliveries are not where they should be."""

    lane: str
    state: State
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """A message in a list.

    Args:
        retracted: when it was taken back.
        open: how many deliveries something is still going to happen to.
    """

    id: str
    incident: str
    kind: str
    severity: str
    headline: str
    issued: datetime
    expires: datetime
    retracted: datetime | None
    open: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the sending of a message is."""

    tallies: tuple[Tally, ...]

    def count(self, *states: State) -> int:
        """How many deliveries are in one of the states."""
        return sum(tally.count for tally in self.tallies if tally.state in states)

    @property
    def total(self) -> int:
        """All deliveries."""
        return sum(tally.count for tally in self.tallies)

    @property
    def done(self) -> bool:
        """Whether nothing more will happen automatically."""
        return self.count(*OPEN) == 0


async def progress(database: Database, message: str) -> Progress:
    """Count a message's deliveries by channel, municipality and state."""
    # Counted where they lie, in the index, and only then told apart.
    key = (deliveries.c.state, deliveries.c.rendition)
    counted = select(*key, func.count().label("count")).where(deliveries.c.message == message).group_by(*key).subquery()
    by = (renditions.c.channel, renditions.c.municipality, counted.c.state)
    wanted = (
        select(*by, func.sum(counted.c.count))
        .join_from(counted, renditions, renditions.c.id == counted.c.rendition)
        .group_by(*by)
        .order_by(*by)
    )
    found = await database.read_at_once(lambda connection: connection.execute(wanted).all())
    return Progress(tuple(Tally(row[0], row[1], State(row[2]), int(row[3])) for row in found))


async def reasons(database: Database, message: str, most: int = 20) -> list[Reason]:
    """Why deliveries wait, failed or are in doubt; the most frequent first."""
    by = (deliveries.c.lane, deliveries.c.state, deliveries.c.reason)
    wanted = (
        select(*by, func.count())
        .where(deliveries.c.message == message, deliveries.c.reason.is_not(None))
        .group_by(*by)
        .order_by(func.count().desc(), *by)
        .limit(most)
    )
    async with database.read() as connection:
        found = (await connection.execute(wanted)).all()
    return [Reason(row[0], State(row[1]), row[2], row[3]) for row in found]


async def open_lanes(database: Database, message: str) -> set[str]:
    """Lanes in which the message still has something to do."""
    still_open = (deliveries.c.message == message, deliveries.c.state.in_(OPEN))
    wanted = select(deliveries.c.lane).where(*still_open).distinct()
    async with database.read() as connection:
        return set((await connection.execute(wanted)).scalars())


async def recent(database: Database, most: int = 20) -> list[MessageSummary]:
    """The messages submitted last, newest first."""
    return await _summaries(database, true(), most)


async def find_message(database: Database, prefix: str, most: int = 20) -> list[MessageSummary]:
    """The messages whose id begins like this, newest first; one, if the person wrote enough of it."""
    return await _summaries(database, messages.c.id.startswith(prefix, autoescape=True), most)


async def source_of(database: Database, message: str) -> str:
    """The message as it was written."""
    async with database.read() as connection:
        return str((await connection.execute(select(messages.c.source).where(messages.c.id == message))).scalar_one())


async def sent_as(database: Database, message: Message) -> str:
    """The id of a message: that under which its file was sent before, if its times mean something else every day."""
    own = message_id(message)
    if AS_WRITTEN not in message.front_matter:
        return own
    written = as_written(serialise(message))
    alike = select(messages.c.id, messages.c.source).where(messages.c.source.contains(AS_WRITTEN, autoescape=True))
    async with database.read() as connection:
        found = (await connection.execute(alike.order_by(messages.c.issued.desc()))).all()
    return next((row.id for row in found if as_written(row.source) == written), own)


async def renditions_of(database: Database, message: str) -> Sequence[Rendition]:
    """The stored texts of a message."""
    wanted = select(renditions).where(renditions.c.message == message).order_by(renditions.c.id)
    async with database.read() as connection:
        found = (await connection.execute(wanted)).all()
    return [Rendition(row.municipality, row.channel, row.language, row.title, row.text) for row in found]


async def _summaries(database: Database, condition: ColumnElement[bool], most: int) -> list[MessageSummary]:
    still_open = (
        select(func.count())
        .where(deliveries.c.message == messages.c.id, deliveries.c.state.in_(OPEN))
        .correlate(messages)
        .scalar_subquery()
        .label("open")
    )
    columns = [still_open if field.name == "open" else messages.c[field.name] for field in fields(MessageSummary)]
    wanted = select(*columns).where(condition).order_by(messages.c.issued.desc(), messages.c.id).limit(most)
    async with database.read() as connection:
        return [MessageSummary(*row) for row in await connection.execute(wanted)]
