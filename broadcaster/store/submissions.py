"""Messages on their way in: one transaction writes message, renditions, deliveries, services and the audit entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, FromClause, Integer, Subquery, and_, column, func, insert, literal, select, values
from sqlalchemy import Text as SqlText
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.delivery import State
from broadcaster.store import audit
from broadcaster.store.audit import Deed
from broadcaster.store.board import Notice, post
from broadcaster.store.database import Database
from broadcaster.store.schema import deliveries, messages, recordings, renditions, subscribers, subscriptions
from messages.model import Kind, Rendition, Severity


@dataclass(frozen=True, slots=True)
class Posting:
    """A rendition that goes to one known place: a page, feed or line."""

    rendition: Rendition
    lane: str
    target: str


@dataclass(frozen=True, slots=True)
class Route:
    """How a municipality's residents are reached; ``language`` is for those whose own the message does not speak."""

    municipality: str
    lane: str
    language: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A message with all that follows from it, ready to be written.

    Args:
        routes: by channel that goes to residents, in the order of preference for those who subscribe to several.
        services: what it says of services.
        recordings: WAV files that phone lines play, by language.
    """

    id: str
    content_hash: str
    incident: str
    kind: Kind
    severity: Severity
    headline: str
    source: str
    issued: datetime
    next_update: datetime | None
    expires: datetime
    renditions: tuple[Rendition, ...]
    postings: tuple[Posting, ...]
    routes: dict[str, tuple[Route, ...]]
    services: tuple[Notice, ...] = ()
    recordings: Mapping[str, bytes] = field(default_factory=dict)


async def submit(database: Database, submission: Submission, actor: str) -> bool:
    """Write the message, plan its deliveries and set the board, unless the very same text was submitted before.

    Returns:
        Whether it is new. If not, nothing was written: what is left of it goes on as it was.

    Raises:
        StoreError: nothing was written.
    """
    async with database.write(wakes=True) as connection:
        # Of two processes that submit the same text at the same moment, one writes it and the other finds it written.
        new = database.insert(messages).values(_message_row(submission)).on_conflict_do_nothing()
        if not (await connection.execute(new)).rowcount:
            return False
        await connection.execute(insert(renditions), [_rendition_row(submission.id, r) for r in submission.renditions])
        if submission.recordings:
            await connection.execute(insert(recordings), _recording_rows(submission))
        await _plan_postings(connection, submission)
        for channel, routes in submission.routes.items():
            await _plan_residents(connection, submission, channel, routes)
        await post(connection, database, submission.services, submission.issued, actor)
        deed = Deed(submission.issued, actor, "message.submit", submission.id, submission.content_hash)
        await audit.note(connection, deed)
    return True


async def audience(database: Database, routes: Sequence[Route]) -> list[tuple[str, str, int]]:
    """How many residents would be reached, by the municipality whose text they get and their language."""
    if not routes:
        return []
    ranked = _ranked(routes)
    by = (ranked.c.municipality, ranked.c.language)
    wanted = select(*by, func.count()).where(ranked.c.rank == 1).group_by(*by).order_by(*by)
    async with database.read() as connection:
        return [(row[0], row[1], row[2]) for row in await connection.execute(wanted)]


def _message_row(submission: Submission) -> dict[str, object]:
    return {name: getattr(submission, name) for name in messages.c.keys()}  # noqa: SIM118 (columns, not a dict)


def _rendition_row(message: str, rendition: Rendition) -> dict[str, str]:
    return {
        "message": message,
        "municipality": rendition.municipality,
        "channel": rendition.channel,
        "language": rendition.language,
        "title": rendition.title,
        "text": rendition.text,
    }


def _recording_rows(submission: Submission) -> list[dict[str, object]]:
    return [
        {"message": submission.id, "language": language, "digest": sha256(content).hexdigest(), "content": content}
        for language, content in submission.recordings.items()
    ]


async def _plan_postings(connection: AsyncConnection, submission: Submission) -> None:
    key = (renditions.c.municipality, renditions.c.channel, renditions.c.language)
    stored = select(renditions.c.id, *key).where(renditions.c.message == submission.id)
    ids = {tuple(row[1:]): row[0] for row in await connection.execute(stored)}
    rows = [
        {
            "message": submission.id,
            "rendition": ids[posting.rendition.municipality, posting.rendition.channel, posting.rendition.language],
            "lane": posting.lane,
            "target": posting.target,
            "state": State.PENDING,
            "due": submission.issued,
            "changed": submission.issued,
        }
        for posting in submission.postings
    ]
    if rows:
        await connection.execute(insert(deliveries), rows)


async def _plan_residents(
    connection: AsyncConnection, submission: Submission, channel: str, routes: Sequence[Route]
) -> None:
    ranked = _ranked(routes)
    fitting, fallback = renditions.alias("fitting"), renditions.alias("fallback")

    def of(text: FromClause, language: ColumnElement[str]) -> ColumnElement[bool]:
        return and_(
            text.c.message == submission.id,
            text.c.channel == channel,
            text.c.municipality == ranked.c.municipality,
            text.c.language == language,
        )

    source = ranked.join(fallback, of(fallback, ranked.c.fallback)).outerjoin(fitting, of(fitting, ranked.c.language))
    at = literal(submission.issued, deliveries.c.due.type)
    planned = (
        select(
            literal(submission.id),
            func.coalesce(fitting.c.id, fallback.c.id),
            ranked.c.lane,
            ranked.c.subscriber,
            literal(State.PENDING.value),
            at,
            at,
        )
        .select_from(source.join(subscribers, subscribers.c.id == ranked.c.subscriber))
        .where(ranked.c.rank == 1)
        # For PostgreSQL: a resident who leaves in this very moment is waited for and left out.
        .with_for_update(read=True, key_share=True, of=subscribers)
    )
    columns = ["message", "rendition", "lane", "subscriber", "state", "due", "changed"]
    await connection.execute(insert(deliveries).from_select(columns, planned))


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
