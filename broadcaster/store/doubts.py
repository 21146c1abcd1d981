"""Deliveries in doubt: which the provider is to be asked about, what became of them, and what a person is told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Integer, Select, String, and_, bindparam, select, update
from sqlalchemy import Text as SqlText

from broadcaster.delivery import State
from broadcaster.doubt import Settlement
from broadcaster.store import endings, lanes, sets
from broadcaster.store.database import Database
from broadcaster.store.endings import Ending
from broadcaster.store.lanes import Lease
from broadcaster.store.ledger import Letter, cancel_called_off, letters_of
from broadcaster.store.schema import (
    IS_IN_DOUBT,
    deliveries,
    messages,
    milliseconds,
    renditions,
    subscribers,
    unindexed,
)

_HAS_IT = "the provider has it"


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A delivery that the provider is to be asked about.

    Args:
        target: a page, for surfaces; None for residents.
        sealed_number: the resident's; both None when the subscriber has left.
    """

    id: int
    rendition: int
    target: str | None
    subscriber: int | None
    sealed_number: str | None
    tried: datetime
    attempts: int
    looks: int
    again: bool


@dataclass(frozen=True, slots=True)
class DoubtSummary:
    """A doubt as a person is shown it."""

    id: int
    message: str
    headline: str
    severity: str
    lane: str
    municipality: str
    target: str | None
    sealed_number: str | None
    tried: datetime
    attempts: int
    looks: int
    held: bool
    due: datetime
    reason: str | None


async def due(
    database: Database, lane: str, now: datetime, most: int
) -> tuple[Sequence[Doubtful], Mapping[int, Letter]]:
    """The lane's doubts that are to be looked up now, and what they carry."""
    d = deliveries.c
    wanted = (
        select(
            d.id,
            d.rendition,
            d.target,
            d.subscriber,
            subscribers.c.number,
            d.tried,
            d.changed,
            d.attempts,
            d.looks,
            d.again,
        )
        .outerjoin(subscribers, subscribers.c.id == d.subscriber)
        .where(d.lane == lane, IS_IN_DOUBT, d.due <= now)
        .order_by(d.due, d.id)
        .limit(most)
    )
    async with database.read() as connection:
        found = (await connection.execute(wanted)).all()
        letters = await connection.run_sync(letters_of, {row.rendition for row in found})
    doubtful = [
        Doubtful(
            row.id,
            row.rendition,
            row.target,
            row.subscriber,
            row.number,
            row.tried or row.changed,
            row.attempts,
            row.looks,
            bool(row.again),
        )
        for row in found
    ]
    return doubtful, letters


async def taken(database: Database, doubtful: Collection[Doubtful], remote_ids: Collection[str]) -> set[str]:
    """Those of the remote ids that belong to deliveries already."""
    if not remote_ids:
        return set()
    d = deliveries.c
    residents = {one.subscriber for one in doubtful if one.subscriber is not None}
    places = {one.target for one in doubtful if one.target is not None}
    # By whom they went to: that is indexed, remote ids are not.
    to_them = d.subscriber.in_(residents) if residents else d.target.in_(places)
    wanted = select(d.remote_id).where(to_them, d.remote_id.in_(remote_ids))
    async with database.read() as connection:
        return {found for found in (await connection.execute(wanted)).scalars() if found is not None}


async def settle(database: Database, lease: Lease, settlements: Mapping[Doubtful, Settlement], now: datetime) -> int:
    """Write settlements down; returns how many doubts they found still open.

    A delivery that was sent again meanwhile, and is in doubt again, is another doubt: each counts an attempt.

    Raises:
        LeaseLostError: when the lane is another worker's now; nothing was written.
        StoreError: when the database cannot be used; nothing was written.
    """
    d = deliveries.c
    new = sets.spread(
        database.dialect,
        "settlements",
        id=BigInteger(),
        attempts=Integer(),
        state=String(),
        due=BigInteger(),
        reason=SqlText(),
        remote_id=SqlText(),
        unanswered=Integer(),
        again=Integer(),
        held=Integer(),
    )
    written = (
        update(deliveries)
        .where(
            d.id == new.c.id,
            unindexed(d.lane) == bindparam("of_lane"),
            d.state == State.IN_DOUBT,
            d.attempts == new.c.attempts,
        )
        .values(
            state=new.c.state,
            due=new.c.due,
            reason=new.c.reason,
            remote_id=new.c.remote_id,
            looks=d.looks + new.c.unanswered,
            again=d.again + new.c.again,
            held=new.c.held,
            changed=now,
        )
        .returning(d.id)
    )
    rows = [
        (
            one.id,
            one.attempts,
            s.state,
            milliseconds(s.due),
            s.reason,
            s.remote_id,
            int(s.state is State.IN_DOUBT),
            int(s.again),
            int(s.held),
        )
        for one, s in settlements.items()
    ]
    async with database.write(wakes=any(s.state is State.PENDING for s in settlements.values())) as connection:
        await lanes.hold(connection, database, lease)
        parameters = {"settlements": sets.text(rows), "of_lane": lease.lane}
        found = set((await connection.execute(written, parameters)).scalars())
        absent = [one.id for one, s in settlements.items() if s.state is State.PENDING and not s.again]
        if absent:
            await connection.run_sync(cancel_called_off, absent, now)
        untold = [one.id for one, s in settlements.items() if s.state is State.PENDING and s.again]
        if untold:  # whoever may have got it is one of those who did
            await connection.run_sync(cancel_called_off, untold, now, State.ABANDONED)
        ended = [(one.id, s) for one, s in settlements.items() if one.id in found and s.state is not State.IN_DOUBT]
        await endings.note(connection, (Ending(id_, now, s.state, s.reason or _HAS_IT) for id_, s in ended))
        return len(found)


async def listing(database: Database, message: str | None = None, most: int = 200) -> Sequence[DoubtSummary]:
    """Doubts, those that wait for a person first, then the oldest."""
    wanted = _summaries().order_by(deliveries.c.held.desc(), deliveries.c.id).limit(most)
    if message is not None:
        wanted = wanted.where(deliveries.c.message == message)
    return await _read(database, wanted)


async def find(database: Database, id_: int) -> DoubtSummary | None:
    """One doubt; None when there is none of that id, or it is settled."""
    return next(iter(await _read(database, _summaries().where(deliveries.c.id == id_))), None)


async def looked_up(database: Database, message: str) -> bool:
    """Whether the provider is still asked about a delivery of the message without a person being needed."""
    asked = and_(deliveries.c.message == message, deliveries.c.state == State.IN_DOUBT, deliveries.c.held == 0)
    async with database.read() as connection:
        return (await connection.execute(select(1).where(asked).limit(1))).scalar() is not None


async def resolve(database: Database, id_: int, state: State, now: datetime, actor: str) -> bool:
    """Settle a doubt as a person says: ``accepted``, ``pending`` (send it once more) or ``abandoned``.

    Returns:
        Whether it was still in doubt.
    """
    d = deliveries.c
    said = {
        State.ACCEPTED: "a person says that it arrived",
        State.PENDING: "a person sends it once more",
        State.ABANDONED: "a person let it be",
    }[state]
    settled = update(deliveries).where(d.id == id_, d.state == State.IN_DOUBT)
    async with database.write(wakes=state is State.PENDING) as connection:
        written = settled.values(state=state, reason=said, due=now, held=0, changed=now)
        if not (await connection.execute(written)).rowcount:
            return False
        await connection.run_sync(cancel_called_off, [id_], now)
        await endings.note(connection, [Ending(id_, now, state, said, actor)])
    return True


def _summaries() -> Select[tuple[object, ...]]:
    joined = (
        deliveries.join(messages, messages.c.id == deliveries.c.message)
        .join(renditions, renditions.c.id == deliveries.c.rendition)
        .outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber)
    )
    of_message = (messages.c.headline, messages.c.severity)
    return (
        select(deliveries, *of_message, renditions.c.municipality, subscribers.c.number)
        .select_from(joined)
        .where(IS_IN_DOUBT)
    )


async def _read(database: Database, wanted: Select[tuple[object, ...]]) -> Sequence[DoubtSummary]:
    async with database.read() as connection:
        found = (await connection.execute(wanted)).all()
    return [
        DoubtSummary(
            id=row.id,
            message=row.message,
            headline=row.headline,
            severity=row.severity,
            lane=row.lane,
            municipality=row.municipality,
            target=row.target,
            sealed_number=row.number,
            tried=row.tried or row.changed,
            attempts=row.attempts,
            looks=row.looks,
            held=bool(row.held),
            due=row.due,
            reason=row.reason,
        )
        for row in found
    ]
