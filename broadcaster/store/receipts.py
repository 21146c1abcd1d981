"""What providers report later, believed as far as it fits what is known: deliveries only ever move forward.

A receipt finds its delivery by our own key, which providers carry back. One without a key is not looked for by the
provider's id: that would need an index over the whole ledger, for what we always ask to be told with the key.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, String, and_, case, func, literal, or_, select, update
from sqlalchemy import Text as SqlText
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.delivery import State
from broadcaster.store import sets
from broadcaster.store.database import Database
from broadcaster.store.ledger import storable
from broadcaster.store.schema import deliveries, lanes
from broadcaster.store.subscribers import mark_gone
from channels.contract import Arrival, Receipt

_KEY = re.compile(r"([0-9a-f]{10})-([1-9][0-9]{0,17})")
"""Message and delivery, as ``Letter.parcel`` writes them; 18 digits are as many as every database holds."""

NOT_KNOWN_AS_SENT = (
    State.IN_DOUBT,
    State.PENDING,
    State.REJECTED,
    State.ABANDONED,
    State.EXPIRED,
    State.CANCELLED,
)
"""States in which a receipt tells more than we know: the provider has it, whatever we had concluded.

A delivery that is pending after a try (the provider had no trace of it; a person or policy wants it sent once more) is
then not sent again. One that was never tried cannot have been sent, so no receipt for it can be true.
"""

_Parts = tuple[str, int]


async def believe(database: Database, receipts: Sequence[Receipt], now: datetime) -> int:
    """Move deliveries forward as receipts say, all in one transaction; returns how many changes that made.

    What is out of order, repeated, malformed, about an unknown delivery, or about another text than the one that was
    accepted, changes nothing. A number that is surely gone is marked.

    Raises:
        StoreError: when the database cannot be used; nothing was written.
    """
    rounds = _rounds(receipts)
    if not rounds:
        return 0
    changed = 0
    async with database.write() as connection:
        await _hold_lanes(connection, database, {id_ for _, id_ in rounds[0]})
        for one_each in rounds:
            believed = await _move(connection, database, one_each, now)
            gone = {id_: receipt.reason for (_, id_), receipt in one_each.items() if receipt.gone and id_ in believed}
            if gone:
                await mark_gone(connection, database.dialect, gone, now)
            changed += len(believed)
    return changed


def _rounds(receipts: Iterable[Receipt]) -> list[dict[_Parts, Receipt]]:
    """Receipts in rounds of at most one for each delivery, in the order they came in; repetitions left out."""
    rounds: list[dict[_Parts, Receipt]] = []
    for receipt in dict.fromkeys(receipts):
        if (parts := _parts(receipt.key)) is None:
            continue
        for taken in rounds:
            if parts not in taken:
                taken[parts] = receipt
                break
        else:
            rounds.append({parts: receipt})
    return rounds


def _parts(key: str | None) -> _Parts | None:
    """Message and delivery that a key names."""
    found = _KEY.fullmatch(key or "")
    return (found[1], int(found[2])) if found else None


async def _hold_lanes(connection: AsyncConnection, database: Database, ids: Iterable[int]) -> None:
    """Keep the lanes' workers waiting, for PostgreSQL: else they and we could lock the same rows in opposite order."""
    named = sets.spread(database.dialect, "ids", id=BigInteger())
    theirs = select(deliveries.c.lane).join(named, named.c.id == deliveries.c.id)
    held = select(lanes.c.name).where(lanes.c.name.in_(theirs)).order_by(lanes.c.name).with_for_update()
    await connection.execute(held, {"ids": sets.text([[id_] for id_ in ids])})


async def _move(
    connection: AsyncConnection, database: Database, receipts: Mapping[_Parts, Receipt], now: datetime
) -> set[int]:
    """Believe at most one receipt for each delivery; returns the ids of those that it changed."""
    d = deliveries.c
    said = sets.spread(
        database.dialect,
        "said",
        message=String(),
        id=BigInteger(),
        arrival=String(),
        remote_id=SqlText(),
        reason=SqlText(),
    )
    is_final = said.c.arrival != Arrival.ACCEPTED
    is_sending = d.state == State.SENDING
    fits = or_(
        and_(d.state == State.ACCEPTED, is_final, func.coalesce(d.remote_id, said.c.remote_id) == said.c.remote_id),
        # Our own request is not answered yet, and its answer will be recorded over this: it is only kept in mind.
        and_(is_sending, d.receipt.is_(None)),
        and_(is_sending, is_final, d.receipt == Arrival.ACCEPTED, d.remote_id == said.c.remote_id),
        and_(d.state.in_(NOT_KNOWN_AS_SENT), d.tried.is_not(None)),
    )
    moved = (
        update(deliveries)
        .where(d.id == said.c.id, d.message == said.c.message, fits)
        .values(
            state=case((is_sending, d.state), else_=said.c.arrival),
            receipt=case((is_sending, said.c.arrival), else_=d.receipt),
            remote_id=said.c.remote_id,
            reason=said.c.reason,
            held=0,
            changed=literal(now, d.changed.type),
        )
        .returning(d.id)
    )
    rows = [
        (message, id_, receipt.arrival, storable(receipt.remote_id), receipt.reason)
        for (message, id_), receipt in receipts.items()
    ]
    return set((await connection.execute(moved, {"said": sets.text(rows)})).scalars())
