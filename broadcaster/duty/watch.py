"""Watching over promises and deadlines: people are reminded, and where a municipality wants it, automation speaks."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.deadlines import deadlines
from broadcaster.duty import unchanged
from broadcaster.duty.due import Matter, Occasion, Reminder, Watched, due, keys
from broadcaster.duty.telling import tell
from broadcaster.engine.waiting import pause
from broadcaster.lifecycle import nature_of
from broadcaster.plan import plan_for, reread, submission
from broadcaster.store import duty
from broadcaster.store.database import Database
from broadcaster.store.duty import Awareness, Promise
from broadcaster.store.errors import RefusedError, StoreError
from broadcaster.store.news import News
from broadcaster.store.schema import milliseconds
from broadcaster.store.submissions import submit
from broadcaster.store.threads import Said, thread
from broadcaster.succession import beginning
from channels.contract import Nature
from messages.composing import Followed, no_change
from messages.document import amended
from messages.languages import language
from messages.model import Kind
from messages.moments import told
from messages.problems import InputError

PROMISE, EXPIRY, DEADLINE = (f"{matter} " for matter in Matter)
"""What the keys of reminders begin with."""

LOOK = 5.0
"""Seconds between two looks."""

BEFORE_DEADLINE = timedelta(hours=2)
"""How long before a deadline by law people are reminded of it."""

BEFORE_EXPIRY = timedelta(hours=1)
"""How long before the last word of an incident expires people are reminded of it, or half its time if that is less."""

_LONGEST_DEADLINE = timedelta(days=32)

log = logging.getLogger(__name__)


class Duty:
    """Looks what is due, and sees to it. Any number of processes may do so on one database: each thing happens once."""

    def __init__(self, database: Database, config: Config, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._config = config
        self._clock = clock

    async def look(self) -> None:
        """Remind whoever is to be reminded now, and speak where nobody did.

        Raises:
            StoreError: the database cannot be used; what is left is done at the next look.
        """
        now = self._clock()
        promises = await duty.promises(self._database, self._config.municipalities, now)
        last_words = await duty.last_words(self._database, self._config.municipalities, now)
        known = await duty.awareness(self._database, now - _LONGEST_DEADLINE)
        counting = (one for each in known for one in self._counting(each))
        watched = [*map(self._promised, promises), *map(_expiring, last_words), *counting]
        possible = keys(watched)
        await self._call_off([*possible, *(key for promise in promises for key in _spoken_keys(promise))])
        for reminder in due(watched, await duty.told(self._database, possible), now):
            await self._remind(reminder, now)
        for promise in promises:
            await self._speak(promise, now)

    async def _call_off(self, possible: Collection[str]) -> None:
        """Let no reminder leave late of what was done meanwhile."""
        queued = await duty.queued(self._database)
        over = [key for key in queued if key.startswith((PROMISE, EXPIRY, DEADLINE)) and key not in possible]
        if over:
            await duty.call_off(self._database, over)

    def _promised(self, promise: Promise) -> Watched:
        before = timedelta(minutes=self._config.duty.minutes_before)
        return Watched(
            key=f"{PROMISE}{promise.message}",
            incident=promise.incident,
            due=promise.due,
            since=promise.issued,
            before=before,
            matter=Matter.PROMISE,
            exercise=promise.exercise,
        )

    def _counting(self, incident: Awareness) -> Iterator[Watched]:
        for one in deadlines(incident.aware, self._config.zone, incident.reported, incident.closed):
            if one.id not in incident.reported:
                key = f"{DEADLINE}{one.id} {milliseconds(one.due)} {incident.incident}"
                yield Watched(key, incident.incident, one.due, incident.aware, BEFORE_DEADLINE, Matter.DEADLINE, one.id)

    async def _remind(self, reminder: Reminder, now: datetime) -> None:
        words = language(self._config.duty.language).duty
        of = reminder.of
        soon = reminder.occasion is Occasion.BEFORE
        name, before, after = {
            Matter.PROMISE: ("the next update", words.soon, words.due),
            Matter.EXPIRY: ("the end of the last message", words.expiry_soon, words.expiry_due),
            Matter.DEADLINE: (f"the deadline {of.deadline}", words.deadline_soon, words.deadline_due),
        }[of.matter]
        form, what = before if soon else after, words.deadlines.get(of.deadline, "")
        minutes = -(-(of.due - now) // timedelta(minutes=1))
        text = form.format(incident=of.incident, time=self._time(of.due, now), what=what, minutes=minutes)
        if await self._tell(reminder.key, of, text, now):
            state = "is near" if soon else "has passed"
            log.warning("%s of %r %s: %s", name, of.incident, state, of.due.astimezone(self._config.zone))

    async def _tell(self, key: str, of: Watched | Promise, text: str, now: datetime) -> bool:
        """Let those on duty have a text, which says so if people only practise; tells whether it was the first time."""
        if of.exercise:
            text = f"{language(self._config.duty.language).exercise.mark}: {text}"
        return await tell(self._database, self._config, key, of.incident, text, now)

    def _time(self, moment: datetime, now: datetime) -> str:
        """A time as it is written in an SMS; one of another day with its date."""
        zone, code = self._config.zone, self._config.duty.language
        forms = language(code).texting
        is_today = moment.astimezone(zone).date() == now.astimezone(zone).date()
        return told(moment, forms.today if is_today else forms.later, code, zone)

    async def _speak(self, promise: Promise, now: datetime) -> None:
        """Say for those municipalities that want it that nothing has changed, if people have not come in time."""
        speakers = unchanged.speakers(promise, self._config.no_change, now)
        failed, enough = _spoken_keys(promise)
        if not speakers or await duty.told(self._database, (failed, enough)):
            return
        words = language(self._config.duty.language).duty
        said = await thread(self._database, promise.incident)
        automatic = await duty.said_by(self._database, [one.id for one in said], unchanged.ACTOR)
        spoken_for = unchanged.spoken_for(promise, said, automatic)
        speakers = tuple(one for one in speakers if one not in spoken_for)
        if not speakers:
            return
        if unchanged.in_a_row(said, automatic, speakers) >= unchanged.MOST_IN_A_ROW:
            text = words.enough.format(incident=promise.incident, count=unchanged.MOST_IN_A_ROW)
            if await self._tell(enough, promise, text, now):
                log.warning(
                    "incident %r: automatic updates stopped after %d in a row; a person must write the next one",
                    promise.incident,
                    unchanged.MOST_IN_A_ROW,
                )
            return
        last = next(one for one in said if one.id == promise.message)
        try:
            for code, group in self._by_language(speakers):
                await self._say(last, said, promise, code, group, now)
        except (InputError, RefusedError) as error:
            if promise not in await duty.promises(self._database, self._config.municipalities, now):
                return  # somebody came in this very moment
            if await self._tell(failed, promise, words.failed.format(incident=promise.incident), now):
                log.error(
                    'could not publish the automatic "no change" update for incident %r: %s', promise.incident, error
                )

    async def _say(
        self, last: Said, said: Sequence[Said], promise: Promise, code: str, speakers: Sequence[str], now: datetime
    ) -> None:
        """Submit an update; that it follows the last message, and no other one, keeps it from being sent twice."""
        config = self._config
        before = reread(last.source)
        began = beginning([one for one in said if one.is_exercise == last.is_exercise], speakers)
        followed = Followed(before, last.id, reread(began.source) if began else None)
        next_update = unchanged.next_promise(promise, now).astimezone(config.zone)
        channels = self._surfaces(speakers, before.channels)
        message = amended(reread(no_change(followed, code, next_update, channels)), {"municipalities": list(speakers)})
        if message.kind is not Kind.UPDATE or message.severity is not last.severity:
            raise AssertionError("automation neither ends an incident nor changes how bad it is")
        ready = submission(plan_for(message, config, now.astimezone(config.zone)), now)
        ready = replace(ready, meant=promise.due)
        if await submit(self._database, ready, unchanged.ACTOR):
            log.warning(
                "incident %r: nobody sent the promised update, so message %s says that nothing has changed",
                last.incident,
                ready.id,
            )

    def _by_language(self, municipalities: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Municipalities by the language that their messages' bodies are in."""

        def first(municipality: str) -> str:
            return self._config.municipalities[municipality].languages[0]

        for code, group in groupby(sorted(municipalities, key=first), first):
            yield code, list(group)

    def _surfaces(self, municipalities: Iterable[str], only: Sequence[str]) -> list[str]:
        """The municipalities' channels that show what is true now, as far as the last message went there."""
        theirs = dict.fromkeys(c for one in municipalities for c in self._config.municipalities[one].channels)
        return [c for c in theirs if nature_of(c) is not Nature.TEXT and (not only or c in only)]


def _expiring(last: News) -> Watched:
    before = min(BEFORE_EXPIRY, (last.expires - last.issued) / 2)
    return Watched(f"{EXPIRY}{last.message}", last.incident, last.expires, last.issued, before, Matter.EXPIRY)


def _spoken_keys(promise: Promise) -> tuple[str, str]:
    """Name what people are told where automation could not speak, and where it has spoken often enough."""
    return f"{PROMISE}{promise.message} failed", f"{PROMISE}{promise.message} enough"


async def watch_duty(
    database: Database, config: Config, stop: asyncio.Event, clock: Callable[[], datetime] = utc_now
) -> None:
    """Watch until the end."""
    duties = Duty(database, config, clock)
    well = True
    while not stop.is_set():
        try:
            await duties.look()
            well = True
        except StoreError as error:
            if well:
                log.error("cannot remind anybody while the database cannot be used: %s", error)
            well = False
        except Exception:  # a bug: warnings go out all the same
            log.exception("reminders failed")
        await pause(LOOK, stop)
