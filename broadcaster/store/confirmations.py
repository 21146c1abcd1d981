"""What a person has to switch on at a switchboard: what waits for that, and who said that it is done."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update

from broadcaster.delivery import State
from broadcaster.store import audit as diary
from broadcaster.store.audit import Deed
from broadcaster.store.database import Database
from broadcaster.store.schema import audit, deliveries, renditions

_ACTION = "prompt.confirm"


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A prompt that stands ready and that nobody has said to be switched on."""

    id: int
    lane: str
    line: str
    language: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A prompt that somebody has switched on; ``prompt`` is its line and language."""

    prompt: str
    actor: str
    at: datetime


async def awaiting(database: Database, message: str, lanes: Collection[str]) -> Sequence[Awaiting]:
    """What of a message waits for a person.

    Args:
        lanes: the accounts whose prompts a person switches on.
    """
    wanted = (
        select(deliveries.c.id, deliveries.c.lane, deliveries.c.target, renditions.c.language)
        .join(renditions, renditions.c.id == deliveries.c.rendition)
        .where(_waits(message), deliveries.c.lane.in_(lanes))
        .order_by(deliveries.c.id)
    )
    async with database.read() as connection:
        return [Awaiting(*row) for row in await connection.execute(wanted)]


async def confirm(
    database: Database, message: str, prompts: Sequence[Awaiting], now: datetime, actor: str
) -> Sequence[Awaiting]:
    """Write down that a person has switched prompts on; returns those that still waited for it."""
    done = []
    async with database.write() as connection:
        for prompt in prompts:
            moved = update(deliveries).where(_waits(message), deliveries.c.id == prompt.id)
            if (await connection.execute(moved.values(state=State.DELIVERED, changed=now))).rowcount:
                done.append(prompt)
                deed = Deed(now, actor, _ACTION, message, f"{prompt.line} {prompt.language}")
                await diary.note(connection, deed)
    return done


async def confirmed(database: Database, message: str) -> Sequence[Confirmed]:
    """Which of a message's prompts were switched on, by whom and when; the first one first."""
    wanted = (
        select(audit.c.details, audit.c.actor, audit.c.at)
        .where(audit.c.action == _ACTION, audit.c.subject == message)
        .order_by(audit.c.id)
    )
    async with database.read() as connection:
        return [Confirmed(*row) for row in await connection.execute(wanted)]


def _waits(message: str) -> ColumnElement[bool]:
    return and_(deliveries.c.message == message, deliveries.c.state == State.ACCEPTED)
