"""Who gets the SMS: numbers sealed at rest, one subscription for each municipality."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    Update,
    bindparam,
    delete,
    exists,
    func,
    null,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy import Text as SqlText
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.delivery import State
from broadcaster.store import audit, sets
from broadcaster.store.audit import Deed
from broadcaster.store.database import Database
from broadcaster.store.schema import deliveries, renditions, subscribers, subscriptions
from broadcaster.store.sealing import Seal

_BATCH = 1000
_LEFT = "the subscriber left"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One number that wants one municipality's messages, in a language."""

    number: str
    municipality: str
    language: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A subscription as it stands in the list.

    Args:
        gone: since when the number is surely no good; such a number is left out of every new message.
    """

    subscription: Subscription
    since: datetime
    gone: datetime | None
    gone_reason: str | None


class Subscribers:
    """The subscribers in one database."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._additions = _Additions(database)

    async def add(self, wanted: Sequence[Subscription], now: datetime, actor: str) -> int:
        """Subscribe numbers, all or none; one that is subscribed already changes its language at most.

        One that was marked as gone is not any more: the resident has asked anew.

        Returns:
            How many subscriptions are new.

        Raises:
            SealError: the numbers in the database were sealed with another key; nothing was written.
        """
        languages = {(wish.number, wish.municipality): wish.language for wish in wanted}
        rows = [
            (self._seal.lookup(number), self._seal.close(number), municipality, language)
            for (number, municipality), language in languages.items()
        ]
        # All is sealed before the transaction begins, and every batch travels as one value.
        batches = [sets.text(rows[start : start + _BATCH]) for start in range(0, len(rows), _BATCH)]
        new = 0
        async with self._database.write() as connection:
            await self._expect_our_key(connection)
            for batch in batches:
                given = {"rows": batch, "now": now}
                await connection.execute(self._additions.numbers, given)
                new += (await connection.execute(self._additions.subscriptions, given)).rowcount
                await connection.execute(self._additions.languages, {"rows": batch})
                await connection.execute(self._additions.back, {"rows": batch})
            await audit.note(connection, Deed(now, actor, "subscribers.add", details=f"{len(rows)} subscriptions"))
        return new

    async def remove(self, number: str, municipality: str | None, now: datetime, actor: str) -> bool:
        """End a number's subscriptions, or just the one to a municipality.

        What was planned for it is cancelled, unless it is a joint message that also reaches it through a subscription
        that stays.

        Returns:
            Whether there was anything to end.

        Raises:
            SealError: the numbers in the database were sealed with another key; nothing was changed.
        """
        async with self._database.write() as connection:
            await self._expect_our_key(connection)
            # Locked, for PostgreSQL: a subscription that somebody is adding is waited for, and then counts below.
            found = select(subscribers.c.id).where(subscribers.c.lookup == self._seal.lookup(number)).with_for_update()
            id_ = (await connection.execute(found)).scalar()
            if id_ is None:
                return False
            of_number = subscriptions.c.subscriber == id_
            ended = delete(subscriptions).where(of_number, _in(municipality))
            if not (await connection.execute(ended)).rowcount:
                return False
            await connection.execute(_cancellation(id_, now))
            left = delete(subscribers).where(subscribers.c.id == id_, ~exists().where(of_number))
            await connection.execute(left)
            await audit.note(connection, Deed(now, actor, "subscribers.remove", municipality or "all"))
        return True

    async def count(self, municipality: str | None = None) -> int:
        """How many subscriptions there are, of all or one municipality."""
        wanted = select(func.count()).select_from(subscriptions).where(_in(municipality))
        async with self._database.read() as connection:
            return (await connection.execute(wanted)).scalar_one()

    async def counts(self) -> list[tuple[str, str, int]]:
        """How many subscriptions there are by municipality and language."""
        by = (subscriptions.c.municipality, subscriptions.c.language)
        async with self._database.read() as connection:
            found = await connection.execute(select(*by, func.count()).group_by(*by).order_by(*by))
            return [(municipality, language, count) for municipality, language, count in found]

    async def people(self) -> int:
        """How many numbers there are."""
        async with self._database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(subscribers))).scalar_one()

    async def gone(self) -> int:
        """How many of the numbers are marked as gone."""
        wanted = select(func.count()).select_from(subscribers).where(subscribers.c.gone.is_not(None))
        async with self._database.read() as connection:
            return (await connection.execute(wanted)).scalar_one()

    def number(self, sealed: str) -> str:
        """A stored number as it can be called.

        Raises:
            SealError: it was sealed with another key.
        """
        return self._seal.open(sealed)

    async def expect_key(self) -> None:
        """Make sure that the key opens the numbers; one of them stands for all.

        Raises:
            SealError: it does not.
        """
        async with self._database.read() as connection:
            sealed = (await connection.execute(select(subscribers.c.number).limit(1))).scalar()
        if sealed is not None:
            self._seal.open(sealed)

    async def all(self, municipality: str | None = None) -> AsyncIterator[Entry]:
        """Every subscription, in the order of joining.

        Read a batch at a time: whoever takes long over the list keeps nobody from writing.

        Raises:
            SealError: the numbers in the database were sealed with another key.
        """
        key = tuple_(subscriptions.c.subscriber, subscriptions.c.municipality)
        wanted = (
            select(subscriptions, subscribers.c.number, subscribers.c.gone, subscribers.c.gone_reason)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber)
            .where(_in(municipality))
            .order_by(subscriptions.c.subscriber, subscriptions.c.municipality)
            .limit(_BATCH)
        )
        last = (0, "")
        while True:
            async with self._database.read() as connection:
                batch = (await connection.execute(wanted.where(key > last))).all()
            for row in batch:
                subscription = Subscription(self._seal.open(row.number), row.municipality, row.language)
                yield Entry(subscription, row.since, row.gone, row.gone_reason)
            if len(batch) < _BATCH:
                return
            last = (batch[-1].subscriber, batch[-1].municipality)

    async def _expect_our_key(self, connection: AsyncConnection) -> None:
        """With another key nobody would be found, and everybody could be added once more."""
        sealed = (await connection.execute(select(subscribers.c.number).limit(1))).scalar()
        if sealed is not None:
            self._seal.open(sealed)


class _Additions:
    """The statements that add a batch of rows."""

    def __init__(self, database: Database) -> None:
        rows = sets.spread(
            database.dialect, "rows", lookup=String(), number=SqlText(), municipality=SqlText(), language=SqlText()
        )
        now = bindparam("now", type_=subscribers.c.since.type)
        known = rows.join(subscribers, subscribers.c.lookup == rows.c.lookup)
        # SQLite needs the WHERE to tell which clause ON CONFLICT belongs to.
        numbers = select(rows.c.number, rows.c.lookup, now).where(true())
        wishes = select(subscribers.c.id, rows.c.municipality, rows.c.language, now).select_from(known).where(true())
        # For PostgreSQL: a number that is being removed in this very moment is waited for and left out.
        wishes = wishes.with_for_update(read=True, key_share=True, of=subscribers)
        self.numbers = (
            database.insert(subscribers).from_select(["number", "lookup", "since"], numbers).on_conflict_do_nothing()
        )
        self.subscriptions = (
            database.insert(subscriptions)
            .from_select(["subscriber", "municipality", "language", "since"], wishes)
            .on_conflict_do_nothing()
        )
        self.languages = (
            update(subscriptions)
            .where(
                subscriptions.c.subscriber == subscribers.c.id,
                subscribers.c.lookup == rows.c.lookup,
                subscriptions.c.municipality == rows.c.municipality,
                subscriptions.c.language != rows.c.language,
            )
            .values(language=rows.c.language)
        )
        asked = subscribers.c.lookup.in_(select(rows.c.lookup))
        self.back = (
            update(subscribers).where(subscribers.c.gone.is_not(None), asked).values(gone=null(), gone_reason=null())
        )


async def mark_gone(
    connection: AsyncConnection, dialect: str, reasons: Mapping[int, str | None], now: datetime
) -> None:
    """Mark the numbers behind deliveries as surely no good any more, as part of a transaction; the first reason stays.

    Args:
        reasons: why, by the deliveries' ids; those that go to no subscriber change nothing.
    """
    why = sets.spread(dialect, "why", id=BigInteger(), reason=SqlText())
    behind = (deliveries.c.id == why.c.id) & (subscribers.c.id == deliveries.c.subscriber)
    marked = update(subscribers).where(behind, subscribers.c.gone.is_(None)).values(gone=now, gone_reason=why.c.reason)
    await connection.execute(marked, {"why": sets.text(list(reasons.items()))})


def _in(municipality: str | None) -> ColumnElement[bool]:
    return true() if municipality is None else subscriptions.c.municipality == municipality


def _cancellation(subscriber: int, now: datetime) -> Update:
    """Cancel what is planned for a subscriber and would not reach it through a subscription that it still has."""
    planned, other = renditions.alias("planned"), renditions.alias("other")
    same_message = (other.c.message == planned.c.message) & (other.c.channel == planned.c.channel)
    still_wanted = (
        exists()
        .select_from(planned.join(other, same_message))
        .where(planned.c.id == deliveries.c.rendition)
        .where(other.c.municipality == subscriptions.c.municipality, subscriptions.c.subscriber == subscriber)
    )
    return (
        update(deliveries)
        .where(deliveries.c.subscriber == subscriber, deliveries.c.state == State.PENDING, ~still_wanted)
        .values(state=State.CANCELLED, reason=_LEFT, changed=now)
    )
