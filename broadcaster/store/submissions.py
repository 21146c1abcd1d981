"""Messages on their way in: one transaction writes message, renditions, deliveries, services and the audit entry."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.board import Cause, Notice
from broadcaster.delivery import Operation, State
from broadcaster.lifecycle import TABLE, Act, Course, Practice, course, nature_of, texting
from broadcaster.store import audiences, audit, generations, incidents, lanes
from broadcaster.store.audiences import Audience, Route
from broadcaster.store.audit import Deed
from broadcaster.store.board import post
from broadcaster.store.database import Database
from broadcaster.store.incidents import Incident
from broadcaster.store.places import Place, Planner, Text, rendition_row, texts_of
from broadcaster.store.schema import deliveries, messages, recordings, renditions
from broadcaster.store.threads import Said, read_thread
from broadcaster.succession import predecessor, since_cleared, with_corrections
from channels.contract import Nature
from channels.registry import CHANNELS
from messages.document import is_exercise
from messages.model import Kind, Rendition, Severity
from messages.superseding import superseded

_GIVES_WAY = {
    Act.ALERT: "it began again before this was sent",
    Act.UPDATE: "a newer message came before this was sent",
    Act.CORRECTION: "it was corrected before this was sent",
    Act.ALL_CLEAR: "it was over before this was sent",
}


@dataclass(frozen=True, slots=True)
class Posting:
    """A rendition that goes to one known place: a page, feed or line."""

    rendition: Rendition
    lane: str
    target: str


@dataclass(frozen=True, slots=True)
class History:
    """What was said before a message in its incident.

    Args:
        follows: id of the message that it is about; None for an alert.
        thread: ids of all that it comes after, without what was taken back.
        subject: ids of the versions of the text that it corrects, or of what it ends.
        over: ids of the all-clears, with their corrections, that an alert makes untrue.
    """

    follows: str | None = None
    thread: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    over: tuple[str, ...] = ()


Readers = Mapping[str, Sequence[tuple[str, str, int]]]
"""How many residents get a message, by channel: the municipality whose text they get, their language, the number."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A message with all that follows from it, ready to be written.

    Args:
        follows: id of the message that it says it updates, corrects or ends; None if it says nothing.
        notify: whether residents get it although it is an update.
        zone: whose times residents are told.
        routes: by channel that goes to residents, in the order of preference for those who subscribe to several.
        services: what it says of services.
        recordings: WAV files that phone lines play, by language.
        meant: when it was to go automatically; None for one that somebody sends.
    """

    id: str
    content_hash: str
    incident: str
    kind: Kind
    severity: Severity
    municipalities: tuple[str, ...]
    headline: str
    source: str
    issued: datetime
    next_update: datetime | None
    expires: datetime
    renditions: tuple[Rendition, ...]
    postings: tuple[Posting, ...]
    routes: dict[str, tuple[Route, ...]]
    zone: ZoneInfo
    follows: str | None = None
    notify: bool = False
    services: tuple[Notice, ...] = ()
    recordings: Mapping[str, bytes] = field(default_factory=dict)
    meant: datetime | None = None

    def audiences(self, history: History) -> Iterator[Audience]:
        """Who of the residents is meant, by channel."""
        practice = TABLE[Nature.TEXT][Act.of(self.kind)]
        if practice is Practice.AUDIENCE_IF_ASKED and not self.notify:
            return
        earlier = tuple({*history.thread, *history.subject})
        for channel, routes in self.routes.items():
            yield Audience(channel, routes, practice, earlier, history.subject)


async def submit(database: Database, submission: Submission, actor: str) -> bool:
    """Write the message, plan its deliveries and set the board, unless the very same text was submitted before.

    What it does in each place follows from its kind, and from what its incident has there already: see ``lifecycle``.

    Returns:
        Whether it is new. If not, nothing was written: what is left of it goes on as it was.

    Raises:
        RefusedError: it does not fit what was said before in its incident; nothing was written.
        StoreError: nothing was written.
    """
    async with database.write(wakes=True) as connection:
        return await submit_within(connection, database, submission, actor)


async def submit_within(connection: AsyncConnection, database: Database, submission: Submission, actor: str) -> bool:
    """Do what :func:`submit` does, as part of a transaction, which is to be one that wakes whoever sends."""
    # Of two processes that submit the same text at the same moment, one writes it and the other finds it written.
    new = database.insert(messages).values(_message_row(submission)).on_conflict_do_nothing()
    if not (await connection.execute(new)).rowcount:
        return False
    history = await _enter(connection, database, submission, actor)
    if submission.renditions:
        rows = [rendition_row(submission.id, rendition) for rendition in submission.renditions]
        await connection.execute(insert(renditions), rows)
    if submission.recordings:
        await connection.execute(insert(recordings), _recording_rows(submission))
    if history.thread or history.over:
        await lanes.stop_all(connection, database)
    if history.thread:
        await _follow(connection, database, submission, history)
    else:
        await _plan_postings(connection, submission)
    for audience in submission.audiences(history):
        await audiences.plan(connection, audience, submission.id, submission.issued)
    await generations.doubt_new(connection, submission.id, submission.meant, submission.issued)
    await _call_off(connection, submission, history)
    await post(
        connection, database, submission.services, submission.issued, actor, Cause.MESSAGE, message=submission.id
    )
    deed = Deed(submission.issued, actor, "message.submit", submission.id, submission.content_hash)
    await audit.note(connection, deed)
    await _close_if_over(connection, submission, actor)
    return True


async def foreseen(database: Database, submission: Submission) -> Readers:
    """How many residents submitting would reach now, without doing it.

    Raises:
        RefusedError: it would be refused.
        StoreError: the database cannot be used.
    """
    async with database.read() as connection:
        new = Incident(submission.incident, submission.issued, "", None, None, None, None)
        incident = await incidents.read(connection, submission.incident) or new
        history = await _history(connection, submission, incident)
        return {
            audience.channel: await audiences.count(connection, audience) for audience in submission.audiences(history)
        }


async def _enter(connection: AsyncConnection, database: Database, submission: Submission, actor: str) -> History:
    """Enter the incident, and find what the message follows there."""
    incident = await incidents.enter(connection, database, submission.incident, submission.issued, actor)
    if submission.kind is Kind.ALERT and incident.closed is not None:
        await incidents.reopen(connection, incident.name)
    history = await _history(connection, submission, incident)
    m = messages.c
    others = select(func.max(m.issued, type_=m.issued.type)).where(m.incident == incident.name, m.id != submission.id)
    latest = (await connection.execute(others)).scalar()
    # What comes later is newer, whatever clocks say.
    issued = submission.issued if latest is None else max(submission.issued, latest + timedelta(milliseconds=1))
    known = update(messages).where(m.id == submission.id)
    await connection.execute(known.values(follows=history.follows, issued=issued))
    return history


async def _history(connection: AsyncConnection, submission: Submission, incident: Incident) -> History:
    """What was said in the incident before, and which of it the message follows."""
    everything = await read_thread(connection, submission.incident)
    exercise = is_exercise(submission.source)
    alike = [said for said in everything if said.id != submission.id and said.is_exercise == exercise]
    former = predecessor(submission.kind, submission.follows or "", submission.municipalities, incident, alike)
    if submission.kind is Kind.ALERT:
        all_clears = [said for said in alike if said.kind is Kind.ALL_CLEAR]
        return History(over=tuple(said.id for one in all_clears for said in with_corrections(one, alike)))
    subject: Collection[Said] = ()
    if former is not None and submission.kind is Kind.CORRECTION:
        subject = with_corrections(former, alike)
    elif submission.kind is Kind.ALL_CLEAR:
        subject = {said for municipality in submission.municipalities for said in since_cleared(alike, municipality)}
    return History(
        follows=former.id if former else None,
        thread=tuple(said.id for said in alike if said.retracted is None),
        subject=tuple(said.id for said in subject),
    )


def _message_row(submission: Submission) -> dict[str, object]:
    """The message as it is stored, but for what it follows, which is found out under the lock of its incident."""
    later = {"follows", "retracted"}
    return {name: getattr(submission, name) for name in messages.c.keys() if name not in later}  # noqa: SIM118 (columns, not a dict)


def _recording_rows(submission: Submission) -> list[dict[str, object]]:
    return [
        {"message": submission.id, "language": language, "digest": sha256(content).hexdigest(), "content": content}
        for language, content in submission.recordings.items()
    ]


async def _plan_postings(connection: AsyncConnection, submission: Submission) -> None:
    """Plan what the message brings to surfaces where its incident has nothing."""
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


async def _follow(connection: AsyncConnection, database: Database, submission: Submission, history: History) -> None:
    """Plan what the message does on surfaces where its incident has something already."""
    planner = Planner(connection, database, submission.id, submission.issued)
    act = Act.of(submission.kind)
    there = await texts_of(connection, history.thread, history.subject if act is Act.CORRECTION else ())
    wanted = {_place(posting): posting for posting in submission.postings}
    silent = [place for place in there if place not in wanted and place.municipality in submission.municipalities]
    for place in (*wanted, *silent):
        texts = there.get(place, ())
        acting = act if place in wanted else _where_it_is_silent(act, place, wanted)
        if acting is None:
            continue
        decided = course(acting, nature_of(place.channel), [text.placed for text in texts])
        if place not in wanted:
            decided = decided.without_words()
        if decided.call_off:
            await planner.call_off(decided.call_off, _GIVES_WAY[act])
        lane = wanted[place].lane if place in wanted else texts[-1].lane
        await planner.follow(decided, lane, place.target, _wordings(submission, wanted.get(place), decided, texts))


def _where_it_is_silent(act: Act, place: Place, wanted: Collection[Place]) -> Act | None:
    """What a message does in a place for which it has no text, but an earlier one has: mostly nothing.

    A line falls silent after an all-clear. Where a message speaks fewer languages than the one before it, what the line
    still says in them is outdated, a former post says that there is newer information, and what was wrong must not
    stand in any language.
    """
    nature = nature_of(place.channel)
    if TABLE[nature][act] is Practice.WITHDRAW:
        return act
    speaks = any((other.channel, other.municipality) == (place.channel, place.municipality) for other in wanted)
    if not speaks or nature is Nature.NOTICE:
        return None
    if act is Act.CORRECTION:
        return Act.RETRACT
    if nature is Nature.POST and act is not Act.ALERT:
        return act
    return Act.ALL_CLEAR if act is Act.UPDATE and nature is Nature.LINE else None


def _wordings(
    submission: Submission, posting: Posting | None, decided: Course, texts: Sequence[Text]
) -> dict[Operation, Rendition]:
    """The text of each operation: the message's own, or that of what it acts on."""
    by_id = {text.placed.id: text.rendition for text in texts}
    wordings: dict[Operation, Rendition] = {}
    for step in decided.steps:
        if step.operation is Operation.MARK and step.acts_on is not None:
            former = by_id[step.acts_on]
            marked = superseded(former.text, former.language, submission.issued, submission.zone)
            wordings[step.operation] = replace(former, text=marked)
        elif step.operation is Operation.WITHDRAW and step.acts_on is not None:
            wordings[step.operation] = by_id[step.acts_on]
        elif posting is not None:
            wordings[step.operation] = posting.rendition
    return wordings


async def _call_off(connection: AsyncConnection, submission: Submission, history: History) -> None:
    """Let what has not left of the earlier texts not be sent, where the message takes their place.

    After the planning, which waits for residents who are leaving: these, in turn, wait for what is called off.
    """
    act = Act.of(submission.kind)
    if history.over:  # nobody is to hear that it is over after hearing that it began again
        await audiences.call_off(
            connection, CHANNELS, history.over, submission.municipalities, _GIVES_WAY[act], submission.issued
        )
    stopping = {Practice.AS_THE_WRONG_ONE: history.subject, Practice.AS_THE_ALERT: history.thread}
    earlier = stopping.get(TABLE[Nature.TEXT][act])
    if earlier:
        reason = _GIVES_WAY[act]
        # A correction that has no text for residents leaves theirs alone; after an all-clear nobody needs the alert.
        channels = submission.routes if act is Act.CORRECTION else texting()
        await audiences.call_off(connection, channels, earlier, submission.municipalities, reason, submission.issued)


async def _close_if_over(connection: AsyncConnection, submission: Submission, actor: str) -> None:
    """Close the incident with the all-clear after which nobody has anything standing in it."""
    if submission.kind is not Kind.ALL_CLEAR:
        return
    thread = await read_thread(connection, submission.incident)
    concerned = {municipality for said in thread for municipality in said.municipalities}
    kinds = [[said for said in thread if said.is_exercise == exercise] for exercise in (True, False)]
    if not any(since_cleared(alike, municipality) for alike in kinds for municipality in concerned):
        await incidents.end(connection, submission.incident, submission.issued, actor)
        await audit.note(connection, Deed(submission.issued, actor, "incident.close", submission.incident))


def _place(posting: Posting) -> Place:
    rendition = posting.rendition
    return Place(rendition.channel, rendition.municipality, rendition.language, posting.target)
