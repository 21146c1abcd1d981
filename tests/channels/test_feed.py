"""Feeds: what readers see of them, and that the files survive company, crashes and full disks."""

import asyncio
import calendar
import fcntl
import json
import locale
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from channels.contract import Accepted, Deferred, Parcel, Showing
from channels.feed import FEED, FeedChannel, FeedSettings, FolderError
from channels.feed.document import ENTRIES, Format, describe, render_feed
from channels.words import WORDS, words
from messages import languages
from messages.model import Kind, Municipality, Rendition, Severity
from messages.problems import InputError
from tests.fakes.surfaces import MemorySurfaces
from tests.support.feeding import feeds_in

ISSUED = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
BORGHOLM = Municipality(
    "borgholm",
    ("sv", "en"),
    ("feed", "sms"),
    {"name": "Borgholms kommun", "phone": "0485-880 00", "web": "www.borgholm.se"},
    {"en": {"name": "Borgholm Municipality"}},
)
MORBYLANGA = Municipality(
    "morbylanga",
    ("sv",),
    ("feed",),
    {"name": "Mörbylånga kommun", "phone": "0485-470 00", "web": "www.morbylanga.se"},
)
ENERGI = Municipality("energi", ("sv",), ("sms",), {"name": "Borgholm Energi", "phone": "", "web": ""})
MUNICIPALITIES = {m.id: m for m in (BORGHOLM, MORBYLANGA, ENERGI)}
XML = (Format.RSS, Format.ATOM)


class Clock:
    def __init__(self) -> None:
        self.time = ISSUED + timedelta(seconds=1)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def surfaces(clock: Clock) -> MemorySurfaces:
    return MemorySurfaces(clock)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "feeds"


@pytest.fixture
def feed(directory: Path, surfaces: MemorySurfaces, clock: Clock) -> FeedChannel:
    return FeedChannel(feeds_in(directory), surfaces, MUNICIPALITIES, now=clock, public_url="https://kris.example.se")


def parcel(
    message: str = "m1",
    municipality: str = "borgholm",
    language: str = "sv",
    *,
    title: str = "Våra datasystem är avstängda",
    text: str = "<p>Ring växeln <b>0485-880 00</b>.</p>",
    issued: datetime = ISSUED,
) -> Parcel:
    return Parcel(
        key=f"{message}-{municipality}-{language}",
        target=f"{municipality}/{language}",
        rendition=Rendition(municipality, FEED.name, language, title, text),
        message=message,
        kind=Kind.ALERT,
        severity=Severity.SEVERE,
        issued=issued,
        expires=issued + timedelta(days=1),
    )


def read(path: Path) -> feedparser.FeedParserDict:
    parsed = feedparser.parse(path.read_bytes())
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


def tree(directory: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.mark.parametrize("form", XML)
async def test_a_reader_finds_the_message_in_the_municipalitys_feed(
    form: Format, feed: FeedChannel, directory: Path
) -> None:
    assert isinstance(await feed.send(parcel()), Accepted)

    parsed = read(directory / f"borgholm/sv.{form}")
    assert parsed.version == {"rss": "rss20", "atom": "atom10"}[form]
    assert parsed.feed.title == "Viktig information från Borgholms kommun"
    assert parsed.feed.subtitle == "Meddelanden från Borgholms kommun vid kris, störning och annat viktigt."
    assert parsed.feed.language == "sv"
    assert parsed.feed.link == "https://kris.example.se/"
    (own_link,) = [link for link in parsed.feed.links if link.rel == "self"]
    assert own_link.href == f"https://kris.example.se/feeds/borgholm/sv.{form}"
    (entry,) = parsed.entries
    assert entry.title == "Våra datasystem är avstängda"
    assert (entry.content[0].value if form is Format.ATOM else entry.summary) == parcel().rendition.text
    assert entry.id == "tag:borgholm.se,2022:m1/borgholm/sv"
    assert calendar.timegm(entry.published_parsed) == ISSUED.timestamp()
    assert [tag.label or tag.term for tag in entry.tags] == ["Allvarlig händelse", "Nytt meddelande"]


async def test_atom_tells_machines_severity_kind_and_author_in_fixed_words(feed: FeedChannel, directory: Path) -> None:
    await feed.send(parcel())
    parsed = read(directory / "borgholm/sv.atom")
    (entry,) = parsed.entries
    assert [(tag.scheme, tag.term) for tag in entry.tags] == [
        ("tag:borgholm.se,2026:severity", "severe"),
        ("tag:borgholm.se,2026:kind", "alert"),
    ]
    assert (parsed.feed.author, entry.author) == ("Borgholms kommun", "Borgholms kommun")
    assert parsed.feed.id == "tag:borgholm.se,2026:feeds/borgholm/sv"
    assert entry.updated_parsed[:6] == (2022, 12, 13, 8, 0, 1)


async def test_rss_marks_its_guid_as_no_address_and_says_how_often_to_look(feed: FeedChannel, directory: Path) -> None:
    await feed.send(parcel())
    channel = etree.fromstring((directory / "borgholm/sv.rss").read_bytes()).find("channel")
    assert channel is not None
    assert channel.findtext("ttl") == "5"
    assert channel.findtext("item/pubDate") == "Tue, 13 Dec 2022 08:00:00 +0000"
    guid = channel.find("item/guid")
    assert guid is not None
    assert guid.get("isPermaLink") == "false"


async def test_all_formats_know_a_message_by_the_same_id(feed: FeedChannel, directory: Path) -> None:
    outcome = await feed.send(parcel())
    ids = {read(directory / f"{name}.{form}").entries[0].id for name in ("borgholm/sv", "all/sv") for form in XML}
    assert outcome == Accepted(ids.pop())
    assert not ids


async def test_the_joint_feed_names_the_municipality_before_the_title(feed: FeedChannel, directory: Path) -> None:
    await feed.send(parcel())
    await feed.send(parcel(municipality="morbylanga"))
    parsed = read(directory / "all/sv.atom")
    assert parsed.feed.title == "Viktig information från kommunerna"
    assert "från Borgholms kommun och Mörbylånga kommun vid" in parsed.feed.subtitle
    assert {entry.title for entry in parsed.entries} == {
        "Borgholms kommun: Våra datasystem är avstängda",
        "Mörbylånga kommun: Våra datasystem är avstängda",
    }
    assert len({entry.id for entry in parsed.entries}) == 2


async def test_each_language_has_feeds_of_its_own_in_its_own_words(feed: FeedChannel, directory: Path) -> None:
    await feed.send(parcel(language="en", title="Our computer systems are shut down"))
    parsed = read(directory / "borgholm/en.rss")
    assert parsed.feed.title == "Important information from Borgholm Municipality"
    assert parsed.feed.language == "en"
    assert [tag.term for tag in parsed.entries[0].tags] == ["Serious incident", "New message"]
    assert read(directory / "all/en.rss").entries[0].title.startswith("Borgholm Municipality: ")
    assert not (directory / "borgholm/sv.rss").exists()


def test_every_language_that_messages_know_has_words_for_its_feeds() -> None:
    assert set(languages.KNOWN) <= set(WORDS)


def test_every_language_has_a_word_for_every_severity_and_kind() -> None:
    for own in WORDS.values():
        assert set(own.severities) == set(Severity)
        assert set(own.kinds) == set(Kind)


def test_a_language_without_words_of_its_own_is_framed_in_swedish() -> None:
    assert words("uk") is WORDS["sv"]


@pytest.mark.parametrize(
    ("names", "sentence"), [(["A"], "A"), (["A", "B"], "A och B"), (["A", "B", "C"], "A, B och C"), ([], "")]
)
def test_names_are_listed_as_in_a_sentence(names: list[str], sentence: str) -> None:
    assert words("sv").listed(names) == sentence


def test_the_newest_message_comes_first_and_only_fifty_are_kept() -> None:
    showings = [
        Showing("borgholm/sv", f"m{number}", parcel(f"m{number}", title=f"Nr {number}"), ISSUED)
        for number in reversed(range(ENTRIES + 2))
    ]
    feed = describe("borgholm/sv", MUNICIPALITIES, "borgholm.se", None)
    for form in XML:
        titles = [entry.title for entry in feedparser.parse(render_feed(feed, showings, form)).entries]
        assert titles == [f"Nr {number}" for number in range(ENTRIES + 1, 1, -1)]


async def test_sending_again_later_leaves_every_byte_and_file_alone(
    feed: FeedChannel, directory: Path, clock: Clock
) -> None:
    await feed.send(parcel())
    before, inode = tree(directory), (directory / "borgholm/sv.rss").stat().st_ino
    clock.time += timedelta(hours=3)
    await feed.send(parcel())
    await feed.refresh()
    after = tree(directory)
    assert {name: after[name] for name in before} == before
    assert (directory / "borgholm/sv.rss").stat().st_ino == inode


async def test_a_replaced_message_keeps_its_id_and_place_and_is_newly_updated(
    feed: FeedChannel, directory: Path, clock: Clock
) -> None:
    first = await feed.send(parcel())
    assert isinstance(first, Accepted)
    await feed.send(parcel("m2", title="Ett annat", issued=ISSUED + timedelta(minutes=5)))
    clock.time += timedelta(hours=2)

    correction = parcel("m3", title="Rättat", text="<p>Nytt</p>", issued=ISSUED + timedelta(hours=2))
    assert await feed.replace(correction, first.remote_id) == first

    for surface, prefix in (("borgholm/sv", ""), ("all/sv", "Borgholms kommun: ")):
        other, entry = read(directory / f"{surface}.atom").entries
        assert other.title == f"{prefix}Ett annat"
        assert (entry.title, entry.id) == (f"{prefix}Rättat", first.remote_id)
        assert calendar.timegm(entry.published_parsed) == ISSUED.timestamp()
        assert calendar.timegm(entry.updated_parsed) == clock.time.timestamp()


async def test_what_was_corrected_says_what_it_is_in_every_format_until_it_is_withdrawn(
    feed: FeedChannel, directory: Path, clock: Clock
) -> None:
    first = await feed.send(parcel())
    assert isinstance(first, Accepted)
    clock.time += timedelta(hours=2)
    correction = replace(parcel("m2", title="RÄTTELSE: Nytt", issued=clock.time), kind=Kind.CORRECTION)
    for _ in range(2):
        assert await feed.replace(correction, first.remote_id) == first
    for form in XML:
        (entry,) = read(directory / f"borgholm/sv.{form}").entries
        assert (entry.id, entry.title) == (first.remote_id, "RÄTTELSE: Nytt")
        assert [tag.label or tag.term for tag in entry.tags] == ["Allvarlig händelse", "Nytt meddelande", "Rättelse"]
    (item,) = json.loads((directory / "borgholm/sv.json").read_bytes())["items"]
    assert (item["id"], item["tags"]) == (first.remote_id, ["Allvarlig händelse", "Nytt meddelande", "Rättelse"])
    assert item["date_published"] < item["date_modified"] == clock.time.replace(microsecond=0).isoformat()

    assert await feed.withdraw(correction, first.remote_id) == first
    for form in XML:
        (entry,) = read(directory / f"all/sv.{form}").entries
        assert (entry.id, entry.title) == (
            first.remote_id,
            "Borgholms kommun: Tillbakadraget: RÄTTELSE: Nytt",
        )


async def test_replacing_what_is_no_longer_there_shows_the_new_text_all_the_same(
    feed: FeedChannel, directory: Path
) -> None:
    outcome = await feed.replace(parcel("m2"), "tag:borgholm.se,2022:gone/borgholm/sv")
    assert outcome == Accepted("tag:borgholm.se,2022:m2/borgholm/sv")
    assert len(read(directory / "borgholm/sv.rss").entries) == 1


async def test_a_withdrawn_message_stays_marked_and_without_its_text(
    feed: FeedChannel, directory: Path, clock: Clock
) -> None:
    sent = await feed.send(parcel())
    assert isinstance(sent, Accepted)
    clock.time += timedelta(hours=1)
    for _ in range(2):
        assert await feed.withdraw(parcel(), sent.remote_id) == sent
        for surface in ("borgholm/sv", "all/sv"):
            (entry,) = read(directory / f"{surface}.atom").entries
            assert entry.title.endswith("Tillbakadraget: Våra datasystem är avstängda")
            assert entry.title.count("Tillbakadraget") == 1
            assert entry.content[0].value == "<p>Meddelandet är tillbakadraget och gäller inte längre.</p>"
            assert (entry.id, calendar.timegm(entry.updated_parsed)) == (sent.remote_id, clock.time.timestamp())
        assert b"880 00</b>" not in b"".join(tree(directory).values())


async def test_withdrawing_what_was_never_shown_is_done_already(feed: FeedChannel, directory: Path) -> None:
    assert await feed.withdraw(parcel(), "tag:borgholm.se,2022:m1/borgholm/sv") == Accepted(
        "tag:borgholm.se,2022:m1/borgholm/sv"
    )
    assert tree(directory) == {}


async def test_refresh_writes_every_feed_before_there_is_a_message(feed: FeedChannel, directory: Path) -> None:
    await feed.refresh()
    names = ("all/en", "all/sv", "borgholm/en", "borgholm/sv", "morbylanga/sv")  # energi has no feed
    alerts = {"all/cap.atom", "borgholm/cap.atom", "morbylanga/cap.atom"}
    assert set(tree(directory)) == {f"{name}.{form}" for name in names for form in Format} | alerts
    for name in tree(directory):
        if not name.endswith(".json"):
            assert read(directory / name).entries == []


async def test_without_a_public_address_a_feed_does_not_claim_one(directory: Path, surfaces: MemorySurfaces) -> None:
    await FeedChannel(feeds_in(directory), surfaces, MUNICIPALITIES, now=lambda: ISSUED).send(parcel())
    for form in XML:
        parsed = read(directory / f"borgholm/sv.{form}")
        assert parsed.feed.link == "https://borgholm.se/"
        assert [link.rel for link in parsed.feed.links] == ["alternate"]


async def test_a_message_of_a_municipality_that_has_left_still_shows(directory: Path, surfaces: MemorySurfaces) -> None:
    await FeedChannel(feeds_in(directory), surfaces, MUNICIPALITIES, now=lambda: ISSUED).send(
        parcel(municipality="morbylanga")
    )
    remaining = FeedChannel(feeds_in(directory), surfaces, {"borgholm": BORGHOLM}, now=lambda: ISSUED)
    await remaining.send(parcel(issued=ISSUED + timedelta(hours=1)))
    titles = [entry.title for entry in read(directory / "all/sv.rss").entries]
    assert titles == ["Borgholms kommun: Våra datasystem är avstängda", "morbylanga: Våra datasystem är avstängda"]


def test_a_municipality_cannot_take_the_joint_feeds_name(directory: Path, surfaces: MemorySurfaces) -> None:
    with pytest.raises(InputError, match=r"municipalities\.all"):
        FeedChannel(feeds_in(directory), surfaces, {"all": replace(BORGHOLM, id="all")}, now=lambda: ISSUED)


@given(title=st.text(), text=st.text(), name=st.text(min_size=1))
def test_no_text_breaks_a_feed(title: str, text: str, name: str) -> None:
    municipality = replace(BORGHOLM, variables={"name": f"B {name}"})
    feed = describe("all/sv", {"borgholm": municipality}, "borgholm.se", None)
    showing = Showing("all/sv", "m1/borgholm", parcel(title=title, text=text), ISSUED)
    for form in XML:
        root = etree.fromstring(render_feed(feed, [showing], form))
        assert len(root.findall("channel/item" if form is Format.RSS else "{*}entry")) == 1


def test_a_time_without_a_zone_is_refused_rather_than_guessed() -> None:
    feed = describe("borgholm/sv", MUNICIPALITIES, "borgholm.se", None)
    naive = Showing("borgholm/sv", "m1", parcel(issued=ISSUED.replace(tzinfo=None)), ISSUED)
    with pytest.raises(ValueError, match="timezone"):
        render_feed(feed, [naive], Format.RSS)


def test_dates_stay_english_and_the_locale_stays_as_it_was() -> None:
    before = locale.setlocale(locale.LC_ALL)
    feed = describe("borgholm/sv", MUNICIPALITIES, "borgholm.se", None)
    assert b"Tue, 13 Dec 2022" in render_feed(feed, [Showing("borgholm/sv", "m1", parcel(), ISSUED)], Format.RSS)
    assert locale.setlocale(locale.LC_ALL) == before


async def test_many_writers_in_one_process_lose_nothing(feed: FeedChannel, directory: Path) -> None:
    await asyncio.gather(*(feed.send(parcel(f"m{number}")) for number in range(20)))
    for name in ("borgholm/sv.rss", "all/sv.atom"):
        assert {entry.id.split(":")[2] for entry in read(directory / name).entries} == {
            f"m{number}/borgholm/sv" for number in range(20)
        }
    assert {name for name in tree(directory) if "cap" not in name} == {
        f"{name}.{form}" for name in ("borgholm/sv", "all/sv") for form in Format
    }


async def test_two_channels_on_one_folder_never_put_an_older_picture_last(
    directory: Path, surfaces: MemorySurfaces
) -> None:
    channels = [FeedChannel(feeds_in(directory), surfaces, MUNICIPALITIES, now=lambda: ISSUED) for _ in range(4)]
    await asyncio.gather(*(channels[number % 4].send(parcel(f"m{number}")) for number in range(20)))
    assert len(read(directory / "all/sv.rss").entries) == 20


@pytest.fixture
def other_process(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the folder until it is written to."""
    directory.mkdir()
    program = """
import fcntl, sys
with open(sys.argv[1], "ab") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    input()
"""
    command = [sys.executable, "-c", program, str(directory / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


async def test_a_writer_waits_for_another_process_to_finish(
    other_process: subprocess.Popen[str], feed: FeedChannel, directory: Path
) -> None:
    sending = asyncio.create_task(feed.send(parcel()))
    done, _ = await asyncio.wait([sending], timeout=0.1)
    assert not done
    assert tree(directory) == {}
    await asyncio.to_thread(other_process.communicate, "\n")
    assert isinstance(await sending, Accepted)
    assert len(read(directory / "borgholm/sv.rss").entries) == 1


async def test_a_writer_that_is_called_off_lets_go_of_the_folder(feed: FeedChannel, directory: Path) -> None:
    for pauses in range(40):
        sending = asyncio.create_task(feed.send(parcel(f"m{pauses}")))
        for _ in range(pauses):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait([sending])
    await feed.send(parcel("last"))
    assert read(directory / "borgholm/sv.rss").entries
    with (directory / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_what_a_crash_left_unfinished_is_neither_shown_nor_kept(feed: FeedChannel, directory: Path) -> None:
    (directory / "borgholm").mkdir(parents=True)
    (directory / "borgholm/.sv.rss.unfinished").write_bytes(b"<rss><chan")
    await feed.send(parcel())
    assert len(read(directory / "borgholm/sv.rss").entries) == 1
    assert not [name for name in tree(directory) if name.endswith(".unfinished")]


def _no_parent(directory: Path) -> Path:
    return directory / "gone" / "feeds"


def _a_file_in_its_place(directory: Path) -> Path:
    directory.write_text("")
    return directory


def _a_file_in_a_feeds_place(directory: Path) -> Path:
    directory.mkdir()
    (directory / "borgholm").write_text("")
    return directory


@pytest.mark.parametrize("spoilt", [_no_parent, _a_file_in_its_place, _a_file_in_a_feeds_place])
async def test_a_folder_that_cannot_be_written_defers_the_parcel(
    spoilt: Callable[[Path], Path], directory: Path, surfaces: MemorySurfaces
) -> None:
    feed = FeedChannel(feeds_in(spoilt(directory)), surfaces, MUNICIPALITIES, now=lambda: ISSUED)
    outcome = await feed.send(parcel())
    assert isinstance(outcome, Deferred)
    assert "cannot be written" in outcome.reason
    assert "check that it exists" in outcome.reason
    with pytest.raises(FolderError):
        await feed.refresh()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
async def test_a_full_disk_defers_the_parcel_and_leaves_the_old_feed_whole(feed: FeedChannel, directory: Path) -> None:
    await feed.send(parcel())
    before = (directory / "borgholm/sv.rss").read_bytes()
    (directory / "borgholm/.sv.rss.unfinished").symlink_to("/dev/full")
    outcome = await feed.send(parcel("m2"))
    assert isinstance(outcome, Deferred)
    assert "No space left" in outcome.reason
    assert (directory / "borgholm/sv.rss").read_bytes() == before

    (directory / "borgholm/.sv.rss.unfinished").unlink()
    assert isinstance(await feed.send(parcel("m2")), Accepted)
    assert len(read(directory / "borgholm/sv.rss").entries) == 2


async def test_files_can_be_read_by_another_web_server(feed: FeedChannel, directory: Path) -> None:
    before = os.umask(0o022)
    try:
        await feed.send(parcel())
    finally:
        os.umask(before)
    assert (directory / "borgholm/sv.rss").stat().st_mode & 0o777 == 0o644


def settings(**changes: object) -> FeedSettings:
    written = {"provider": "feed", "directory": "feeds", "authority": "borgholm.se"} | changes
    return FeedSettings.model_validate(written, context={"folder": Path("/etc/broadcaster")})


def test_a_relative_folder_is_meant_from_the_configurations_folder() -> None:
    assert settings().directory == Path("/etc/broadcaster/feeds")
    assert settings(directory="/srv/feeds").directory == Path("/srv/feeds")


@pytest.mark.parametrize("authority", ["https://borgholm.se", "borgholm", "Borgholm.se", "a.se/kris", "", "-a.se"])
def test_an_authority_that_is_no_domain_name_is_refused(authority: str) -> None:
    with pytest.raises(ValidationError, match="authority"):
        settings(authority=authority)


PAGES = {
    "borgholm": replace(
        BORGHOLM,
        variables={**BORGHOLM.variables, "page": "https://kris.example.se/borgholm/"},
        translations={"en": {"page": "https://kris.example.se/borgholm/en/"}},
    ),
    "morbylanga": replace(MORBYLANGA, variables={**MORBYLANGA.variables, "page": "www.morbylanga.se"}),
}


@pytest.mark.parametrize(
    ("surface", "home", "entry"),
    [
        ("borgholm/sv", "https://kris.example.se/borgholm/", "https://kris.example.se/borgholm/#m-m1"),
        ("borgholm/en", "https://kris.example.se/borgholm/en/", "https://kris.example.se/borgholm/en/#m-m1"),
        ("morbylanga/sv", "https://www.morbylanga.se", "https://www.morbylanga.se#m-m1"),
        ("all/sv", "https://kris.example.se/", "https://kris.example.se/borgholm/#m-m1"),
    ],
)
def test_a_feed_leads_to_the_municipalitys_page_and_an_entry_to_its_message_there(
    surface: str, home: str, entry: str
) -> None:
    sender = surface.partition("/")[0].replace("all", "borgholm")
    rendition = Rendition(sender, "feed", "sv", "Rubrik", "<p>Text</p>")
    parcel = Parcel("m1-1", surface, rendition, "m1", Kind.ALERT, Severity.SEVERE, ISSUED, ISSUED + timedelta(days=1))
    feed = describe(surface, PAGES, "borgholm.se", "https://kris.example.se")
    for form in XML:
        parsed = feedparser.parse(render_feed(feed, [Showing(surface, "m1", parcel, ISSUED)], form))
        assert parsed.feed.link == home
        assert parsed.entries[0].link == entry
    written = json.loads(render_feed(feed, [Showing(surface, "m1", parcel, ISSUED)], Format.JSON))
    assert (written["home_page_url"], written["items"][0]["url"]) == (home, entry)
