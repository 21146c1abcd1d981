"""The record of an incident: nothing left out, nothing of residents in it, the same bytes for the same story."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from broadcaster.board import Notice
from broadcaster.delivery import State
from broadcaster.leading import note_report, open_incident
from broadcaster.record import MANIFEST, Made, OccupiedError, put, record
from broadcaster.record.files import manifest
from broadcaster.store import endings, timeline
from broadcaster.store.board import BoardStore
from broadcaster.store.database import Database
from broadcaster.store.endings import Ending
from broadcaster.store.incidents import Incident, Report
from broadcaster.store.schema import milliseconds
from broadcaster.store.submissions import Posting, submit
from messages.model import Rendition, ServiceStatus
from tests.support.storing import HOUR, NOW, SECOND, TO_BORGHOLM, execute, fetch, submission, subscribe

NAME = "Dataintrång"
ID = "0a1b2c3d4e"
MADE = Made(NOW + 26 * HOUR, "0.1.0", ZoneInfo("Europe/Stockholm"))
NUMBERS = [f"+4670174062{place}" for place in range(6)]
SOURCE = """\
+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm"]

[[services]]
name = "E-tjänster"
status = "down"
note = "Ring växeln"
+++
# Våra system <b>är</b> avstängda

Ring växeln.
"""
SMS = Rendition("borgholm", "sms", "sv", "Våra system <b>är</b> avstängda", "Våra system är avstängda.\nRing växeln.")
PAGE = Rendition("borgholm", "page", "sv", "Våra system <b>är</b> avstängda", "<p>Ring <strong>växeln</strong>.</p>")


@pytest.fixture
async def led(database: Database) -> Database:
    """An incident with an alert to a page and six residents, of which everything has become that can."""
    await open_incident(database, "Dataintrång mars", NOW - 24 * HOUR, "bo")
    await open_incident(database, NAME, NOW - HOUR, "anna", aware=NOW - 2 * HOUR, earlier="Dataintrång mars")
    await subscribe(database, *((number, "borgholm", "sv") for number in NUMBERS))
    posting = Posting(PAGE, "pages", "borgholm/sv")
    sent = submission(renditions=[SMS, PAGE], postings=[posting], routes=[TO_BORGHOLM], lifetime=8 * HOUR)
    await submit(database, replace(sent, source=SOURCE, recordings={"sv": b"RIFF"}), "anna")
    tried = "UPDATE deliveries SET tried = :at, changed = :later, attempts = 1, "
    became = [
        "state = 'accepted', remote_id = 'page-1' WHERE target IS NOT NULL",
        "state = 'delivered', remote_id = 'SM1' WHERE subscriber IN (1, 2)",
        "state = 'rejected', reason = 'the resident has opted out' WHERE subscriber = 3",
        "state = 'in_doubt', reason = 'no answer' WHERE subscriber = 4",
        "state = 'abandoned', reason = 'a person let it be' WHERE subscriber = 5",
    ]
    for assignments in became:
        await execute(
            database, tried + assignments, at=milliseconds(NOW + SECOND), later=milliseconds(NOW + 9 * SECOND)
        )
    [(abandoned,)] = await fetch(database, "SELECT id FROM deliveries WHERE subscriber = 5")
    async with database.write() as connection:
        ended = Ending(abandoned, NOW + HOUR, State.ABANDONED, "a person let it be", "anna")
        await endings.note(connection, [ended])
    board = BoardStore(database)
    for municipality, at in (("borgholm", NOW + HOUR), ("oland", NOW + HOUR), ("borgholm", NOW - 48 * HOUR)):
        await board.set([Notice(municipality, "E-tjänster", ServiceStatus.LIMITED)], at, "carin")
    await note_report(database, NAME, "early-warning", Report(NOW + 23 * HOUR, "bo"), NOW + 24 * HOUR)
    await note_report(database, NAME, "gdpr", Report(NOW, "bo", "inga personuppgifter"), NOW + 24 * HOUR)
    return database


async def files(database: Database, made: Made = MADE) -> Mapping[str, bytes]:
    return record(await timeline.read(database, NAME), made)


async def data(database: Database) -> dict[str, Any]:
    found = json.loads((await files(database))["timeline.json"])
    assert isinstance(found, dict)
    return found


async def page(database: Database) -> html.HtmlElement:
    """The page as a browser understands it."""
    return html.document_fromstring((await files(database))["timeline.html"].decode())


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


# --- What it holds ----------------------------------------------------------------------------------------------------


async def test_the_incident_is_told_with_its_clocks_and_the_one_before_it(led: Database) -> None:
    found = await data(led)
    assert (found["format"], found["version"], found["zone"]) == ("broadcaster.incident", 1, "Europe/Stockholm")
    assert found["incident"] == {
        "name": NAME,
        "opened": "2026-03-01T07:00:00.000+00:00",
        "opened_by": "anna",
        "aware": "2026-03-01T06:00:00.000+00:00",
        "closed": None,
        "closed_by": None,
        "earlier": [{"name": "Dataintrång mars", "opened": "2026-02-28T08:00:00.000+00:00", "closed": None}],
        "later": [],
    }
    clocks = {clock["id"]: (clock["due"][:16], clock["reported"], clock["late"]) for clock in found["deadlines"]}
    assert clocks == {
        "early-warning": ("2026-03-02T06:00", "2026-03-02T07:00:00.000+00:00", True),
        "gdpr": ("2026-03-04T06:00", None, False),
        "notification": ("2026-03-04T06:00", None, False),
        "status-report": ("2026-04-04T05:00", None, False),
    }
    assert found["deadlines"][1]["not_due"] == "inga personuppgifter"


async def test_the_earlier_incident_tells_of_the_later_one(led: Database) -> None:
    story = await timeline.read(led, "Dataintrång mars")
    assert [other.name for other in story.later] == [NAME]


async def test_every_message_is_told_with_its_source_and_who_sent_it(led: Database) -> None:
    [message] = (await data(led))["messages"]
    assert (message["id"], message["kind"], message["severity"], message["by"]) == (ID, "alert", "severe", "anna")
    assert (message["exercise"], message["follows"], message["retracted"]) == (False, None, None)
    assert message["content_hash"] == ID.ljust(64, "0")
    assert message["source"] == {"file": f"messages/{ID}.md", "sha256": sha256(SOURCE.encode()).hexdigest()}
    assert message["recordings"] == [
        {"language": "sv", "file": f"recordings/{ID}-sv.wav", "sha256": sha256(b"RIFF").hexdigest()}
    ]
    assert message["services"] == [
        {"name": "E-tjänster", "status": "down", "note": "Ring växeln", "municipalities": ["borgholm"]}
    ]


async def test_every_rendition_is_told_with_what_became_of_it(led: Database) -> None:
    [message] = (await data(led))["messages"]
    [shown, sms] = message["renditions"]
    assert (sms["channel"], sms["language"], sms["operation"], sms["text"]) == ("sms", "sv", "send", SMS.text)
    assert sms["counts"] == {"pending": 1, "delivered": 2, "rejected": 1, "in_doubt": 1, "abandoned": 1}
    assert sms["receipts"] == {"delivered": 2, "undelivered": 0}
    assert [(one["state"], one["reason"], one["count"]) for one in sms["outcomes"]] == [
        ("pending", None, 1),
        ("delivered", None, 2),
        ("rejected", "the resident has opted out", 1),
        ("in_doubt", "no answer", 1),
        ("abandoned", "a person let it be", 1),
    ]
    delivered = sms["outcomes"][1]
    assert (delivered["tried_first"], delivered["last"]) == (
        "2026-03-01T08:00:01.000+00:00",
        "2026-03-01T08:00:09.000+00:00",
    )
    assert sms["outcomes"][0]["tried_first"] is None
    [settled] = sms["doubts_settled"]
    assert (settled["became"], settled["because"], settled["by"], settled["count"]) == (
        "abandoned",
        "a person let it be",
        "anna",
        1,
    )
    assert sms["places"] == []
    [place] = shown["places"]
    assert (place["target"], place["remote_id"], place["state"]) == ("borgholm/sv", "page-1", "accepted")


async def test_the_timeline_has_what_was_known_decided_and_published_in_order(led: Database) -> None:
    told = [(event["at"][:19], event["what"], event["by"], event["text"]) for event in (await data(led))["timeline"]]
    first, last = "2026-03-01T08:00:01", "2026-03-01T08:00:01"
    assert told == [
        ("2026-03-01T06:00:00", "aware", "", NAME),
        ("2026-03-01T07:00:00", "incident.aware", "anna", "2026-03-01T06:00:00+00:00"),
        ("2026-03-01T07:00:00", "incident.earlier", "anna", "Dataintrång mars"),
        ("2026-03-01T07:00:00", "incident.open", "anna", NAME),
        ("2026-03-01T08:00:00", "message.submit", "anna", f"{ID}, alert: {SMS.title}"),
        (first, "delivery.first", "", f"{ID}, page of borgholm in sv: 1 of 1"),
        (first, "delivery.first", "", f"{ID}, sms of borgholm in sv: 1 of 6"),
        (last, "delivery.last", "", f"{ID}, sms of borgholm in sv: 5 of 6"),
        ("2026-03-01T09:00:00", "services.set", "carin", "borgholm/E-tjänster: not on the board → limited"),
        ("2026-03-02T08:00:00", "incident.report", "bo", "early-warning 2026-03-02T07:00:00+00:00"),
        ("2026-03-02T08:00:00", "incident.report", "bo", "gdpr not due: inga personuppgifter"),
    ]


async def test_no_resident_is_in_it(led: Database) -> None:
    whole = b"".join((await files(led)).values())
    sealed = [number for (number,) in await fetch(led, "SELECT number FROM subscribers")]
    lookups = [lookup for (lookup,) in await fetch(led, "SELECT lookup FROM subscribers")]
    assert len(sealed) == len(NUMBERS)
    for secret in (*NUMBERS, *sealed, *lookups, "SM1"):
        assert secret.encode() not in whole
        assert secret.removeprefix("+46").encode() not in whole


async def test_the_same_story_gives_the_same_bytes_and_its_age_changes_little(led: Database) -> None:
    once, again = await files(led), await files(led)
    assert once == again
    later = await files(led, replace(MADE, at=MADE.at + HOUR))
    differing = {name for name in once if once[name] != later[name]}
    assert differing == {"timeline.json", "timeline.html", MANIFEST}
    before, after = json.loads(once["timeline.json"]), json.loads(later["timeline.json"])
    assert before | {"exported_at": None} == after | {"exported_at": None}


async def test_an_incident_without_messages_has_a_record_too(database: Database) -> None:
    await open_incident(database, NAME, NOW, "anna")
    made = await files(database)
    assert sorted(made) == [MANIFEST, "timeline.html", "timeline.json"]
    assert "No message was sent in this incident." in text(await page(database))
    with pytest.raises(LookupError):
        await timeline.read(database, "something else")


# --- The page ---------------------------------------------------------------------------------------------------------


async def test_the_page_loads_nothing_runs_nothing_and_has_a_print_style(led: Database) -> None:
    found = await page(led)
    assert found.xpath("//script | //img | //link | //iframe | //*[@src] | //*[@style] | //*[@onclick]") == []
    [policy] = found.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    [style] = found.xpath("//style")
    assert f"sha256-{b64encode(sha256(style.text.encode()).digest()).decode()}" in policy
    assert "@media print" in style.text
    assert "url(" not in style.text


async def test_the_page_shows_texts_as_residents_got_them_and_no_markup_of_an_author(led: Database) -> None:
    found = await page(led)
    shown, sms = found.xpath("//div[contains(@class, 'text')]")
    assert shown.xpath(".//strong/text()") == ["växeln"]
    assert sms.text_content() == SMS.text
    assert sms.get("class") == "text plain"
    assert found.xpath("//h4/@lang") == ["sv", "sv"]
    assert found.xpath("//h2/span/text() | //h4/text()") == [SMS.title] * 3
    assert found.xpath("//b") == []


async def test_the_page_tells_times_with_their_offset_and_what_was_late(led: Database) -> None:
    found = await page(led)
    told = [text(row) for row in found.xpath("//section[1]//tbody/tr")]
    assert told[0].endswith("2026-03-02 07:00:00 +01:00 2026-03-02 08:00:00 +01:00, says bo. Late")
    assert told[1].endswith("Not due, says bo: inga personuppgifter")
    assert told[3].endswith("2026-04-04 07:00:00 +02:00 Not noted")
    assert {time.get("datetime")[-6:] for time in found.xpath("//time")} == {"+00:00"}
    assert "5 of 6" in text(found)


# --- The files --------------------------------------------------------------------------------------------------------


async def test_the_files_are_there_as_they_are_and_the_manifest_checks_them(led: Database, tmp_path: Path) -> None:
    folder = tmp_path / "record"
    put(folder, await files(led), NAME)
    assert (folder / f"messages/{ID}.md").read_text(encoding="utf-8") == SOURCE
    assert (folder / f"recordings/{ID}-sv.wav").read_bytes() == b"RIFF"
    listed = [line.split("  ")[1] for line in (folder / MANIFEST).read_text(encoding="utf-8").splitlines()]
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert listed == sorted(written - {MANIFEST})
    assert _check(folder) == 0
    (folder / "timeline.html").write_text("something else", encoding="utf-8")
    assert _check(folder) == 1


def _check(folder: Path) -> int:
    command = ["sha256sum", "--check", "--strict", "--quiet", MANIFEST]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


FILES = record(
    timeline.Story(Incident(NAME, NOW, "anna", None, None, None, None), (), (), {}, (), (), ()),
    MADE,
)


def test_an_earlier_record_of_the_incident_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    put(folder, manifested({"timeline.json": FILES["timeline.json"], "messages/old.md": b"old"}), NAME)
    put(folder, FILES, NAME)
    assert {path.name for path in folder.iterdir()} == {"timeline.json", "timeline.html", MANIFEST}
    assert [path.name for path in tmp_path.iterdir()] == ["record"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    put(tmp_path / "record", FILES, NAME)
    empty = tmp_path / "empty"
    empty.mkdir()
    put(empty, FILES, NAME)
    assert (empty / MANIFEST).read_bytes() == (tmp_path / "record" / MANIFEST).read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.txt", b"mine", "notes.txt in it is not as it was written"),
        ("timeline.html", b"changed", "timeline.html in it is not as it was written"),
        ("timeline.json", b"{", "it holds something else than a record"),
        ("timeline.json", b"[1]", "it holds something else than a record"),
        (MANIFEST, b"", "timeline.html in it is not as it was written"),
    ],
)
def test_a_folder_in_which_something_else_is_stays_as_it_is(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    put(tmp_path / "record", FILES, NAME)
    (tmp_path / "record" / name).write_bytes(content)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(OccupiedError, match=reason):
        put(tmp_path / "record", FILES, NAME)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_root_of_a_disk_is_no_folder_for_a_record() -> None:
    with pytest.raises(OccupiedError, match="something else than a record"):
        put(Path("/"), FILES, NAME)


def test_the_record_of_another_incident_is_never_replaced(tmp_path: Path) -> None:
    put(tmp_path / "record", FILES, NAME)
    with pytest.raises(OccupiedError, match="another incident"):
        put(tmp_path / "record", FILES, "Strömavbrott")


def test_what_a_crash_left_half_done_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".record.unfinished").mkdir()
    (tmp_path / ".record.unfinished" / "timeline.json").write_bytes(b"half")
    put(tmp_path / "record", FILES, NAME)
    assert [path.name for path in tmp_path.iterdir()] == ["record"]


def test_a_record_that_a_crash_had_put_aside_comes_back(tmp_path: Path) -> None:
    put(tmp_path / ".record.former", FILES, NAME)
    with pytest.raises(OccupiedError, match="another incident"):
        put(tmp_path / "record", FILES, "Strömavbrott")
    assert (tmp_path / "record" / MANIFEST).read_bytes() == FILES[MANIFEST]
    put(tmp_path / "record", FILES, NAME)
    assert [path.name for path in tmp_path.iterdir()] == ["record"]


def test_where_nothing_can_be_written_what_was_there_is_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        put(tmp_path / "missing" / "record", FILES, NAME)
    put(tmp_path / "record", FILES, NAME)
    before = (tmp_path / "record" / MANIFEST).read_bytes()
    with pytest.raises(OSError, match="name too long"):
        put(tmp_path / "record", manifested({**FILES, "messages/" + "x" * 300: b""}), NAME)
    assert (tmp_path / "record" / MANIFEST).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["record"]


def manifested(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Files with a manifest of their own."""
    kept = {name: content for name, content in files.items() if name != MANIFEST}
    return {**kept, MANIFEST: manifest(kept)}
