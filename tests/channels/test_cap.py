"""Alerts for other systems: documents that keep the standard, chains whose references resolve, and the feed of them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Accepted, Outcome, Parcel
from channels.feed import FEED, FeedChannel
from channels.feed.alerts import GRADES, Alert, in_force
from channels.feed.cap import render_alert
from channels.providers.feed import AllClear
from messages.model import Kind, Municipality, Rendition, Severity
from tests.fakes.surfaces import MemorySurfaces
from tests.support import cap
from tests.support.feeding import feeds_in

ISSUED = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
BORGHOLM = Municipality(
    "borgholm",
    ("sv", "en"),
    ("feed",),
    {"name": "Borgholms kommun", "phone": "0485-880 00", "page": "kris.example.se/borgholm/"},
    {"en": {"name": "Borgholm Municipality", "page": "kris.example.se/borgholm/en/"}},
    code="0885",
)
MORBYLANGA = Municipality(
    "morbylanga",
    ("sv",),
    ("feed",),
    {"name": "Mörbylånga kommun", "phone": "", "page": "https://kris.example.se/morbylanga/"},
)
MUNICIPALITIES = {m.id: m for m in (BORGHOLM, MORBYLANGA)}
SWEDISH = (
    "<p>Servrarna är avstängda &amp; låsta.</p>\n<h2>Vad ska jag göra?</h2>\n<ul>\n<li>Ring växeln.</li>\n</ul>\n"
    "<h2>Vart vänder jag mig?</h2>\n<p>Till oss.</p>"
)
ENGLISH = "<p>Our servers are shut down.</p>"


class Clock:
    def __init__(self) -> None:
        self.time = ISSUED

    def __call__(self) -> datetime:
        return self.time


class Scene:
    """A feed channel, and the messages that it is sent, an hour apart."""

    def __init__(
        self,
        directory: Path,
        public_url: str | None = "https://kris.example.se",
        all_clear: AllClear = AllClear.CANCEL,
    ) -> None:
        self.directory = directory
        self.clock = Clock()
        self.surfaces = MemorySurfaces(self.clock)
        self.channel = FeedChannel(
            feeds_in(directory, all_clear),
            self.surfaces,
            MUNICIPALITIES,
            now=self.clock,
            public_url=public_url,
        )

    def parcels(
        self,
        message: str,
        kind: Kind = Kind.ALERT,
        municipality: str = "borgholm",
        incident: str = "Dataintrång 2022",
        texts: dict[str, str] | None = None,
    ) -> list[Parcel]:
        """One for each language, of a message that is issued now."""
        own = {"sv": SWEDISH, "en": ENGLISH} if municipality == "borgholm" else {"sv": SWEDISH}
        renditions = [
            Rendition(municipality, FEED.name, code, f"Rubrik {message} {code}", text)
            for code, text in (texts or own).items()
        ]
        self.surfaces.written[message] = (*self.surfaces.written.get(message, ()), *renditions)
        return [
            Parcel(
                key=f"{message}-{rendition.language}",
                target=f"{municipality}/{rendition.language}",
                rendition=rendition,
                message=message,
                kind=kind,
                severity=Severity.SEVERE,
                issued=self.clock.time,
                expires=self.clock.time + timedelta(days=1),
                incident=incident,
            )
            for rendition in renditions
        ]

    async def send(self, parcels: list[Parcel]) -> str:
        """Send them all, an hour after the last; returns the first one's name at the feed."""
        outcomes = [await self.channel.send(parcel) for parcel in parcels]
        self.clock.time += timedelta(hours=1)
        assert isinstance(outcomes[0], Accepted)
        return outcomes[0].remote_id

    async def say(self, message: str, kind: Kind = Kind.ALERT, incident: str = "Dataintrång 2022") -> str:
        return await self.send(self.parcels(message, kind, incident=incident))

    async def correct(self, message: str, remote_id: str, municipality: str = "borgholm") -> str:
        """Replace what has that name at the feed, in all languages; returns the new one's name."""
        return await self._each(self.parcels(message, Kind.CORRECTION, municipality), remote_id, self.channel.replace)

    async def retract(self, message: str, remote_id: str, municipality: str = "borgholm") -> None:
        """Withdraw what a message, which is not sent anew, has put there."""
        written = dict(self.surfaces.written)
        parcels = self.parcels(message, municipality=municipality)
        self.surfaces.written = written
        await self._each(parcels, remote_id, self.channel.withdraw)

    async def _each(
        self, parcels: list[Parcel], remote_id: str, act: Callable[[Parcel, str], Awaitable[Outcome]]
    ) -> str:
        """Act on the same entry in all languages, an hour after the last."""
        for parcel in parcels:
            own = f"{remote_id.rpartition('/')[0]}/{parcel.rendition.language}"
            assert await act(parcel, own) == Accepted(own)
        self.clock.time += timedelta(hours=1)
        return remote_id

    def document(self, name: str, municipality: str = "borgholm") -> bytes:
        """An alert's document, which has nothing wrong with it."""
        found = (self.directory / municipality / "cap" / f"{name}.xml").read_bytes()
        assert cap.problems(found) == []
        return found

    def references(self, name: str) -> list[str]:
        return (cap.said(self.document(name), "references") or [""])[0].split()

    def type(self, name: str) -> str:
        return cap.said(self.document(name), "msgType")[0]

    def feed(self, name: str = "borgholm") -> feedparser.FeedParserDict:
        parsed = feedparser.parse((self.directory / name / "cap.atom").read_bytes())
        assert not parsed.bozo, parsed.get("bozo_exception")
        return parsed

    def linked(self, name: str = "borgholm") -> list[str]:
        """The alerts that the feed leads to, by the names of their documents."""
        return [entry.links[0].href.rpartition("/")[2].removesuffix(".xml") for entry in self.feed(name).entries]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "feeds")


async def test_an_alert_says_everything_in_each_language(scene: Scene) -> None:
    await scene.say("m1")
    document = scene.document("m1")
    expected = {
        "identifier": ["borgholm.se:borgholm:m1"],
        "sender": ["borgholm@borgholm.se"],
        "sent": ["2022-12-13T09:00:00+01:00"],
        "status": ["Actual"],
        "msgType": ["Alert"],
        "scope": ["Public"],
        "note": [],
        "references": [],
        "incidents": ['"Dataintrång 2022"'],
        "info/language": ["sv-SE", "en-GB"],
        "info/category": ["Other", "Other"],
        "info/event": ["Dataintrång 2022", "Dataintrång 2022"],
        "info/responseType": [],
        "info/urgency": ["Immediate", "Immediate"],
        "info/severity": ["Severe", "Severe"],
        "info/certainty": ["Observed", "Observed"],
        "info/expires": ["2022-12-14T09:00:00+01:00", "2022-12-14T09:00:00+01:00"],
        "info/senderName": ["Borgholms kommun", "Borgholm Municipality"],
        "info/headline": ["Rubrik m1 sv", "Rubrik m1 en"],
        "info/description": [
            "Servrarna är avstängda & låsta.\n\nVart vänder jag mig?\n\nTill oss.",
            "Our servers are shut down.",
        ],
        "info/instruction": ["- Ring växeln."],
        "info/web": ["https://kris.example.se/borgholm/", "https://kris.example.se/borgholm/en/"],
        "info/contact": ["0485-880 00", "0485-880 00"],
        "info/area/areaDesc": ["Borgholms kommun", "Borgholm Municipality"],
        "info/area/geocode/valueName": ["Kommun", "Län", "Kommun", "Län"],
        "info/area/geocode/value": ["0885", "08", "0885", "08"],
    }
    assert {path: cap.said(document, path) for path in expected} == expected


async def test_a_municipality_without_number_or_phone_leaves_them_out(scene: Scene) -> None:
    await scene.send(scene.parcels("m1", municipality="morbylanga"))
    document = scene.document("m1", "morbylanga")
    assert cap.said(document, "info/area/areaDesc") == ["Mörbylånga kommun"]
    assert cap.said(document, "info/area/geocode") == cap.said(document, "info/contact") == []
    assert cap.said(document, "info/web") == ["https://kris.example.se/morbylanga/"]


async def test_summer_time_has_its_own_offset(scene: Scene) -> None:
    scene.clock.time = datetime(2023, 7, 1, 8, 0, 0, 999_000, tzinfo=UTC)
    await scene.say("m1")
    assert cap.said(scene.document("m1"), "sent") == ["2023-07-01T10:00:00+02:00"]


async def test_the_first_language_brings_all_of_them_and_the_document_never_changes(scene: Scene) -> None:
    swedish, english = scene.parcels("m1")
    await scene.channel.send(english)
    before = scene.document("m1")
    assert cap.said(before, "info/language") == ["sv-SE", "en-GB"]
    scene.clock.time += timedelta(minutes=5)
    await scene.channel.send(swedish)
    moved = {"borgholm": replace(BORGHOLM, variables={**BORGHOLM.variables, "phone": "112"})}
    later = FeedChannel(feeds_in(scene.directory), scene.surfaces, moved, now=scene.clock)
    await later.refresh()
    assert scene.document("m1") == before


async def test_a_chain_refers_to_all_that_came_before_in_the_incident(scene: Scene) -> None:
    await scene.say("m1")
    second = await scene.say("m2", Kind.UPDATE)
    await scene.say("other", incident="Vattenläcka")
    assert await scene.correct("m3", second) == second
    await scene.say("m4", Kind.ALL_CLEAR)

    identities = {name: cap.identity(scene.document(name)) for name in ("m1", "m2", "m3", "m4", "other")}
    assert len(set(identities.values())) == 5
    assert {name: scene.references(name) for name in identities} == {
        "m1": [],
        "m2": [identities["m1"]],
        "m3": [identities["m1"], identities["m2"]],
        "m4": [identities["m1"], identities["m2"], identities["m3"]],
        "other": [],
    }
    types = {name: scene.type(name) for name in identities}
    assert types == {"m1": "Alert", "m2": "Update", "m3": "Update", "m4": "Cancel", "other": "Alert"}
    assert cap.said(scene.document("m3"), "note") == ["Rättelse."]
    over = scene.document("m4")
    assert cap.said(over, "info/responseType") == ["AllClear", "AllClear"]
    assert cap.said(over, "info/urgency") == ["Past", "Past"]
    assert cap.said(over, "note") == ["Händelsen är över."]


async def test_the_feed_leads_to_what_is_in_force_newest_first(scene: Scene) -> None:
    await scene.say("m1")
    await scene.say("water", incident="Vattenläcka")
    assert scene.linked() == ["water", "m1"]
    await scene.say("m2", Kind.UPDATE)
    assert scene.linked() == ["m2", "water"]
    await scene.say("m3", Kind.ALL_CLEAR)
    assert scene.linked() == scene.linked("all") == ["m3", "water"]
    scene.clock.time = ISSUED + timedelta(hours=26)
    await scene.channel.refresh()
    assert scene.linked() == ["m3"]
    scene.clock.time = ISSUED + timedelta(days=3)
    await scene.channel.refresh()
    assert scene.linked() == scene.linked("all") == []
    assert cap.identity(scene.document("m1"))  # what is no longer in force can still be read


async def test_an_entry_says_what_it_leads_to(scene: Scene) -> None:
    await scene.say("m1")
    parsed = scene.feed()
    assert parsed.version == "atom10"
    assert parsed.feed.title == "Viktig information från Borgholms kommun (CAP)"
    assert parsed.feed.language == "sv"
    assert [(link.rel, link.href) for link in parsed.feed.links] == [
        ("self", "https://kris.example.se/feeds/borgholm/cap.atom"),
        ("alternate", "https://kris.example.se/borgholm/"),
    ]
    (entry,) = parsed.entries
    assert entry.title == "Rubrik m1 sv"
    assert entry.id == "tag:borgholm.se,2022:cap/borgholm/m1"
    assert entry.updated == entry.published == "2022-12-13T08:00:00+00:00"
    assert entry.summary.startswith("Servrarna är avstängda")
    assert [(link.rel, link.type, link.href) for link in entry.links] == [
        ("alternate", "application/cap+xml", "https://kris.example.se/feeds/borgholm/cap/m1.xml")
    ]
    assert [(tag.scheme, tag.term) for tag in entry.tags] == [
        ("tag:borgholm.se,2026:status", "Actual"),
        ("tag:borgholm.se,2026:msgType", "Alert"),
    ]
    assert scene.feed("all").entries[0].title == "Borgholms kommun: Rubrik m1 sv"


async def test_without_a_public_address_the_feed_leads_to_its_neighbours(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "feeds", public_url=None)
    await scene.say("m1")
    for name in ("borgholm", "all"):
        (entry,) = scene.feed(name).entries
        assert entry.links[0].href == "../borgholm/cap/m1.xml"


async def test_the_alerts_of_neighbours_are_chains_of_their_own(scene: Scene) -> None:
    ours, theirs = scene.parcels("m1"), scene.parcels("m1", municipality="morbylanga")
    await scene.send(ours)
    await scene.send(theirs)
    await scene.send(scene.parcels("m2", Kind.UPDATE, municipality="morbylanga"))
    document = scene.document("m2", "morbylanga")
    assert cap.said(document, "references") == [cap.identity(scene.document("m1", "morbylanga"))]
    assert [entry.title for entry in scene.feed("all").entries] == [
        "Mörbylånga kommun: Rubrik m2 sv",
        "Borgholms kommun: Rubrik m1 sv",
    ]


async def test_an_exercise_has_its_status_and_follows_only_exercises(scene: Scene) -> None:
    await scene.say("real")
    scene.surfaces.exercise = True
    exercising = Scene(scene.directory)
    exercising.surfaces.exercise = True
    await exercising.say("drill")
    await exercising.say("drill2", Kind.UPDATE)
    document = scene.document("drill")
    assert cap.said(document, "status") == ["Exercise"]
    assert cap.said(document, "note") == ["Det här är en övning."]
    assert scene.references("drill2") == [cap.identity(document)]
    assert {tag.term for tag in exercising.feed().entries[0].tags} == {"Exercise", "Update"}


async def test_what_is_withdrawn_is_cancelled_and_loses_its_texts(scene: Scene) -> None:
    first = await scene.say("m1")
    identity = cap.identity(scene.document("m1"))
    for _ in range(2):
        assert await scene.channel.withdraw(scene.parcels("m1")[0], first) == Accepted(first)
        scene.clock.time += timedelta(minutes=5)
    document = scene.document("m1-withdrawn")
    assert (scene.type("m1-withdrawn"), scene.references("m1-withdrawn")) == ("Cancel", [identity])
    assert cap.said(document, "sent") == ["2022-12-13T10:00:00+01:00"]
    assert cap.said(document, "info/description")[0] == "Meddelandet är tillbakadraget och gäller inte längre."
    assert cap.said(document, "note") == ["Meddelandet är tillbakadraget och gäller inte längre."]
    assert cap.identity(scene.document("m1")) == identity
    assert cap.said(scene.document("m1"), "info") == []
    assert scene.linked() == ["m1-withdrawn"]


async def test_a_correction_is_withdrawn_with_what_it_corrects_and_a_new_start_follows_nothing(scene: Scene) -> None:
    first = await scene.say("m1")
    await scene.correct("m2", first)
    await scene.retract("m2", first)
    identities = [cap.identity(scene.document(name)) for name in ("m1", "m2")]
    assert scene.references("m1-withdrawn") == identities
    await scene.say("m3", Kind.UPDATE)
    assert (scene.type("m3"), scene.references("m3")) == ("Alert", [])


async def test_a_correction_follows_what_it_corrects_and_leaves_the_others_in_force(scene: Scene) -> None:
    first = await scene.say("m1")
    await scene.say("m2")  # one more alert of the incident, beside the first
    await scene.correct("m3", first)
    await scene.correct("m4", first)
    identities = [cap.identity(scene.document(name)) for name in ("m1", "m3")]
    assert scene.references("m4") == identities
    assert scene.linked() == ["m4", "m2"]
    await scene.say("m5", Kind.UPDATE)
    assert scene.references("m5") == [cap.identity(scene.document(name)) for name in ("m1", "m2", "m3", "m4")]
    assert scene.linked() == ["m5"]


async def test_a_correction_of_what_an_update_had_followed_does_not_come_into_force(scene: Scene) -> None:
    first = await scene.say("m1")
    await scene.say("m2", Kind.UPDATE)
    await scene.correct("m3", first)
    assert scene.references("m3") == [cap.identity(scene.document("m1"))]
    assert scene.linked() == ["m2"]


async def test_a_corrected_all_clear_is_one_still(scene: Scene) -> None:
    await scene.say("m1")
    over = await scene.say("m2", Kind.ALL_CLEAR)
    await scene.correct("m3", over)
    document = scene.document("m3")
    assert scene.type("m3") == "Cancel"
    assert scene.references("m3") == [cap.identity(scene.document(name)) for name in ("m1", "m2")]
    assert cap.said(document, "info/responseType") == ["AllClear", "AllClear"]
    assert cap.said(document, "info/urgency") == ["Past", "Past"]
    assert cap.said(document, "note") == ["Rättelse. Händelsen är över."]
    assert scene.linked() == ["m3"]
    await scene.say("m4", Kind.UPDATE)
    assert scene.references("m4") == []


async def test_a_correction_that_is_withdrawn_takes_its_whole_entry_with_it_and_nothing_else(scene: Scene) -> None:
    first, second = await scene.say("m1"), await scene.say("m2")
    await scene.correct("m3", first)
    await scene.correct("m4", second)
    await scene.retract("m3", first)
    assert scene.references("m1-withdrawn") == [cap.identity(scene.document(name)) for name in ("m1", "m3")]
    for name, texts in (("m1", 0), ("m3", 0), ("m2", 2), ("m4", 2)):
        assert len(cap.said(scene.document(name), "info")) == texts
    assert scene.linked() == ["m1-withdrawn", "m4"]
    assert cap.said(scene.document("m1-withdrawn"), "info/headline")[0] == "Tillbakadraget: Rubrik m3 sv"


async def test_an_all_clear_that_is_withdrawn_lets_the_alert_stand_again(scene: Scene) -> None:
    await scene.say("m1")
    over = await scene.say("m2", Kind.ALL_CLEAR)
    await scene.retract("m2", over)
    assert scene.linked() == ["m2-withdrawn", "m1"]
    assert scene.references("m2-withdrawn") == [cap.identity(scene.document("m2"))]
    assert cap.said(scene.document("m2-withdrawn"), "info/urgency") == ["Immediate", "Immediate"]
    await scene.say("m3", Kind.UPDATE)
    assert scene.references("m3") == [cap.identity(scene.document("m1"))]


@pytest.mark.parametrize("new", [0, 1])
async def test_a_correction_may_be_new_in_a_language_in_which_the_wrong_message_never_appeared(
    new: int, scene: Scene
) -> None:
    first = await scene.send(scene.parcels("m1", texts={"sv": SWEDISH}))
    await scene.say("beside")
    swedish, english = scene.parcels("m2", Kind.CORRECTION)
    for turn in range(2):
        if turn == new:
            assert isinstance(await scene.channel.send(english), Accepted)
        else:
            assert await scene.channel.replace(swedish, first) == Accepted(first)
    scene.clock.time += timedelta(hours=1)
    (scene.directory / "borgholm/cap/m2.xml").unlink()
    await scene.channel.refresh()
    assert scene.linked() == ["m2", "beside"]
    assert scene.references("m2") == [cap.identity(scene.document("m1"))]


async def test_what_is_withdrawn_in_one_language_after_the_other_is_withdrawn_once(scene: Scene) -> None:
    swedish, english = scene.parcels("m1")
    ids = [
        outcome.remote_id for p in (swedish, english) if isinstance(outcome := await scene.channel.send(p), Accepted)
    ]
    scene.clock.time += timedelta(hours=1)
    await scene.channel.replace(scene.parcels("m2", Kind.CORRECTION)[0], ids[0])  # which is right in English
    for shown, remote_id in zip((swedish, english), ids, strict=True):
        scene.clock.time += timedelta(hours=1)
        await scene.channel.withdraw(shown, remote_id)
    (entry,) = scene.feed().entries
    assert entry.updated == "2022-12-13T10:00:00+00:00"
    assert cap.said(scene.document("m1-withdrawn"), "sent") == ["2022-12-13T11:00:00+01:00"]


async def test_neighbours_correct_and_withdraw_in_chains_of_their_own(scene: Scene) -> None:
    ours = await scene.send(scene.parcels("m1"))
    theirs = await scene.send(scene.parcels("m1", municipality="morbylanga"))
    await scene.correct("m2", theirs, "morbylanga")
    await scene.retract("m1", ours)
    assert (scene.linked(), scene.linked("morbylanga")) == (["m1-withdrawn"], ["m2"])
    assert scene.linked("all") == ["m1-withdrawn", "m2"]
    document = scene.document("m2", "morbylanga")
    assert cap.said(document, "references") == [cap.identity(scene.document("m1", "morbylanga"))]


async def test_an_all_clear_may_be_an_update_where_the_municipalities_want_that(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "feeds", all_clear=AllClear.UPDATE)
    await scene.say("m1")
    over = await scene.say("m2", Kind.ALL_CLEAR)
    await scene.correct("m3", over)
    for name, followed in (("m2", ["m1"]), ("m3", ["m1", "m2"])):
        document = scene.document(name)
        assert (scene.type(name), cap.said(document, "info/responseType")[0]) == ("Update", "AllClear")
        assert cap.said(document, "info/urgency") == ["Past", "Past"]
        assert scene.references(name) == [cap.identity(scene.document(other)) for other in followed]
    assert scene.linked() == ["m3"]
    await scene.retract("m3", over)
    assert scene.type("m2-withdrawn") == "Cancel"


async def test_every_reference_leads_to_a_document_whatever_was_corrected_and_withdrawn(scene: Scene) -> None:
    first = await scene.say("m1")
    second = await scene.say("m2", Kind.UPDATE)
    await scene.correct("m3", second)
    await scene.correct("m4", first)
    await scene.retract("m3", second)
    third = await scene.say("m5", Kind.UPDATE)
    await scene.correct("m6", third)
    await scene.say("m7", Kind.ALL_CLEAR)
    names = [*(f"m{number}" for number in range(1, 8)), "m2-withdrawn"]
    identities = {cap.identity(scene.document(name)): name for name in names}
    followed = {name: [identities[reference] for reference in scene.references(name)] for name in names}
    assert followed == {
        "m1": [],
        "m2": ["m1"],
        "m3": ["m1", "m2"],
        "m4": ["m1"],
        "m2-withdrawn": ["m2", "m3"],
        "m5": ["m1", "m4"],
        "m6": ["m1", "m4", "m5"],
        "m7": ["m1", "m4", "m5", "m6"],
    }
    assert scene.linked() == ["m7", "m2-withdrawn"]


@pytest.mark.parametrize("kind", Kind)
async def test_what_has_nothing_to_follow_is_an_alert_of_its_own(kind: Kind, scene: Scene) -> None:
    await scene.say("m1", kind)
    assert (scene.type("m1"), scene.references("m1")) == ("Alert", [])


async def test_after_the_all_clear_the_incident_may_begin_anew(scene: Scene) -> None:
    await scene.say("m1")
    await scene.say("m2", Kind.ALL_CLEAR)
    await scene.say("m3")
    await scene.say("m4", Kind.UPDATE)
    assert scene.references("m4") == [cap.identity(scene.document("m3"))]


async def test_nothing_to_do_in_a_text_leaves_the_instruction_out(scene: Scene) -> None:
    html = "<h2>Vad gör vi?</h2><p>Allt vi kan.</p><h3>Vad <em>gäller</em> nu?</h3><p>Koka vattnet.</p>"
    await scene.send(scene.parcels("m1", texts={"sv": html, "en": "<p>Wait.</p>"}))
    document = scene.document("m1")
    assert cap.said(document, "info/instruction") == ["Koka vattnet."]
    assert cap.said(document, "info/description") == ["Vad gör vi?\n\nAllt vi kan.", "Wait."]


def test_every_severity_has_words_of_the_standard() -> None:
    assert GRADES.keys() == set(Severity)
    for grade in GRADES.values():
        assert grade.severity in cap.WORDS["severity"]
        assert grade.urgency in cap.WORDS["urgency"]
        assert grade.certainty in cap.WORDS["certainty"]


def alert(name: str, **changes: object) -> Alert:
    given = Alert(
        name=name,
        municipality="borgholm",
        place=name,
        kind=Kind.ALERT,
        severity=Severity.SEVERE,
        sent=ISSUED,
        expires=ISSUED + timedelta(days=1),
        incident="Dataintrång",
        exercise=False,
        withdrawn=False,
        renditions=[Rendition("borgholm", FEED.name, "sv", "Rubrik", "<p>Text</p>")],
    )
    return replace(given, **changes)  # type: ignore[arg-type] # the tests' own names


@given(
    title=st.text(min_size=1),
    text=st.text(),
    incident=st.text(min_size=1),
    severity=st.sampled_from(Severity),
    kind=st.sampled_from(Kind),
)
def test_no_text_breaks_a_document(title: str, text: str, incident: str, severity: Severity, kind: Kind) -> None:
    rendition = Rendition("borgholm", FEED.name, "sv", f"Rubrik {title}", text)
    given = alert("m1", severity=severity, kind=kind, incident=f"H {incident}", renditions=[rendition])
    assert cap.problems(render_alert(given, BORGHOLM, "borgholm.se")) == []


def test_an_update_that_expires_early_does_not_bring_back_what_it_replaced() -> None:
    first = alert("m1", stands=False)
    update = alert("m2", kind=Kind.UPDATE, expires=ISSUED + timedelta(hours=1), references=(first,), type="Update")
    assert in_force([first, update], ISSUED + timedelta(hours=2)) == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (b"+01:00</sent>", b"Z</sent>"),
        (b"<status>Actual</status>", b""),
        (b"<scope>Public</scope>", b"<scope>Public</scope><status>Actual</status>"),
        (b"<urgency>Immediate", b"<urgency>Soon"),
        (b"borgholm@borgholm.se", b"Borgholms kommun"),
        (b"<category>Other</category>", b""),
        (b"</info>", b"<contact>x</contact></info>"),
        (b"<msgType>Alert", b"<msgType>Update"),
    ],
)
def test_what_breaks_the_standard_is_found_out(wrong: bytes, right: bytes) -> None:
    document = render_alert(alert("m1"), BORGHOLM, "borgholm.se")
    assert wrong in document
    assert cap.problems(document) == []
    assert cap.problems(document.replace(wrong, right)) != []
