"""The ledger of deliveries: every transition is a named function, guarded by the state that it leaves.

What a lane does all day is :meth:`Ledger.turn`: in one transaction it writes down what became of what it had claimed,
lets expire what is too late, and claims what comes next. All of it works on sets, and costs hardly more for more.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Update,
    and_,
    bindparam,
    case,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    update,
    values,
)
from sqlalchemy import Text as SqlText

from broadcaster.delivery import ARRIVED, CRASHED, EXPIRED, Operation, State, Verdict, unsent
from broadcaster.store import lanes, sets
from broadcaster.store.database import Database
from broadcaster.store.lanes import Lease
from broadcaster.store.schema import (
    IS_IN_DOUBT,
    IS_PENDING,
    IS_SENDING,
    IS_WAITING,
    deliveries,
    messages,
    milliseconds,
    renditions,
    unindexed,
)
from broadcaster.store.subscribers import mark_gone
from broadcaster.store.turns import Turns
from channels.contract import Parcel
from messages.model import Kind, Rendition, Severity

LEFT = "the subscriber left"
MISSED = "what it refers to was never sent here"

SWEEP = timedelta(seconds=1)
"""How often a lane lets expire what is too late. Right before sending every parcel's own expiry is looked at anyway."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send.

    Args:
        target: a page, feed or line, for surfaces.
        sealed_number: the subscriber's sealed number, for residents; both None when the subscriber has left.
        gone: the number was found to be surely no good after this was planned.
    """

    id: int
    rendition: int
    attempts: int
    target: str | None
    sealed_number: str | None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """What all deliveries of one rendition carry."""

    message: str
    kind: Kind
    severity: Severity
    issued: datetime
    expires: datetime
    incident: str
    next_update: datetime | None
    rendition: Rendition
    operation: Operation = Operation.SEND

    def parcel(self, delivery: int, target: str) -> Parcel:
        """What a channel gets: the letter, addressed."""
        return Parcel(
            key=f"{self.message}-{delivery}",
            target=target,
            rendition=self.rendition,
            message=self.message,
            kind=self.kind,
            severity=self.severity,
            issued=self.issued,
            expires=self.expires,
            incident=self.incident,
            next_update=self.next_update,
        )


@dataclass(frozen=True, slots=True)
class ActedOn:
    """What a delivery replaces, marks or takes away.

    Args:
        remote_id: the provider's name for it; None while nobody knows one.
        held: it is in doubt and waits for a person.
    """

    remote_id: str | None
    state: State
    held: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a lane has to say at a turn.

    Args:
        verdicts: what became of deliveries, by their id.
        room: how many more it can take.
        known: renditions whose letters it has.
        swept: until when earlier turns of this lease let expire; None for the first.
        settle: how long to wait before the provider is asked about what is in doubt.
    """

    verdicts: Mapping[int, Verdict]
    room: int
    known: Collection[int] = ()
    swept: datetime | None = None
    settle: timedelta = timedelta(0)

    @property
    def put_back(self) -> list[int]:
        """What is to be sent later after all."""
        return [id_ for id_, verdict in self.verdicts.items() if verdict.state is State.PENDING]

    @property
    def gone(self) -> dict[int, str | None]:
        """What met a number that is surely no good any more, and why."""
        return {id_: verdict.reason for id_, verdict in self.verdicts.items() if verdict.gone}


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn gave: deliveries to send, and the letters among them that were not known.

    Args:
        swept: until when it, or an earlier one, let expire.
    """

    swept: datetime
    claimed: tuple[Claimed, ...] = ()
    letters: Mapping[int, Letter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is pending in a lane: how much, and when the first of it expires."""

    count: int
    expires: datetime


class Ledger:
    """The deliveries in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hold = lanes.Holding(database)
        self._turns = Turns(database.dialect)

    async def turn(self, lease: Lease, report: Report, now: datetime) -> Turn:
        """Record verdicts on what this lease had claimed, expire what is too late, and claim what there is room for.

        A verdict on what is not ``sending`` under this lease changes nothing, so the same report may be made again
        when nobody knows whether the first one was written.

        Raises:
            LeaseLostError: when the lane is another worker's now; nothing was written.
            StoreError: when the database cannot be used; nothing was written.
        """
        swept = report.swept
        if swept is None or now - swept >= SWEEP or report.put_back or report.gone:
            return await self._database.write_at_once(lambda connection: self._sweep(connection, lease, report, now))
        return await self._database.write_at_once(
            lambda connection: self._take(connection, lease, report, swept, now), alone=True
        )

    def _sweep(self, connection: Connection, lease: Lease, report: Report, now: datetime) -> Turn:
        """Take a turn, and between recording and claiming end what is not to be sent any more."""
        self._turns(connection, lease, _written(report, now), 0, now)
        if report.gone:
            mark_gone(connection, self._database.dialect, report.gone, now)
        if report.put_back:
            cancel_called_off(connection, report.put_back, now)
        # What comes back may belong to a message that expired in an earlier sweep.
        _expire(connection, lease.lane, now, None if report.put_back else report.swept)
        if report.room <= 0:
            return Turn(now)
        return self._take(connection, lease, replace(report, verdicts={}), now, now)

    def _take(self, connection: Connection, lease: Lease, report: Report, swept: datetime, now: datetime) -> Turn:
        found = self._turns(connection, lease, _written(report, now), max(0, report.room), now)
        claimed = tuple(Claimed(*row[1:]) for row in sorted(found))  # by when they are due
        return Turn(swept, claimed, letters_of(connection, {one.rendition for one in claimed}.difference(report.known)))

    async def called_off(self, lane: str) -> Mapping[int, str]:
        """What the lane has claimed that is not to be sent any more, and why.

        A subscriber has left since, so that it has lost its number; or another message has taken its place.
        """
        d = deliveries.c
        left = and_(d.subscriber.is_(None), d.target.is_(None))
        wanted = select(d.id, d.called_off).where(d.lane == lane, IS_SENDING, or_(left, d.called_off.is_not(None)))
        return await self._database.read_at_once(
            lambda connection: {row[0]: row[1] or LEFT for row in connection.execute(wanted)}
        )

    async def acted_on(self, delivery: int) -> ActedOn | None:
        """What a delivery replaces, marks or takes away; None if it stands alone.

        Where that was to replace an earlier text and never did, it is the earlier one, which still stands.
        """
        d, other = deliveries.c, deliveries.alias("other")
        known = (other.c.id, other.c.remote_id, other.c.state, other.c.held)
        wanted = select(*known).join(deliveries, other.c.id == d.acts_on).where(d.id == bindparam("acting"))

        def look(connection: Connection) -> ActedOn | None:
            found, acting = None, delivery
            while row := connection.execute(wanted, {"acting": acting}).one_or_none():
                found, acting = ActedOn(row.remote_id, State(row.state), bool(row.held)), row.id
                if found.remote_id is not None or found.state not in {State.REJECTED, State.EXPIRED, State.CANCELLED}:
                    break
            return found

        return await self._database.read_at_once(look)

    async def release(self, now: datetime) -> int:
        """Release deliveries whose predecessor is settled; returns how many changed state.

        One that is only for people who got the predecessor is cancelled if they did not get it.
        """
        d, former = deliveries.c, deliveries.alias("former")
        in_doubt = former.c.state == State.IN_DOUBT
        under_way = or_(
            former.c.state.in_((State.WAITING, State.PENDING, State.SENDING)), and_(in_doubt, former.c.held == 0)
        )
        free = and_(IS_WAITING, ~exists().where(former.c.id == d.after, under_way))
        went_out = exists().where(former.c.id == d.after, or_(former.c.state.in_(ARRIVED), in_doubt))
        missed = update(deliveries).where(free, d.only_after_sent == 1, ~went_out)
        due = update(deliveries).where(free, or_(d.only_after_sent == 0, went_out))  # it may have changed in between
        waiting = await self._database.read_at_once(lambda c: c.execute(select(1).where(IS_WAITING).limit(1)).scalar())
        if waiting is None:
            return 0
        async with self._database.write(wakes=True) as connection:
            await lanes.stop_all(connection, self._database)  # nor does anybody call off what waits, in another order
            cancelled = missed.values(state=State.CANCELLED, reason=MISSED, changed=now)
            decided = (await connection.execute(cancelled)).rowcount
            return decided + (await connection.execute(_let_go(due, now))).rowcount

    async def recover(self, lease: Lease, *, repeatable: bool, now: datetime, settle: timedelta = timedelta(0)) -> int:
        """Free what earlier leases of the lane left in ``sending``; returns how many there were.

        Where sending again does no harm it becomes pending; everywhere else it is in doubt, unless a receipt has come.
        """
        stranded = deliveries.c.epoch < lease.epoch
        if repeatable:
            return await self._free(lease, stranded, unsent(now), now, now)
        return await self._free(lease, stranded, CRASHED, now + settle, now)

    async def disown(self, lease: Lease, known: Collection[int], now: datetime) -> int:
        """Put back what a turn claimed whose answer never came: nobody knows of it, so it was not sent.

        Args:
            known: ids of what this lease has claimed and knows of.
        """
        unknown = and_(deliveries.c.epoch == lease.epoch, deliveries.c.id.not_in(known))
        return await self._free(lease, unknown, unsent(now), now, now)

    async def _free(
        self, lease: Lease, which: ColumnElement[bool], verdict: Verdict, due: datetime, now: datetime
    ) -> int:
        """Take deliveries of the lane out of ``sending``. A receipt that has come knows better than the verdict."""
        stuck = update(deliveries).where(deliveries.c.lane == lease.lane, IS_SENDING, which)
        told = deliveries.c.receipt.is_not(None)
        off = and_(deliveries.c.called_off.is_not(None), literal(verdict.state is State.PENDING))
        cancelled = State.CANCELLED.value
        written = stuck.values(
            state=case((told, deliveries.c.receipt), (off, cancelled), else_=literal(verdict.state, String())),
            reason=case(
                (told, deliveries.c.reason),
                (off, deliveries.c.called_off),
                else_=literal(verdict.reason, SqlText()),
            ),
            attempts=deliveries.c.attempts + verdict.attempts,
            due=due,
            changed=now,
        )
        async with self._database.write() as connection:
            await connection.run_sync(self._hold, lease)
            return (await connection.execute(written)).rowcount

    async def busy(self, names: Collection[str], now: datetime) -> set[str]:
        """Those of the lanes that have something to send or to look up now, or that a dead worker may have left."""
        asked = values(column("name", SqlText), name="asked").data([(name,) for name in names]).cte("asked")
        of_lane = deliveries.c.lane == asked.c.name
        due = select(1).where(of_lane, IS_PENDING, deliveries.c.due <= now).exists()
        claimed = select(1).where(of_lane, IS_SENDING).exists()
        doubtful = select(1).where(of_lane, IS_IN_DOUBT, deliveries.c.due <= now).exists()
        wanted = select(asked.c.name).where(due | claimed | doubtful)
        return await self._database.read_at_once(lambda connection: set(connection.execute(wanted).scalars()))

    async def strays(self, names: Collection[str]) -> set[str]:
        """Lanes of other names with something pending, in ``sending`` or in doubt: their accounts were taken out."""
        async with self._database.read() as connection:
            pending = (await connection.execute(_lanes_with(IS_PENDING))).scalars().all()
            sending = (await connection.execute(_lanes_with(IS_SENDING))).scalars().all()
            in_doubt = (await connection.execute(_lanes_with(IS_IN_DOUBT))).scalars().all()
        return {*pending, *sending, *in_doubt}.difference(names)

    async def leave_to_people(self, lease: Lease, reason: str, now: datetime) -> None:
        """Let all doubts of a lane wait for a person, since no provider can be asked; nothing else waits for them."""
        asked = update(deliveries).where(deliveries.c.lane == lease.lane, IS_IN_DOUBT, deliveries.c.held == 0)
        async with self._database.write() as connection:
            await connection.run_sync(self._hold, lease)
            await connection.execute(asked.values(held=1, reason=reason, changed=now))

    async def backlogs(self, names: Collection[str]) -> dict[str, Backlog]:
        """What is pending in each of the lanes that have anything pending."""
        d = deliveries.c
        first = func.min(messages.c.expires, type_=messages.c.expires.type)
        wanted = (
            select(d.lane, func.count(), first)
            .join(messages, messages.c.id == d.message)
            .where(d.lane.in_(names), IS_PENDING)
            .group_by(d.lane)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(wanted)).all()
        return {row[0]: Backlog(row[1], row[2]) for row in found}

    async def reroute(
        self, origin: str, to: str, municipalities: Collection[str], most: int | None, now: datetime
    ) -> int:
        """Let pending deliveries of some municipalities go by another lane, those due last first; returns how many."""
        d = deliveries.c
        wanted = (
            select(d.id)
            .join(renditions, renditions.c.id == d.rendition)
            .where(d.lane == origin, IS_PENDING, renditions.c.municipality.in_(municipalities))
            .order_by(d.due.desc(), d.id.desc())
            .limit(most)
        )
        moved = update(deliveries).where(d.id.in_(wanted), d.state == State.PENDING)
        async with self._database.write(wakes=True) as connection:
            # What was put off because of the other account need not wait here.
            due = case((d.due > now, literal(now, d.due.type)), else_=d.due)
            return (await connection.execute(moved.values(lane=to, due=due, changed=now))).rowcount


def _let_go(waiting: Update, now: datetime) -> Update:
    """What waited is due; what may have left from the original of this copy is in doubt first."""
    d = deliveries.c
    unsure = d.tried.is_not(None)
    return waiting.values(
        state=case((unsure, State.IN_DOUBT.value), else_=State.PENDING.value),
        due=case((and_(unsure, d.due > now), d.due), else_=literal(now, d.due.type)),
        changed=now,
    )


def _written(report: Report, now: datetime) -> str:
    """Its verdicts, as the statement of a turn takes them."""
    ask_from, at_once = milliseconds(now + report.settle), milliseconds(now)

    def due(verdict: Verdict) -> int:
        if verdict.state is State.IN_DOUBT:
            return ask_from
        return at_once if verdict.due is None else milliseconds(verdict.due)

    told = report.verdicts.items()
    return sets.text([(id_, v.state, v.reason, storable(v.remote_id), due(v), v.attempts) for id_, v in told])


def _expire(connection: Connection, lane: str, now: datetime, swept: datetime | None) -> None:
    waiting = and_(unindexed(deliveries.c.lane) == lane, deliveries.c.state.in_((State.PENDING, State.WAITING)))
    ended = select(messages.c.id).where(
        messages.c.expires <= now, exists().where(deliveries.c.message == messages.c.id, waiting)
    )
    if swept is not None:
        ended = ended.where(messages.c.expires > swept)
    # Asked for first: it is nearly always nothing.
    if late := connection.execute(ended).scalars().all():
        # What is taken away is so all the more when it has expired.
        removal = select(renditions.c.id).where(
            renditions.c.message.in_(late), renditions.c.operation == Operation.WITHDRAW
        )
        too_late = update(deliveries).where(
            deliveries.c.message.in_(late), waiting, deliveries.c.rendition.not_in(removal)
        )
        connection.execute(too_late.values(state=EXPIRED.state, reason=EXPIRED.reason, changed=now))


def cancel_called_off(
    connection: Connection, ids: Collection[int], now: datetime, state: State = State.CANCELLED
) -> None:
    """End those of the deliveries that came back to pending, and are not to be sent any more.

    Args:
        state: what they become: ``abandoned`` if they may have been sent.
    """
    d = deliveries.c
    off = update(deliveries).where(d.id.in_(ids), d.state == State.PENDING, d.called_off.is_not(None))
    connection.execute(off.values(state=state, reason=d.called_off, changed=now))


def _lanes_with(state: ColumnElement[bool]) -> Select[str]:
    """The lanes with deliveries in a state: from one to the next along the index, however much there is in each."""
    d = deliveries.c
    in_order = select(d.lane).where(state).order_by(d.lane).limit(1)
    found = select(in_order.scalar_subquery().label("lane")).cte("found", recursive=True)
    following = in_order.where(d.lane > found.c.lane).correlate(found).scalar_subquery()
    found = found.union_all(select(following).where(found.c.lane.is_not(None)))
    return select(found.c.lane).where(found.c.lane.is_not(None))


def storable(said: str | None) -> str | None:
    """What a provider said, without what PostgreSQL does not keep: NUL and halves of surrogate pairs."""
    return said and said.encode("utf-8", "replace").decode().replace("\0", "�")


def letters_of(connection: Connection, ids: Collection[int]) -> dict[int, Letter]:
    """What deliveries carry, by rendition."""
    if not ids:
        return {}
    m = messages.c
    of_message = (m.kind, m.severity, m.issued, m.expires, m.incident, m.next_update)
    joined = renditions.join(messages, messages.c.id == renditions.c.message)
    wanted = select(renditions, *of_message).select_from(joined).where(renditions.c.id.in_(ids))
    return {
        row.id: Letter(
            message=row.message,
            kind=Kind(row.kind),
            severity=Severity(row.severity),
            issued=row.issued,
            expires=row.expires,
            incident=row.incident,
            next_update=row.next_update,
            rendition=Rendition(row.municipality, row.channel, row.language, row.title, row.text),
            operation=Operation(row.operation),
        )
        for row in connection.execute(wanted)
    }
