"""Situation reports: composed, read by a person and sent; and sent by the clock, composed anew each time."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broadcaster.board import Notice
from broadcaster.plan import prepare, submission
from broadcaster.schedule.rules import Every
from broadcaster.schedule.runner import Runner
from broadcaster.situation import COMPOSER, Order, composer
from broadcaster.store import schedules
from broadcaster.store.schedules import Intent
from broadcaster.store.submissions import submit
from broadcaster.store.threads import thread
from messages.model import Kind, ServiceStatus, Severity
from tests.support.desk import Desk
from tests.support.world import world

HOUR = timedelta(hours=1)


async def test_a_report_is_composed_read_and_sent(desk: Desk) -> None:
    sent = await desk.run("send", desk.message(), "--yes")
    await desk.run("services", "set", "E-tjänster", "down", "--note", "Ring växeln", "--all", "--yes")
    await desk.run("services", "set", "Telefoni", "limited", "-m", "borgholm", "--yes")
    differ = await desk.run("report", "Dataintrång")
    one = await desk.run("report", "datain", "-m", "borgholm", "-o", "report.md")
    again = await desk.run("report", "Dataintrång", "-m", "borgholm", "-o", "report.md")
    preview = await desk.run("preview", "report.md")
    reported = await desk.run("send", "report.md", "--yes", "--json")
    begun = await desk.run("new", "--from", json.loads(reported.out)["message"])
    assert (sent.code, one.code, preview.code, reported.code) == (0, 0, 0, 0), reported.err
    assert "\n# Våra system är avstängda\n\nRing {{ municipality.phone }} om du behöver oss.\n" in begun.out
    assert "Läget kl." not in begun.out
    assert "\n## Så fungerar" not in begun.out
    assert differ.code == 2
    assert "The boards of services of borgholm, morbylanga differ" in differ.err
    assert (again.code, "is there already" in again.err) == (2, True)
    assert "E-tjänster fungerar inte. Telefoni fungerar delvis." in preview.out
    posts = [post.message for post in desk.sandbox.posts if post.message.startswith("Läget kl. ")]
    assert len(posts) == 1
    assert "E-tjänster, sedan" in posts[0]
    assert "Ring växeln." in posts[0]
    assert json.loads(reported.out)["message"]


async def test_what_cannot_be_reported_is_said_with_the_next_step(desk: Desk) -> None:
    nothing = await desk.run("report", "Dataintrång")
    await desk.run("send", desk.message(), "--yes")
    empty = await desk.run("report", "Dataintrång")
    stranger = await desk.run("report", "Dataintrång", "-m", "kalmar")
    await desk.run("services", "set", "E-tjänster", "down", "--all", "--yes")
    whole = await desk.run("report", "Dataintrång")
    assert [ran.code for ran in (nothing, empty, stranger, whole)] == [2, 2, 2, 0]
    assert "there is no incident" in nothing.err
    assert "There is no service on the board" in empty.err
    assert "there is no municipality 'kalmar'" in stranger.err
    assert 'municipalities = ["borgholm", "morbylanga"]' in whole.out


async def test_a_recurring_report_is_planned_shown_and_listed(desk: Desk) -> None:
    await desk.run("send", desk.message(), "--yes")
    await desk.run("services", "set", "E-tjänster", "down", "--all", "--yes")
    until = (datetime.now(UTC) + 7 * 24 * HOUR).strftime("%Y-%m-%d %H:%M")
    planned = await desk.run(
        "schedule", "report", "Dataintrång", "--cron", "0 8,16 * * *", "--until", until, "--promise", "--yes"
    )
    listed = await desk.run("schedule", "list")
    shown = await desk.run("schedule", "show", "1")
    assert (planned.code, listed.code, shown.code) == (0, 0, 0), planned.err
    assert "Läget kl. " in planned.out
    assert "report: Dataintrång" in listed.out
    assert "municipalities" not in shown.out


ALERT = """+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
expires = {expires}
+++
# Våra system är avstängda

Ring {{{{ municipality.phone }}}} om du behöver oss.
"""


async def test_recurring_reports_say_what_is_true_at_their_time_and_promise_the_next(
    tmp_path: Path, database_url: str
) -> None:
    async with world(tmp_path, database_url) as here, here.running() as broadcaster:
        database, start = broadcaster.store.database, here.clock.now.replace(microsecond=0)
        text = ALERT.format(expires=(start + 5 * 24 * HOUR).isoformat())
        plan = prepare(text.encode(), "alert.md", here.config, start)
        await submit(database, submission(plan, start), "test")
        await broadcaster.board.set([Notice("borgholm", "Telefoni", ServiceStatus.DOWN)], start, "test")
        order = Order("Dataintrång", ("borgholm",))
        rule, until = Every(4 * HOUR, start + 4 * HOUR), start + 13 * HOUR
        intent = Intent("report", order.text, rule, here.config.zone, until=until, promise=True, composer=COMPOSER)
        await schedules.add(database, intent, start, "test")
        composers = {COMPOSER: composer(database, here.config)}
        runners = [Runner(database, here.config, composers, here.clock) for _ in range(2)]
        for status in (ServiceStatus.DOWN, ServiceStatus.LIMITED, ServiceStatus.WORKING):
            await broadcaster.board.set([Notice("borgholm", "Telefoni", status)], here.clock.now, "test")
            here.clock.move(4 * HOUR)
            for runner in runners:
                await runner.look()
        alert, *reports = await thread(database, "Dataintrång")
        local = [(start + hours * HOUR).astimezone(here.config.zone) for hours in (4, 8, 12)]
    assert [said.headline for said in reports] == [
        f"Läget kl. {f'{time:%H.%M}' if time.minute else time.hour}: Våra system är avstängda" for time in local
    ]
    assert {(said.kind, said.severity, said.municipalities) for said in reports} == {
        (Kind.UPDATE, Severity.SEVERE, ("borgholm",))
    }
    assert [said.next_update for said in reports] == [start + 8 * HOUR, start + 12 * HOUR, None]
    assert [said.follows for said in reports] == [alert.id, reports[0].id, reports[1].id]
    assert ["Fungerar inte" in said.source for said in reports] == [True, False, False]
    assert ["Fungerar delvis" in said.source for said in reports] == [False, True, False]
