"""Who of the residents gets a message, and what of an earlier one they do not get any more. All in sets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    column,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    values,
)
from sqlalchemy import Text as SqlText
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.delivery import ARRIVED, Operation, State
from broadcaster.lifecycle import Practice
from broadcaster.store.places import called_off
from broadcaster.store.schema import deliveries, renditions, subscribers, subscriptions

_HOW = ("municipality", "language", "lane", "fallback")
"""How a subscriber is reached."""

_HAS = ("planned", "going", "stopped", "leaving", "sent")
"""What a subscriber has of earlier messages: what is still to come and what is leaving; and of those whose readers are
meant, what this message stops, what is leaving, and what was sent."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a municipality's residents are reached; ``language`` is for those whose own the message does not speak."""

    municipality: str
    lane: str
    language: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is meant.

    Args:
        routes: how residents are reached, in the order of preference for those who subscribe to several.
        practice: what is done for them.
        earlier: ids of the messages before, which are not to be overtaken.
        subject: ids of those of them whose readers are meant: for a correction the versions of the wrong text, for an
            all-clear what it ends.
    """

    channel: str
    routes: Sequence[Route]
    practice: Practice = Practice.AUDIENCE
    earlier: Sequence[str] = ()
    subject: Sequence[str] = ()


async def plan(connection: AsyncConnection, audience: Audience, message: str, issued: datetime) -> None:
    """Plan a message's deliveries to residents, as part of a transaction."""
    chosen = _chosen(audience)
    fitting, fallback = renditions.alias("fitting"), renditions.alias("fallback")

    def of(text: FromClause, language: ColumnElement[str]) -> ColumnElement[bool]:
        return and_(
            text.c.message == message,
            text.c.channel == audience.channel,
            text.c.municipality == chosen.c.municipality,
            text.c.language == language,
        )

    source = chosen.join(fallback, of(fallback, chosen.c.fallback)).outerjoin(fitting, of(fitting, chosen.c.language))
    at = literal(issued, deliveries.c.due.type)
    planned = (
        select(
            literal(message),
            func.coalesce(fitting.c.id, fallback.c.id),
            chosen.c.lane,
            chosen.c.subscriber,
            case((chosen.c.after.is_(None), State.PENDING.value), else_=State.WAITING.value),
            at,
            at,
            chosen.c.after,
            chosen.c.only_after_sent,
        )
        .select_from(source.join(subscribers, subscribers.c.id == chosen.c.subscriber))
        # For PostgreSQL: a resident who leaves in this very moment is waited for and left out.
        .with_for_update(read=True, key_share=True, of=subscribers)
    )
    columns = ["message", "rendition", "lane", "subscriber", "state", "due", "changed", "after", "only_after_sent"]
    await connection.execute(insert(deliveries).from_select(columns, planned))


async def count(connection: AsyncConnection, audience: Audience) -> list[tuple[str, str, int]]:
    """How many residents are meant, by the municipality whose text they get and their language."""
    chosen = _chosen(audience)
    by = (chosen.c.municipality, chosen.c.language)
    wanted = select(*by, func.count()).group_by(*by).order_by(*by)
    return [(row[0], row[1], row[2]) for row in await connection.execute(wanted)]


async def call_off(
    connection: AsyncConnection,
    channels: Collection[str],
    earlier: Collection[str],
    municipalities: Collection[str],
    reason: str,
    now: datetime,
) -> None:
    """Let what has not left of earlier messages not be sent any more, as part of a transaction.

    What they take away is taken away all the same.
    """
    theirs = select(renditions.c.id).where(
        renditions.c.message.in_(earlier),
        renditions.c.channel.in_(channels),
        renditions.c.municipality.in_(municipalities),
        renditions.c.operation != Operation.WITHDRAW,
    )
    mine = and_(deliveries.c.message.in_(earlier), deliveries.c.rendition.in_(theirs))
    await connection.execute(called_off(reason, now).where(mine))


def _chosen(audience: Audience) -> Subquery:
    """The subscribers that are meant, each with whose text it gets, in what language, after what.

    Those whose numbers are gone are left out.
    """
    ranked = _ranked(audience.routes)
    everybody = select(ranked.c.subscriber, *(ranked.c[name] for name in _HOW)).where(ranked.c.rank == 1)
    if not audience.earlier:
        nothing, no = literal(None, BigInteger()).label("after"), literal(0).label("only_after_sent")
        return everybody.add_columns(nothing, no).subquery("chosen")
    # Put together and grouped, not joined: SQLite would look through what all of them have for each of them.
    known = union_all(everybody.add_columns(*(null().label(name) for name in _HAS)), _had(audience)).subquery("known")
    last = {name: func.max(known.c[name]).label(name) for name in (*_HOW, *_HAS)}
    each = select(known.c.subscriber, *last.values()).group_by(known.c.subscriber).subquery("each")
    e = each.c
    may_have = or_(e.leaving.is_not(None), e.sent.is_not(None))
    ahead = func.coalesce(e.planned, e.going)
    is_meant: ColumnElement[bool] = true()
    after: ColumnElement[int] = ahead
    only_after_sent: ColumnElement[int] = literal(0)
    if audience.practice is Practice.AS_THE_WRONG_ONE:
        is_meant = or_(e.stopped.is_not(None), may_have)
    elif audience.practice is Practice.AS_THE_ALERT:
        is_unsure = e.sent.is_(None)
        is_meant = may_have
        after = case((is_unsure, e.leaving), else_=ahead)
        only_after_sent = case((is_unsure, 1), else_=0)
    return (
        select(
            e.subscriber, *(e[name] for name in _HOW), after.label("after"), only_after_sent.label("only_after_sent")
        )
        .where(e.lane.is_not(None), is_meant)
        .subquery("chosen")
    )


def _had(audience: Audience) -> Select[tuple[object, ...]]:
    """What subscribers have of the earlier messages, a row for each: its id under what it is, see :data:`_HAS`."""
    d = deliveries.c
    is_planned = d.state.in_((State.WAITING, State.PENDING))
    is_leaving = or_(d.state == State.SENDING, and_(d.state == State.IN_DOUBT, d.held == 0))
    is_sent = or_(d.state.in_(ARRIVED), and_(d.state == State.IN_DOUBT, d.held != 0))
    of_subject = d.message.in_(audience.subject)
    theirs = renditions.c.municipality.in_([route.municipality for route in audience.routes])
    gives_way = {Practice.AS_THE_WRONG_ONE: and_(of_subject, theirs), Practice.AS_THE_ALERT: theirs}
    stops = gives_way.get(audience.practice, false())
    kinds = (
        and_(is_planned, ~stops),
        is_leaving,
        and_(is_planned, of_subject, stops),
        and_(is_leaving, of_subject),
        and_(is_sent, of_subject),
    )
    return (
        select(
            d.subscriber,
            *(null().label(name) for name in _HOW),
            *(case((is_so, d.id), else_=null()).label(name) for is_so, name in zip(kinds, _HAS, strict=True)),
        )
        .join(renditions, renditions.c.id == d.rendition)
        .where(
            d.message.in_(audience.earlier),
            d.state.not_in((State.REJECTED, State.EXPIRED, State.CANCELLED)),
            d.subscriber.is_not(None),
            renditions.c.channel == audience.channel,
        )
    )


def _ranked(routes: Sequence[Route]) -> Subquery:
    """Every subscription to one of the municipalities; rank 1 is the one through which its resident is reached.

    Those whose numbers are gone are left out.
    """
    listed = (
        values(
            column("municipality", SqlText),
            column("position", Integer),
            column("lane", SqlText),
            column("fallback", SqlText),
            name="routes",
        )
        .data([(route.municipality, place, route.lane, route.language) for place, route in enumerate(routes)])
        .cte("routes")
    )
    return (
        select(
            subscriptions.c.subscriber,
            subscriptions.c.municipality,
            subscriptions.c.language,
            listed.c.lane,
            listed.c.fallback,
            func.row_number().over(partition_by=subscriptions.c.subscriber, order_by=listed.c.position).label("rank"),
        )
        .join(listed, listed.c.municipality == subscriptions.c.municipality)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber)
        .where(subscribers.c.gone.is_(None))
        .subquery("ranked")
    )
