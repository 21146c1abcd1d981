"""How doubts ended: what was once in doubt looks afterwards like any other delivery, so that the audit keeps it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.delivery import State
from broadcaster.store import audit as diary
from broadcaster.store.audit import Deed
from broadcaster.store.database import Database
from broadcaster.store.schema import audit, deliveries, messages, renditions, subscribers

OURSELVES = "broadcaster"
"""Who settles what no person did."""

_ACTION = "doubt."
_IS_ENDING = audit.c.action.startswith(_ACTION)
_ID = case((_IS_ENDING, cast(audit.c.subject, BigInteger)))  # the subjects of other deeds are no numbers


@dataclass(frozen=True, slots=True)
class Ending:
    """How a doubt ended.

    Args:
        delivery: its id.
        state: what the delivery became by it.
        how: what was found, said or decided.
    """

    delivery: int
    at: datetime
    state: State
    how: str
    actor: str = OURSELVES


@dataclass(frozen=True, slots=True)
class EndingSummary:
    """An ended doubt as a person is shown it.

    Args:
        state: what the delivery is now.
        target: a page, for surfaces; None for residents.
        sealed_number: the resident's; both None when the subscriber has left.
    """

    ending: Ending
    message: str
    headline: str
    lane: str
    municipality: str
    state: State
    target: str | None
    sealed_number: str | None


async def note(connection: AsyncConnection, endings: Iterable[Ending]) -> None:
    """Keep how doubts ended, as part of the transaction that ends them."""
    deeds = [Deed(one.at, one.actor, f"{_ACTION}{one.state}", str(one.delivery), one.how) for one in endings]
    if deeds:
        await diary.note(connection, *deeds)


async def listing(
    database: Database, *, message: str | None = None, delivery: int | None = None, most: int = 200
) -> Sequence[EndingSummary]:
    """Doubts that ended, the latest first: all, or those of a message or a delivery."""
    d = deliveries.c
    joined = (
        audit.join(deliveries, d.id == _ID)
        .join(messages, messages.c.id == d.message)
        .join(renditions, renditions.c.id == d.rendition)
        .outerjoin(subscribers, subscribers.c.id == d.subscriber)
    )
    of_delivery = (d.id, d.message, d.lane, d.state, d.target)
    of_others = (messages.c.headline, renditions.c.municipality, subscribers.c.number)
    wanted = (
        select(audit.c.at, audit.c.actor, audit.c.action, audit.c.details, *of_delivery, *of_others)
        .select_from(joined)
        .where(_IS_ENDING)
        .order_by(audit.c.id.desc())
        .limit(most)
    )
    if message is not None:
        wanted = wanted.where(d.message == message)
    if delivery is not None:
        wanted = wanted.where(d.id == delivery)
    async with database.read() as connection:
        found = (await connection.execute(wanted)).all()
    return [
        EndingSummary(
            ending=Ending(row.id, row.at, State(row.action.removeprefix(_ACTION)), row.details, row.actor),
            message=row.message,
            headline=row.headline,
            lane=row.lane,
            municipality=row.municipality,
            state=State(row.state),
            target=row.target,
            sealed_number=row.number,
        )
        for row in found
    ]


async def count(database: Database, message: str) -> int:
    """How many deliveries of a message were in doubt, and it ended."""
    joined = audit.join(deliveries, deliveries.c.id == _ID)
    of_message = (_IS_ENDING, deliveries.c.message == message)
    wanted = select(func.count(deliveries.c.id.distinct())).select_from(joined).where(*of_message)
    async with database.read() as connection:
        return int((await connection.execute(wanted)).scalar_one())
