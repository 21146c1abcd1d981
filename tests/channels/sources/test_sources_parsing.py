"""What is read of each source's documents: the shapes that were seen in the wild, and whatever else may come."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.feed.alerts import Alert
from channels.feed.cap import render_alert
from channels.sandbox import Sandbox
from channels.sources.fetching import Fetched, Fetcher
from channels.sources.item import Action, Area, Item, Status, Wording
from channels.sources.parsing import LONGEST_TEXT, MOST_ITEMS, Parsed, SourceError
from channels.sources.placing import Lies, place
from channels.sources.registry import SOURCES
from messages.model import Kind, Municipality, Rendition, Severity

URLS = {
    "krisinformation": "https://api.krisinformation.se/v3/news",
    "sr-vma": "https://vmaapi.sr.se/api/v3/alerts",
    "smhi": "https://opendata-download-warnings.smhi.se/ibww/api/version/1/warning.json",
    "cap": "https://vatten.example.se/cap/1.xml",
    "feed": "https://elnat.example.se/feed.xml",
}
SENT = datetime(2025, 10, 31, 7, 26, 18, tzinfo=UTC)


def parsed(kind: str, document: object, url: str | None = None) -> Parsed:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return SOURCES[kind].parse(body, url or URLS[kind])


def only(kind: str, document: object, url: str | None = None) -> Item:
    found = parsed(kind, document, url)
    assert found.skipped == 0
    (item,) = found.items
    return item


# Krisinformation.se

ARTICLE: dict[str, Any] = {
    "Identifier": "12345",
    "Updated": "2023-03-02T06:15:17.1234567+01:00",
    "Published": "2023-03-02T06:15:00+01:00",
    "Headline": "Snöoväder i södra Sverige",
    "Preamble": "Mycket snö &amp; hård vind.",
    "BodyText": "<p>Stanna <b>hemma</b>\nom du kan.</p><ul><li>Fyll på ved</li><li>Ladda telefonen</li></ul>"
    '<p>Läs mer hos <a href="https://www.smhi.se/">SMHI</a>.</p><script>alert(1)</script>',
    "Area": [
        {"Type": "Country", "Description": "Sverige"},
        {"Type": "County", "Description": "Skåne län", "Coordinate": "13.53,55.86 0"},
        {"Type": "County", "Description": "Stockholms län"},
        {"Type": "PoI", "Description": "Öresundsbron"},
    ],
    "Web": "https://www.krisinformation.se/nyheter/snooviader",
    "Language": "sv",
    "Event": "News",
    "Push": True,
}


def test_an_article_of_krisinformation_is_read() -> None:
    assert only("krisinformation", [ARTICLE]) == Item(
        id="12345",
        version="2023-03-02T06:15:17.1234567+01:00",
        action=Action.ALERT,
        status=Status.ACTUAL,
        severity=Severity.MINOR,
        sent=datetime(2023, 3, 2, 5, 15, 17, 123456, tzinfo=UTC),
        expires=None,
        areas=(
            Area(("00",), "Sverige"),
            Area(("12",), "Skåne län"),
            Area(("01",), "Stockholms län"),
            Area((), "Öresundsbron"),
        ),
        wordings=(
            Wording(
                "sv",
                "Snöoväder i södra Sverige",
                "Mycket snö & hård vind.\n\nStanna hemma om du kan.\n\n- Fyll på ved\n- Ladda telefonen\n\n"
                "Läs mer hos SMHI.",
                event="News",
            ),
        ),
        web="https://www.krisinformation.se/nyheter/snooviader",
        source="Krisinformation.se",
    )


@pytest.mark.parametrize(
    ("changes", "url", "status"),
    [
        ({"IsTest": True}, URLS["krisinformation"], Status.TEST),
        ({"IsTest": False}, URLS["krisinformation"], Status.ACTUAL),
        ({}, "https://api.krisinformation.se/v3/testvmas", Status.TEST),
        ({}, "https://api.krisinformation.se/v3/testvmas/?x=1", Status.TEST),
        ({"Headline": "ÖVNING: Snöoväder"}, URLS["krisinformation"], Status.EXERCISE),
        ({"Headline": "[Exercise] Snow"}, URLS["krisinformation"], Status.EXERCISE),
        ({"Headline": "Test – bortse från detta"}, URLS["krisinformation"], Status.TEST),
        ({"Headline": "Övningar i helgen"}, URLS["krisinformation"], Status.ACTUAL),
        ({"Headline": "Resultat av test"}, URLS["krisinformation"], Status.ACTUAL),
    ],
)
def test_tests_and_exercises_of_krisinformation_are_told_from_what_is_real(
    changes: dict[str, Any], url: str, status: Status
) -> None:
    assert only("krisinformation", [ARTICLE | changes], url).status is status


@pytest.mark.parametrize(
    ("changes", "url", "severity"),
    [
        ({"Push": True}, URLS["krisinformation"], Severity.MINOR),
        ({"Push": False}, URLS["krisinformation"], Severity.INFORMATION),
        ({"Push": None}, URLS["krisinformation"], Severity.INFORMATION),
        ({"Event": "VMA"}, URLS["krisinformation"], Severity.SEVERE),
        ({}, "https://api.krisinformation.se/v3/vmas", Severity.SEVERE),
    ],
)
def test_how_bad_an_article_is_comes_from_where_it_stands_and_whether_it_was_pushed(
    changes: dict[str, Any], url: str, severity: Severity
) -> None:
    assert only("krisinformation", [ARTICLE | changes], url).severity is severity


def test_a_notice_has_other_names_for_the_same() -> None:
    notice = {"Id": 77, "ChangedDate": "2026-01-05T10:00:00+01:00", "Headline": "Varning", "BodyText": None}
    item = only("krisinformation", [notice], "https://api.krisinformation.se/v3/notices")
    assert (item.id, item.version, item.areas) == ("77", "2026-01-05T10:00:00+01:00", ())


def test_a_mere_place_of_krisinformation_lies_where_its_coordinate_is() -> None:
    where = {"Latitude": "57.18", "Longitude": "17.03", "Altitude": "0"}
    place_ = {"Type": "PoI", "Description": "Löttorp", "CoordinateObject": where}
    [found] = only("krisinformation", [ARTICLE | {"Area": [place_]}]).areas
    assert [place(found, code).lies for code in ("0885", "0880")] == [Lies.HERE, Lies.ELSEWHERE]


def test_an_edited_article_is_another_version_of_the_same() -> None:
    first = only("krisinformation", [ARTICLE])
    second = only("krisinformation", [ARTICLE | {"Updated": "2023-03-02T08:00:00+01:00"}])
    assert first.id == second.id
    assert first.version != second.version


@pytest.mark.parametrize("broken", [None, 7, "x", [], {}, {"Identifier": "1"}, ARTICLE | {"Identifier": None}])
def test_a_broken_article_is_counted_and_the_others_are_not_lost(broken: object) -> None:
    found = parsed("krisinformation", [ARTICLE, broken, ARTICLE | {"Identifier": "2"}])
    assert ([item.id for item in found.items], found.skipped) == (["12345", "2"], 1)


# Sveriges Radio

VMA: dict[str, Any] = {
    "identifier": "SRCAP20251031082618I",
    "sender": "https://vmaapi.sr.se",
    "sent": "2025-10-31T08:26:18+01:00",
    "status": "Actual",
    "msgType": "Alert",
    "scope": "Public",
    "references": None,
    "incidents": "SRVMA20251031082618I",
    "info": [
        {
            "language": "sv-SE",
            "category": "Safety",
            "event": "Viktigt meddelande till allmänheten (VMA)",
            "urgency": "Immediate",
            "severity": "Severe",
            "certainty": "Observed",
            "senderName": "Sveriges Radio",
            "description": "Det brinner i en industri i Borås.\r\nGå inomhus. Stäng fönstren.",
            "web": "https://sverigesradio.se/artikel/vma-vad-ar-det",
            "area": [
                {
                    "areaDesc": "Borås kommun (Västra Götalands län)",
                    "geocode": [{"valueName": "Kommun", "value": "1490"}],
                }
            ],
        },
        {
            "language": "en-US",
            "event": "Important Public Announcement (IPA)",
            "severity": "Severe",
            "description": "A fire in Borås.",
            "area": [{"areaDesc": "Borås municipality", "geocode": {"valueName": "Kommun", "value": "1490"}}],
        },
    ],
}


def alerts(*found: object) -> object:
    return {"timestamp": "2026-10-05T12:00:00Z", "alerts": list(found)}


def test_a_vma_is_read_in_all_its_languages_with_a_headline_that_it_does_not_have() -> None:
    assert only("sr-vma", alerts(VMA)) == Item(
        id="SRVMA20251031082618I",
        version="SRCAP20251031082618I",
        action=Action.ALERT,
        status=Status.ACTUAL,
        severity=Severity.SEVERE,
        sent=SENT,
        expires=None,
        areas=(Area(("1490",), "Borås kommun (Västra Götalands län)"),),
        wordings=(
            Wording(
                "sv",
                "Det brinner i en industri i Borås",
                "Det brinner i en industri i Borås.\n\nGå inomhus. Stäng fönstren.",
                event="Viktigt meddelande till allmänheten (VMA)",
            ),
            Wording("en", "A fire in Borås", "A fire in Borås.", event="Important Public Announcement (IPA)"),
        ),
        web="https://sverigesradio.se/artikel/vma-vad-ar-det",
        source="Sveriges Radio",
    )


def test_a_cancel_without_words_ends_the_vma_it_refers_to() -> None:
    cancel = VMA | {
        "identifier": "SRCAP20251031120000I",
        "sent": "2025-10-31T12:00:00+01:00",
        "msgType": "Cancel",
        "info": None,
        "references": "https://vmaapi.sr.se,SRCAP20251031082618I,2025-10-31T08:26:18+01:00",
    }
    item = only("sr-vma", alerts(cancel))
    assert (item.id, item.action, item.wordings, item.source) == (VMA["incidents"], Action.CANCEL, (), "Sveriges Radio")
    assert item.references == ("SRCAP20251031082618I",)
    assert only("sr-vma", alerts(cancel | {"incidents": None})).id == VMA["identifier"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Actual", Status.ACTUAL),
        ("Exercise", Status.EXERCISE),
        ("Test", Status.TEST),
        ("System", Status.TEST),
        ("Draft", Status.TEST),
        ("Something new", Status.TEST),
        (None, Status.TEST),
    ],
)
def test_only_what_says_that_it_is_real_is(said: str | None, status: Status) -> None:
    assert only("sr-vma", alerts(VMA | {"status": said})).status is status


def test_the_examples_of_the_test_api_are_tests_though_they_say_actual() -> None:
    item = only("sr-vma", alerts(VMA), "https://vmaapi.sr.se/testapi/v3/examples/data")
    assert item.status is Status.TEST


@pytest.mark.parametrize("change", [{"msgType": "Ack"}, {"msgType": "Error"}, {"scope": "Private"}])
def test_what_is_not_for_the_public_is_no_item(change: dict[str, str]) -> None:
    assert parsed("sr-vma", alerts(VMA | change)) == Parsed(())


@pytest.mark.parametrize(
    "change", [{"msgType": None}, {"identifier": ""}, {"sent": "yesterday"}, {"msgType": "Stop"}, {"info": [{}] * 101}]
)
def test_a_broken_vma_is_counted(change: dict[str, object]) -> None:
    assert parsed("sr-vma", alerts(VMA | change, VMA)).skipped == 1


@pytest.mark.parametrize(
    ("geocode", "codes"),
    [
        ([{"valueName": "Län", "value": "08"}, {"valueName": "Kommun", "value": 1490}], ("08", "1490")),
        ({"valueName": "län", "value": "00"}, ("00",)),
        ([{"valueName": "Kommun", "value": "08"}], ()),
        ([{"valueName": "EMMA_ID", "value": "1490"}, None, 7], ()),
        ([{"valueName": "Kommun", "value": "²²²²"}], ()),
        (None, ()),
    ],
)
def test_codes_of_areas_are_those_of_counties_and_municipalities(geocode: object, codes: tuple[str, ...]) -> None:
    info = {"language": "sv-SE", "description": "x", "area": {"areaDesc": "Här", "geocode": geocode}}
    assert only("sr-vma", alerts(VMA | {"info": info})).areas == (Area(codes, "Här"),)


def test_a_long_text_without_headline_gets_that_of_its_event() -> None:
    info = {"language": "sv", "event": "VMA", "description": "ord " * 100}
    (wording,) = only("sr-vma", alerts(VMA | {"info": [info]})).wordings
    assert wording.headline == "VMA"
    (bare,) = only("sr-vma", alerts(VMA | {"info": [info | {"event": None}]})).wordings
    assert bare.headline.endswith("ord …")
    assert len(bare.headline) < 125


def test_no_alerts_is_an_answer_and_no_list_of_alerts_is_none() -> None:
    assert parsed("sr-vma", {"alerts": None}) == parsed("sr-vma", {"alerts": []}) == Parsed(())
    with pytest.raises(SourceError, match="has no list of alerts"):
        parsed("sr-vma", {"message": "gone"})


# SMHI

WARNING_AREA: dict[str, Any] = {
    "id": 2,
    "approximateStart": "2026-01-05T12:00:00.000Z",
    "approximateEnd": "2026-01-06T00:00:00.000Z",
    "published": "2026-01-05T07:00:00.000Z",
    "areaName": {"sv": "Bohuslän", "en": "Bohuslän"},
    "warningLevel": {"sv": "Orange", "en": "Orange", "code": "ORANGE"},
    "eventDescription": {"sv": "Storm i byarna", "en": "Gale in gusts", "code": "WIND"},
    "affectedAreas": [{"id": 14, "sv": "Västra Götalands län"}, {"id": 1, "sv": "Stockholms län"}],
    "descriptions": [
        {"title": {"sv": "Vad händer", "en": "What happens"}, "text": {"sv": "Byar på 30 m/s.", "en": "Gusts."}},
        {"title": {"sv": "Kommentar"}, "text": {"sv": None}},
    ],
    "area": {"type": "FeatureCollection"},
}
WARNING: dict[str, Any] = {
    "id": 1234,
    "event": {"sv": "Vind", "en": "Wind", "code": "WIND"},
    "warningAreas": [WARNING_AREA],
}


def warning(**changes: object) -> object:
    return [WARNING | {"warningAreas": [WARNING_AREA | changes]}]


def test_a_warning_of_smhi_is_read_in_both_languages_with_its_time() -> None:
    assert only("smhi", [WARNING]) == Item(
        id="1234/2",
        version="2026-01-05T07:00:00.000Z",
        action=Action.ALERT,
        status=Status.ACTUAL,
        severity=Severity.SEVERE,
        sent=datetime(2026, 1, 5, 7, tzinfo=UTC),
        expires=datetime(2026, 1, 6, tzinfo=UTC),
        areas=(Area(("14",), "Västra Götalands län"), Area(("01",), "Stockholms län")),
        wordings=(
            Wording(
                "sv",
                "Orange varning: Vind, Bohuslän",
                "Vad händer: Byar på 30 m/s.\n\nGäller från 2026-01-05 13:00 till 2026-01-06 01:00.",
                event="Storm i byarna",
            ),
            Wording(
                "en",
                "Orange warning: Wind, Bohuslän",
                "What happens: Gusts.\n\nValid from 2026-01-05 13:00 to 2026-01-06 01:00.",
                event="Gale in gusts",
            ),
        ),
        web="",
        source="SMHI",
    )


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ("MESSAGE", Severity.INFORMATION),
        ("YELLOW", Severity.MODERATE),
        ("ORANGE", Severity.SEVERE),
        ("RED", Severity.EXTREME),
        ("PURPLE", Severity.INFORMATION),
        (None, Severity.INFORMATION),
    ],
)
def test_the_colours_of_smhi_are_severities(code: str | None, severity: Severity) -> None:
    assert only("smhi", warning(warningLevel={"sv": "Färg", "code": code})).severity is severity


def test_each_area_of_a_warning_is_a_matter_of_its_own() -> None:
    areas = [WARNING_AREA, WARNING_AREA | {"id": 3}]
    found = parsed("smhi", [WARNING | {"warningAreas": areas}])
    assert [item.id for item in found.items] == ["1234/2", "1234/3"]


def test_a_message_of_smhi_is_not_called_a_warning_and_a_district_of_the_sea_has_no_code() -> None:
    item = only(
        "smhi",
        warning(
            warningLevel={"sv": "Meddelande", "en": "Message", "code": "MESSAGE"},
            affectedAreas=[{"id": 2042, "sv": "Skagerrak"}],
            approximateEnd=None,
        ),
    )
    assert item.wordings[0].headline == "Meddelande: Vind, Bohuslän"
    assert item.wordings[0].text.endswith("Gäller från 2026-01-05 13:00 tills vidare.")
    assert item.areas == (Area((), "Skagerrak"),)
    assert item.expires is None


def test_where_smhi_names_no_area_its_polygon_tells() -> None:
    ring = [[16.4, 56.6], [16.9, 57.4], [17.3, 57.4], [16.4, 56.6]]
    area = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}
    [found] = only("smhi", warning(affectedAreas=[], area=area)).areas
    assert [len(shape.points) for shape in found.shapes] == [4]
    assert place(found, "0885").lies is Lies.HERE


def test_the_test_data_of_smhi_is_a_test() -> None:
    url = "https://opendata-download-warnings.smhi.se/ibww/test/test_1.json"
    assert only("smhi", [WARNING], url).status is Status.TEST


@pytest.mark.parametrize("broken", [{"id": None}, {"published": None, "approximateStart": "soon"}])
def test_a_broken_area_of_a_warning_is_counted(broken: dict[str, object]) -> None:
    areas = [WARNING_AREA | broken, WARNING_AREA]
    found = parsed("smhi", [WARNING | {"warningAreas": areas}, WARNING | {"warningAreas": None}, "x"])
    assert (len(found.items), found.skipped) == (1, 3)


# CAP

CAP = """<?xml version="1.0" encoding="utf-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>v:{identifier}</identifier><sender>kris@vatten.example.se</sender><sent>{sent}</sent>
<status>Actual</status><msgType>{type}</msgType><scope>Public</scope>{references}
<info><language>sv-SE</language><category>Infra</category><event>Dricksvatten</event><responseType>{response}</responseType>
<urgency>Immediate</urgency><severity>Moderate</severity><certainty>Likely</certainty>
<expires>2025-11-02T08:00:00+01:00</expires><senderName>Ölands vatten</senderName>
<headline>Koka vattnet</headline><description>Bakterier.

Prover tas.</description><instruction>Koka i en minut.</instruction><web>{web}</web>
<area><areaDesc>Borgholm</areaDesc><geocode><valueName>Kommun</valueName><value>0885</value></geocode></area></info>
</alert>"""


def cap(**changes: str) -> bytes:
    words = {
        "identifier": "1",
        "sent": "2025-10-31T08:26:18+01:00",
        "type": "Alert",
        "references": "",
        "response": "Execute",
        "web": "https://vatten.example.se/1",
    }
    return CAP.format(**words | changes).encode()


def test_an_alert_in_cap_is_read() -> None:
    assert only("cap", cap()) == Item(
        id="v:1",
        version="v:1",
        action=Action.ALERT,
        status=Status.ACTUAL,
        severity=Severity.MODERATE,
        sent=SENT,
        expires=datetime(2025, 11, 2, 7, tzinfo=UTC),
        areas=(Area(("0885",), "Borgholm"),),
        wordings=(Wording("sv", "Koka vattnet", "Bakterier.\n\nProver tas.", "Koka i en minut.", "Dricksvatten"),),
        web="https://vatten.example.se/1",
        source="Ölands vatten",
    )


def test_an_update_belongs_to_the_first_alert_of_its_chain_however_the_references_are_ordered() -> None:
    references = "<references>k,v:2,2025-10-31T09:00:00+01:00 k,v:1,2025-10-31T08:26:18+01:00 broken</references>"
    item = only("cap", cap(identifier="3", type="Update", references=references))
    assert (item.id, item.version, item.references) == ("v:1", "v:3", ("v:1", "v:2"))
    assert item.action is Action.UPDATE


def test_an_update_that_says_that_the_danger_is_over_ends_the_matter() -> None:
    assert only("cap", cap(type="Update", response="AllClear")).action is Action.CANCEL


def test_several_alerts_may_stand_in_one_document() -> None:
    alerts = [cap(identifier=str(number)).split(b"?>")[1] for number in range(3)]
    found = parsed("cap", b"<alerts>" + b"".join(alerts) + b"</alerts>")
    assert [item.id for item in found.items] == ["v:0", "v:1", "v:2"]


def test_our_own_alerts_are_read_as_they_were_written() -> None:
    municipality = Municipality("borgholm", ("sv",), ("feed",), {"name": "Borgholms kommun"}, code="0885")
    first = Alert(
        name="m1",
        municipality="borgholm",
        place="m1",
        kind=Kind.ALERT,
        severity=Severity.SEVERE,
        sent=SENT,
        expires=SENT + timedelta(days=1),
        incident="Dataintrång",
        exercise=True,
        withdrawn=False,
        renditions=[Rendition("borgholm", "feed", "sv", "Vi är nere", "<p>Ring oss.</p>")],
    )
    update = replace(first, name="m2", place="m2", kind=Kind.UPDATE, references=[first], type="Update")
    alert, follower = (only("cap", render_alert(one, municipality, "kris.example.se")) for one in (first, update))
    assert (alert.status, alert.severity, alert.sent) == (Status.EXERCISE, Severity.SEVERE, SENT)
    assert alert.areas == (Area(("0885", "08"), "Borgholms kommun"),)
    assert [place(alert.areas[0], code).lies for code in ("0885", "0840")] == [Lies.HERE, Lies.ELSEWHERE]
    assert alert.wordings == (Wording("sv", "Vi är nere", "Ring oss.", event="Dataintrång"),)
    assert (follower.id, follower.action, follower.references) == (alert.id, Action.UPDATE, (alert.version,))


def block(headline: str, area: str, severity: str = "Moderate", language: str = "sv-SE") -> str:
    return (
        f"<info><language>{language}</language><event>Vind</event><severity>{severity}</severity>"
        f"<expires>2025-11-0{3 if severity == 'Extreme' else 2}T08:00:00+01:00</expires>"
        f"<headline>{headline}</headline><description>{headline}.</description><area>{area}</area></info>"
    )


def code(value: str) -> str:
    return f"<areaDesc>{value}</areaDesc><geocode><valueName>Kommun</valueName><value>{value}</value></geocode>"


def of_blocks(*blocks: str) -> tuple[Item, ...]:
    head, _ = cap().decode().split("<info>")
    return parsed("cap", f"{head}{''.join(blocks)}</alert>".encode()).items


def test_what_is_said_of_one_area_is_never_said_of_another() -> None:
    yellow, red = of_blocks(block("Gul", code("0885")), block("Röd", code("0840"), "Extreme"))
    assert (yellow.id, yellow.severity, yellow.wordings[0].headline) == ("v:1 @ 0885", Severity.MODERATE, "Gul")
    assert (red.id, red.severity, red.wordings[0].headline) == ("v:1 @ 0840", Severity.EXTREME, "Röd")
    assert yellow.version == red.version == "v:1"
    assert yellow.expires != red.expires
    assert [area.codes for area in (*yellow.areas, *red.areas)] == [("0885",), ("0840",)]


@pytest.mark.parametrize(
    "english",
    [(code("0885"), code("0840")), ("<areaDesc>Borgholm</areaDesc>", "<areaDesc>Mörbylånga Municipality</areaDesc>")],
)
def test_each_area_has_its_words_in_every_language(english: tuple[str, str]) -> None:
    found = of_blocks(
        block("Gul", code("0885")),
        block("Röd", code("0840"), "Extreme"),
        block("Yellow", english[0], language="en-GB"),
        block("Red", english[1], "Extreme", language="en-GB"),
    )
    assert [[wording.headline for wording in item.wordings] for item in found] == [["Gul", "Yellow"], ["Röd", "Red"]]


def test_blocks_about_the_same_area_are_one_item_and_the_worst_is_said_first() -> None:
    [item] = of_blocks(block("Gul", code("0885")), block("Röd", code("0885"), "Extreme"))
    assert (item.id, item.severity) == ("v:1", Severity.EXTREME)
    assert (item.wordings[0].headline, item.wordings[0].text) == ("Röd", "Röd.\n\nGul.")


def test_lines_on_the_map_are_read_and_an_area_that_tells_nothing_is_an_area() -> None:
    lines = "<polygon>56.6,16.4 57.4,16.9 57.4,17.3</polygon><circle>57,17 5</circle><circle>57,17</circle>"
    [item] = of_blocks(block("Gul", f"<areaDesc>Öland</areaDesc>{lines}"))
    assert [len(shape.points) for shape in item.areas[0].shapes] == [3, 1, 0]
    [item] = of_blocks(block("Gul", "<areaDesc/>"))
    assert item.areas == (Area((), ""),)


@pytest.mark.parametrize(
    "web", ["http://vatten.example.se/", "javascript:alert(1)", "https://a b/", "https://u@x/", ""]
)
def test_only_an_https_address_is_one_for_readers(web: str) -> None:
    assert only("cap", cap(web=web)).web == ""


ALERTS_IN_ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>
<entry><link href="/a"/><link type="application/cap+xml" href="cap/1.xml"/></entry>
<entry><link href="https://other.example.se/2.xml"/></entry><entry><link rel="self" href="/no"/></entry>
<entry><link href="/a"/><link type="application/cap+xml" href="cap/1.xml"/></entry><entry/>
</feed>"""
ALERTS_IN_RSS = b"""<rss version="2.0"><channel><title>x</title>
<item><link>https://vatten.example.se/1.xml</link></item>
<item><link>https://vatten.example.se/a</link><enclosure type="application/cap+xml" url="/2.xml"/></item>
</channel></rss>"""


@pytest.mark.parametrize(
    ("document", "addresses"),
    [
        (ALERTS_IN_ATOM, ("https://vatten.example.se/cap/cap/1.xml", "https://other.example.se/2.xml")),
        (ALERTS_IN_RSS, ("https://vatten.example.se/1.xml", "https://vatten.example.se/2.xml")),
        (cap(), ()),
    ],
)
def test_a_feed_of_alerts_leads_to_them(document: bytes, addresses: tuple[str, ...]) -> None:
    assert SOURCES["cap"].more(document, URLS["cap"]) == addresses


def test_a_feed_leads_to_no_more_alerts_than_can_be_fetched() -> None:
    entries = b"".join(b'<entry><link href="/%d"/></entry>' % number for number in range(500))
    document = b'<feed xmlns="http://www.w3.org/2005/Atom">' + entries + b"</feed>"
    assert len(SOURCES["cap"].more(document, URLS["cap"])) == 50
    assert parsed("cap", document) == Parsed(())


# RSS and Atom

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB"><title>Elnät</title>
<updated>2025-10-31T07:26:18Z</updated>
<entry><id>tag:1</id><title type="html">Avbrott &amp;amp; fel</title>
<link rel="self" href="/x"/><link href="/avbrott/1"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>En <b>ledning</b> är av.</p><p>Vi lagar.</p></div>
</content></entry>
<entry xml:lang="sv"><link href="https://elnat.example.se/2"/><title>Utan id</title>
<updated>2025-10-31T08:26:18+01:00</updated><summary>Text</summary></entry>
</feed>""".encode()
RSS = """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Elnät</title>
<language>sv-se</language>
<item><guid isPermaLink="false">1</guid><title>Avbrott</title><link>https://elnat.example.se/1</link>
<pubDate>Fri, 31 Oct 2025 08:26:18 +0100</pubDate><description>Kort</description>
<content:encoded>&lt;p&gt;Hela texten.&lt;/p&gt;</content:encoded></item>
<item><title>Utan guid</title><link>https://elnat.example.se/2</link>
<pubDate>Fri, 31 Oct 2025 07:26:18 GMT</pubDate></item>
<item><title>Utan datum</title><link>https://elnat.example.se/3</link></item>
<item><description>Varken id eller länk</description><pubDate>Fri, 31 Oct 2025 07:26:18 GMT</pubDate></item>
</channel></rss>""".encode()


def test_entries_of_atom_are_read_and_known_by_id_or_link() -> None:
    first, second = parsed("feed", ATOM).items
    assert (first.id, first.web, first.source, first.sent) == (
        "tag:1",
        "https://elnat.example.se/avbrott/1",
        "Elnät",
        SENT,
    )
    assert first.wordings == (Wording("en", "Avbrott & fel", "En ledning är av.\n\nVi lagar."),)
    assert (second.id, second.sent) == ("https://elnat.example.se/2", SENT)
    assert second.wordings == (Wording("sv", "Utan id", "Text"),)
    assert {first.severity, second.severity} == {Severity.INFORMATION}


def test_items_of_rss_are_read_and_those_that_nothing_tells_apart_or_dates_are_counted() -> None:
    found = parsed("feed", RSS)
    assert [(item.id, item.sent) for item in found.items] == [("1", SENT), ("https://elnat.example.se/2", SENT)]
    assert found.items[0].wordings == (Wording("sv", "Avbrott", "Hela texten."),)
    assert found.skipped == 2


def test_an_entry_whose_words_change_is_a_new_version_and_one_that_is_made_anew_is_not() -> None:
    same, other = ATOM.replace(b"<title>Eln", b"<!-- new --><title>Eln"), ATOM.replace(b"Vi lagar", b"Vi har lagat")
    versions = [parsed("feed", document).items[0].version for document in (ATOM, same, other)]
    assert versions[0] == versions[1] != versions[2]


DATED = "Fri, 31 Oct 2025 08:26:18 +0100"
PLAIN = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Elnät</title>
<item><title>Avbrott på Öland</title><link>https://elnat.example.se/4</link><pubDate>{DATED}</pubDate>
<guid>4</guid><description>Ett träd ligger över ledningen.</description></item></channel></rss>"""


@pytest.mark.parametrize(
    ("body", "untidy"),
    [
        (PLAIN, ()),
        (f"\n \r\n{PLAIN}", ("blank lines before its beginning",)),
        (f"\ufeff\n{PLAIN}", ("blank lines before its beginning",)),
        (f"Warning: mysql_connect() in <b>/feed.php</b>\n{PLAIN}", ("something before its beginning",)),
        (PLAIN.replace("Ett", "\x18Ett\x0b&#x1F;&#0;"), ("control characters",)),
        (f"{PLAIN}\n<!-- cached --><script></script> 0.2 s", ("something after its end",)),
        (
            PLAIN.replace("<rss", '<!DOCTYPE rss PUBLIC "-//N//DTD" "http://x.example.org/d.dtd">\n<rss'),
            ("a document type",),
        ),
        (PLAIN.replace("?>", "?><!-- & -->\n<!DOCTYPE rss SYSTEM 'file:///etc/passwd'>"), ("a document type",)),
        (PLAIN.encode("utf-16"), ()),
        (PLAIN.encode("utf-16-le"), ()),
        (PLAIN.encode("utf-8-sig"), ()),
        (PLAIN.replace('encoding="UTF-8"', "").encode(), ()),
        (PLAIN.replace("UTF-8", "iso-8859-1").encode("latin-1"), ()),
        (PLAIN.replace("UTF-8", "iso-8859-1").encode(), ("it is UTF-8, not iso-8859-1",)),
        (PLAIN.encode("windows-1252"), ("it is not UTF-8",)),
        (PLAIN.replace("UTF-8", "x-unknown").encode("windows-1252"), ("it is not x-unknown",)),
    ],
)
def test_an_untidy_feed_is_read_and_said_to_be(body: str | bytes, untidy: tuple[str, ...]) -> None:
    found = parsed("feed", body if isinstance(body, bytes) else body.encode())
    assert found.untidy == untidy
    [item] = found.items
    assert item.wordings[0] == Wording("sv", "Avbrott på Öland", "Ett träd ligger över ledningen.")
    assert item.is_untidy is bool(untidy)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Öland & Gotland", "Öland & Gotland"),
        ("A&B; C&amp;D &", "A&B; C&D &"),
        ("El&nbsp;borta &ndash; l&auml;ge", "El borta – läge"),
        ("Öland &amp;amp; Gotland", "Öland & Gotland"),
        ("<![CDATA[Öland & <b>Gotland</b>]]>", "Öland & Gotland"),
        ("<![CDATA[Öland & ]]>& &lt;i>Gotland", "Öland & & Gotland"),
    ],
)
def test_signs_that_are_not_escaped_are_what_they_look_like(written: str, read: str) -> None:
    [item] = parsed("feed", PLAIN.replace("Avbrott på Öland", written).encode()).items
    assert item.wordings[0].headline == read


@pytest.mark.parametrize(
    "broken",
    [
        "<item><title>Halv</title><guid>9</guid><description>Vatten <b>ska kokas</description></item>",
        "<item><title>Halv</title><guid>9</guid><description>Koka <5 minuter</description></item>",
        "<item><title>Halv</title><guid>9</guid><description>Utan slut",
    ],
)
def test_an_item_that_is_broken_is_left_out_whole_and_the_others_are_read(broken: str) -> None:
    found = parsed("feed", PLAIN.replace("<item>", f"{broken}<item>").encode())
    assert [item.id for item in found.items] == ["4"]
    assert (found.skipped, found.untidy) == (1, ("broken or unfinished items, which were left out",))


@pytest.mark.parametrize("ends", ["", "\n<item><title>Hal", "\n</item", "</chan", "<!-- made in 0.2"])
def test_of_a_feed_that_breaks_off_what_came_whole_is_read(ends: str) -> None:
    found = parsed("feed", f"{PLAIN[: PLAIN.index('</channel>')]}{ends}".encode())
    assert [item.id for item in found.items] == ["4"]
    assert found.untidy == ("broken or unfinished items, which were left out",)


def test_an_alert_that_breaks_off_is_refused() -> None:
    with pytest.raises(SourceError, match="broken"):
        parsed("cap", cap()[:-40])


MEDIA = "<media:title>arkivbild.jpg</media:title><media:description>Karta</media:description>"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<item>", f"<item>{MEDIA}"),
        ("<item>", f"<item><media:content><media:title>Karta</media:title></media:content>{MEDIA}"),
        ("<channel>", f"<channel>{MEDIA}<image><title>Bild</title><url>x</url></image>"),
        ("<guid>4</guid>", "<guid>4</guid><atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='self' href='/x'/>"),
        ("<guid>4</guid>", "<guid>4</guid><i:summary xmlns:i='http://www.itunes.com/dtds'>Podd</i:summary>"),
    ],
)
def test_what_is_said_of_a_picture_is_no_title_or_text(before: str, after: str) -> None:
    [item] = parsed("feed", PLAIN.replace(before, after).encode()).items
    assert item.wordings[0] == Wording("sv", "Avbrott på Öland", "Ett träd ligger över ledningen.")
    assert (item.source, item.web) == ("Elnät", "https://elnat.example.se/4")


def test_an_item_that_only_has_a_text_gets_its_headline_from_that() -> None:
    bare = PLAIN.replace("<title>Avbrott på Öland</title>", MEDIA).replace("Ett träd", "Elen är borta. Ett träd")
    [item] = parsed("feed", bare.encode()).items
    assert item.wordings[0].headline == "Elen är borta"


RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://elnat.example.se/"><title>Elnät</title></channel>
<item rdf:about="https://elnat.example.se/4"><dc:title>Nej</dc:title><title>Avbrott</title>
<link>https://elnat.example.se/a</link><dc:date>2025-10-31T08:26:18+01:00</dc:date><description>Kort</description></item>
</rdf:RDF>"""


def test_rss_1_0_is_read_and_its_items_are_known_by_their_address() -> None:
    [item] = parsed("feed", RDF.encode()).items
    assert (item.id, item.web, item.sent) == ("https://elnat.example.se/4", "https://elnat.example.se/a", SENT)
    assert (item.source, item.wordings) == ("Elnät", (Wording("sv", "Avbrott", "Kort"),))


def test_a_feed_may_give_its_namespaces_any_prefix_and_its_links_another_base() -> None:
    prefixed = """<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:base="https://elnat.example.se/nytt/"><a:title>E</a:title>
    <a:entry xml:base="2025/"><a:id>1</a:id><a:title>Avbrott</a:title><a:link href="4.html"/>
    <a:updated>2025-10-31T07:26:18Z</a:updated></a:entry></a:feed>"""
    [item] = parsed("feed", prefixed.encode()).items
    assert (item.wordings[0].headline, item.web) == ("Avbrott", "https://elnat.example.se/nytt/2025/4.html")


@pytest.mark.parametrize(
    "date",
    [
        "2025-10-31T08:26:18+01:00",
        "2025-10-31 08:26:18 +0100",
        "2025-10-31 07:26:18",
        "31 Oct 2025 08:26:18 +0100",
        "fre, 31 okt 2025 08:26:18 +0100",
        "Fri, 31 Oct 2025 08:26:18 CET",
        " Fri, 31 Oct 2025 07:26:18 GMT ",
    ],
)
def test_dates_are_read_in_odd_forms_too(date: str) -> None:
    [item] = parsed("feed", PLAIN.replace(DATED, date).encode()).items
    assert item.sent == SENT


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "it is JSON, not XML"),
        (b"<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0'><html>Logga in</html>", "perhaps one to log in"),
        (b"Service Unavailable", "something else or broken"),
    ],
)
def test_what_is_no_feed_at_all_is_said(body: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        parsed("feed", body)


@pytest.mark.parametrize("first", ["\n", "Warning: x\n", "<!-- x -->", "&\x0b"])
def test_nothing_that_is_mended_lets_entities_in(first: str) -> None:
    for bomb in (BOMB, OUTSIDE, IN_AN_ATTRIBUTE):
        with pytest.raises(SourceError):
            parsed("feed", first.encode() + bomb)
    hidden = PLAIN.replace("<rss", '<!DOCTYPE rss PUBLIC "x" "[" [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss')
    with pytest.raises(SourceError):
        parsed("feed", hidden.replace("Ett", "&a;").encode())


def test_a_large_feed_of_broken_items_is_given_up_in_a_moment() -> None:
    started = time.process_time()
    parsed("feed", PLAIN.replace("<item>", "<item><b>" * 100_000 + "<item>").encode())
    assert time.process_time() - started < 5


def test_a_dead_feed_without_entries_is_no_mistake() -> None:
    assert parsed("feed", b'<rss version="2.0"><channel><title>x</title></channel></rss>') == Parsed(())


# All of them

HTML = b"\xef\xbb\xbf <!-- login --><!DOCTYPE html><html><body>Log in</body></html>"
BOMB = b"""<?xml version="1.0"?><!-- - --><!DOCTYPE feed [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<feed xmlns="http://www.w3.org/2005/Atom"><title>&b;</title></feed>"""
LEVELS = "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10))
IN_AN_ATTRIBUTE = f"""<!DOCTYPE feed [<!ENTITY a0 "ha">{LEVELS}]><feed title="&a9;"/>""".encode()
OUTSIDE = b"""<!DOCTYPE feed [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<feed xmlns="http://www.w3.org/2005/Atom"><title>&a;</title></feed>"""


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (HTML, "it is HTML"),
        (b"\0\xff{", "it is something else or broken"),
    ],
)
def test_what_is_no_document_of_a_kind_is_said(kind: str, body: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        parsed(kind, body)


@pytest.mark.parametrize("kind", ["cap", "feed"])
@pytest.mark.parametrize(
    "body", [BOMB, OUTSIDE, IN_AN_ATTRIBUTE, BOMB.decode().encode("utf-16"), BOMB.decode().encode("utf-16-le")]
)
def test_a_document_type_is_refused_before_its_entities_are_read(kind: str, body: bytes) -> None:
    with pytest.raises(SourceError, match="DOCTYPE"):
        parsed(kind, body)


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("krisinformation", b'{"Message": "x"}', "it is JSON, but not the expected list"),
        ("smhi", b"null", "it is JSON, but not the expected list"),
        ("sr-vma", b"[]", "it is JSON, but has no list of alerts"),
        ("krisinformation", b"[" * 100_000, "it is something else or broken, not JSON"),
        ("smhi", b"[" + b"9" * 10_000 + b"]", "it is something else or broken, not JSON"),
        ("feed", cap(), "it is XML .alert., but neither RSS nor Atom"),
        ("cap", b"<note/>", "it is XML .note., but neither a CAP alert nor a feed of them"),
        ("feed", b"<a>" * 100_000, "it is something else or broken, not XML"),
    ],
)
def test_a_document_of_another_kind_is_said(kind: str, body: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        parsed(kind, body)


def test_of_a_document_with_far_too_many_items_the_first_are_taken() -> None:
    articles = [ARTICLE | {"Identifier": str(number)} for number in range(MOST_ITEMS + 3)]
    found = parsed("krisinformation", articles)
    assert (len(found.items), found.skipped) == (MOST_ITEMS, 3)


def test_a_text_that_is_much_too_long_is_no_item_rather_than_cut() -> None:
    assert parsed("krisinformation", [ARTICLE | {"BodyText": "x" * (LONGEST_TEXT + 1)}]) == Parsed((), 1)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("</a></p></ul>", ""),
        ("Rad<br>Rad", "Rad\nRad"),
        ("<h2>Vad</h2>Text<!-- dold --> mer<style>p{}</style>", "Vad\n\nText mer"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("5 &lt; 6 &bogus; \x00\x1b\ud800", "5 < 6 &bogus;"),
        ("rad ett\r\n\r\n\r\n\r\nrad två", "rad ett\n\nrad två"),
        ("<?xml encoding='utf-16'?><p>å", "å"),
    ],
)
def test_html_of_others_becomes_plain_text_whatever_is_broken_in_it(html: str, text: str) -> None:
    (wording,) = only("krisinformation", [ARTICLE | {"Preamble": "", "BodyText": html}]).wordings
    assert wording.text == text


@pytest.mark.parametrize("kind", SOURCES)
async def test_the_sandbox_has_something_fresh_of_every_kind_to_play(kind: str) -> None:
    async with Sandbox() as sandbox, aiohttp.ClientSession() as http:
        answers = [await Fetcher(http).fetch(f"{sandbox.base_url('sources')}/{kind}") for _ in range(2)]
    bodies = [answer.body for answer in answers if isinstance(answer, Fetched)]
    found, again = (parsed(kind, body) for body in bodies)
    assert found == again
    assert found.skipped == 0
    assert Status.ACTUAL in {item.status for item in found.items}
    assert kind in {"cap", "smhi"} or len({item.status for item in found.items}) > 1
    assert all(datetime.now(UTC) - item.sent < timedelta(hours=4) for item in found.items)


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "<p>x</p><a", "https://[", "&#0;"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def swapped(value: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:  # noqa: ANN401 - JSON
    """The document with some of what it holds in exchange for something odd."""
    if draw(st.integers(0, 9)) == 0:
        return draw(ODD)
    if isinstance(value, dict):
        return {key: swapped(inner, draw) for key, inner in value.items()}
    return [swapped(inner, draw) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("kind", "document"), [("krisinformation", [ARTICLE]), ("sr-vma", alerts(VMA)), ("smhi", [WARNING])]
)
@given(data=st.data())
def test_whatever_stands_in_json_is_read_or_refused(kind: str, document: object, data: st.DataObject) -> None:
    body = json.dumps(swapped(document, data.draw)).encode()
    try:
        found = parsed(kind, body)
    except SourceError:
        return
    for item in found.items:
        assert item.sent.tzinfo is UTC
        repr(item).encode()  # no half of a character, which no database takes


@pytest.mark.parametrize("kind", SOURCES)
@given(data=st.data())
def test_whatever_bytes_come_are_read_or_refused(kind: str, data: st.DataObject) -> None:
    body = {"cap": cap(), "feed": data.draw(st.sampled_from([ATOM, RSS]))}.get(kind, json.dumps([ARTICLE]).encode())
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body)))))
    odd = data.draw(st.binary(max_size=20))
    body = body[:start] + odd + body[end:] if data.draw(st.booleans()) else body[start:end]
    for read in (SOURCES[kind].parse, SOURCES[kind].more):
        with suppress(SourceError):
            read(body, URLS[kind])
