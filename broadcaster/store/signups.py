"""Sign-ups on the web that wait for their code, and the codes that wait to leave.

A code is taken out of the database before it leaves, so it leaves once at most: people who get none ask again.
None leaves by a lane in which a delivery waits or is under way.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.consents import keep_text
from broadcaster.store.database import Database
from broadcaster.store.lanes import Lease, hold
from broadcaster.store.schema import IS_OUTGOING, IS_PENDING, IS_SENDING, consent_texts, deliveries, lanes, signups
from broadcaster.store.slips import Slip

MOST_TRIES = 5
"""How often a code may be typed."""


class Purpose(StrEnum):
    """What a resident wants to confirm."""

    JOIN = "join"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class SignUp:
    """A wish that waits for its code.

    Args:
        number: sealed; ``lookup`` is what it is found by.
        code: keyed hash; empty where none is sent, so that nothing fits.
        shown: the text that the resident was shown before agreeing; None for one who leaves.
        expires: until when the code is good.
    """

    id: str
    purpose: Purpose
    number: str
    lookup: str
    municipality: str
    language: str
    code: str
    shown: str | None
    expires: datetime


async def keep(
    connection: AsyncConnection, database: Database, wish: SignUp, lane: str, outgoing: str | None, now: datetime
) -> None:
    """Keep a wish until its code is typed or has expired, as part of a transaction.

    Args:
        outgoing: the sealed text with the code, to leave by the lane; None where none is to leave.
    """
    kept = signups.insert().values(
        id=wish.id,
        purpose=wish.purpose,
        number=wish.number,
        lookup=wish.lookup,
        municipality=wish.municipality,
        language=wish.language,
        code=wish.code,
        text=await keep_text(connection, database, wish.shown),
        created=now,
        expires=wish.expires,
        lane=lane,
        outgoing=outgoing,
    )
    await connection.execute(kept)


async def tried(connection: AsyncConnection, id_: str, now: datetime) -> SignUp | None:
    """Note that a code was typed, as part of a transaction; None where nothing waits for one any more."""
    s = signups.c
    is_open = (s.id == id_) & (s.expires > now) & (s.tries < MOST_TRIES)
    if not (await connection.execute(update(signups).where(is_open).values(tries=s.tries + 1))).rowcount:
        return None
    text = consent_texts.c.text.label("shown")
    wanted = select(signups, text).outerjoin(consent_texts, consent_texts.c.version == s.text).where(s.id == id_)
    row = (await connection.execute(wanted)).one()
    return SignUp(
        id=row.id,
        purpose=Purpose(row.purpose),
        number=row.number,
        lookup=row.lookup,
        municipality=row.municipality,
        language=row.language,
        code=row.code,
        shown=row.shown,
        expires=row.expires,
    )


async def forget(connection: AsyncConnection, id_: str) -> None:
    """End a wish, as part of a transaction: its code is good no more."""
    await connection.execute(delete(signups).where(signups.c.id == id_))


async def forget_all_of(connection: AsyncConnection, lookup: str, municipality: str | None) -> None:
    """End a number's wishes, to one municipality or all, as part of a transaction: no code leaves for it any more."""
    theirs = signups.c.lookup == lookup
    if municipality is not None:
        theirs &= signups.c.municipality == municipality
    await connection.execute(delete(signups).where(theirs))


async def forget_expired(database: Database, now: datetime) -> None:
    """Forget the numbers of those who never typed their code. Nearly always there is nothing to do."""
    is_over = signups.c.expires <= now
    async with database.read() as connection:
        if not (await connection.execute(select(exists().where(is_over)))).scalar_one():
            return
    async with database.write() as connection:
        await connection.execute(delete(signups).where(is_over))


async def waiting(database: Database, names: Collection[str], now: datetime, down_for: timedelta) -> set[str]:
    """Those of the lanes by which a code could leave now.

    Args:
        down_for: how long a lane that is down is left alone. After that only a code may be left to try it.
    """
    s = signups.c
    stands_still = lanes.c.halted_reason.is_not(None) | (lanes.c.down_since > now - down_for)
    fails = exists().where(lanes.c.name == s.lane, stands_still)
    wanted = select(s.lane).distinct().where(s.lane.in_(names), IS_OUTGOING, s.expires > now, ~_has_work(), ~fails)
    async with database.read() as connection:
        return set((await connection.execute(wanted)).scalars())


async def take(database: Database, lease: Lease, now: datetime) -> Slip | None:
    """Take the code that has waited longest in the lane out of the database; None while deliveries go first.

    Raises:
        LeaseLostError: the lane is another worker's now; nothing was taken.
    """
    s = signups.c
    first = (
        select(s.id, s.number, s.outgoing, s.language, s.created, s.expires)
        .where(s.lane == lease.lane, IS_OUTGOING, s.expires > now, ~_has_work())
        .order_by(s.created)
        .limit(1)
    )
    async with database.write() as connection:
        await hold(connection, database, lease)
        row = (await connection.execute(first)).one_or_none()
        if row is None:
            return None
        taken = update(signups).where(s.id == row.id, IS_OUTGOING).values(outgoing=None)
        if not (await connection.execute(taken)).rowcount:  # on PostgreSQL: its resident left in this very moment
            return None
    return Slip(row.id, row.number, row.outgoing, row.language, row.created, row.expires)


def _has_work() -> ColumnElement[bool]:
    """Whether the lane of a code has anything else to send, be it later."""
    of_lane = deliveries.c.lane == signups.c.lane
    return exists().where(of_lane, IS_PENDING) | exists().where(of_lane, IS_SENDING)
