"""One poll of a source: fetch it, judge every item, and carry out what was decided, each thing once.

What is to be done about an item is written down before it is done, with the message's text. Whoever polls next carries
out what a process that ended in between has left; the same text twice is the same message and the same draft.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from broadcaster.config import Config
from broadcaster.duty.telling import tell
from broadcaster.plan import Plan, plan_for, read, submission
from broadcaster.sources import drafts
from broadcaster.sources.composing import compose, incident_of, letter, own_starter, remarked
from broadcaster.sources.entries import Entry, Fate
from broadcaster.sources.placement import concerned, placings, told_apart
from broadcaster.sources.rules import (
    Decision,
    Draft,
    Ignore,
    Publish,
    Reason,
    Standing,
    digest,
    ends,
    judge,
    matter,
)
from broadcaster.sources.settings import Source, Then
from broadcaster.store import incidents
from broadcaster.store import sources as store
from broadcaster.store.board import BoardStore
from broadcaster.store.database import Database
from broadcaster.store.errors import RefusedError
from broadcaster.store.submissions import submit
from broadcaster.store.threads import thread
from channels.sources.fetching import Answer, Fetched, Fetcher, Unreachable
from channels.sources.item import Action, Item
from channels.sources.parsing import Parsed, SourceError
from messages.languages import language
from messages.model import Kind, Severity
from messages.problems import InputError, Problem
from messages.spelling import quoted

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""How long a poll is given at least before another process takes its turn."""

LONGEST_BACKOFF = timedelta(minutes=15)
"""The longest pause after failures, where the source itself asks for none and is not polled less often anyway."""

JITTER = 0.1
"""Part by which pauses are longer at random, so that not all who poll come at once. They are never shorter."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a source.

    Args:
        skipped: how many items could not be used.
        untidy: what had to be mended in it, in a few words each.
        etag, last_modified: what to ask with the next time; None also where something of it could not be fetched.
    """

    items: tuple[Item, ...]
    skipped: int
    untidy: tuple[str, ...]
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about an item.

    Args:
        became: the id of the message or the name of the draft's file; empty where there is none.
        details: where its areas lie and how one can tell; or why it could not be published.
    """

    item: Item
    fate: Fate
    reason: Reason
    became: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class Polled:
    """What came of a poll.

    Args:
        failure: why nothing came of it; None if it went well.
        decided: about every item, in the order in which they were issued; none if nothing has changed.
        untidy: what had to be mended in what it sent, in a few words each.
    """

    failure: str | None = None
    decided: tuple[Decided, ...] = ()
    skipped: int = 0
    untidy: tuple[str, ...] = ()


async def look(fetcher: Fetcher, source: Source, etag: str | None, last_modified: str | None) -> Found | Answer:
    """Fetch what is at a source, with the documents that it leads to; never Fetched."""
    answer = await fetcher.fetch(source.url, etag=etag, last_modified=last_modified)
    if not isinstance(answer, Fetched):
        return answer
    try:
        found, further = await asyncio.to_thread(_read, source, answer)
    except SourceError as error:
        return Unreachable(str(error))
    read, lost = [found], 0
    for url in further:
        match await fetcher.fetch(url, led_by=source.url):
            case Fetched() as document:
                try:
                    read.append((await asyncio.to_thread(_read, source, document))[0])
                except SourceError:
                    read.append(Parsed((), skipped=1))
            case _:
                lost += 1
    return Found(
        items=tuple(item for one in read for item in one.items),
        skipped=sum(one.skipped for one in read) + lost,
        untidy=tuple(dict.fromkeys(words for one in read for words in one.untidy)),
        etag=None if lost else answer.etag,
        last_modified=None if lost else answer.last_modified,
    )


def _read(source: Source, document: Fetched) -> tuple[Parsed, Sequence[str]]:
    parsed = source.kind.parse(document.body, document.url)
    return parsed, source.kind.more(document.body, document.url)


class Poller:
    """Polls sources, whoever else does.

    Args:
        clock: tells the time (aware).
        stop: while it is set, nothing more is fetched; what is being fetched is given up.
        dice: gives a random number from 0 to 1.
    """

    def __init__(
        self,
        config: Config,
        database: Database,
        fetcher: Fetcher,
        clock: Callable[[], datetime],
        stop: asyncio.Event | None = None,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._config = config
        self._database = database
        self._fetcher = fetcher
        self._clock = clock
        self._stop = stop or asyncio.Event()
        self._dice = dice

    async def poll(self, source: Source, *, hurried: bool = False, forced: bool = False) -> Polled | None:
        """Poll a source if it is time and nobody else does; None if it is not. See :func:`store.claim`.

        Raises:
            StoreError: the database cannot be used. What was not done yet is done at the next poll.
        """
        now = self._clock()
        until = now + max(LEASE, source.every)
        state = await store.claim(self._database, source.name, now, until, hurried=hurried, forced=forced)
        if state is None:
            return None
        try:
            await self._finish_what_was_begun(source)
            is_known = state.rule == source.fingerprint
            etag, modified = (state.etag, state.last_modified) if is_known else (None, None)
            match await self._unless_stopped(look(self._fetcher, source, etag, modified)):
                case None:
                    await store.give_back(self._database, source.name, self._clock())
                    return None
                case Found() as found:
                    decided = await self._take_up(source, found.items)
                    untidy = ", ".join(found.untidy) or None
                    read = store.Memory(source.fingerprint, found.etag, found.last_modified, untidy)
                    await self._well(source, state, read)
                    return Polled(None, tuple(decided), found.skipped, found.untidy)
                case Unreachable(reason, after):
                    return await self._unwell(source, state, reason, after)
                case _:
                    await self._well(source, state, None)
                    return Polled()
        except OSError as error:
            reason = f"a draft cannot be written: {error.strerror}"
            return await self._unwell(source, state, reason, None)

    async def try_out(self, source: Source) -> Polled:
        """Tell what would be done about each item. Nothing is done or remembered."""
        match await look(self._fetcher, source, None, None):
            case Found() as found:
                acts = list(await store.acts(self._database, source.name))
                decided = []
                for whole in _in_order(found.items):
                    for item, asked in _told_apart(source, whole, acts):
                        decision = await self._judged(asked, item, acts)
                        entry = self._entry(asked, item, decision)
                        decided.append(Decided(item, *_fate(decision), details=entry.details or ""))
                        if not isinstance(decision, Ignore):
                            acts.append(entry)
                return Polled(None, tuple(decided), found.skipped, found.untidy)
            case Unreachable(reason):
                return Polled(reason)
            case _:
                return Polled()

    async def _unless_stopped(self, looking: Coroutine[Any, Any, Found | Answer]) -> Found | Answer | None:
        """What is there, or None if we are told to stop before it has come: a slow source keeps nobody waiting."""
        task, stopped = asyncio.create_task(looking), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            task.cancel()
            stopped.cancel()
            await asyncio.wait([task, stopped])

    async def _take_up(self, source: Source, items: Sequence[Item]) -> Sequence[Decided]:
        """Judge items, the oldest first, and do what was decided."""
        acts = await store.acts(self._database, source.name)
        decided: list[Decided] = []
        ignored: list[Entry] = []
        for whole in _in_order(items):
            for item, asked in _told_apart(source, whole, acts):
                decision = await self._judged(asked, item, acts)
                entry = self._entry(asked, item, decision)
                if isinstance(decision, Ignore):
                    if decision.reason is not Reason.SEEN:
                        ignored.append(entry)
                    decided.append(Decided(item, Fate.IGNORED, decision.reason, details=entry.details or ""))
                    continue
                if await store.take_up(self._database, entry):
                    decided.append(await self._carry_out(source, item, entry))
                acts = await store.acts(self._database, source.name)
        await store.note_ignored(self._database, ignored)
        return decided

    async def _judged(self, source: Source, item: Item, acts: Sequence[Entry]) -> Decision:
        incident = matter(item, acts)
        standing = await self._standing(incident) if incident else None
        return judge(item, source.rule, acts, standing, self._clock())

    async def _standing(self, incident: str) -> Standing | None:
        """What was said last in an incident, exercises aside."""
        said = [one for one in await thread(self._database, incident) if not one.is_exercise]
        if not said:
            return None
        known = await incidents.find(self._database, incident)
        last = said[-1]
        ended = last.kind is Kind.ALL_CLEAR or last.retracted is not None or (known is not None and bool(known.closed))
        return Standing(last.id, last.severity, ended)

    def _entry(self, source: Source, item: Item, decision: Decision) -> Entry:
        language, (fate, reason) = source.rule.languages[0], _fate(decision)
        incident, text, concerns = None, None, concerned(item, source.rule)
        match decision:
            case Ignore():
                incident = decision.incident
            case Draft() | Publish():
                incident, concerns = decision.incident or incident_of(item, language), decision.municipalities
                text = self._text(source, item, decision, incident)
        return Entry(
            source=source.name,
            item=item.id,
            version=item.version,
            sent=item.sent,
            digest=digest(item, language),
            severity=item.severity,
            expires=ends(item),
            municipalities=tuple(one.id for one in concerns),
            withdrawn=item.action is Action.CANCEL or getattr(decision, "kind", None) is Kind.ALL_CLEAR,
            seen=self._clock(),
            decision=fate,
            reason=reason.name.lower(),
            incident=incident,
            text=text,
            details=placings(item, source.rule) or None,
        )

    def _text(self, source: Source, item: Item, decision: Draft | Publish, incident: str) -> str:
        head = letter(
            item,
            kind=decision.kind,
            incident=incident,
            municipalities=decision.municipalities,
            channels=() if decision.kind is Kind.ALL_CLEAR else source.rule.channels,
            zone=self._config.zone,
            follows=decision.follows if isinstance(decision, Publish) else None,
            remark=_remark(source, item, decision.reason) if isinstance(decision, Draft) else "",
        )
        starter = own_starter("withdrawn") if decision.kind is Kind.ALL_CLEAR else source.starter
        return compose(item, starter, head, source.rule.languages)

    async def _carry_out(self, source: Source, item: Item, entry: Entry) -> Decided:
        done = await self._done(source, entry)
        reason = Reason[done.reason.upper()]
        became = done.message or done.draft or ""
        level = logging.WARNING if reason in {Reason.WITHDRAWN, Reason.NO_LONGER_FOR_US} else logging.INFO
        log.log(level, "source %s, item %s: %s %s: %s", source.name, quoted(item.id), done.decision, became, reason)
        return Decided(item, done.decision, reason, became, done.details or "")

    async def _done(self, source: Source, entry: Entry) -> Entry:
        """Carry out what was decided, and note what came of it."""
        if entry.decision is Fate.PUBLISH:
            entry = await self._published(source, entry)
        if entry.decision is Fate.DRAFT:
            folder = self._config.folder / drafts.FOLDER
            entry = replace(entry, draft=drafts.write(folder, source.name, entry.item, entry.text or ""))
            await self._tell(source, entry)
        await store.finish(self._database, entry)
        return entry

    async def _tell(self, source: Source, entry: Entry) -> None:
        """Let those on duty know of a draft that may not wait: what was to be published, and what is severe."""
        if source.rule.then is Then.DRAFT and entry.severity not in {Severity.EXTREME, Severity.SEVERE}:
            return
        incident = entry.incident or ""
        text = language(self._config.duty.language).duty.draft.format(incident=incident)
        key = f"draft {entry.source} {entry.item} {entry.version}"
        await tell(self._database, self._config, key, incident, text, self._clock())

    async def _published(self, source: Source, entry: Entry) -> Entry:
        """Send what was decided to be sent; what cannot be becomes a draft, so that nothing is lost."""
        now, text = self._clock(), entry.text or ""
        try:
            plan = await self._plan(text, f"{source.name}: {entry.item}", now)
            await submit(self._database, submission(plan, now), f"source {source.name}")
        except (InputError, RefusedError) as error:
            fence, _, rest = text.partition("\n")
            why = remarked(f"A draft from the source {source.name}: {Reason.FAILED}. {error}")
            return replace(
                entry,
                decision=Fate.DRAFT,
                reason=Reason.FAILED.name.lower(),
                text=f"{fence}\n{why}{rest}",
                details=str(error),
            )
        return replace(entry, message=plan.id)

    async def _plan(self, text: str, name: str, now: datetime) -> Plan:
        board = await BoardStore(self._database).standings()
        plan = plan_for(read(text.encode(), name), self._config, now, board)
        if not plan.renditions:
            raise InputError([Problem("It would reach nobody.", advice="An update is texted only if notify = true.")])
        return plan

    async def _finish_what_was_begun(self, source: Source) -> None:
        for entry in await store.unfinished(self._database, source.name):
            done = await self._done(source, entry)
            log.info("source %s, item %s: begun before, %s now", source.name, quoted(entry.item), done.decision)

    async def _well(self, source: Source, state: store.SourceState, read: store.Memory | None) -> None:
        now = self._clock()
        if state.failures:
            log.info("source %s: it can be followed again", source.name)
        if read is not None and read.untidy and read.untidy != state.untidy:
            log.warning("source %s is untidy and had to be mended: %s", source.name, read.untidy)
        await store.succeed(self._database, source.name, now, now + self._longer(source.every), read)

    async def _unwell(self, source: Source, state: store.SourceState, reason: str, after: timedelta | None) -> Polled:
        now = self._clock()
        if not state.failures:
            log.warning("source %s cannot be followed: %s", source.name, reason)
        backoff = min(source.every * 2 ** min(state.failures, 10), max(source.every, LONGEST_BACKOFF))
        pause = max(self._longer(backoff), after or timedelta())
        await store.fail(self._database, source.name, now, now + pause, reason)
        return Polled(reason)

    def _longer(self, pause: timedelta) -> timedelta:
        return pause * (1 + JITTER * self._dice())


def _in_order(items: Sequence[Item]) -> Sequence[Item]:
    return sorted(items, key=lambda item: (item.sent, item.id, item.version))


def _fate(decision: Decision) -> tuple[Fate, Reason]:
    match decision:
        case Ignore(reason):
            return Fate.IGNORED, reason
        case Draft(reason):
            return Fate.DRAFT, reason
        case Publish():
            return Fate.PUBLISH, Reason.APPROVED


def _told_apart(source: Source, item: Item, acts: Sequence[Entry]) -> Sequence[tuple[Item, Source]]:
    return [(part, replace(source, rule=rule)) for part, rule in told_apart(item, source.rule, acts)]


def _remark(source: Source, item: Item, reason: Reason) -> str:
    why = f"{reason} ({placings(item, source.rule)})" if reason is Reason.UNPLACED else reason
    return f"A draft from the source {source.name}: {why}."
