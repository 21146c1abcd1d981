"""Taking a message back: what stands of it is taken away, what has not left is not sent, and the board is put back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.board import Change
from broadcaster.delivery import Operation, State
from broadcaster.lifecycle import Act, Step, course, nature_of, texting
from broadcaster.store import audiences, audit, incidents, lanes
from broadcaster.store.audit import Deed
from broadcaster.store.board import take_back, taken_back
from broadcaster.store.database import Database
from broadcaster.store.errors import RefusedError
from broadcaster.store.places import Planner, Text, texts_of
from broadcaster.store.schema import deliveries, messages
from broadcaster.store.threads import Said, read_thread
from broadcaster.succession import since_cleared, with_corrections
from messages.model import Kind, Rendition

_REASON = "it was taken back before this was sent"


@dataclass(frozen=True, slots=True)
class Reached:
    """How many residents a message has reached by SMS, each counted once. Nothing can take an SMS back.

    Args:
        got: the provider has accepted it, and no receipt says that it did not arrive.
        in_doubt: may have got it; also where a person has let it be.
        leaving: it is on its way, or claimed to be sent: that is known as soon as it is recorded.
    """

    got: int
    in_doubt: int
    leaving: int


@dataclass(frozen=True, slots=True)
class Retraction:
    """What a retraction meets.

    Args:
        versions: the message with all that correct it, or that it corrects: they are taken back together, oldest first.
        reached: by one of them, at the moment; what is leaving may still be stopped.
        stopped: how many texts to residents had not left.
        places: on how many pages, feeds and lines something of it stands.
        board: what is put back on the board of services, where nobody has changed it since.
    """

    versions: tuple[Said, ...]
    reached: Reached
    stopped: int
    places: int
    board: tuple[Change, ...]


async def foreseen(database: Database, message: str, incident: str) -> Retraction:
    """What taking a message back would meet now. Raises as :func:`retract` does."""
    async with database.read() as connection:
        found, _ = await _look(connection, message, incident)
        return found


async def retract(database: Database, message: str, incident: str, now: datetime, actor: str) -> Retraction:
    """Take a message back, with all its corrections; an all-clear that is taken back lets its incident go on.

    Raises:
        RefusedError: it was taken back before.
        StoreError: nothing was changed.
    """
    async with database.write(wakes=True) as connection:
        entered = await incidents.enter(connection, database, incident, now, actor)
        await lanes.stop_all(connection, database)
        found, there = await _look(connection, message, incident)
        ids = [said.id for said in found.versions]
        planner = Planner(connection, database, message, now)
        for texts in there:
            place = texts[0].place
            decided = course(Act.RETRACT, nature_of(place.channel), [text.placed for text in texts])
            if decided.call_off:
                await planner.call_off(decided.call_off, _REASON)
            await planner.follow(decided, texts[-1].lane, place.target, _wordings(decided.steps, texts))
        everybody = {municipality for said in found.versions for municipality in said.municipalities}
        await audiences.call_off(connection, texting(), ids, everybody, _REASON, now)
        standing = update(messages).where(messages.c.id.in_(ids), messages.c.retracted.is_(None))
        await connection.execute(standing.values(retracted=now))
        await take_back(connection, database, ids, now, actor)
        await audit.note(connection, *(Deed(now, actor, "message.retract", id_) for id_ in ids))
        if entered.closed is not None and found.versions[0].kind is Kind.ALL_CLEAR:
            thread = await read_thread(connection, incident)
            if any(since_cleared(thread, municipality) for municipality in everybody):
                await incidents.reopen(connection, incident)
    return found


async def reached(database: Database, versions: Collection[str]) -> Reached:
    """How many residents have got one of the versions of a message, as far as is recorded now."""
    async with database.read() as connection:
        return await _reached(connection, versions)


async def _look(connection: AsyncConnection, message: str, incident: str) -> tuple[Retraction, list[list[Text]]]:
    thread = await read_thread(connection, incident)
    said = next(said for said in thread if said.id == message)
    versions = with_corrections(said, thread)
    if all(version.retracted is not None for version in versions):
        raise RefusedError(f"The message {message} was taken back already. Nothing was changed.")
    ids = [said.id for said in versions]
    others = [other.id for other in thread if other.retracted is None and other.is_exercise == said.is_exercise]
    everything = await texts_of(connection, {*ids, *others}, ids)
    there = {place: texts for place, texts in everything.items() if any(text.placed.of_subject for text in texts)}
    standing = [[text.placed for text in texts] for texts in there.values()]
    places = [course(Act.RETRACT, nature_of(p.channel), s).steps for p, s in zip(there, standing, strict=True)]
    removals = sum(any(step.operation is Operation.WITHDRAW for step in steps) for steps in places)
    stopped = (State.WAITING, State.PENDING)
    planned = select(func.count()).where(deliveries.c.message.in_(ids), _TO_RESIDENT, deliveries.c.state.in_(stopped))
    count = int((await connection.execute(planned)).scalar_one())
    found = Retraction(
        tuple(versions), await _reached(connection, ids), count, removals, await taken_back(connection, ids)
    )
    return found, [list(texts) for texts in there.values()]


_TO_RESIDENT = deliveries.c.target.is_(None)

# What a resident has of a message: the highest of what its texts are.
_GOT, _IN_DOUBT, _LEAVING = 3, 2, 1
_HAS = {
    State.ACCEPTED: _GOT,
    State.DELIVERED: _GOT,
    State.IN_DOUBT: _IN_DOUBT,
    State.ABANDONED: _IN_DOUBT,
    State.SENDING: _LEAVING,
}


async def _reached(connection: AsyncConnection, versions: Collection[str]) -> Reached:
    d = deliveries.c
    person = func.coalesce(d.subscriber, -d.id)  # who has left since then got it all the same
    has = func.max(case(_HAS, value=d.state)).label("has")
    sent = select(has).where(d.message.in_(versions), _TO_RESIDENT, d.state.in_(_HAS)).group_by(person).subquery()
    counted = select(sent.c.has, func.count()).group_by(sent.c.has)
    counts = {row[0]: row[1] for row in await connection.execute(counted)}
    return Reached(*(counts.get(has, 0) for has in (_GOT, _IN_DOUBT, _LEAVING)))


def _wordings(steps: tuple[Step, ...], texts: list[Text]) -> dict[Operation, Rendition]:
    by_id = {text.placed.id: text.rendition for text in texts}
    return {step.operation: by_id[step.acts_on] if step.acts_on else texts[-1].rendition for step in steps}
