"""Leases: a lane is served by one worker at a time, by the database's clock."""

import math
import os
import secrets
import socket
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    Update,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.database import Database
from broadcaster.store.schema import lanes

LEASE_SECONDS = 10
"""How long a lane stays with a worker that says nothing."""


class LeaseLostError(Exception):
    """Another worker serves the lane now; what this one still wanted to write was not written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to serve a lane.

    Args:
        epoch: counts the lane's leases; what was claimed under an earlier one belongs to nobody any more.
        idle: seconds that nobody had had the lane when it was taken.
    """

    lane: str
    holder: str
    epoch: int
    idle: float = field(default=math.inf, compare=False)


@dataclass(frozen=True, slots=True)
class LaneState:
    """A lane as people are shown it."""

    name: str
    holder: str | None
    halted_reason: str | None
    halted_since: datetime | None
    down_reason: str | None
    down_since: datetime | None
    throttled_reason: str | None = None
    throttled_since: datetime | None = None
    throttled_until: datetime | None = None

    def is_throttled(self, now: datetime) -> bool:
        """Whether its provider still wants to be left alone."""
        return self.throttled_until is not None and now < self.throttled_until


def new_holder() -> str:
    """A name for a worker, from which others on the same machine can see whether its process still lives."""
    return f"{_machine()} pid {os.getpid()} {secrets.token_hex(3)}"


def _machine() -> str:
    # The boot and the pid namespace, where there are such: the same pid elsewhere is somebody else.
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
        return f"{socket.gethostname()} {boot}{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def process_of(holder: str) -> tuple[str, int, bool]:
    """A holder's machine by name, its process there, and whether that machine is this one."""
    machine, _, rest = holder.rpartition(" pid ")
    return machine.split()[0], int(rest.split()[0]), machine == _machine()


def is_dead(holder: str) -> bool:
    """Whether a holder surely runs no more: only to be known of processes of this machine."""
    machine, _, rest = holder.rpartition(" pid ")
    if machine != _machine():
        return False
    pid = int(rest.split()[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _is_a_zombie(pid)


def _is_a_zombie(pid: int) -> bool:
    """Whether a process has ended, and only its parent has not asked how."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state in {"Z", "X"}


def pid_of_another(holder: str) -> int | None:
    """The process of a holder, if it is another than this one and runs on this machine; else None."""
    _, pid, is_here = process_of(holder)
    return pid if is_here and pid != os.getpid() and not is_dead(holder) else None


async def acquire(database: Database, lane: str, holder: str) -> Lease | None:
    """Take the lane if it is free, run out, or held by a process that died; else None."""
    async with database.write() as connection:
        await connection.execute(database.insert(lanes).values(name=lane).on_conflict_do_nothing())
        before = select(lanes.c.holder, _clock(database.dialect) - lanes.c.lease_until).where(lanes.c.name == lane)
        former, idle = (await connection.execute(before.with_for_update())).one()
        free = or_(lanes.c.holder.is_(None), lanes.c.lease_until < _clock(database.dialect))
        if former is not None and is_dead(former):
            free = or_(free, lanes.c.holder == former)
        taken = (
            update(lanes)
            .where(lanes.c.name == lane, free)
            .values(holder=holder, epoch=lanes.c.epoch + 1, lease_until=_end(database.dialect))
            .returning(lanes.c.epoch)
        )
        epoch = (await connection.execute(taken)).scalar()
    return None if epoch is None else Lease(lane, holder, epoch, max(0.0, float(idle) / 1000))


def held(dialect: str, lane: ColumnElement[str], holder: ColumnElement[str], epoch: ColumnElement[int]) -> Update:
    """The statement that keeps a lane for another :data:`LEASE_SECONDS`, if the lease is still that one."""
    return update(lanes).where(_ours(lane, holder, epoch)).values(lease_until=_end(dialect))


class Holding:
    """Stays a lane's worker, as part of a transaction. Its statement is built once: it is executed at every turn."""

    def __init__(self, database: Database) -> None:
        whose = (bindparam("lane", type_=String), bindparam("ours", type_=String), bindparam("at", type_=BigInteger))
        self._held = held(database.dialect, *whose)

    def __call__(self, connection: Connection, lease: Lease) -> None:
        """Keep the lane for another :data:`LEASE_SECONDS`.

        Raises:
            LeaseLostError: when another worker took over; the transaction then rolls back.
        """
        given = {"lane": lease.lane, "ours": lease.holder, "at": lease.epoch}
        if connection.execute(self._held, given).rowcount != 1:
            raise LeaseLostError(lease.lane)


async def hold(connection: AsyncConnection, database: Database, lease: Lease) -> None:
    """Stay the lane's worker, as :class:`Holding` says it."""
    await connection.run_sync(Holding(database), lease)


async def stop_all(connection: AsyncConnection, database: Database) -> None:
    """Let no lane claim or record anything until the transaction ends, so that what one reads of deliveries stays true.

    On SQLite nobody else writes meanwhile anyway. On PostgreSQL all of the table is locked, since whoever claims or
    records begins there; row by row it could meet somebody who goes through the lanes in another order.
    """
    if database.is_postgresql:
        await connection.exec_driver_sql("LOCK TABLE lanes IN SHARE ROW EXCLUSIVE MODE")


async def take_back(connection: AsyncConnection, database: Database) -> None:
    """Let every lease be lost, as part of a transaction."""
    await stop_all(connection, database)
    await connection.execute(update(lanes).values(holder=None, epoch=lanes.c.epoch + 1, lease_until=0))


async def release(database: Database, lease: Lease) -> None:
    """Leave the lane to whoever wants it."""
    async with database.write() as connection:
        await connection.execute(
            update(lanes)
            .where(_ours(lease.lane, lease.holder, lease.epoch))
            .values(holder=None, lease_until=_clock(database.dialect))
        )


async def halt(database: Database, lane: str, reason: str, now: datetime) -> None:
    """Note that the account is unusable, and since when; until a person mends it, it is down as well."""
    since = func.coalesce(lanes.c.halted_since, literal(now, lanes.c.halted_since.type))
    await _note(database, [lane], halted_reason=reason, halted_since=since, down_reason=reason, down_since=now)


async def mark_down(database: Database, lane: str, reason: str, now: datetime) -> None:
    """Note that the account has failed again: for a while others may take its deliveries."""
    await _note(database, [lane], down_reason=reason, down_since=now)


async def note_wait(database: Database, lane: str, reason: str, now: datetime, until: datetime) -> None:
    """Note how long the provider wants to be left alone: meanwhile others may take its deliveries."""
    await _note(database, [lane], throttled_reason=reason, throttled_since=now, throttled_until=until)


async def resume(database: Database, names: Collection[str]) -> None:
    """Note that the accounts work again, or are worth another try."""
    works = {"halted_reason": None, "halted_since": None, "down_reason": None, "down_since": None}
    await _note(database, names, wakes=True, **works)


async def _note(database: Database, names: Collection[str], *, wakes: bool = False, **changes: object) -> None:
    async with database.write(wakes=wakes) as connection:
        await connection.execute(update(lanes).where(lanes.c.name.in_(names)).values(changes))


async def halted(database: Database) -> dict[str, str]:
    """Why each halted lane is halted."""
    return {lane.name: lane.halted_reason for lane in await states(database) if lane.halted_reason is not None}


async def holders(database: Database, names: Collection[str]) -> set[str]:
    """Who holds one of the lanes now."""
    held_now = (lanes.c.holder.is_not(None), lanes.c.lease_until >= _clock(database.dialect))
    wanted = select(lanes.c.holder).where(lanes.c.name.in_(names), *held_now)
    async with database.read() as connection:
        return {str(holder) for holder in (await connection.execute(wanted)).scalars()}


async def states(database: Database) -> list[LaneState]:
    """All lanes that were ever served, by name."""
    wanted = select(*(lanes.c[field.name] for field in fields(LaneState))).order_by(lanes.c.name)
    async with database.read() as connection:
        found = (await connection.execute(wanted)).all()
    return [LaneState(*tuple(row)) for row in found]


def _ours(
    lane: ColumnElement[str] | str, holder: ColumnElement[str] | str, epoch: ColumnElement[int] | int
) -> ColumnElement[bool]:
    return and_(lanes.c.name == lane, lanes.c.holder == holder, lanes.c.epoch == epoch)


def _clock(dialect: str) -> ColumnElement[int]:
    if dialect == "postgresql":
        return func.floor(func.extract("epoch", func.clock_timestamp()) * 1000)
    return func.round((func.julianday("now") - 2440587.5) * 86_400_000)


def _end(dialect: str) -> ColumnElement[int]:
    return _clock(dialect) + LEASE_SECONDS * 1000
