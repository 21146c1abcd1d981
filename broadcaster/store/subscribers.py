"""Who gets the SMS: numbers sealed at rest, one subscription for each municipality."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    null,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy import Text as SqlText
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from broadcaster.delivery import OPEN, State
from broadcaster.store import audit, sets, signups
from broadcaster.store.audit import Deed
from broadcaster.store.consents import Consent, Evidence, How, evidence, keep_text, withdraw
from broadcaster.store.database import Database
from broadcaster.store.schema import (
    IS_SENDING,
    IS_STANDING,
    consents,
    deliveries,
    renditions,
    subscribers,
    subscriptions,
)
from broadcaster.store.sealing import Seal

PATIENCE = 2.0
"""Seconds that somebody who leaves waits at most for what is being sent at that moment."""

BY_US = Consent(How.CLI)

_Row = tuple[str, str, str, str]
"""Lookup, sealed number, municipality and language."""

_BATCH = 1000
_GLANCE = 0.02
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
        consent: how the resident agreed; None from before that was noted.
    """

    subscription: Subscription
    since: datetime
    gone: datetime | None
    gone_reason: str | None
    consent: How | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """What was being sent to somebody who left.

    Args:
        underway: ids of deliveries that some lane had claimed.
    """

    underway: tuple[int, ...] = ()


class Subscribers:
    """The subscribers in one database."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._additions = _Additions(database)

    async def add(self, wanted: Sequence[Subscription], now: datetime, actor: str, consent: Consent = BY_US) -> int:
        """Subscribe numbers, all or none; one that is subscribed already changes its language at most.

        One that was marked as gone is not any more: the resident has asked again.

        Args:
            consent: how all of them agreed.

        Returns:
            How many subscriptions are new.

        Raises:
            SealError: the numbers in the database were sealed with another key; nothing was written.
        """
        batches = self._sealed(wanted)  # before the transaction begins
        async with self._database.write() as connection:
            return await self._add(connection, batches, consent, now, actor)

    async def add_listed(self, wanted: Sequence[Subscription], now: datetime, actor: str) -> tuple[int, int]:
        """Subscribe the numbers of a list as :meth:`add` does, but none that said STOPP to the municipality itself.

        That is by text or on the web, without having come back. It is looked at in the same transaction, so that a
        STOPP wins that is said while a long list is sealed.

        Returns:
            How many subscriptions are new, and how many were left out.

        Raises:
            SealError: as :meth:`add` does.
        """
        batches, left = self._sealed(wanted), 0
        stay: list[list[_Row]] = []
        async with self._database.write() as connection:
            for batch in batches:
                gone = await self._left_themselves(connection, batch)
                stay.append([row for row in batch if (row[0], row[2]) not in gone])
                left += len(gone)
            return await self._add(connection, stay, Consent(How.IMPORT), now, actor), left

    async def _add(
        self,
        connection: AsyncConnection,
        batches: Sequence[Sequence[_Row]],
        consent: Consent,
        now: datetime,
        actor: str,
    ) -> int:
        await self._expect_our_key(connection)
        new = await self._join(connection, batches, consent, now)
        details = f"{sum(map(len, batches))} subscriptions"
        await audit.note(connection, Deed(now, actor, "subscribers.add", details=details))
        return new

    async def join(
        self, connection: AsyncConnection, wish: Subscription, consent: Consent, now: datetime, actor: str
    ) -> None:
        """Subscribe one number, as part of a transaction. Raises as :meth:`add` does."""
        await self._add(connection, self._sealed([wish]), consent, now, actor)

    def _sealed(self, wanted: Sequence[Subscription]) -> list[list[_Row]]:
        """Batches of rows, as :class:`_Additions` reads them."""
        languages = {(wish.number, wish.municipality): wish.language for wish in wanted}
        rows = [
            (self._seal.lookup(number), self._seal.close(number), municipality, language)
            for (number, municipality), language in languages.items()
        ]
        return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]

    async def _join(
        self, connection: AsyncConnection, batches: Sequence[Sequence[_Row]], consent: Consent, now: datetime
    ) -> int:
        new = 0
        version = await keep_text(connection, self._database, consent.shown)
        for rows in batches:
            batch = sets.text(rows)  # it travels as one value
            given = {"rows": batch, "now": now}
            await connection.execute(self._additions.numbers, given)
            new += (await connection.execute(self._additions.subscriptions, given)).rowcount
            await connection.execute(self._additions.languages, {"rows": batch})
            await connection.execute(self._additions.back, {"rows": batch})
            await connection.execute(self._additions.consents, given | {"how": consent.how, "version": version})
        return new

    async def remove(
        self, number: str, municipality: str | None, now: datetime, actor: str, how: How = How.CLI
    ) -> Departure | None:
        """End a number's subscriptions, or just the one to a municipality.

        What was planned for it is cancelled, unless it is a joint message that also reaches it through a subscription
        that stays. What a lane has claimed already it lets go as soon as it looks: see :meth:`quiet`.

        Returns:
            What was underway; None if there was nothing to end.

        Raises:
            SealError: the numbers in the database were sealed with another key; nothing was changed.
        """
        async with self._database.write() as connection:
            return await self.leave(connection, number, municipality, now, actor, how)

    async def leave(
        self,
        connection: AsyncConnection,
        number: str,
        municipality: str | None,
        now: datetime,
        actor: str,
        how: How,
    ) -> Departure | None:
        """End subscriptions as :meth:`remove` does, as part of a transaction."""
        await self._expect_our_key(connection)
        lookup = self._seal.lookup(number)
        await signups.forget_all_of(connection, lookup, municipality)
        # Locked, for PostgreSQL: a subscription that somebody is adding is waited for, and then counts below.
        found = select(subscribers.c.id).where(subscribers.c.lookup == lookup).with_for_update()
        id_ = (await connection.execute(found)).scalar()
        if id_ is None:
            return None
        of_number = subscriptions.c.subscriber == id_
        ended = delete(subscriptions).where(of_number, _in(municipality))
        if not (await connection.execute(ended)).rowcount:
            return None
        freed = await connection.execute(_release(id_, now))
        underway = [row.id for row in freed if row.state == State.SENDING]
        left = delete(subscribers).where(subscribers.c.id == id_, ~exists().where(of_number))
        await connection.execute(left)
        await withdraw(connection, lookup, municipality, how, now)
        await audit.note(connection, Deed(now, actor, "subscribers.remove", municipality or "all"))
        return Departure(tuple(underway))

    async def quiet(self, departure: Departure) -> None:
        """Wait until nothing more can leave for somebody who left: what a lane had claimed is sent or let go.

        It is over in a moment, and for a request that hangs at a provider after :data:`PATIENCE` in any case: what has
        not left by then is looked at once more before it does.
        """
        if not departure.underway:
            return
        wanted = select(exists().where(deliveries.c.id.in_(departure.underway), IS_SENDING))
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while await self._holds(wanted):  # noqa: ASYNC110 (whoever sends may be another machine)
                    await asyncio.sleep(_GLANCE)

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

    async def among(self, numbers: Collection[str]) -> int:
        """How many of the numbers subscribe."""
        lookups = [self._seal.lookup(number) for number in numbers]
        wanted = select(func.count()).select_from(subscribers).where(subscribers.c.lookup.in_(lookups))
        async with self._database.read() as connection:
            return (await connection.execute(wanted)).scalar_one()

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
        agreed = and_(
            consents.c.lookup == subscribers.c.lookup,
            consents.c.municipality == subscriptions.c.municipality,
            IS_STANDING,
        )
        key = tuple_(subscriptions.c.subscriber, subscriptions.c.municipality)
        wanted = (
            select(subscriptions, subscribers.c.number, subscribers.c.gone, subscribers.c.gone_reason, consents.c.how)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber)
            .outerjoin(consents, agreed)
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
                yield Entry(subscription, row.since, row.gone, row.gone_reason, How(row.how) if row.how else None)
            if len(batch) < _BATCH:
                return
            last = (batch[-1].subscriber, batch[-1].municipality)

    async def subscriptions_of(self, connection: AsyncConnection, number: str) -> dict[str, str]:
        """A number's languages by municipality, the oldest subscription first, as part of a transaction."""
        s = subscriptions.c
        wanted = (
            select(s.municipality, s.language)
            .join(subscribers, subscribers.c.id == s.subscriber)
            .where(subscribers.c.lookup == self._seal.lookup(number))
            .order_by(s.since, s.municipality)
        )
        return {row.municipality: row.language for row in await connection.execute(wanted)}

    async def speak(
        self, connection: AsyncConnection, number: str, municipalities: Collection[str], language: str
    ) -> None:
        """Let a number's subscriptions be in another language, as part of a transaction."""
        whose = select(subscribers.c.id).where(subscribers.c.lookup == self._seal.lookup(number)).scalar_subquery()
        mine = (subscriptions.c.subscriber == whose) & subscriptions.c.municipality.in_(municipalities)
        await connection.execute(update(subscriptions).where(mine).values(language=language))

    async def evidence(self, number: str) -> list[Evidence]:
        """All that is known of a number's consents, oldest first."""
        return await evidence(self._database, self._seal.lookup(number))

    async def _left_themselves(self, connection: AsyncConnection, rows: Sequence[_Row]) -> set[tuple[str, str]]:
        """Lookups and municipalities of those who said STOPP themselves and have not come back."""
        keys = sets.text([(lookup, municipality) for lookup, _, municipality, _ in rows])
        return {
            (row.lookup, row.municipality) for row in await connection.execute(self._additions.left, {"keys": keys})
        }

    def lookup(self, number: str) -> str:
        """What a number is found by."""
        return self._seal.lookup(number)

    async def _holds(self, condition: Select[bool]) -> bool:
        async with self._database.read() as connection:
            return (await connection.execute(condition)).scalar_one()

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
        keys = sets.spread(database.dialect, "keys", lookup=String(), municipality=SqlText())
        c, again = consents.c, consents.alias("again")
        of_key = (c.lookup == keys.c.lookup) & (c.municipality == keys.c.municipality)
        by_themselves = c.withdrawn_how.in_((How.SMS, How.WEB))
        came_back = exists().where(
            again.c.lookup == c.lookup, again.c.municipality == c.municipality, again.c.id > c.id
        )
        self.left = select(c.lookup, c.municipality).join(keys, of_key).where(by_themselves, ~came_back)
        how, version = bindparam("how", type_=String), bindparam("version", type_=String)
        agreed = select(rows.c.lookup, rows.c.municipality, now, how, version).where(true())
        self.consents = (
            database.insert(consents)
            .from_select(["lookup", "municipality", "given", "how", "text"], agreed)
            .on_conflict_do_nothing()  # one that stands is older, and stays
        )


def mark_gone(connection: Connection, dialect: str, reasons: Mapping[int, str | None], now: datetime) -> None:
    """Mark the numbers behind deliveries as surely no good any more, as part of a transaction; the first reason stays.

    Args:
        reasons: why, by the deliveries' ids; those that go to no subscriber change nothing.
    """
    why = sets.spread(dialect, "why", id=BigInteger(), reason=SqlText())
    behind = (deliveries.c.id == why.c.id) & (subscribers.c.id == deliveries.c.subscriber)
    marked = update(subscribers).where(behind, subscribers.c.gone.is_(None)).values(gone=now, gone_reason=why.c.reason)
    connection.execute(marked, {"why": sets.text(list(reasons.items()))})


def _in(municipality: str | None) -> ColumnElement[bool]:
    return true() if municipality is None else subscriptions.c.municipality == municipality


def _release(subscriber: int, now: datetime) -> ReturningUpdate[int, str]:
    """Free a subscriber of all that would not reach it through a subscription that it still has.

    What is planned is cancelled. What may be on its way loses its number, and so is not sent if it is not yet, nor
    ever again; the states afterwards tell the two apart. It is one statement, so that what a lane claims while this
    waits for it on PostgreSQL is seen as claimed.
    """
    d = deliveries.c
    planned, other = renditions.alias("planned"), renditions.alias("other")
    same_message = (other.c.message == planned.c.message) & (other.c.channel == planned.c.channel)
    still_wanted = (
        exists()
        .select_from(planned.join(other, same_message))
        .where(planned.c.id == d.rendition)
        .where(other.c.municipality == subscriptions.c.municipality, subscriptions.c.subscriber == subscriber)
    )
    is_pending = d.state.in_((State.WAITING, State.PENDING))
    return (
        update(deliveries)
        .where(d.subscriber == subscriber, d.state.in_((*OPEN, State.IN_DOUBT)), ~still_wanted)
        .values(
            state=case((is_pending, State.CANCELLED.value), else_=d.state),
            reason=case((is_pending, _LEFT), else_=d.reason),
            changed=case((is_pending, literal(now, d.changed.type)), else_=d.changed),
            subscriber=case((is_pending, d.subscriber), else_=null()),
        )
        .returning(d.id, d.state)
    )
