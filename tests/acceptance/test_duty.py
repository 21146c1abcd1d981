"""Promises that nobody keeps: who is reminded, what the page says, what automation says; with a clock that moves."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from broadcaster.config import PracticeSettings
from broadcaster.duty.unchanged import GRACE, MOST_IN_A_ROW
from broadcaster.duty.watch import Duty
from broadcaster.leading import open_incident
from broadcaster.plan import Plan, prepare, reread, submission
from broadcaster.runtime import Broadcaster
from broadcaster.serving import web_app
from broadcaster.store import incidents, lanes
from broadcaster.store.incidents import Report
from broadcaster.store.submissions import submit
from broadcaster.store.threads import Said, thread
from messages.model import Kind, Severity
from messages.practice.rules import Rule
from tests.support.desk import Desk, ended
from tests.support.storing import execute, fetch
from tests.support.world import FAST, World, resident, world

ANNA = resident(0)
ON_DUTY = (resident(90), resident(91))
DUTY = {"[sandbox]": f'[duty]\nnumbers = ["{ON_DUTY[0]}", "{ON_DUTY[1]}"]\n\n[sandbox]'}
NO_CHANGE = {'code = "0885"  ': 'no_change = true\ncode = "0885"  '}
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TEN_MINUTES = 10 * MINUTE

MESSAGE = """+++
incident = "Dataintrång"
kind = "{kind}"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
{next_update}
expires = {expires}
{more}
+++
# {headline}

Ring {{{{ municipality.phone }}}} om du behöver oss.

## @en
# Our systems are shut down

Call {{{{ municipality.phone }}}} if you need us.
"""


@dataclass
class Town:
    """A world with people on duty, whose promises two processes watch."""

    world: World
    broadcaster: Broadcaster
    duties: tuple[Duty, ...]
    http: aiohttp.ClientSession
    url: str

    def plan(
        self, kind: str, headline: str, promise: timedelta | None, more: str = "", lifetime: timedelta = 48 * HOUR
    ) -> Plan:
        now = self.world.clock.now.replace(microsecond=0)
        text = MESSAGE.format(
            kind=kind,
            next_update="" if promise is None else f"next_update = {(now + promise).isoformat()}",
            expires=(now + lifetime).isoformat(),
            headline=headline,
            more=more,
        )
        return prepare(text.encode(), "message.md", self.world.config, now)

    async def say(
        self,
        kind: str = "alert",
        headline: str = "Våra system är avstängda",
        promise: timedelta | None = 4 * HOUR,
        more: str = "",
    ) -> str:
        """Submit a message; returns its id."""
        ready = submission(self.plan(kind, headline, promise, more), self.world.clock.now)
        assert await submit(self.broadcaster.store.database, ready, "test")
        return ready.id

    async def after(self, by: timedelta) -> None:
        """Let time pass, and both processes look at the same moment."""
        self.world.clock.move(by)
        await asyncio.gather(*(duty.look() for duty in self.duties))

    async def reminded(self, count: int) -> list[str]:
        """Wait for so many reminders; returns what each person on duty has read since the last time."""
        await self.world.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= count)
        read = {number: [text.body for text in self.world.sandbox.texts if text.to == number] for number in ON_DUTY}
        assert read[ON_DUTY[0]] == read[ON_DUTY[1]]
        return read[ON_DUTY[0]]

    async def shows(self, path: str, *words: str) -> str:
        """Wait until an address shows words; returns all that it shows."""
        async with asyncio.timeout(20):
            while True:
                async with self.http.get(self.url + path) as answer:
                    shown = await answer.text()
                if all(word in shown for word in words):
                    return shown

    async def said(self) -> list[Said]:
        return list(await thread(self.broadcaster.store.database, "Dataintrång"))


@asynccontextmanager
async def town(folder: Path, database_url: str, *changes: dict[str, str]) -> AsyncIterator[Town]:
    merged = FAST | DUTY
    for more in changes:
        merged |= more
    async with (
        world(folder, database_url, merged) as made,
        made.running() as broadcaster,
        TestServer(web_app(broadcaster, made.clock)) as server,
        aiohttp.ClientSession() as http,
    ):
        duties = tuple(Duty(broadcaster.store.database, made.config, made.clock) for _ in range(2))
        stop = asyncio.Event()
        working = asyncio.create_task(broadcaster.engine.run(stop))
        try:
            yield Town(made, broadcaster, duties, http, str(server.make_url("/")).rstrip("/"))
        finally:
            stop.set()
            await working


def clock_of(time: datetime, here: Town) -> str:
    return f"kl. {time.astimezone(here.world.config.zone):%H.%M}"


async def test_people_are_reminded_before_and_when_a_promise_is_due_each_once(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with town(tmp_path, database_url) as here:
        await here.say()
        (alert,) = await here.said()
        assert alert.next_update is not None
        await here.after(4 * HOUR - 11 * MINUTE)
        await here.after(MINUTE)
        await here.after(MINUTE)
        (before,) = await here.reminded(2)
        assert before.startswith("Krisinformation (jour): utlovad uppdatering ")
        assert "om 10 min: Dataintrång" in before or "om 9 min: Dataintrång" in before
        await here.after(TEN_MINUTES)
        await here.after(MINUTE)
        _, due = await here.reminded(4)
        assert "har inte kommit: Dataintrång" in due
        assert clock_of(alert.next_update, here) in before
        assert clock_of(alert.next_update, here) in due
        await here.shows("/borgholm/", "är försenad")
        await here.after(5 * HOUR)
        assert len(await here.said()) == 1  # nobody has asked for automation
        assert len(here.world.sandbox.texts) == 4
    assert caplog.text.count("the next update of 'Dataintrång' is near") == 1
    assert caplog.text.count("the next update of 'Dataintrång' has passed") == 1
    assert not any(number in caplog.text for number in ON_DUTY)


async def test_a_promise_that_is_kept_reminds_nobody(tmp_path: Path, database_url: str) -> None:
    async with town(tmp_path, database_url, NO_CHANGE) as here:
        await here.say()
        here.world.clock.move(3 * HOUR)
        await here.say("update", "Vi felsöker", promise=6 * HOUR)
        await here.after(50 * MINUTE)
        await here.after(TEN_MINUTES)
        await here.after(HOUR)
        assert here.world.sandbox.texts == []
        assert [said.headline for said in await here.said()] == ["Våra system är avstängda", "Vi felsöker"]


async def test_a_reminder_that_could_not_leave_is_not_sent_any_more_once_the_update_came(
    tmp_path: Path, database_url: str
) -> None:
    async with town(tmp_path, database_url) as here:
        database = here.broadcaster.store.database
        await here.say()
        await here.shows("/borgholm/", "Våra system är avstängda")
        await lanes.acquire(database, "sms", "a process that stands still")
        await lanes.halt(database, "sms", "the password is wrong", here.world.clock.now)
        await here.after(4 * HOUR)
        assert len(await fetch(database, "SELECT id FROM reminder_texts")) == len(ON_DUTY)
        await here.say("update", "Vi felsöker")
        await here.after(MINUTE)
        assert await fetch(database, "SELECT id FROM reminder_texts") == []


async def test_after_an_outage_people_are_told_once_and_of_an_exercise_as_one(
    tmp_path: Path, database_url: str
) -> None:
    async with town(tmp_path, database_url) as here:
        await here.say(more="exercise = true")
        await here.after(9 * HOUR)
        (due,) = await here.reminded(2)
        assert due.startswith("ÖVNING: Krisinformation (jour): ")
        assert "har inte kommit" in due


async def test_automation_says_for_those_who_want_it_that_nothing_has_changed(
    tmp_path: Path, database_url: str
) -> None:
    async with town(tmp_path, database_url, NO_CHANGE) as here:
        await here.world.subscribe([ANNA])
        await here.say()
        await here.world.sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 1)
        await here.after(4 * HOUR)
        await here.after(GRACE - MINUTE)
        assert len(await here.said()) == 1
        await here.after(MINUTE)
        await here.after(MINUTE)
        alert, update = await here.said()
        assert alert.next_update is not None
        assert (update.kind, update.severity) == (Kind.UPDATE, Severity.SEVERE)
        assert (update.follows, update.municipalities) == (alert.id, ("borgholm",))
        assert update.next_update == alert.next_update + 4 * HOUR
        assert set(reread(update.source).channels) == {"facebook", "feed", "page", "ivr"}
        page = await here.shows("/borgholm/", "Inget nytt: Våra system är avstängda", "Nästa uppdatering")
        assert "är försenad" not in page
        await here.shows("/borgholm/en/", "No news: Our systems are shut down")
        await here.shows("/feeds/borgholm/sv.atom", "Inget nytt: Våra system är avstängda")
        await here.world.sandbox.wait_for(lambda sandbox: any("Inget nytt" in post.message for post in sandbox.posts))
        assert "Inget nytt" not in await here.shows("/morbylanga/", "är försenad")
        assert [text.to for text in here.world.sandbox.texts].count(ANNA) == 1


async def test_automation_does_not_speak_for_ever(tmp_path: Path, database_url: str) -> None:
    async with town(tmp_path, database_url, NO_CHANGE) as here:
        await here.say(promise=HOUR)
        for _ in range(MOST_IN_A_ROW):
            await here.after(HOUR + GRACE)
        await here.after(HOUR + GRACE)
        await here.after(MINUTE)
        assert len(await here.said()) == 1 + MOST_IN_A_ROW
        await here.world.sandbox.wait_for(
            lambda sandbox: sum(f"oförändrat {MOST_IN_A_ROW} gånger" in text.body for text in sandbox.texts) == 2
        )
        told = await fetch(here.broadcaster.store.database, "SELECT key FROM reminders WHERE key LIKE '% enough'")
        assert len(told) == 1
        await here.say("update", "Vi felsöker", promise=HOUR)
        await here.after(HOUR + GRACE)
        assert [said.headline for said in await here.said()][-1] == "Inget nytt: Våra system är avstängda"


async def test_automation_does_not_say_again_what_a_person_has_taken_back(tmp_path: Path, database_url: str) -> None:
    async with town(tmp_path, database_url, NO_CHANGE) as here:
        await here.say()
        await here.after(4 * HOUR + GRACE)
        _, update = await here.said()
        taken_back = "UPDATE messages SET retracted = issued WHERE id = :id"
        await execute(here.broadcaster.store.database, taken_back, id=update.id)
        await here.after(5 * HOUR)
        assert len(await here.said()) == 2


@pytest.mark.parametrize(
    "ending",
    ["all-clear", "UPDATE messages SET retracted = issued", "UPDATE incidents SET closed = opened"],
)
async def test_nothing_is_said_of_what_is_over(tmp_path: Path, database_url: str, ending: str) -> None:
    async with town(tmp_path, database_url, NO_CHANGE) as here:
        await here.say()
        if ending == "all-clear":
            await here.say(ending, "Allt fungerar", promise=None)
        else:
            await execute(here.broadcaster.store.database, ending)
        before = len(await here.said())
        await here.after(4 * HOUR)
        await here.after(GRACE)
        assert len(await here.said()) == before
        assert here.world.sandbox.texts == []


async def test_people_are_told_where_automation_must_not_speak(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with town(tmp_path, database_url, NO_CHANGE) as here:
        await here.say()
        demand = PracticeSettings(demand={Severity.SEVERE: (Rule.CONCERNS_ME,)})
        strict = replace(here.world.config, practice=demand)
        here.duties = tuple(Duty(here.broadcaster.store.database, strict, here.world.clock) for _ in range(2))
        await here.after(4 * HOUR)
        await here.after(GRACE)
        await here.after(MINUTE)
        assert len(await here.said()) == 1
        assert "det gick inte att automatiskt säga" in (await here.reminded(4))[-1]
    assert caplog.text.count("could not publish the automatic \"no change\" update for incident 'Dataintrång'") == 1


async def test_people_are_reminded_of_deadlines_that_nobody_has_met(tmp_path: Path, database_url: str) -> None:
    async with town(tmp_path, database_url) as here:
        database, now = here.broadcaster.store.database, here.world.clock.now
        await open_incident(database, "Dataintrång", now, "test", aware=now)
        await here.after(22 * HOUR)
        (warning,) = await here.reminded(2)
        assert "ska ni lämna den tidiga varningen till CERT-SE: Dataintrång" in warning
        async with database.write() as connection:
            for deadline in ("early-warning", "gdpr"):
                await incidents.report(connection, database, "Dataintrång", deadline, Report(now, "test"))
        await here.after(2 * HOUR)
        await here.after(48 * HOUR)
        _, missed = await here.reminded(4)
        assert "skulle ni anmäla incidenten till CERT-SE" in missed


async def test_of_two_processes_one_reminds_each_person_on_duty(desk: Desk) -> None:
    desk.configure("[sandbox]", f'[duty]\nnumbers = ["{ON_DUTY[0]}", "{ON_DUTY[1]}"]\n\n[sandbox]')
    aware = (datetime.now(UTC) - 23 * HOUR).isoformat(timespec="minutes")
    async with desk.started("serve") as serve, desk.started("worker") as worker:
        for process in (serve, worker):
            assert process.stdout is not None
            await process.stdout.readline()
        opened = await desk.run("incident", "open", "Dataintrång", "--aware-at", aware)
        await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 2, timeout=30)
        logs = []
        for process in (serve, worker):
            process.send_signal(signal.SIGTERM)
            logs.append((await ended(process)).err)
    assert opened.code == 0, opened.err
    assert desk.reached() == sorted(ON_DUTY)
    assert {text.body.partition("ska ni ")[2] for text in desk.sandbox.texts} == {
        "lämna den tidiga varningen till CERT-SE: Dataintrång."
    }
    assert "".join(logs).count("the deadline early-warning of 'Dataintrång' is near") == 1
    assert not any(number in log for log in logs for number in ON_DUTY)


async def test_people_are_told_before_and_when_the_last_word_of_an_incident_expires(
    tmp_path: Path, database_url: str
) -> None:
    async with town(tmp_path, database_url) as here:
        await here.say(promise=None)
        await here.after(46 * HOUR)
        await here.after(HOUR)
        (soon,) = await here.reminded(2)
        assert "om 60 min" in soon
        assert "det senaste meddelandet" in soon
        await here.after(HOUR)
        assert "slutade det senaste meddelandet gälla: Dataintrång." in (await here.reminded(4))[-1]
        await here.after(HOUR)
        await here.say("all-clear", "Allt fungerar", promise=None)
        await here.after(HOUR)
        assert len(await here.reminded(4)) == 2
