"""Scripts of what is sent by the clock: as a person enters it, and as the machine carries it out."""

import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broadcaster.clock import utc_now
from broadcaster.schedule.rules import Once
from broadcaster.store import schedules
from broadcaster.store.schedules import Intent
from messages.document import serialise
from tests.acceptance.test_crash import command
from tests.support.desk import Desk
from tests.support.world import FAST, resident, world

STOCKHOLM = ZoneInfo("Europe/Stockholm")
THREE = [resident(0), resident(1), resident(2)]
SOURCE = """+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
+++
# Våra system är avstängda

{{ municipality.name }} har stängt av sina system. Ring {{ municipality.phone }} om du behöver oss.
"""


def ahead(days: int = 1, hour: int = 16) -> str:
    """A time to come, as people type it."""
    day = datetime.now(STOCKHOLM) + timedelta(days=days)
    return f"{day:%Y-%m-%d} {hour}:00"


def of_next(month: int, text: str) -> str:
    """A time of the last Sunday of a month that is to come: of a day when clocks change."""
    now = datetime.now(UTC)
    year = now.year + (now.month >= month)
    day = datetime(year, month, 31, tzinfo=UTC)
    return f"{day - timedelta(days=day.isoweekday() % 7):%Y-%m-%d} {text}"


async def test_workers_send_what_is_planned_once_to_everybody(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url, FAST) as here:
        await here.subscribe(THREE)
        source = serialise(here.plan().message)
        async with here.database as database:
            intent = Intent("Systemen", source, Once(utc_now() + timedelta(seconds=3)), here.config.zone)
            schedule = await schedules.add(database, intent, utc_now(), "anna")
            workers = [await command(here, "worker") for _ in range(2)]
            await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= len(THREE), timeout=40)
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            said = [await worker.communicate() for worker in workers]
            (run,) = await schedules.runs(database, schedule.id)
    assert [worker.returncode for worker in workers] == [0, 0], said
    assert Counter(here.reached()) == Counter(THREE)
    assert sum(f"went as message {run.message}".encode() in log for _, log in said) == 1


async def test_a_message_is_planned_listed_and_taken_off_again(desk: Desk) -> None:
    await desk.subscribe(THREE)
    planned = await desk.run("send", desk.write("later.md", SOURCE), "--at", ahead(), "--yes")
    listed = await desk.run("schedule", "list")
    data = (await desk.run("schedule", "list", "--json")).data
    removed = await desk.run("schedule", "remove", "1")
    empty = await desk.run("schedule", "list")

    assert planned.code == 0
    assert f"It goes automatically at {_shown(ahead())}, Europe/Stockholm time." in planned.out
    assert "3 sv" in planned.out
    assert "No `serve` or `worker` is running on this database" in planned.out
    assert "Våra system är avstängda" in listed.out
    assert _shown(ahead()) in listed.out
    assert "No `serve` or `worker` is running on this database" in listed.out
    [schedule] = data["schedules"]
    assert (schedule["paused"], schedule["last_run"], data["served"]) == (False, None, False)
    (run,) = map(datetime.fromisoformat, schedule["next_runs"])
    assert run.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M") == ahead()
    assert run.utcoffset() == timedelta(0)
    assert removed.code == 0
    assert empty.out == "Nothing is planned.\n"
    assert desk.reached() == []


async def test_a_recurring_message_is_paused_resumed_and_skipped(desk: Desk) -> None:
    file = desk.write("again.md", SOURCE)

    added = await desk.run(
        "schedule", "add", file, "--cron", "0 16 * * *", "--until", ahead(9, 18), "--promise", "--yes"
    )
    skipped = await desk.run("schedule", "skip", "1")
    paused = await desk.run("schedule", "pause", "1")
    meanwhile = await desk.run("schedule", "list")
    resumed = await desk.run("schedule", "resume", "1")
    shown = await desk.run("schedule", "show", "1")

    assert [ran.code for ran in (added, skipped, paused, meanwhile, resumed, shown)] == [0] * 6
    assert "and so on; the last time at" in added.out
    assert "is left out. The next run is at" in skipped.out
    assert "paused" in meanwhile.out
    assert "The next run is at" in resumed.out
    assert "skipped: left out by" in shown.out
    assert "har stängt av sina system" in shown.out


async def test_nobody_is_advised_to_write_a_time_that_each_run_has_of_its_own(desk: Desk) -> None:
    file = desk.write("again.md", SOURCE)
    once = await desk.run("send", file, "--at", ahead(), "--dry-run")
    again = await desk.run(*AGAIN, file, "--yes")
    promising = await desk.run(*AGAIN, file, "--yes", "--promise")
    assert "Write next_update" in once.out
    assert "Write next_update" not in again.out
    assert "Write expires" not in again.out
    assert "With --promise, each run says when the next comes" in again.out
    assert "With --promise" not in promising.out


async def test_what_would_be_refused_as_things_stand_is_said_and_planned(desk: Desk) -> None:
    update = desk.write("update.md", SOURCE.replace('"alert"', '"update"'))
    ran = await desk.run("send", update, "--at", ahead(), "--yes")
    assert ran.code == 0
    assert "note: as things stand, it would be refused at that time. Nothing has been said in the incident" in ran.out
    assert len((await desk.run("schedule", "list", "--json")).data["schedules"]) == 1


async def test_a_message_that_was_sent_is_not_planned_but_a_schedule_goes_on_from_it(desk: Desk) -> None:
    file = desk.write("alert.md", SOURCE)
    await desk.run("send", file, "--yes")
    later = await desk.run("send", file, "--at", ahead(), "--yes")
    again = await desk.run("schedule", "add", file, "--every", "1d", "--until", ahead(9), "--yes")
    assert (later.code, "this very message was sent before" in later.err) == (2, True)
    assert again.code == 0


async def test_a_dry_run_plans_nothing(desk: Desk) -> None:
    ran = await desk.run("send", desk.write("later.md", SOURCE), "--at", ahead(), "--dry-run", "--json")
    assert (ran.code, ran.data["name"]) == (0, "Våra system är avstängda")
    assert (await desk.run("schedule", "list", "--json")).data["schedules"] == []


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (["send", "--at", of_next(3, "02:30")], "does not exist in Europe/Stockholm"),
        (["send", "--at", of_next(10, "02:30")], "comes twice in Europe/Stockholm"),
        (["send", "--at", "2020-01-01 16:00"], "is past"),
        (["send", "--at", "2099-01-01 16:00"], "look at the year"),
        (["send", "--at", "soon"], "is not a time"),
        (["send", "--at", ahead(), "--late", "2d"], "--late: at most 1d"),
        (["send", "--late", "1h"], "say when, with --at"),
        (["schedule", "add", "--until", ahead()], "say when: --cron"),
        (["schedule", "add", "--until", ahead(), "--every", "4h", "--cron", "0 16 * * *"], "say when: --cron"),
        (["schedule", "add", "--until", ahead(), "--cron", "0 8 30 2 *"], "never fires"),
        (["schedule", "add", "--until", ahead(), "--every", "1m"], "too often"),
        (["schedule", "add", "--until", ahead(), "--every", "30d"], "there is no run before"),
        (["schedule", "add", "--until", of_next(3, "02:30"), "--every", "4h"], "does not exist"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_what_cannot_be_planned_is_refused_when_it_is_entered(desk: Desk, typed: list[str], why: str) -> None:
    ran = await desk.run(*typed, desk.write("later.md", SOURCE), "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert why in ran.err


def dated(key: str, days: int) -> str:
    """A line of front matter."""
    return f"{key} = {ahead(days).replace(' ', 'T')}:00+01:00\n"


AGAIN = ["schedule", "add", "--every", "4h", "--until", ahead()]


@pytest.mark.parametrize(
    ("old", "new", "typed", "why"),
    [
        ('"alert"', '"all-clear"', ["send", "--at", ahead()], "An all-clear is never sent by the clock"),
        ('"alert"', '"correction"', AGAIN, "A correction is sent once"),
        (
            "+++\n#",
            f"{dated('expires', 0)}+++\n#",
            ["send", "--at", ahead(9)],
            "message.md:6: expires: The time is past when the message is sent",
        ),
        ("+++\n#", f"{dated('expires', 0)}+++\n#", AGAIN, "message.md:6: expires: The time is past before"),
        (
            "+++\n#",
            f"{dated('next_update', 3)}{dated('expires', 4)}+++\n#",
            [*AGAIN, "--promise"],
            "message.md:6: next_update: --promise says when",
        ),
        ("{{ municipality.phone }}", "{{ municipality.fax }}", ["send", "--at", ahead()], "message.md:9"),
        ("{{ municipality.phone }}", "{{ municipality.fax }}", AGAIN, "message.md:9"),
    ],
)
async def test_what_cannot_be_sent_by_the_clock_is_refused_with_its_line(
    desk: Desk, old: str, new: str, typed: list[str], why: str
) -> None:
    ran = await desk.run(*typed, desk.write("message.md", SOURCE.replace(old, new)), "--yes")
    assert ran.code == 2
    assert why in ran.err


@pytest.mark.parametrize("deed", ["show", "pause", "resume", "skip", "remove"])
async def test_a_schedule_that_there_is_not_is_named(desk: Desk, deed: str) -> None:
    ran = await desk.run("schedule", deed, "7")
    assert (ran.code, ran.err) == (2, "error: there is no schedule 7: see `broadcaster schedule list`.\n")


async def test_nobody_is_asked_in_a_pipe_and_a_no_plans_nothing(desk: Desk) -> None:
    file = desk.write("later.md", SOURCE)
    piped = await desk.run("send", file, "--at", ahead())
    async with desk.terminal("send", file, "--at", ahead()) as terminal:
        await terminal.until("Plan it for the sandbox? [y/N]")
        terminal.type("n\n")
        assert await terminal.end() == 1
    assert (piped.code, "add --yes" in piped.err) == (2, True)
    assert (await desk.run("schedule", "list", "--json")).data["schedules"] == []


def _shown(text: str) -> str:
    return f"{datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM):%a %Y-%m-%d %H:%M %Z}"
