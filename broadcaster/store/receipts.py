"""What providers report later, believed as far as it fits what is known: deliveries only ever move forward.

A receipt finds its delivery by our own key, which providers carry back. One without a key is not looked for by the
provider's id: that would need an index over the whole ledger, for what we always ask to be told with the key.

A hint, which anybody may have made up, moves only what is known to be with the provider under that very name. All else
that it would move is in question (``in_question``) until the provider has confirmed it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    String,
    and_,
    case,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy import Text as SqlText
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.delivery import State
from broadcaster.store import endings, sets
from broadcaster.store.database import Database
from broadcaster.store.endings import Ending
from broadcaster.store.ledger import letters_of, storable
from broadcaster.store.schema import deliveries, lanes, subscribers
from broadcaster.store.sealing import Seal, SealError
from broadcaster.store.subscribers import mark_gone
from channels.contract import Arrival, Parcel, Receipt

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

_HEARD = "the provider reported on it"

_Parts = tuple[str, int]


async def believe(database: Database, receipts: Sequence[Receipt], now: datetime) -> int:
    """Move deliveries forward as receipts say, all in one transaction; returns how many changes that made.

    What is out of order, repeated, malformed, about an unknown delivery, or about another text than the one that was
    accepted, changes nothing, nor does a hint that is in question. A number that is surely gone is marked, though not
    because of a hint.

    Raises:
        StoreError: when the database cannot be used; nothing was written.
    """
    rounds = _rounds(receipts)
    if not rounds:
        return 0
    changed = 0
    async with database.write() as connection:
        await _hold_lanes(connection, database, {id_ for _, id_ in rounds[0]})
        in_doubt = await _in_doubt(connection, database, {id_ for _, id_ in rounds[0]})
        for one_each in rounds:
            believed = await _move(connection, database, one_each, now)
            ended = ((id_, receipt) for (_, id_), receipt in one_each.items() if id_ in believed & in_doubt)
            await endings.note(connection, [Ending(id_, now, State(said.arrival), _HEARD) for id_, said in ended])
            in_doubt -= believed
            sure = {id_: receipt for (_, id_), receipt in one_each.items() if not receipt.hint}
            gone = {id_: receipt.reason for id_, receipt in sure.items() if receipt.gone and id_ in believed}
            if gone:
                await connection.run_sync(mark_gone, database.dialect, gone, now)
            changed += len(believed)
    return changed


async def in_question(database: Database, seal: Seal, receipts: Sequence[Receipt]) -> dict[Receipt, Parcel]:
    """Those of the receipts that are mere hints and would settle what only a sure one may, with what they are about.

    A name that another delivery to the same resident has already is in no question: it cannot be this one's, too.
    """
    hints = {parts: receipt for receipt in receipts if receipt.hint and (parts := _parts(receipt.key))}
    if not hints:
        return {}
    d, said, other = deliveries.c, _said(database), deliveries.alias("other")
    theirs = select(1).where(
        other.c.subscriber == d.subscriber, other.c.remote_id == said.c.remote_id, other.c.id != d.id
    )
    about = and_(d.id == said.c.id, d.message == said.c.message)
    wanted = (
        select(d.message, d.id, d.rendition, d.target, subscribers.c.number)
        .select_from(deliveries.join(said, about).outerjoin(subscribers, subscribers.c.id == d.subscriber))
        .where(_settles(said), ~theirs.exists())
    )
    async with database.read() as connection:
        found = (await connection.execute(wanted, {"said": _text(hints)})).all()
        letters = await connection.run_sync(letters_of, {row.rendition for row in found})
    return {
        hints[row.message, row.id]: letters[row.rendition].parcel(row.id, row.target or _opened(seal, row.number))
        for row in found
    }


def _opened(seal: Seal, number: str | None) -> str:
    try:
        return seal.open(number or "")
    except SealError:
        return ""  # the subscriber left, or the key is not ours: no provider knows such a number


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


async def _in_doubt(connection: AsyncConnection, database: Database, ids: Iterable[int]) -> set[int]:
    """Those of the deliveries that are in doubt."""
    named = sets.spread(database.dialect, "ids", id=BigInteger())
    wanted = select(deliveries.c.id).join(named, named.c.id == deliveries.c.id)
    still = wanted.where(deliveries.c.state == State.IN_DOUBT)
    return set((await connection.execute(still, {"ids": sets.text([[id_] for id_ in ids])})).scalars())


async def _move(
    connection: AsyncConnection, database: Database, receipts: Mapping[_Parts, Receipt], now: datetime
) -> set[int]:
    """Believe at most one receipt for each delivery; returns the ids of those that it changed."""
    d, said = deliveries.c, _said(database)
    is_sending = d.state == State.SENDING
    fits = or_(_moves_on(said), and_(said.c.hint == 0, _settles(said)))
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
    return set((await connection.execute(moved, {"said": _text(receipts)})).scalars())


def _said(database: Database) -> FromClause:
    """What receipts say, as a table; ``_text`` writes it."""
    return sets.spread(
        database.dialect,
        "said",
        message=String(),
        id=BigInteger(),
        arrival=String(),
        remote_id=SqlText(),
        reason=SqlText(),
        hint=Integer(),
    )


def _text(receipts: Mapping[_Parts, Receipt]) -> str:
    return sets.text(
        [
            (message, id_, receipt.arrival, storable(receipt.remote_id), receipt.reason, int(receipt.hint))
            for (message, id_), receipt in receipts.items()
        ]
    )


def _moves_on(said: FromClause) -> ColumnElement[bool]:
    """The provider has it under this name, and now it arrived or did not. A forged one would do little harm."""
    d = deliveries.c
    return and_(d.state == State.ACCEPTED, said.c.arrival != Arrival.ACCEPTED, d.remote_id == said.c.remote_id)


def _settles(said: FromClause) -> ColumnElement[bool]:
    """It shows that the provider has what might not have been sent. A forged one would keep it from being sent."""
    d = deliveries.c
    is_final = said.c.arrival != Arrival.ACCEPTED
    is_sending = d.state == State.SENDING
    return or_(
        and_(d.state == State.ACCEPTED, is_final, d.remote_id.is_(None)),
        # Our own request is not answered yet, and its answer will be recorded over this: it is only kept in mind.
        and_(is_sending, d.receipt.is_(None)),
        and_(is_sending, is_final, d.receipt == Arrival.ACCEPTED, d.remote_id == said.c.remote_id),
        and_(d.state.in_(NOT_KNOWN_AS_SENT), d.tried.is_not(None)),
    )
