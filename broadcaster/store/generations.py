"""Generations: of a database and its copies one goes on, and it sends nothing blindly that another may have sent.

A database knows where it lies. One that lies elsewhere than it knows is a copy: a restored backup, a copied file. What
waits in it may have left since, from the original. So a copy begins a new generation, in which all of that is in doubt:
the providers are asked first, for what they took since the copy knows no more. Whoever serves the same database and
began with an earlier generation stops sending.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Select, String, and_, case, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.delivery import State
from broadcaster.store import audit, lanes, schema
from broadcaster.store.audit import Deed
from broadcaster.store.database import Database
from broadcaster.store.errors import StoreError
from broadcaster.store.lanes import LeaseLostError
from broadcaster.store.schema import deliveries, generations, instances, messages, renditions, signups
from broadcaster.store.whereabouts import NOWHERE, Place, place_of, place_of_file
from channels.registry import CHANNELS

SINCE = "0015"
"""The revision from which on databases know of generations."""

SETTLE = timedelta(seconds=60)
"""How long the providers get to list what left the original last. No channel asks for more."""

UNSURE_FOR = timedelta(hours=24)
"""How long after a copy was opened a message that is new to it may be one that the original has sent."""

ACTOR = "broadcaster"
"""Who begins a generation where nobody restored anything, in the audit."""

_UNSURE = "it may have left from the database of which this is a copy: the provider is asked first"

_ONCE = [name for name, channel in CHANNELS.items() if not channel.repeatable]
"""Channels on which doing something twice is seen."""


class SupersededError(LeaseLostError):
    """The database goes on as a later generation, or another file is in its place. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What a process serves.

    Args:
        copied: what happened after this, an earlier generation may know alone; None for the first one.
        place: where the database lies; nowhere for a backup.
    """

    number: int
    began: datetime
    copied: datetime | None
    place: Place

    def expect_in_place(self, database: Database) -> None:
        """Make sure that no other file is where this one was. PostgreSQL has none.

        Raises:
            SupersededError: there is one, or there is none any more.
        """
        if database.is_postgresql or self.place == NOWHERE:
            return
        try:
            found = place_of_file(Path(database.name))
        except FileNotFoundError:
            found = NOWHERE
        if found != self.place:
            raise SupersededError(
                f"{database.name}: this is not the file that this process began with. It sends nothing more: start it "
                "again to go on with what is there now."
            )

    async def expect_newest(self, database: Database) -> None:
        """Make sure that nobody has begun a later one, or put another database in the place of this one on PostgreSQL.

        Raises:
            SupersededError: somebody has.
            StoreError: the database cannot be used.
        """
        async with database.read() as connection:
            newest = await _newest(connection)
        is_moved = database.is_postgresql and self.place not in {NOWHERE, await place_of(database)}
        if is_moved or (newest is not None and newest.number != self.number):
            raise SupersededError(
                f"{database.name}: a copy was restored here since this process began. It sends nothing more: start it "
                "again to go on with what is there now."
            )

    def may_have_left(self, planned: datetime) -> bool:
        """Whether something that was planned at a time may have left from the original unseen."""
        return self.copied is not None and planned < self.began

    def unseen_since(self, meant: datetime | None, now: datetime) -> datetime | None:
        """From when on a message that is new here may have left from the original; None if it surely has not.

        Args:
            meant: when it was to go automatically; None for one that somebody sends.
        """
        if self.copied is None:
            return None
        if meant is None:
            return self.copied if now < self.began + UNSURE_FOR else None
        return max(self.copied, meant) if meant < self.began else None


FIRST = Generation(1, datetime.min.replace(tzinfo=UTC), None, NOWHERE)
"""That of a database from which nobody has sent yet."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a database was opened.

    Args:
        origin: of which place it turned out to be a copy, for people; None where it is none.
        doubts: how many deliveries are in doubt for that.
    """

    generation: Generation
    origin: str | None = None
    doubts: int = 0


async def enter(database: Database, holder: str, now: datetime) -> Opening:
    """Begin to send from a database; from a copy as a new generation.

    Raises:
        StoreError: the database cannot be used, or is a copy of one from which a process of this machine sends.
    """
    place = await place_of(database)
    async with database.write() as connection:
        await _alone(connection, database)
        newest = await _newest(connection)
        if newest is None:
            opening = Opening(Generation(FIRST.number, now, None, place))
            await _write(connection, opening.generation)
        elif newest.place == place:
            opening = Opening(newest)
        else:
            await _expect_no_rival(connection, database, newest)
            opening = await begin(connection, database, place, now, ACTOR)
        await _forget_the_dead(connection)
        await connection.execute(insert(instances).values(holder=holder, since=now))
    return opening


async def leave(database: Database, holder: str) -> None:
    """Send no more.

    Raises:
        StoreError: the database cannot be used.
    """
    async with database.write() as connection:
        await connection.execute(delete(instances).where(instances.c.holder == holder))


async def newest(database: Database) -> Generation | None:
    """What a database holds; None where nobody has sent from it yet."""
    async with database.read() as connection:
        return await _newest(connection)


async def begin(
    connection: AsyncConnection, database: Database, place: Place, now: datetime, actor: str, *, after: int = 0
) -> Opening:
    """Begin a new generation, as part of a transaction.

    Args:
        place: where the database lies from now on.
        after: the number of a generation that this one supersedes, beside its own earlier ones.
    """
    former = await _newest(connection) or FIRST
    known_until = former.copied if former.place == NOWHERE else None
    copied = min(now, known_until or await _last_change(connection) or now)
    generation = Generation(max(former.number, after) + 1, now, copied, place)
    await lanes.take_back(connection, database)
    doubts = await _doubt(connection, now)
    await connection.execute(update(signups).values(outgoing=None))  # who gets no code asks again
    await connection.execute(delete(instances))
    await _write(connection, generation)
    deed = Deed(now, actor, "generation.begin", str(generation.number), f"a copy of {former.place.name}")
    await audit.note(connection, deed)
    return Opening(generation, former.place.name, doubts)


async def doubt_new(connection: AsyncConnection, message: str, meant: datetime | None, now: datetime) -> None:
    """Put a message in doubt that was just submitted, where the original may have sent it; part of a transaction.

    Args:
        meant: as :meth:`Generation.unseen_since` takes it.
    """
    generation = await _newest(connection)
    since = generation.unseen_since(meant, now) if generation is not None else None
    if generation is None or since is None:
        return
    d = deliveries.c
    due = literal(max(now, generation.began + SETTLE), d.due.type)
    unsure = update(deliveries).where(d.message == message, _once(), d.state.in_((State.PENDING, State.WAITING)))
    in_doubt = case((d.state == State.PENDING, State.IN_DOUBT.value), else_=d.state)
    await connection.execute(unsure.values(state=in_doubt, tried=since, due=due, reason=_UNSURE))


async def _alone(connection: AsyncConnection, database: Database) -> None:
    """Let nobody else begin a generation until the transaction ends. SQLite has one writer anyway."""
    if database.is_postgresql:
        await connection.exec_driver_sql("LOCK TABLE generations IN SHARE ROW EXCLUSIVE MODE")


async def _newest(connection: AsyncConnection) -> Generation | None:
    wanted = select(generations).order_by(generations.c.number.desc()).limit(1)
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else Generation(row.number, row.began, row.copied, Place(row.place, row.name))


async def _write(connection: AsyncConnection, one: Generation) -> None:
    row = {
        "number": one.number,
        "began": one.began,
        "copied": one.copied,
        "place": one.place.id,
        "name": one.place.name,
    }
    await connection.execute(insert(generations).values(row))


async def _expect_no_rival(connection: AsyncConnection, database: Database, original: Generation) -> None:
    holders = (await connection.execute(select(instances.c.holder))).scalars().all()
    for pid in filter(None, map(lanes.pid_of_another, holders)):
        raise StoreError(
            f"{database.name}: this is a copy of {original.place.name}, and process {pid} on this machine sends from "
            "that. Both together would send twice. End that process, then try again."
        )


async def _forget_the_dead(connection: AsyncConnection) -> None:
    """Forget processes that ended without a word, before another one gets their number and is taken for them."""
    holders = (await connection.execute(select(instances.c.holder))).scalars().all()
    dead = [holder for holder in holders if lanes.is_dead(holder)]
    await connection.execute(delete(instances).where(instances.c.holder.in_(dead)))


async def _last_change(connection: AsyncConnection) -> datetime | None:
    """When something happened last that the database knows of."""
    columns = (deliveries.c.changed, messages.c.issued, schema.audit.c.at)
    found = [(await connection.execute(select(func.max(one, type_=one.type)))).scalar() for one in columns]
    return max(filter(None, found), default=None)


async def _doubt(connection: AsyncConnection, now: datetime) -> int:
    """Put in doubt what may have left; returns how many deliveries that are.

    What waits for an earlier text goes on waiting, and is in doubt once that is settled.
    """
    d = deliveries.c
    settled = literal(now + SETTLE, d.due.type)
    told = and_(d.state == State.SENDING, d.receipt.is_not(None))
    under_way = update(deliveries).where(_once(), d.state.in_((State.PENDING, State.SENDING)))
    put = under_way.values(
        state=case((told, d.receipt), else_=literal(State.IN_DOUBT, String())),
        reason=case((told, d.reason), else_=literal(_UNSURE, d.reason.type)),
        tried=case((d.state == State.PENDING, d.changed), else_=d.tried),
        due=settled,
        changed=now,
    )
    waiting = update(deliveries).where(_once(), d.state == State.WAITING).values(tried=d.changed, due=settled)
    earlier = update(deliveries).where(d.state == State.IN_DOUBT, d.due < settled).values(due=settled)
    for statement in (earlier, waiting):
        await connection.execute(statement)
    return (await connection.execute(put)).rowcount


def _once() -> ColumnElement[bool]:
    texts: Select[int] = select(renditions.c.id).where(renditions.c.channel.in_(_ONCE))
    return deliveries.c.rendition.in_(texts)
