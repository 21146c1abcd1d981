"""Runs of schedules: each is decided on once, whoever looks, whenever, and by whatever clock."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broadcaster.config import Config
from broadcaster.plan import plan_for, read, submission
from broadcaster.schedule.rules import Every, Once, Rule, by_cron, every
from broadcaster.schedule.runner import Composer, Runner
from broadcaster.store import schedules
from broadcaster.store.database import Database
from broadcaster.store.errors import StoreError
from broadcaster.store.schedules import Intent, Run, RunState, Schedule
from broadcaster.store.sqlite_driver import sqlite3
from broadcaster.store.submissions import submit
from messages.model import Message
from tests.support.storing import fetch
from tests.support.world import world

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

SOURCE = """+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm"]
channels = ["page"]
+++
# Våra system är avstängda

{{ municipality.name }} har stängt av sina system. Ring {{ municipality.phone }} om du behöver oss.
"""


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)


NOON = local("2027-03-01T12:00")


@dataclass
class Hands:
    """A clock that only moves by hand."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Office:
    """A broadcaster with a clock that the test moves; any number of processes can run its schedules."""

    config: Config
    database: Database
    clock: Hands

    def runner(self, database: Database | None = None, **composers: Composer) -> Runner:
        return Runner(database or self.database, self.config, composers, self.clock)

    async def look(self, at: datetime) -> datetime | None:
        self.clock.now = at
        return await self.runner().look()

    async def plan(self, rule: Rule, *, source: str = SOURCE, at: datetime = NOON, **wishes: object) -> Schedule:
        intent = replace(Intent("Systemen", source, rule, STOCKHOLM), **wishes)  # type: ignore[arg-type]  # by name
        return await schedules.add(self.database, intent, at, "anna")

    async def runs(self, schedule: Schedule) -> list[Run]:
        """What has become of the runs, in order."""
        return (await schedules.runs(self.database, schedule.id))[::-1]

    async def states(self, schedule: Schedule) -> list[tuple[str, str]]:
        return [(f"{run.planned.astimezone(STOCKHOLM):%H:%M}", run.state.value) for run in await self.runs(schedule)]

    async def sent(self) -> list[Message]:
        found = await fetch(self.database, "SELECT source FROM messages ORDER BY issued, id")
        return [read(source.encode(), "sent") for (source,) in found]


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with opened(tmp_path, database_url) as made:
        yield made


@asynccontextmanager
async def opened(folder: Path, url: str) -> AsyncIterator[Office]:
    async with world(folder, url) as here, here.database as database:
        yield Office(here.config, database, Hands(NOON))


async def test_what_is_to_be_sent_later_goes_at_its_time_as_it_was_written(office: Office) -> None:
    schedule = await office.plan(Once(NOON + 4 * HOUR))
    assert await office.look(NOON + 4 * HOUR - MINUTE) == NOON + 4 * HOUR
    assert await office.sent() == []
    assert await office.look(NOON + 4 * HOUR) is None
    assert await office.look(NOON + 4 * HOUR + MINUTE) is None
    assert [message.front_matter for message in await office.sent()] == [SOURCE.split("+++\n")[1]]
    assert await office.states(schedule) == [("16:00", "sent")]


async def test_a_moment_is_planned_to_the_second_whatever_the_clock_shows_beyond(office: Office) -> None:
    odd = NOON + HOUR + timedelta(microseconds=700_400)
    schedule = await office.plan(Once(odd))
    assert await office.look(odd) is None
    assert [(run.planned, run.state) for run in await office.runs(schedule)] == [(NOON + HOUR, "sent")]


async def test_an_alert_goes_on_as_updates_to_the_same_residents_each_another_message(office: Office) -> None:
    await office.plan(every("4h", NOON + HOUR), until=NOON + 9 * HOUR)
    for hours in (1, 5, 9, 13):
        await office.look(NOON + hours * HOUR)
    sent = await office.sent()
    assert [(message.kind, message.notify) for message in sent] == [
        ("alert", False),
        ("update", True),
        ("update", True),
    ]
    assert [message.run for message in sent] == [NOON + hours * HOUR for hours in (1, 5, 9)]
    assert "run = 2027-03-01T17:00:00+01:00" in sent[1].front_matter
    follows = await fetch(office.database, "SELECT id, follows FROM messages ORDER BY issued")
    assert [follows for _, follows in follows] == [None, follows[0][0], follows[1][0]]


async def test_what_was_said_already_is_followed_by_the_first_run_too(office: Office) -> None:
    plan = plan_for(read(SOURCE.encode(), "alert.md"), office.config, NOON)
    await submit(office.database, submission(plan, NOON), "anna")
    await office.plan(every("4h", NOON + HOUR))
    await office.look(NOON + HOUR)
    assert [message.kind for message in await office.sent()] == ["alert", "update"]


async def test_each_run_promises_the_next_and_the_last_run_none(office: Office) -> None:
    await office.plan(by_cron("0 16 * * *"), until=local("2027-03-03T16:00"), promise=True)
    for day in (1, 2, 3):
        await office.look(local(f"2027-03-0{day}T16:00"))
    promised = [(message.next_update, message.expires) for message in await office.sent()]
    second, third = local("2027-03-02T16:00"), local("2027-03-03T16:00")
    assert promised == [(second, second + DAY), (third, third + DAY), (None, None)]


KINDS: list[tuple[Rule, int, int]] = [
    (by_cron("30 2 * * *"), 1, 1),
    (by_cron("0 16 * * *"), 1, 1),
    (by_cron("0 * * * *"), 23, 24),
    (every("1h", local("2027-03-01T00:00")), 23, 25),
    (every("1d", local("2027-03-01T02:30")), 1, 1),
    (every("4h", local("2027-03-01T00:00")), 6, 6),
]


@pytest.mark.parametrize(("day", "column"), [("2027-03-28", 0), ("2027-10-31", 1)])
async def test_on_a_day_when_clocks_change_every_run_of_every_kind_goes_once(
    office: Office, day: str, column: int
) -> None:
    midnight = local(f"{day}T00:00")
    next_midnight = (midnight.astimezone(STOCKHOLM) + DAY).astimezone(UTC)
    at = midnight - timedelta(seconds=1)
    planned = [
        await office.plan(rule, at=at, source=SOURCE.replace("intrång", f"intrång {place}"))
        for place, (rule, _, _) in enumerate(KINDS)
    ]
    planned.append(await office.plan(Once(midnight + 5 * HOUR / 2), at=at, source=SOURCE.replace("intrång", "stöld")))
    async with Database(office.database.url.render_as_string(hide_password=False)) as elsewhere:
        at = midnight
        while at < next_midnight:
            office.clock.now = at
            due = [await office.runner(database).look() for database in (office.database, elsewhere)][-1]
            at = max(at + MINUTE, due or next_midnight)
    runs = [await office.runs(schedule) for schedule in planned]
    assert {run.state for of_one in runs for run in of_one} == {RunState.SENT}
    assert [len(of_one) for of_one in runs] == [*(kind[1 + column] for kind in KINDS), 1]
    assert len(await office.sent()) == sum(map(len, runs))


async def test_two_processes_that_look_at_once_send_a_run_once(office: Office) -> None:
    said: list[str] = []

    async def compose(schedule: Schedule, planned: datetime) -> Message:
        said.append(f"{schedule.id} {planned}")
        return read(SOURCE.replace("avstängda", f"avstängda ({len(said)})").encode(), "composed")

    schedule = await office.plan(every("4h", NOON + HOUR), source="", composer="report")
    url = office.database.url.render_as_string(hide_password=False)
    async with Database(url) as second, Database(url) as third:
        for hours in (1, 5, 9):
            office.clock.now = NOON + hours * HOUR
            looking = (office.runner(one, report=compose).look() for one in (office.database, second, third))
            await asyncio.gather(*looking)
    assert await office.states(schedule) == [("13:00", "sent"), ("17:00", "sent"), ("21:00", "sent")]
    assert len(await office.sent()) == 3


async def test_a_run_that_nothing_here_composes_fails_and_says_so(office: Office) -> None:
    schedule = await office.plan(Once(NOON + HOUR), source="", composer="report")
    await office.look(NOON + HOUR)
    (run,) = await office.runs(schedule)
    assert (run.state, run.reason) == (RunState.FAILED, "this program cannot compose a 'report'.")


async def test_a_mistake_in_one_schedule_fails_its_run_and_keeps_nobody_else_from_going(office: Office) -> None:
    async def mistaken(_schedule: Schedule, _planned: datetime) -> Message:
        raise ZeroDivisionError

    first = await office.plan(Once(NOON + HOUR), source="", composer="report")
    second = await office.plan(Once(NOON + HOUR))
    office.clock.now = NOON + HOUR
    await office.runner(report=mistaken).look()
    assert [run.state for schedule in (first, second) for run in await office.runs(schedule)] == ["failed", "sent"]


@pytest.mark.parametrize(("late", "state"), [(15 * MINUTE, "sent"), (15 * MINUTE + timedelta(seconds=1), "missed")])
async def test_a_run_may_be_as_late_as_its_schedule_says(office: Office, late: timedelta, state: str) -> None:
    schedule = await office.plan(Once(NOON + HOUR))
    await office.look(NOON + HOUR + late)
    assert await office.states(schedule) == [("13:00", state)]
    assert len(await office.sent()) == (state == "sent")


async def test_after_an_outage_what_is_too_late_is_reported_and_the_last_run_in_time_goes(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    schedule = await office.plan(every("1h", NOON + HOUR), late=2 * HOUR)
    await office.look(NOON + 4 * HOUR + 30 * MINUTE)
    runs = await office.runs(schedule)
    assert await office.states(schedule) == [
        ("13:00", "missed"),
        ("14:00", "missed"),
        ("15:00", "missed"),
        ("16:00", "sent"),
    ]
    assert "could not go within 120 minutes" in runs[0].reason
    assert "went instead" in runs[2].reason
    assert [record.levelname for record in caplog.records].count("ERROR") == 3
    assert await office.look(NOON + 5 * HOUR) == NOON + 6 * HOUR


async def test_a_long_outage_is_written_down_whole(office: Office) -> None:
    schedule = await office.plan(every("5m", NOON + HOUR))
    back = NOON + 3 * DAY
    while (await office.look(back) or back) <= back:
        continue
    runs = await office.runs(schedule)
    assert [run.state for run in runs] == [*["missed"] * (len(runs) - 1), "sent"]
    assert runs[-1].planned == back
    assert len(runs) == (3 * DAY - HOUR) // (5 * MINUTE) + 1


async def test_what_does_not_fit_its_incident_fails_is_reported_and_comes_again(office: Office) -> None:
    schedule = await office.plan(every("4h", NOON + HOUR), source=SOURCE.replace('"alert"', '"update"'))
    assert await office.look(NOON + HOUR) == NOON + 5 * HOUR
    (run,) = await office.runs(schedule)
    assert run.state is RunState.FAILED
    assert "Nothing has been said in the incident" in run.reason
    noted = await fetch(office.database, "SELECT actor, action FROM audit WHERE action LIKE 'schedule.%' ORDER BY id")
    assert noted == [("anna", "schedule.add"), (f"schedule {schedule.id}", "schedule.failed")]


async def test_what_cannot_be_sent_any_more_fails_with_the_reason(office: Office) -> None:
    dated = SOURCE.replace("+++\n# ", "expires = 2027-03-01T13:30:00+01:00\n+++\n# ")
    schedule = await office.plan(Once(NOON + HOUR), source=dated, late=HOUR)
    await office.look(NOON + HOUR + 45 * MINUTE)
    (run,) = await office.runs(schedule)
    assert (run.state, "expires: The time is past" in run.reason) == (RunState.FAILED, True)


async def test_the_very_same_message_is_not_sent_twice_by_two_schedules(office: Office) -> None:
    first, second = [await office.plan(Once(NOON + HOUR)) for _ in range(2)]
    await office.look(NOON + HOUR)
    assert [await office.states(one) for one in (first, second)] == [[("13:00", "sent")], [("13:00", "failed")]]
    assert len(await office.sent()) == 1


async def test_nothing_goes_while_a_schedule_is_paused_and_nothing_is_made_up_for(office: Office) -> None:
    schedule = await office.plan(every("4h", NOON + HOUR))
    await schedules.pause(office.database, schedule, NOON, "anna")
    assert await office.look(NOON + HOUR) is None
    paused = await schedules.find(office.database, schedule.id)
    assert paused is not None
    assert paused.paused
    resumed = await schedules.resume(office.database, paused, NOON + 2 * HOUR, "anna")
    assert resumed.next_run == NOON + 5 * HOUR
    await office.look(NOON + 5 * HOUR)
    assert await office.states(schedule) == [("17:00", "sent")]


async def test_a_run_is_skipped_once(office: Office) -> None:
    schedule = await office.plan(every("4h", NOON + HOUR))
    skipped = await schedules.skip(office.database, schedule, NOON, "anna")
    assert skipped is not None
    assert skipped.next_run == NOON + 5 * HOUR
    assert await schedules.skip(office.database, schedule, NOON, "bertil") is None, "he saw the list before she did"
    for hours in (1, 5):
        await office.look(NOON + hours * HOUR)
    assert await office.states(schedule) == [("13:00", "skipped"), ("17:00", "sent")]


async def test_a_removed_schedule_never_runs_again(office: Office) -> None:
    schedule = await office.plan(every("4h", NOON + HOUR))
    await schedules.remove(office.database, schedule, NOON, "anna")
    assert await office.look(NOON + DAY) is None
    assert await schedules.listing(office.database) == []
    assert await office.sent() == []


async def test_a_person_who_pauses_while_a_run_is_composed_is_heeded(office: Office) -> None:
    async def compose(schedule: Schedule, _planned: datetime) -> Message:
        await schedules.pause(office.database, schedule, NOON + HOUR, "anna")
        return read(SOURCE.encode(), "composed")

    schedule = await office.plan(Once(NOON + HOUR), source="", composer="report")
    office.clock.now = NOON + HOUR
    await office.runner(report=compose).look()
    assert await office.runs(schedule) == []
    assert await office.sent() == []


async def test_a_clock_that_was_a_year_ahead_keeps_nothing_from_going_when_its_time_comes(office: Office) -> None:
    recurring = await office.plan(every("4h", NOON + HOUR), until=NOON + 9 * HOUR)
    once = await office.plan(Once(NOON + 2 * HOUR), source=SOURCE.replace("intrång", "stöld"))
    await office.look(NOON + HOUR)
    await office.look(NOON + 365 * DAY)
    assert await office.states(once) == [("14:00", "missed")]
    assert await office.look(NOON + HOUR + MINUTE) == NOON + 2 * HOUR
    for hours in (2, 5, 9):
        await office.look(NOON + hours * HOUR)
    assert await office.states(once) == [("14:00", "sent")]
    assert await office.states(recurring) == [("13:00", "sent"), ("17:00", "sent"), ("21:00", "sent")]


async def test_a_clock_that_is_set_back_repeats_nothing(office: Office) -> None:
    schedule = await office.plan(every("4h", NOON + HOUR), until=NOON + 9 * HOUR)
    for hours in (1, 5, 0, 1, 5, 2, 9, 1, 9):
        await office.look(NOON + hours * HOUR)
    assert await office.states(schedule) == [("13:00", "sent"), ("17:00", "sent"), ("21:00", "sent")]
    assert len(await office.sent()) == 3


async def test_machines_whose_clocks_differ_by_minutes_send_each_run_once(office: Office) -> None:
    schedule = await office.plan(every("1h", NOON + HOUR), until=NOON + 6 * HOUR)
    for minutes in range(0, 7 * 60, 3):
        for ahead in (5, 0):
            await office.look(NOON + (minutes + ahead) * MINUTE)
    assert {run.state for run in await office.runs(schedule)} == {RunState.SENT}
    assert len(await office.sent()) == len(await office.runs(schedule)) == 6


async def test_who_looked_last_is_known_for_a_minute(office: Office) -> None:
    await office.look(NOON)
    assert [await schedules.is_watched(office.database, NOON + after * MINUTE) for after in (0, 1, 2)] == [
        True,
        True,
        False,
    ]
    await office.look(NOON + 5 * MINUTE)
    assert await fetch(office.database, "SELECT count(*) FROM schedule_watches") == [(1,)]


async def test_a_database_that_is_away_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db"
    async with opened(tmp_path, url) as office:
        schedule = await office.plan(Once(NOON + HOUR))
        office.clock.now = NOON + HOUR
        other = sqlite3.connect(tmp_path / "broadcaster.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        async with Database(url, busy_timeout=0.01) as hasty:
            with pytest.raises(StoreError):
                await office.runner(hasty).look()
            assert await office.runs(schedule) == []
            other.execute("ROLLBACK")
            other.close()
            await office.runner(hasty).look()
        assert await office.states(schedule) == [("13:00", "sent")]


ROUNDS = 8


async def test_over_random_schedules_restarts_and_jumps_each_run_is_decided_on_once(office: Office) -> None:
    url = office.database.url.render_as_string(hide_password=False)
    for seed in range(ROUNDS):
        dice = random.Random(seed)  # noqa: S311 (a test's dice)
        start = dice.choice([local("2027-03-27T20:00"), local("2027-10-30T20:00"), NOON])
        rules: list[Rule] = [
            by_cron(f"{dice.randrange(60)} * * * *"),
            by_cron("30 2 * * *"),
            Every(dice.choice([HOUR / 2, 2 * HOUR]), start + dice.randrange(600) * MINUTE),
            Every(DAY, start + dice.randrange(600) * MINUTE),
            Once(start + dice.randrange(1, 600) * MINUTE),
        ]
        late = dice.choice([MINUTE, 15 * MINUTE, 2 * HOUR])
        source = SOURCE.replace("intrång", f"intrång {seed}")
        schedule = await office.plan(dice.choice(rules), source=source, at=start, until=start + 2 * DAY, late=late)
        now = latest = start
        for _ in range(20):
            jump = dice.choice([MINUTE, 10 * MINUTE, HOUR, 5 * HOUR, -MINUTE, -30 * MINUTE, -3 * HOUR])
            now = max(start, now + jump * dice.random())
            latest = max(latest, now)
            office.clock.now = now
            async with Database(url) as restarted:  # a process that has just begun, beside one that runs on
                await asyncio.gather(office.runner().look(), office.runner(restarted).look())
        while (await office.look(latest) or latest + DAY) <= latest:
            continue
        await _expect_true(office, schedule, start, latest, seed)
        await schedules.remove(office.database, schedule, latest, "anna")


async def _expect_true(office: Office, schedule: Schedule, start: datetime, latest: datetime, seed: int) -> None:
    """The ledger says of each run that was due what became of it, and there are as many messages as runs that went."""
    runs = await office.runs(schedule)
    due = [run for run in schedule.intent.runs(start) if run <= latest]
    assert [run.planned for run in runs] == due, f"seed {seed}"
    for run in runs:
        if run.state is RunState.SENT:
            assert timedelta(0) <= run.at - run.planned <= schedule.intent.late, f"seed {seed}"
    went = [run.message for run in runs if run.state is RunState.SENT]
    found = await fetch(
        office.database,
        "SELECT id FROM messages WHERE incident = :incident ORDER BY issued",
        incident=f"Dataintrång {seed}",
    )
    assert sorted(id_ for (id_,) in found) == sorted(id_ for id_ in went if id_), f"seed {seed}"
