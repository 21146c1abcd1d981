"""``incident`` as a person at a terminal uses it: an intrusion that comes back, its clocks, and its record."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.desk import Desk, message
from tests.support.world import resident

NAME = "Dataintrång"
MARCH = "Dataintrång mars"
STOCKHOLM = ZoneInfo("Europe/Stockholm")
TWO = [resident(0), resident(1)]


def ago(**units: int) -> str:
    """A local time in the past, as people type it."""
    return f"{datetime.now(STOCKHOLM) - timedelta(**units):%Y-%m-%dT%H:%M%z}"[:-2] + ":00"


def check(folder: Path) -> str:
    """What the usual tool says of a record."""
    command = ["sha256sum", "--check", "--strict", "manifest.sha256"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
async def alert(desk: Desk) -> str:
    """The id of a message that was sent in an incident."""
    await desk.subscribe(TWO)
    sent = await desk.run("send", desk.message(), "--yes", "--json")
    assert sent.code == 0
    return str(sent.data["message"])


async def test_an_incident_that_comes_back_refers_to_the_earlier_one(desk: Desk) -> None:
    first = await desk.run("incident", "open", MARCH)
    closed = await desk.run("incident", "close", "dataintrång m")
    second = await desk.run("incident", "open", NAME, "--earlier", MARCH, "--aware-at", ago(hours=2))
    shown = await desk.run("incident", "show", NAME)
    before = await desk.run("incident", "show", MARCH)

    assert [ran.code for ran in (first, closed, second, shown, before)] == [0] * 5
    assert first.out == f"{MARCH} is open.\n"
    assert closed.out == f"{MARCH} is closed.\n"
    assert second.out.startswith(f"{NAME} is open.\nIt is a new one. Did you mean {MARCH}?\n")
    assert f"Earlier: {MARCH}." in shown.out
    assert f"Later: {NAME}." in before.out
    assert "Nothing has been said yet." in shown.out
    assert (await desk.run("incident", "open", MARCH)).out == f"{MARCH} is open again.\n"
    assert (await desk.run("incident", "open", MARCH)).out == f"{MARCH} goes on.\n"


async def test_the_list_has_what_goes_on_and_all_of_them_if_asked(desk: Desk, alert: str) -> None:  # noqa: ARG001
    await desk.run("incident", "open", MARCH)
    await desk.run("incident", "close", MARCH)

    listed = await desk.run("incident", "list")
    everything = await desk.run("incident", "list", "--all", "--json")

    assert MARCH not in listed.out
    assert NAME in listed.out
    found = {one["name"]: one for one in everything.data["incidents"]}
    assert list(found) == [NAME, MARCH]
    assert (found[MARCH]["state"], found[MARCH]["messages"], found[MARCH]["last_said"]) == ("closed", 0, None)
    assert (found[NAME]["state"], found[NAME]["messages"], found[NAME]["overdue"]) == ("open", 1, False)
    promise = datetime.fromisoformat(found[NAME]["next_update"])
    assert timedelta(hours=3) < promise - datetime.now(UTC) <= timedelta(hours=4)
    assert found[NAME]["next_deadline"] is None


async def test_a_quiet_day_has_no_incidents(desk: Desk) -> None:
    assert (await desk.run("incident", "list")).out == "No incident goes on.\n"
    assert (await desk.run("incident", "list", "--all")).out == "There has been no incident.\n"


async def test_an_incident_shows_its_messages_and_what_became_of_them(desk: Desk, alert: str) -> None:
    shown = await desk.run("incident", "show", "data")
    by_message = await desk.run("incident", "show", alert[:6], "--json")

    assert shown.code == 0
    assert f"{alert}  " in shown.out
    assert "alert, severe: Våra system är avstängda" in shown.out
    assert "; current. " in shown.out
    assert "sms: 2 accepted" in shown.out
    assert "Next update promised: " in shown.out
    assert f'broadcaster incident open "{NAME}" --aware-at TIME' in shown.out
    assert by_message.data["name"] == NAME
    [said] = by_message.data["said"]
    assert (said["message"], said["current"], said["kind"], said["state"]) == (alert, True, "alert", "done")
    assert said["deliveries"]["sms"]["accepted"] == 2
    assert said["by"] == by_message.data["opened_by"]


async def test_clocks_run_from_awareness_until_a_person_says_what_was_reported(desk: Desk) -> None:
    opened = await desk.run("incident", "open", NAME, "--aware-at", ago(hours=30))
    reported = await desk.run("incident", "done", NAME, "early-warning", "--at", ago(hours=1))
    not_due = await desk.run("incident", "done", NAME, "gdpr", "--not-due", "inga personuppgifter")
    shown = await desk.run("incident", "show", NAME, "--json")

    assert "OVERDUE by 6 h" in opened.out
    assert "1 d 17 h left" in opened.out
    assert "SFS 2025:1506, 2 kap. 5 §" in opened.out
    assert "5 h 0 min late" in reported.out
    assert "not due: inga personuppgifter" in not_due.out
    clocks = {clock["id"]: clock for clock in shown.data["deadlines"]}
    assert list(clocks) == ["early-warning", "gdpr", "notification", "status-report"]
    assert not any(clock["overdue"] for clock in clocks.values())
    assert clocks["early-warning"]["reported"] is not None
    assert (clocks["gdpr"]["reported"], clocks["gdpr"]["not_due"]) == (None, "inga personuppgifter")
    assert shown.data["next_deadline"]["id"] == "notification"


async def test_an_incident_in_which_something_stands_is_not_closed(desk: Desk, alert: str) -> None:
    refused = await desk.run("incident", "close", NAME)

    assert refused.code == 2
    assert f"`broadcaster all-clear {alert}`" in refused.err
    assert f"`broadcaster retract {alert}`" in refused.err
    assert (await desk.run("incident", "list", "--json")).data["incidents"][0]["state"] == "open"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("open", "X", "--aware-at", "i går"), "is not a time"),
        (("open", "X", "--aware-at", "2026-10-25 02:30"), "comes twice"),
        (("open", "X", "--aware-at", "2026-03-29 02:30"), "does not exist"),
        (("open", "X", "--aware-at", "2999-01-01 12:00"), "in the future"),
        (("open", "X", "--earlier", "Y"), "there is no incident 'Y'"),
        (("open", " "), "one line"),
        (("show", "Y"), "there is no incident 'Y'"),
        (("show", "data"), "could be"),
        (("close", "Y"), "incident list --all"),
        (("export", "Y", "record"), "there is no incident 'Y'"),
        (("done", MARCH, "early-warning"), "No legal deadline is running"),
        (("done", MARCH, "gdrp"), "Did you mean gdpr"),
        (("done", MARCH, "gdpr", "--not-due", ""), "needs a reason"),
        (("done", MARCH, "gdpr", "--not-due", "none", "--at", "00:00"), "leave one of them out"),
    ],
)
async def test_what_cannot_be_is_refused_with_what_can(desk: Desk, arguments: tuple[str, ...], reason: str) -> None:
    await desk.run("incident", "open", MARCH)
    await desk.run("incident", "open", "Dataintrång april")
    ran = await desk.run("incident", *arguments)

    assert ran.code == 2
    assert reason in ran.err
    assert ran.out == ""


async def test_the_record_is_written_and_checked_by_anybody(desk: Desk, alert: str) -> None:
    await desk.run("services", "set", "E-tjänster", "down", "-m", "borgholm", "--yes")
    await desk.run("incident", "open", NAME, "--aware-at", ago(hours=2))
    written = await desk.run("incident", "export", NAME, "record")
    folder = desk.folder / "record"
    checked = check(folder)

    assert written.code == 0
    assert f"{NAME}: 4 files in record." in written.out
    assert checked.count(": OK\n") == 3
    assert (folder / f"messages/{alert}.md").read_bytes() == (desk.folder / "message.md").read_bytes()
    data = json.loads((folder / "timeline.json").read_text(encoding="utf-8"))
    [message] = data["messages"]
    reached = {one["channel"]: one["counts"] for one in message["renditions"] if one["municipality"] == "borgholm"}
    assert reached["sms"] == {"accepted": 2}
    assert set(reached) == {"sms", "facebook", "feed", "page", "ivr"}
    assert {event["what"] for event in data["timeline"]} >= {
        "aware",
        "message.submit",
        "delivery.first",
        "services.set",
    }
    whole = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert all(number.removeprefix("+46").encode() not in whole for number in TWO)


@pytest.mark.usefixtures("alert")
async def test_before_anything_goes_out_its_incident_is_named_and_a_near_name_is_asked_about(
    desk: Desk,
) -> None:
    snow = desk.message("snow.md", "Dataintrång", "Snöoväder")
    assert "New incident 'Snöoväder'." in (await desk.run("send", snow, "--dry-run")).out
    slip = desk.message("slip.md", 'incident = "Dataintrång"', 'incident = "Datintrång"')
    sent = len(desk.sandbox.posts)
    soon = f"{datetime.now(ZoneInfo('Europe/Stockholm')) + timedelta(hours=1):%Y-%m-%dT%H:%M}"
    for command in (("send", slip, "--yes"), ("send", slip, "--at", soon, "--yes")):
        refused = await desk.run(*command)
        assert refused.code == 2
        assert "there is no incident 'Datintrång', but 'Dataintrång' goes on" in refused.err
        assert "--new-incident" in refused.err
    async with desk.terminal("send", slip) as terminal:
        await terminal.until("Is 'Datintrång' another incident than 'Dataintrång'? [y/N]")
        terminal.type("n\n")
        assert await terminal.end() == 1
        assert "Write the incident's name" in terminal.shown
    assert len(desk.sandbox.posts) == sent
    meant = await desk.run("send", slip, "--new-incident", "--dry-run")
    assert "New incident 'Datintrång'." in meant.out


async def test_readers_of_english_who_get_swedish_are_counted_and_the_part_to_write_is_shown(desk: Desk) -> None:
    await desk.run("subscribers", "add", resident(0), "-m", "borgholm", "--language", "en")
    text = message().partition("\n## @en")[0]
    desk.write("swedish.md", text)
    shown = await desk.run("preview", "swedish.md")
    assert (
        "borgholm: not in en on facebook, sms (1 resident gets sv), feed, page, ivr. Write the part `## @en`."
        in shown.out
    )
    planned = await desk.run("send", "swedish.md", "--dry-run", "--json")
    first = planned.data["untranslated"][0]
    assert (first["municipality"], first["language"], first["readers"], first["parts"]) == (
        "borgholm",
        "en",
        1,
        ["## @en"],
    )
    assert "morbylanga: not in en on" in (await desk.run("send", "swedish.md", "--dry-run")).out


async def test_a_second_alert_in_an_incident_is_asked_whether_it_is_an_update(desk: Desk, alert: str) -> None:
    second = desk.message("second.md", "Våra system är avstängda", "E-posten är nere också")
    sent = len(desk.sandbox.posts)
    async with desk.terminal("send", second, columns=200) as terminal:
        shown = await terminal.until(f"Is it an update of {alert}? [y/N]")
        assert "Incident 'Dataintrång', going on since" in shown
        assert "1 message." in shown
        terminal.type("y\n")
        assert await terminal.end() == 1
        assert f"broadcaster update {alert} second.md" in terminal.shown
    assert len(desk.sandbox.posts) == sent
    beside = await desk.run("send", second, "--yes")
    assert beside.code == 0, beside.err
    assert "note: an alert stands beside what was said" in beside.out


async def test_the_record_has_every_version_up_to_the_all_clear(desk: Desk, alert: str) -> None:
    update = desk.message("update.md", 'kind = "alert"', 'kind = "update"')
    (desk.folder / update).write_text(
        (desk.folder / update).read_text(encoding="utf-8").replace("avstängda", "på väg tillbaka"), encoding="utf-8"
    )
    updated = await desk.run("update", alert, update, "--yes", "--json")
    cleared = await desk.run("all-clear", updated.data["message"], "--yes", "--json")
    shown = await desk.run("incident", "show", NAME)
    await desk.run("incident", "export", NAME, "record")
    data = json.loads((desk.folder / "record/timeline.json").read_text(encoding="utf-8"))

    assert (updated.code, cleared.code) == (0, 0)
    versions = [(message["id"], message["kind"], message["follows"]) for message in data["messages"]]
    assert versions == [
        (alert, "alert", None),
        (updated.data["message"], "update", alert),
        (cleared.data["message"], "all-clear", updated.data["message"]),
    ]
    told = [event["what"] for event in data["timeline"] if event["what"].startswith(("incident.", "message."))]
    assert sorted(told) == ["incident.close", "incident.open", *["message.submit"] * 3]
    assert data["incident"]["closed"] is not None
    done = {(one["channel"], one["operation"]) for one in data["messages"][1]["renditions"] if one["counts"]}
    assert {("facebook", "send"), ("facebook", "mark"), ("ivr", "send")} <= done
    assert f"followed by {updated.data['message']}" in shown.out
    assert "; over. " in shown.out
    assert "current" not in shown.out


async def test_a_record_takes_the_place_of_its_own_earlier_one_and_of_nothing_else(desk: Desk, alert: str) -> None:  # noqa: ARG001
    first = await desk.run("incident", "export", NAME, "record")
    again = await desk.run("incident", "export", NAME, "record")
    (desk.folder / "record" / "mine.txt").write_text("mine", encoding="utf-8")
    refused = await desk.run("incident", "export", NAME, "record")
    missing = await desk.run("incident", "export", NAME, "nowhere/record")

    assert (first.code, again.code, refused.code, missing.code) == (0, 0, 2, 3)
    assert "mine.txt" in refused.err
    assert "Name a new or empty folder" in refused.err
    assert (desk.folder / "record" / "mine.txt").read_text(encoding="utf-8") == "mine"
    assert "check that its parent exists" in missing.err
