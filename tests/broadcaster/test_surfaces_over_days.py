"""An incident from alert to all-clear on our own surfaces, with the stored state that they really have."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest
from lxml import html

from broadcaster.store.database import Database
from broadcaster.store.submissions import submit
from broadcaster.store.surfaces import SurfaceStore
from channels.announcements import Announcements
from channels.contract import Accepted, Outcome, Parcel
from channels.feed import FeedChannel
from channels.feed.document import Format
from channels.ivr import IvrChannel
from channels.page import Address, Made, PageChannel, render_page
from messages.model import Kind, Municipality, Rendition, Severity
from tests.fakes.board import FixedBoard
from tests.support import cap
from tests.support.feeding import feeds_in
from tests.support.pages import site
from tests.support.storing import HOUR, NOW, execute, submission

LINE = "+46846500400"
BORGHOLM = Municipality(
    "borgholm",
    ("sv", "en"),
    ("feed", "page", "ivr"),
    {"name": "Borgholms kommun", "phone": "0485-880 00", "web": "www.borgholm.se"},
    {"en": {"name": "Borgholm Municipality"}},
)
TITLES = {"sv": "Rubrik", "en": "Headline"}


class Days:
    """Our own surfaces, over a clock that the test moves."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.now = NOW
        self.directory = directory
        self._database = database
        self._remote: dict[tuple[str, str, str], str] = {}
        self._parcels: dict[str, list[Parcel]] = {}
        surfaces = SurfaceStore(database, lambda: self.now)
        self.page = PageChannel(site(BORGHOLM), surfaces, FixedBoard(), None, lambda: self.now)
        self._announcements = Announcements(surfaces)
        feed = FeedChannel(feeds_in(directory), surfaces, {BORGHOLM.id: BORGHOLM}, now=lambda: self.now)
        self._channels: Mapping[str, FeedChannel | PageChannel | IvrChannel] = {
            "feed": feed,
            "page": self.page,
            "ivr": IvrChannel(surfaces),
        }

    async def say(self, message: str, kind: Kind, *, incident: str = "Vatten") -> None:
        """Submit a message and send it to all surfaces; only a phone line does not say an all-clear."""
        for parcel in await self._submitted(message, kind, incident):
            if parcel.rendition.channel != "ivr" or kind is not Kind.ALL_CLEAR:
                await self._done(parcel, await self._channels[parcel.rendition.channel].send(parcel))

    async def correct(self, message: str, wrong: str) -> None:
        """Submit a correction and let it take the place of what is wrong; a line just says it."""
        for parcel in await self._submitted(message, Kind.CORRECTION, "Vatten"):
            channel = self._channels[parcel.rendition.channel]
            if parcel.rendition.channel == "ivr":
                await self._done(parcel, await channel.send(parcel))
            else:
                await self._done(parcel, await channel.replace(parcel, self._remote[_place(wrong, parcel)]))

    async def withdraw(self, message: str, *names: str) -> None:
        """Withdraw what a message has put on these channels."""
        for parcel in self._parcels[message]:
            if parcel.rendition.channel in names:
                channel, remote_id = self._channels[parcel.rendition.channel], self._remote[_place(message, parcel)]
                assert await channel.withdraw(parcel, remote_id) == Accepted(remote_id)
        self.now += HOUR

    async def _submitted(self, message: str, kind: Kind, incident: str) -> list[Parcel]:
        self.now += HOUR
        renditions = [
            Rendition("borgholm", channel, language, f"{title} {message[0]}", f"<p>Text {message[0]}.</p>")
            for channel in self._channels
            for language, title in TITLES.items()
        ]
        given = submission(message, renditions=renditions, issued=self.now, lifetime=timedelta(days=1))
        await submit(self._database, replace(given, kind=kind, incident=incident), "test")
        self._parcels[message] = [
            Parcel(
                key=f"{message}-{rendition.channel}-{rendition.language}",
                target=LINE if rendition.channel == "ivr" else f"borgholm/{rendition.language}",
                rendition=rendition,
                message=message,
                kind=kind,
                severity=Severity.SEVERE,
                issued=self.now,
                expires=self.now + timedelta(days=1),
                incident=incident,
            )
            for rendition in renditions
        ]
        return self._parcels[message]

    async def _done(self, parcel: Parcel, outcome: Outcome) -> None:
        assert isinstance(outcome, Accepted)
        self._remote[_place(parcel.message, parcel)] = outcome.remote_id

    def titles(self) -> list[str]:
        """The titles of the Swedish feed, which are the same in all its formats."""
        found = [
            [entry.title for entry in feedparser.parse((self.directory / f"borgholm/sv.{form}").read_bytes()).entries]
            for form in (Format.RSS, Format.ATOM)
        ]
        in_json = [item["title"] for item in json.loads((self.directory / "borgholm/sv.json").read_bytes())["items"]]
        assert found[0] == found[1] == in_json
        return found[0]

    def document(self, name: str) -> bytes:
        found = (self.directory / "borgholm/cap" / f"{name}.xml").read_bytes()
        assert cap.problems(found) == []
        return found

    async def current(self, language: str = "sv") -> list[str]:
        """What is on top of the page, by its headlines."""
        content = await self.page.content()
        written = render_page(site(BORGHOLM), Address("borgholm", language), content, Made(self.now, live=True))
        return [str(found.text) for found in html.document_fromstring(written.decode()).iterfind(".//article/h3")]

    async def spoken(self) -> Mapping[str, str]:
        """What the line says of the incident that comes first, by language."""
        on = await self._announcements.of(LINE, self.now)
        return {code: parcel.rendition.text for code, parcel in on[0].items()} if on else {}


def _place(message: str, parcel: Parcel) -> tuple[str, str, str]:
    return message, parcel.rendition.channel, parcel.rendition.language


ALERT, UPDATE, CORRECTION, OVER, FIRE = (letter * 10 for letter in "abcde")


@pytest.fixture
def days(database: Database, tmp_path: Path) -> Days:
    return Days(database, tmp_path / "feeds")


async def test_an_incident_from_alert_to_all_clear_on_all_our_surfaces(days: Days) -> None:
    await days.say(ALERT, Kind.ALERT)
    await days.say(UPDATE, Kind.UPDATE)
    assert (days.titles(), await days.current()) == (["Rubrik b", "Rubrik a"], ["Rubrik b"])
    await days.correct(CORRECTION, UPDATE)
    assert (days.titles(), await days.current()) == (["Rubrik c", "Rubrik a"], ["Rubrik c"])
    assert await days.current("en") == ["Headline c"]
    assert await days.spoken() == {"sv": "<p>Text c.</p>", "en": "<p>Text c.</p>"}
    await days.say(OVER, Kind.ALL_CLEAR)
    await days.withdraw(CORRECTION, "ivr")
    assert (days.titles(), await days.current()) == (["Rubrik d", "Rubrik c", "Rubrik a"], ["Rubrik d"])
    assert await days.spoken() == {}

    documents = {name: days.document(name) for name in (ALERT, UPDATE, CORRECTION, OVER)}
    identities = {cap.identity(document): name for name, document in documents.items()}
    chain = [
        (cap.said(document, "msgType")[0], [identities[r] for r in "".join(cap.said(document, "references")).split()])
        for document in documents.values()
    ]
    assert chain == [
        ("Alert", []),
        ("Update", [ALERT]),
        ("Update", [ALERT, UPDATE]),
        ("Cancel", [ALERT, UPDATE, CORRECTION]),
    ]
    assert cap.said(documents[CORRECTION], "info/headline") == ["Rubrik c", "Headline c"]


async def test_a_corrected_message_is_retracted_everywhere_and_the_other_incident_goes_on(days: Days) -> None:
    await days.say(FIRE, Kind.ALERT, incident="Brand")
    await days.say(ALERT, Kind.ALERT)
    await days.correct(CORRECTION, ALERT)
    assert (await days.spoken())["sv"] == "<p>Text c.</p>"
    for _ in range(2):
        await days.withdraw(CORRECTION, "feed", "page", "ivr")
    withdrawn = "Tillbakadraget: Rubrik c"
    assert (days.titles(), await days.current()) == ([withdrawn, "Rubrik e"], ["Rubrik e", withdrawn])
    assert await days.current("en") == ["Headline e", "Withdrawn: Headline c"]
    assert (await days.spoken())["sv"] == "<p>Text e.</p>"
    references = cap.said(days.document(f"{ALERT}-withdrawn"), "references")[0].split()
    assert references == [cap.identity(days.document(name)) for name in (ALERT, CORRECTION)]
    assert all(cap.said(days.document(name), "info") == [] for name in (ALERT, CORRECTION))


@pytest.mark.parametrize(
    ("ending", "shown"),
    [
        ("", ["Rubrik b"]),  # silence is no all-clear: the last word stays
        ("UPDATE incidents SET closed = opened", []),
        ("UPDATE messages SET severity = 'information'", []),
    ],
)
async def test_the_last_word_stays_on_the_page_when_it_expires_until_the_incident_ends(
    days: Days, database: Database, ending: str, shown: list[str]
) -> None:
    await days.say(ALERT, Kind.ALERT)
    await days.say(UPDATE, Kind.UPDATE)
    if ending:
        await execute(database, ending)
    days.now += timedelta(hours=30)
    assert await days.current() == shown


async def test_an_all_clear_that_expires_and_a_withdrawn_alert_leave_nothing_behind(days: Days) -> None:
    await days.say(ALERT, Kind.ALERT)
    await days.say(OVER, Kind.ALL_CLEAR)
    await days.say(FIRE, Kind.ALERT, incident="Brand")
    await days.withdraw(FIRE, "page")
    days.now += timedelta(hours=30)
    assert await days.current() == []


async def test_an_alert_after_an_all_clear_takes_its_place(days: Days) -> None:
    await days.say(ALERT, Kind.ALERT)
    await days.say(OVER, Kind.ALL_CLEAR)
    await days.say(FIRE, Kind.ALERT)
    assert await days.current() == ["Rubrik e"]


async def test_a_mistaken_all_clear_that_is_withdrawn_lets_the_alert_stand_again(days: Days) -> None:
    await days.say(ALERT, Kind.ALERT)
    await days.say(OVER, Kind.ALL_CLEAR)
    await days.withdraw(OVER, "feed", "page")
    assert await days.current() == ["Rubrik a", "Tillbakadraget: Rubrik d"]
    in_force = feedparser.parse((days.directory / "borgholm/cap.atom").read_bytes()).entries
    assert [entry.title for entry in in_force] == ["Tillbakadraget: Rubrik d", "Rubrik a"]
