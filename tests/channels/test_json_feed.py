"""The feeds as JSON: the same entries as RSS and Atom have, by the rules of JSON Feed 1.1."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Accepted, Parcel, Showing
from channels.feed import FEED, FeedChannel
from channels.feed.document import ENTRIES, Format, describe, hubs_of_feeds, links, render_feed, topics
from messages.model import Kind, Municipality, Rendition, Severity
from tests.fakes.surfaces import MemorySurfaces
from tests.support import json_feed
from tests.support.feeding import feeds_in

ISSUED = datetime(2022, 12, 13, 8, 0, 0, 250_000, tzinfo=UTC)
HUB = "https://hub.example.se"
BORGHOLM = Municipality(
    "borgholm", ("sv", "en"), ("feed",), {"name": "Borgholms kommun"}, {"en": {"name": "Borgholm Municipality"}}
)
MORBYLANGA = Municipality("morbylanga", ("sv",), ("feed",), {"name": "Mörbylånga kommun"})
MUNICIPALITIES = {m.id: m for m in (BORGHOLM, MORBYLANGA)}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "feeds"


@pytest.fixture
def feed(directory: Path) -> FeedChannel:
    return FeedChannel(
        feeds_in(directory),
        MemorySurfaces(lambda: ISSUED),
        MUNICIPALITIES,
        now=lambda: ISSUED,
        public_url="https://kris.example.se",
        hubs={"borgholm": HUB},
    )


def parcel(message: str = "m1", municipality: str = "borgholm", title: str = "Allt är nere") -> Parcel:
    return Parcel(
        key=message,
        target=f"{municipality}/sv",
        rendition=Rendition(municipality, FEED.name, "sv", title, "<p>Ring <b>växeln</b>.</p>"),
        message=message,
        kind=Kind.ALERT,
        severity=Severity.SEVERE,
        issued=ISSUED + timedelta(minutes=int(message[1:])),
        expires=ISSUED + timedelta(days=1),
    )


def read(path: Path) -> dict[str, Any]:
    document = path.read_bytes()
    assert json_feed.problems(document) == []
    found: dict[str, Any] = json.loads(document)
    return found


async def test_a_feed_says_who_speaks_and_where(feed: FeedChannel, directory: Path) -> None:
    await feed.send(parcel())
    assert read(directory / "borgholm/sv.json") == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Viktig information från Borgholms kommun",
        "home_page_url": "https://kris.example.se/",
        "feed_url": "https://kris.example.se/feeds/borgholm/sv.json",
        "description": "Meddelanden från Borgholms kommun vid kris, störning och annat viktigt.",
        "language": "sv",
        "authors": [{"name": "Borgholms kommun"}],
        "hubs": [{"type": "WebSub", "url": HUB}],
        "items": [
            {
                "id": "tag:borgholm.se,2022:m1/borgholm/sv",
                "title": "Allt är nere",
                "content_html": "<p>Ring <b>växeln</b>.</p>",
                "date_published": "2022-12-13T08:01:00+00:00",
                "date_modified": "2022-12-13T08:00:00+00:00",
                "authors": [{"name": "Borgholms kommun"}],
                "tags": ["Allvarlig händelse", "Nytt meddelande"],
                "language": "sv",
            }
        ],
    }


async def test_all_formats_have_the_same_entries_in_the_same_order(feed: FeedChannel, directory: Path) -> None:
    first = await feed.send(parcel())
    assert isinstance(first, Accepted)
    await feed.send(parcel("m2", "morbylanga", "Vattnet är slut"))
    await feed.send(parcel("m3", title="Strömmen är borta"))
    await feed.replace(parcel("m4", title="Rättat"), first.remote_id)
    await feed.withdraw(parcel("m2", "morbylanga"), "tag:borgholm.se,2022:m2/morbylanga/sv")
    shown = {
        surface: [(item["id"], item["title"]) for item in read(directory / f"{surface}.json")["items"]]
        for surface in ("borgholm/sv", "morbylanga/sv", "all/sv")
    }
    for surface, items in shown.items():
        for form in (Format.RSS, Format.ATOM):
            entries = feedparser.parse((directory / f"{surface}.{form}").read_bytes()).entries
            assert [(entry.id, entry.title) for entry in entries] == items
    assert [title for _, title in shown["all/sv"]] == [
        "Borgholms kommun: Strömmen är borta",
        "Mörbylånga kommun: Tillbakadraget: Vattnet är slut",
        "Borgholms kommun: Rättat",
    ]


async def test_a_feed_without_a_message_or_an_address_is_one_as_well(directory: Path) -> None:
    channel = FeedChannel(feeds_in(directory), MemorySurfaces(lambda: ISSUED), MUNICIPALITIES, now=lambda: ISSUED)
    await channel.refresh()
    for name in ("borgholm/sv", "borgholm/en", "all/sv"):
        found = read(directory / f"{name}.json")
        assert found["items"] == []
        assert not {"feed_url", "hubs"} & found.keys()
        assert found["home_page_url"] == "https://borgholm.se/"


def test_only_fifty_are_kept() -> None:
    showings = [Showing("borgholm/sv", f"m{n}", parcel(f"m{n}"), ISSUED) for n in reversed(range(ENTRIES + 2))]
    document = render_feed(describe("borgholm/sv", MUNICIPALITIES, "borgholm.se", None), showings, Format.JSON)
    assert len(json.loads(document)["items"]) == ENTRIES
    assert json_feed.problems(document) == []


@given(title=st.text(), text=st.text(), name=st.text(min_size=1))
def test_no_text_breaks_a_feed(title: str, text: str, name: str) -> None:
    feed = describe("all/sv", {"borgholm": replace(BORGHOLM, variables={"name": f"B {name}"})}, "borgholm.se", None)
    odd = replace(parcel(), rendition=Rendition("borgholm", FEED.name, "sv", title, text))
    document = render_feed(feed, [Showing("all/sv", "m1/borgholm", odd, ISSUED)], Format.JSON)
    assert json_feed.problems(document) == []


@pytest.mark.parametrize("form", [Format.RSS, Format.ATOM])
async def test_rss_and_atom_lead_to_the_other_formats_and_the_hub(
    form: Format, feed: FeedChannel, directory: Path
) -> None:
    await feed.send(parcel())
    found = feedparser.parse((directory / f"borgholm/sv.{form}").read_bytes()).feed
    address = "https://kris.example.se/feeds/borgholm/sv"
    assert {(link.rel, link.get("type"), link.href) for link in found.links if link.href != found.link} == {
        ("self", form.media_type, f"{address}.{form}"),
        ("hub", feedparser_default(), HUB),
        *(("alternate", other.media_type, f"{address}.{other}") for other in Format if other is not form),
    }
    assert found.link == "https://kris.example.se/"


def feedparser_default() -> str:
    """What feedparser takes a link without a type for."""
    return "text/html"


async def test_the_feed_of_all_has_a_hub_only_where_all_have_the_same(feed: FeedChannel, directory: Path) -> None:
    await feed.refresh()
    assert "hubs" in read(directory / "borgholm/sv.json")
    assert "hubs" not in read(directory / "morbylanga/sv.json")
    assert "hubs" not in read(directory / "all/sv.json")


@pytest.mark.parametrize(
    ("hubs", "expected"),
    [
        ({}, {}),
        ({"a": HUB}, {"a": HUB}),
        ({"a": HUB, "b": "https://other.example.se"}, {"a": HUB, "b": "https://other.example.se"}),
        ({"a": HUB, "b": HUB}, {"a": HUB, "b": HUB, "all": HUB}),
    ],
)
def test_hubs_of_municipalities_are_those_of_their_feeds(hubs: dict[str, str], expected: dict[str, str]) -> None:
    assert hubs_of_feeds(hubs, ["a", "b"]) == expected


def test_a_feed_of_alerts_has_no_other_formats() -> None:
    found = links("borgholm/cap", Format.ATOM, "https://kris.example.se", HUB)
    assert [(link.rel, link.href) for link in found] == [
        ("self", "https://kris.example.se/feeds/borgholm/cap.atom"),
        ("hub", HUB),
    ]
    assert links("borgholm/sv", Format.ATOM, None, None) == ()


async def test_what_changes_with_a_message_is_what_is_named_to_a_hub(feed: FeedChannel, directory: Path) -> None:
    await feed.refresh()
    before = inodes(directory)
    await feed.send(parcel())
    after = inodes(directory)
    assert {name for name, inode in before.items() if after[name] != inode} == set(topics("borgholm/sv"))


def inodes(directory: Path) -> dict[str, int]:
    return {str(path.relative_to(directory)): path.stat().st_ino for path in directory.rglob("*.*")}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (b'"version":"https://jsonfeed.org/version/1.1"', b'"version":"https://jsonfeed.org/version/1"'),
        (b'"content_html"', b'"content"'),
        (b'"id"', b'"url"'),
        (b"2022-12-13T08:01:00+00:00", b"2022-12-13T08:01:00"),
        (b'[{"name":"Borgholms kommun"}]', b"[{}]"),
    ],
)
def test_what_breaks_the_rules_is_found_out(wrong: bytes, right: bytes) -> None:
    feed = describe("borgholm/sv", MUNICIPALITIES, "borgholm.se", None)
    document = render_feed(feed, [Showing("borgholm/sv", "m1", parcel(), ISSUED)], Format.JSON)
    assert wrong in document
    assert json_feed.problems(document.replace(wrong, right)) != []
