"""The queue of a phone line: what those hear who wait, and that none of them is forgotten in it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from pydantic import SecretStr

from channels.announcements import IVR
from channels.contract import Parcel, Showing
from channels.ivr import Line, straight_through
from channels.ivr_queue import LONGEST_WAIT, Waiting, after_queue, read_waiting, take_call, wait_round
from messages.model import Kind, Rendition, Severity

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
AGENT, SWITCHBOARD = "+4648588010", "+4648588000"
LINE = Line(
    "+4648588001",
    SWITCHBOARD,
    SecretStr("token"),
    {},
    ("sv", "en"),
    ZoneInfo("Europe/Stockholm"),
    "kris",
    frozenset({AGENT}),
)
HERE = "https://kris.example.se/webhooks/twilio/voice/telefon"
SWEDISH, ENGLISH = "Systemen är avstängda.", "The systems are shut down."
IN_QUEUE = {"Say", "Pause", "Gather", "Leave"}  # of what Twilio takes from a wait document, what we use


def showing(language: str, text: str, expires: datetime = NOW + timedelta(hours=1)) -> Showing:
    rendition = Rendition("borgholm", IVR.name, language, "", text)
    parcel = Parcel(language, LINE.number, rendition, "m1", Kind.ALERT, Severity.SEVERE, NOW, expires)
    return Showing(LINE.number, language, parcel, NOW)


BOTH = (showing("sv", SWEDISH), showing("en", ENGLISH))


def said(twiml: str) -> list[str]:
    root = etree.fromstring(twiml.encode())
    assert {str(element.tag) for element in root.iterdescendants()} <= IN_QUEUE
    return [str(say.text) for say in root.iter("Say")]


def leaves(twiml: str) -> bool:
    return [element.tag for element in etree.fromstring(twiml.encode())] == ["Leave"]


def test_a_round_tells_the_place_the_waiting_time_and_the_announcement_of_this_moment() -> None:
    twiml = wait_round(BOTH, LINE, NOW, HERE, Waiting("sv", place=3, average=290, waited=60))
    assert said(twiml) == [
        "Du har plats 3 i kön.",
        "De som står i kön har i genomsnitt väntat i 5 minuter.",
        SWEDISH,
        "För att kopplas till växeln i stället, tryck 0.",
    ]
    gather = etree.fromstring(twiml.encode()).find("Gather")
    assert gather is not None
    assert gather.get("action") == f"{HERE}/wait?language=sv"


def test_a_round_is_in_the_language_that_the_caller_has_chosen() -> None:
    assert said(wait_round(BOTH, LINE, NOW, HERE, Waiting("en", place=1, average=20))) == [
        "You are number 1 in the queue.",
        "Callers in the queue have waited for one minute on average.",
        ENGLISH,
        "To be connected to the switchboard instead, press 0.",
    ]


def test_an_announcement_that_is_gone_in_the_callers_language_is_said_in_the_lines_first() -> None:
    twiml = wait_round(BOTH[:1], LINE, NOW, HERE, Waiting("en", place=2))
    assert said(twiml) == [
        "You are number 2 in the queue.",
        "This message is in Swedish only.",
        SWEDISH,
        "To be connected to the switchboard instead, press 0.",
    ]
    assert [say.get("language") for say in etree.fromstring(twiml.encode()).iter("Say")] == [
        "en-GB",
        "en-GB",
        "sv-SE",
        "en-GB",
    ]


@pytest.mark.parametrize("showings", [(), (showing("sv", SWEDISH, expires=NOW),)])
def test_whoever_waits_when_the_announcement_ends_is_put_through(showings: tuple[Showing, ...]) -> None:
    assert leaves(wait_round(showings, LINE, NOW, HERE, Waiting("sv", place=1)))


def test_whoever_presses_the_key_for_it_is_put_through() -> None:
    assert leaves(wait_round(BOTH, LINE, NOW, HERE, Waiting("sv", pressed="0")))
    assert leaves(wait_round(None, LINE, NOW, HERE, Waiting("sv", pressed="0")))


@pytest.mark.parametrize("pressed", ["", "1", "9", "*", "00", "å"])
def test_any_other_key_begins_the_round_anew(pressed: str) -> None:
    assert SWEDISH in said(wait_round(BOTH, LINE, NOW, HERE, Waiting("sv", pressed=pressed)))


def test_nobody_waits_for_ever() -> None:
    assert not leaves(wait_round(BOTH, LINE, NOW, HERE, Waiting("sv", waited=LONGEST_WAIT - 1)))
    assert leaves(wait_round(BOTH, LINE, NOW, HERE, Waiting("sv", waited=LONGEST_WAIT)))


def test_callers_keep_their_places_while_the_announcement_cannot_be_read() -> None:
    twiml = wait_round(None, LINE, NOW, HERE, Waiting("sv", place=4))
    assert said(twiml) == ["Du har plats 4 i kön.", "För att kopplas till växeln i stället, tryck 0."]


@pytest.mark.parametrize(
    ("form", "waiting"),
    [
        (
            {"QueuePosition": "2", "AvgQueueTime": "30", "QueueTime": "7", "Digits": "9"},
            Waiting("sv", 2, 30, 7, "9"),
        ),
        ({}, Waiting("sv")),
        ({"QueuePosition": "-1", "AvgQueueTime": "∞", "QueueTime": "٣"}, Waiting("sv")),
        ({"QueuePosition": "0", "AvgQueueTime": "9" * 5000, "QueueTime": "1.5"}, Waiting("sv", place=0)),
    ],
)
def test_what_twilio_tells_of_a_queue_is_believed_only_where_it_is_a_number(
    form: Mapping[str, str], waiting: Waiting
) -> None:
    assert read_waiting(form, "sv") == waiting
    assert "plats 0" not in " ".join(said(wait_round(BOTH, LINE, NOW, HERE, waiting)))


@pytest.mark.parametrize("language", ["", "uk", "<>", "SV"])
def test_a_language_that_nobody_speaks_is_the_lines_first(language: str) -> None:
    assert said(wait_round(BOTH, LINE, NOW, HERE, Waiting(language)))[0] == SWEDISH


@pytest.mark.parametrize("result", ["leave", "queue-full", "error", "system-error", "bridging-in-process", "", "news"])
def test_whoever_comes_out_of_the_queue_unanswered_is_put_through(result: str) -> None:
    assert after_queue(LINE, result) == straight_through(SWITCHBOARD)


@pytest.mark.parametrize("result", ["bridged", "hangup", "redirected", "redirected-from-bridged"])
def test_a_call_that_was_answered_or_is_over_ends(result: str) -> None:
    assert len(etree.fromstring(after_queue(LINE, result).encode())) == 0


def test_who_takes_calls_gets_one_after_the_other() -> None:
    root = etree.fromstring(take_call(LINE, HERE, AGENT).encode())
    assert [element.tag for element in root] == ["Say", "Dial", "Pause", "Redirect"]
    assert root.findtext("Dial/Queue") == "kris"
    assert root.findtext("Redirect") == f"{HERE}/agent"


@pytest.mark.parametrize("caller", ["+46701740605", "anonymous", "+266696687", "", SWITCHBOARD])
def test_nobody_else_takes_a_call_from_the_queue(caller: str) -> None:
    assert take_call(LINE, HERE, caller) == straight_through(SWITCHBOARD)
