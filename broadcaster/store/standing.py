"""How things stand with all that is not done yet, for whoever watches: small questions, however large the ledger is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from broadcaster.delivery import State
from broadcaster.sources.entries import Fate
from broadcaster.store import lanes, news, sources
from broadcaster.store.database import Database
from broadcaster.store.lanes import LaneState
from broadcaster.store.schema import IS_IN_DOUBT, IS_PENDING, IS_SENDING, deliveries
from broadcaster.store.sources import SourceState

UNDONE = (State.PENDING, State.SENDING, State.IN_DOUBT)
"""States with an index of their own, so that counting costs nothing when there is nothing to count."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is not done yet.

    Args:
        counts: deliveries by lane and state, of the states in :data:`UNDONE`.
        oldest: since when the pending delivery of each lane is due that has been so for longest.
        held: deliveries in doubt that wait for a person, by lane.
        lanes: all lanes that were ever served.
        promises: when each municipality's next update is promised, if one is: the earliest.
        incidents: the same for each incident that goes on.
        sources: where the polling of each source stands that was ever polled.
        items: versions of items that are remembered, by source and what was decided.
    """

    counts: Mapping[tuple[str, State], int]
    oldest: Mapping[str, datetime]
    held: Mapping[str, int]
    lanes: tuple[LaneState, ...]
    promises: Mapping[str, datetime]
    incidents: Mapping[str, datetime]
    sources: Mapping[str, SourceState]
    items: Mapping[tuple[str, Fate], int]


async def standing(database: Database, municipalities: Collection[str], now: datetime) -> Standing:
    """Look how things stand.

    Raises:
        StoreError: when the database cannot be used.
    """
    d = deliveries.c
    first_due = func.min(d.due, type_=d.due.type)
    pending = select(d.lane, func.count(), first_due).where(IS_PENDING).group_by(d.lane)
    sending = select(d.lane, func.count()).where(IS_SENDING).group_by(d.lane)
    in_doubt = select(d.lane, func.count(), func.sum(d.held)).where(IS_IN_DOUBT).group_by(d.lane)
    async with database.read() as connection:
        waiting = (await connection.execute(pending)).all()
        leaving = (await connection.execute(sending)).all()
        doubtful = (await connection.execute(in_doubt)).all()
        going_on = await news.current(connection, municipalities, now)
    counts = {(row[0], State.PENDING): row[1] for row in waiting}
    counts |= {(row[0], State.SENDING): row[1] for row in leaving}
    counts |= {(row[0], State.IN_DOUBT): row[1] for row in doubtful}
    promises: dict[str, datetime] = {}
    incidents: dict[str, datetime] = {}
    for one in going_on:
        if one.next_update is not None:
            promises[one.municipality] = min(one.next_update, promises.get(one.municipality, one.next_update))
            incidents[one.incident] = min(one.next_update, incidents.get(one.incident, one.next_update))
    return Standing(
        counts=counts,
        oldest={row[0]: row[2] for row in waiting},
        held={row[0]: int(row[2]) for row in doubtful},
        lanes=tuple(await lanes.states(database)),
        promises=promises,
        incidents=incidents,
        sources=await sources.states(database),
        items=await sources.counts(database),
    )
