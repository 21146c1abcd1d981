"""Places on surfaces: what an incident's earlier messages have there, and what the next one does about it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update, case, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.delivery import Operation, State
from broadcaster.lifecycle import Course, Placed, Step
from broadcaster.store.database import Database
from broadcaster.store.schema import deliveries, renditions
from messages.model import Rendition


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rendition goes: one page, feed or line, in one language."""

    channel: str
    municipality: str
    language: str
    target: str


@dataclass(frozen=True, slots=True)
class Text:
    """What a delivery brought to a place."""

    place: Place
    message: str
    lane: str
    placed: Placed
    rendition: Rendition


async def texts_of(
    connection: AsyncConnection, messages: Collection[str], subject: Collection[str]
) -> Mapping[Place, Sequence[Text]]:
    """All that messages have brought to places, oldest first.

    Args:
        subject: those of them that are corrected or taken back.
    """
    d, r = deliveries.c, renditions.c
    of_rendition = (r.municipality, r.channel, r.language, r.title, r.text, r.operation)
    wanted = (
        select(d.id, d.message, d.lane, d.target, d.state, d.held, d.acts_on, *of_rendition)
        .join_from(renditions, deliveries, (d.message == r.message) & (d.rendition == r.id) & d.state.in_(list(State)))
        .where(r.message.in_(messages), d.target.is_not(None))
        .order_by(d.id)
    )
    found: dict[Place, list[Text]] = {}
    for row in await connection.execute(wanted):
        place = Place(row.channel, row.municipality, row.language, row.target)
        operation, state = Operation(row.operation), State(row.state)
        placed = Placed(row.id, operation, state, row.message in subject, bool(row.held), row.acts_on)
        rendition = Rendition(row.municipality, row.channel, row.language, row.title, row.text)
        found.setdefault(place, []).append(Text(place, row.message, row.lane, placed, rendition))
    return found


class Planner:
    """Writes the steps of one message, as part of a transaction."""

    def __init__(self, connection: AsyncConnection, database: Database, message: str, now: datetime) -> None:
        self._connection = connection
        self._database = database
        self._message = message
        self._now = now

    async def follow(self, course: Course, lane: str, target: str, texts: Mapping[Operation, Rendition]) -> None:
        """Plan a course's steps, each after the one before it.

        Args:
            texts: the text of each operation among the steps.
        """
        before: int | None = None
        for step in course.steps:
            rendition = await self._rendition(texts[step.operation], step.operation)
            before = await self._plan(rendition, step, lane, target, step.after or before)

    async def call_off(self, ids: Collection[int], reason: str) -> None:
        """Let deliveries not be sent any more; what is leaving, or may have left, is not sent again."""
        await self._connection.execute(called_off(reason, self._now).where(deliveries.c.id.in_(ids)))

    async def _rendition(self, text: Rendition, operation: Operation) -> int:
        row = rendition_row(self._message, text, operation)
        new = self._database.insert(renditions).values(row).on_conflict_do_nothing()
        await self._connection.execute(new)
        key = {name: value for name, value in row.items() if name not in {"title", "text"}}
        wanted = select(renditions.c.id).filter_by(**key)
        return int((await self._connection.execute(wanted)).scalar_one())

    async def _plan(self, rendition: int, step: Step, lane: str, target: str, after: int | None) -> int:
        row = {
            "message": self._message,
            "rendition": rendition,
            "lane": lane,
            "target": target,
            "state": State.PENDING if after is None else State.WAITING,
            "due": self._now,
            "changed": self._now,
            "after": after,
            "acts_on": step.acts_on,
            "only_after_sent": int(step.operation is Operation.MARK),
        }
        planned = insert(deliveries).values(row).returning(deliveries.c.id)
        return int((await self._connection.execute(planned)).scalar_one())


def called_off(reason: str, now: datetime) -> Update:
    """An UPDATE of deliveries that have not left, and of those of which that is not known yet."""
    d = deliveries.c
    planned = d.state.in_((State.WAITING, State.PENDING))
    return (
        update(deliveries)
        .where(d.state.in_((State.WAITING, State.PENDING, State.SENDING, State.IN_DOUBT)))
        .values(
            state=case((planned, State.CANCELLED.value), else_=d.state),
            reason=case((planned, reason), else_=d.reason),
            changed=case((planned, literal(now, d.changed.type)), else_=d.changed),
            called_off=reason,
        )
    )


def rendition_row(message: str, rendition: Rendition, operation: Operation = Operation.SEND) -> dict[str, str]:
    """A rendition as it is stored."""
    return {
        "message": message,
        "municipality": rendition.municipality,
        "channel": rendition.channel,
        "language": rendition.language,
        "title": rendition.title,
        "text": rendition.text,
        "operation": operation,
    }
