"""Phone lines: what callers hear, and that the TwiML is made of verbs and attributes that Twilio knows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import SecretStr, ValidationError

from channels.announcements import IVR
from channels.contract import Accepted, Parcel, Rejected, Showing
from channels.ivr import IvrChannel, Line, announcement, straight_through
from channels.providers.twilio_voice import TwilioVoiceSettings
from channels.spoken import SPOKEN
from messages import languages
from messages.model import Kind, Rendition, Severity
from tests.fakes.surfaces import MemorySurfaces

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
NUMBER, SWITCHBOARD = "+4648588001", "+4648588000"
LINE = Line(NUMBER, SWITCHBOARD, SecretStr("0123456789abcdef"), {}, ("sv", "en"), ZoneInfo("Europe/Stockholm"))
QUEUE = replace(LINE, queue="kris", agents=frozenset({SWITCHBOARD}))
CHOICE = "en-GB: For English, press 2."
HERE = "https://kris.example.se/webhooks/twilio/voice/telefon"
AGAIN = {"sv": "sv-SE: För att höra meddelandet igen, tryck 9.", "en": "en-GB: To hear the message again, press 9."}
SWEDISH = "Våra datasystem är avstängda. Växeln svarar, men det är längre väntetid än vanligt."
ENGLISH = "Our computer systems are shut down. The switchboard answers, with longer waits than usual."

# The parts of TwiML that we use, from Twilio's reference: for each verb its attributes and what may stand inside it.
ATTRIBUTES: dict[str, set[str]] = {
    "Response": set(),
    "Say": {"voice", "language", "loop"},
    "Pause": {"length"},
    "Gather": {"input", "action", "method", "timeout", "numDigits", "finishOnKey", "actionOnEmptyResult"},
    "Enqueue": {"action", "method", "waitUrl", "waitUrlMethod"},
    "Dial": {"action", "method", "timeout", "callerId", "timeLimit", "hangupOnStar", "answerOnBridge"},
}
INSIDE = {"Response": {"Say", "Pause", "Gather", "Dial", "Enqueue"}, "Gather": {"Say", "Pause"}}


def parcel(
    language: str = "sv",
    text: str = SWEDISH,
    *,
    message: str = "m1",
    issued: datetime = NOW,
    expires: datetime = NOW + timedelta(hours=1),
    incident: str = "Dataintrång",
) -> Parcel:
    rendition = Rendition("borgholm", IVR.name, language, "", text)
    key = f"{message}-{language}"
    return Parcel(key, NUMBER, rendition, message, Kind.ALERT, Severity.SEVERE, issued, expires, incident)


def showing(given_parcel: Parcel) -> Showing:
    return Showing(NUMBER, given_parcel.rendition.language, given_parcel, NOW)


def heard(twiml: str) -> list[str]:
    """The call as a caller meets it, one line for each verb; fails on TwiML that Twilio does not know."""
    root = etree.fromstring(twiml.encode())
    assert root.tag == "Response"
    lines = []
    for element in root.iter():
        tag = str(element.tag)
        assert set(element.attrib) <= ATTRIBUTES[tag], etree.tostring(element)
        assert {str(child.tag) for child in element} <= INSIDE.get(tag, set()), etree.tostring(element)
        match tag:
            case "Say":
                text = element.text or ""
                assert 0 < len(text) <= 4096
                lines.append(f"{element.get('language')}: {text}")
            case "Gather":
                lines.append(f"a key, asked for until {element.get('timeout')} seconds after:")
            case "Dial":
                lines.append(f"connected to {element.text}")
            case "Enqueue":
                lines.append(f"waits in {element.text}")
            case _:
                assert tag in {"Response", "Pause"}
    return lines


def test_without_an_announcement_the_call_goes_straight_through() -> None:
    assert heard(announcement([], LINE, NOW, HERE)) == [f"connected to {SWITCHBOARD}"]
    assert announcement([], LINE, NOW, HERE) == straight_through(SWITCHBOARD)


def test_the_switchboard_rings_for_half_a_minute_before_the_caller_is_charged() -> None:
    dial = etree.fromstring(straight_through(SWITCHBOARD).encode()).find("Dial")
    assert dial is not None
    assert dict(dial.items()) == {"timeout": "30", "answerOnBridge": "true"}


def test_the_announcement_is_said_twice_and_then_the_switchboard_is_dialled() -> None:
    assert heard(announcement([showing(parcel())], LINE, NOW, HERE)) == [
        "a key, asked for until 3 seconds after:",
        CHOICE,
        f"sv-SE: {SWEDISH}",
        f"sv-SE: {SWEDISH}",
        AGAIN["sv"],
        "sv-SE: Du kopplas nu till växeln.",
        f"connected to {SWITCHBOARD}",
    ]


def test_a_further_language_is_offered_in_itself_while_the_first_is_heard() -> None:
    both = [showing(parcel("en", ENGLISH)), showing(parcel())]
    twiml = announcement(both, LINE, NOW, HERE)
    assert heard(twiml) == [
        "a key, asked for until 3 seconds after:",
        "en-GB: For English, press 2.",
        f"sv-SE: {SWEDISH}",
        f"sv-SE: {SWEDISH}",
        AGAIN["sv"],
        "sv-SE: Du kopplas nu till växeln.",
        f"connected to {SWITCHBOARD}",
    ]
    gather = etree.fromstring(twiml.encode()).find("Gather")
    assert gather is not None
    assert (gather.get("numDigits"), gather.get("method")) == ("1", "POST")


@pytest.mark.parametrize(
    ("pressed", "language", "text", "onward"),
    [
        ("2", "en", f"en-GB: {ENGLISH}", "en-GB: You are now being connected to the switchboard."),
        ("1", "sv", f"sv-SE: {SWEDISH}", "sv-SE: Du kopplas nu till växeln."),
    ],
)
def test_a_key_chooses_its_language(pressed: str, language: str, text: str, onward: str) -> None:
    both = [showing(parcel("en", ENGLISH)), showing(parcel())]
    twiml = announcement(both, LINE, NOW, HERE, pressed)
    assert heard(twiml)[1:] == [text, text, AGAIN[language], onward, f"connected to {SWITCHBOARD}"]
    assert announcement(both, LINE, NOW, HERE, "9", language) == twiml


def test_what_is_gone_cannot_be_heard_again() -> None:
    assert announcement([], LINE, NOW, HERE, "9", "sv") == straight_through(SWITCHBOARD)
    assert announcement([showing(parcel())], LINE, NOW, HERE, "9", "<>") == straight_through(SWITCHBOARD)


def test_a_line_with_a_queue_says_the_announcement_once_and_lets_callers_wait() -> None:
    twiml = announcement([showing(parcel())], QUEUE, NOW, HERE)
    assert heard(twiml)[2:] == [f"sv-SE: {SWEDISH}", AGAIN["sv"], "sv-SE: Du ställs nu i kö.", "waits in kris"]
    enqueue = etree.fromstring(twiml.encode()).find("Enqueue")
    assert enqueue is not None
    assert (enqueue.get("waitUrl"), enqueue.get("action")) == (f"{HERE}/wait?language=sv", f"{HERE}/left")


def test_any_key_leads_into_the_queue_where_there_is_one() -> None:
    assert heard(announcement([showing(parcel())], QUEUE, NOW, HERE, "0", "sv")) == ["waits in kris"]


def test_without_an_announcement_there_is_no_queue() -> None:
    assert announcement([], QUEUE, NOW, HERE) == straight_through(SWITCHBOARD)


@pytest.mark.parametrize("pressed", ["", "0", "3", "9", "*", "22", "#", "två"])
def test_any_other_key_leads_to_the_switchboard(pressed: str) -> None:
    both = [showing(parcel("en", ENGLISH)), showing(parcel())]
    assert announcement(both, LINE, NOW, HERE, pressed) == straight_through(SWITCHBOARD)


def test_what_was_not_written_in_a_language_is_said_in_another_after_a_remark() -> None:
    swedish, english = [showing(parcel())], [showing(parcel("en", ENGLISH))]
    only_english, only_swedish = (
        "sv-SE: Det här meddelandet finns bara på engelska.",
        "en-GB: This message is in Swedish only.",
    )
    assert heard(announcement(swedish, LINE, NOW, HERE, "2"))[1:3] == [only_swedish, f"sv-SE: {SWEDISH}"]
    assert heard(announcement(english, LINE, NOW, HERE))[1:4] == [CHOICE, only_english, f"en-GB: {ENGLISH}"]
    assert heard(announcement(english, LINE, NOW, HERE, "2"))[1] == f"en-GB: {ENGLISH}"


def test_an_announcement_is_silent_from_the_moment_it_expires() -> None:
    ending = [showing(parcel(expires=NOW))]
    assert heard(announcement(ending, LINE, NOW - timedelta(microseconds=1), HERE))[2] == f"sv-SE: {SWEDISH}"
    assert announcement(ending, LINE, NOW, HERE) == straight_through(SWITCHBOARD)


def test_what_has_expired_in_a_language_is_said_in_the_one_in_which_it_has_not() -> None:
    mixed = [showing(parcel()), showing(parcel("en", ENGLISH, expires=NOW))]
    assert f"sv-SE: {SWEDISH}" in heard(announcement(mixed, LINE, NOW, HERE, "2"))


def test_a_last_word_that_has_expired_is_said_with_its_age_while_its_incident_goes_on() -> None:
    lasting = replace(showing(parcel(issued=NOW - timedelta(days=1), expires=NOW)), lasts=True)
    english = replace(showing(parcel("en", ENGLISH, issued=NOW - timedelta(days=1), expires=NOW)), lasts=True)
    both = [lasting, english]
    assert heard(announcement(both, LINE, NOW, HERE))[2:4] == [
        "sv-SE: Händelsen är inte avslutad. Vårt senaste besked är från måndag den tolfte december klockan 9.",
        f"sv-SE: {SWEDISH}",
    ]
    assert heard(announcement(both, LINE, NOW, HERE, "2"))[1:3] == [
        "en-GB: We have not said that this is over. Our latest information is from "
        "Monday the twelfth of December at 9 AM.",
        f"en-GB: {ENGLISH}",
    ]


def test_a_promise_that_was_not_kept_is_not_repeated_and_said_to_be_late() -> None:
    promising = f"{SWEDISH}\nNästa besked kommer tisdag den trettonde december klockan 9."
    late = showing(replace(parcel(text=promising), next_update=NOW))
    assert heard(announcement([late], LINE, NOW - timedelta(minutes=1), HERE))[2] == f"sv-SE: {promising}"
    said = heard(announcement([late], LINE, NOW, HERE))
    assert said[2] == f"sv-SE: {SWEDISH}"
    assert said[3].endswith("tisdag den trettonde december klockan 9 är försenad.")


def several(*given: Parcel) -> list[str]:
    """What a caller hears of several incidents before the way on."""
    showings = [replace(showing(one), slot=one.message) for one in given]
    told = heard(announcement(showings, LINE, NOW, HERE))
    return told[2 : told.index(AGAIN["sv"])]


NEXT = "sv-SE: Nästa meddelande."


def test_of_several_incidents_the_worst_is_said_first_and_of_the_equally_bad_the_newest() -> None:
    fire = replace(water(1, severity=Severity.EXTREME), incident="Brand")
    fire = replace(fire, rendition=replace(fire.rendition, text="Gå inomhus."))
    snow = replace(water(9, severity=Severity.INFORMATION), incident="Snö")
    snow = replace(snow, rendition=replace(snow.rendition, text="Vi snöröjer."))
    assert several(snow, parcel(), fire, water()) == [
        "sv-SE: Det finns 4 aktuella meddelanden. Det viktigaste kommer först.",
        "sv-SE: Gå inomhus.",
        NEXT,
        "sv-SE: Koka vattnet.",
        NEXT,
        f"sv-SE: {SWEDISH}",
        NEXT,
        "sv-SE: Vi snöröjer.",
    ]


def test_the_same_incidents_are_told_in_every_language() -> None:
    showings = [showing(parcel()), showing(parcel("en", ENGLISH)), replace(showing(water()), slot="w")]
    assert heard(announcement(showings, LINE, NOW, HERE, "2"))[1:6] == [
        "en-GB: There are 2 current messages. The most important one comes first.",
        "en-GB: This message is in Swedish only.",
        "sv-SE: Koka vattnet.",
        "en-GB: Next message.",
        f"en-GB: {ENGLISH}",
    ]


def test_many_incidents_take_a_bounded_time_and_are_counted_all_the_same() -> None:
    long = [
        replace(
            one,
            incident=f"Händelse {place}",
            rendition=replace(one.rendition, title=f"Rubrik {place}", text="ord " * 140),
        )
        for place in range(20)
        for one in (water(place),)
    ]
    told = several(*long)
    assert told[0].startswith("sv-SE: Det finns 20 aktuella")
    assert [line for line in told[1:] if line != NEXT][1:] == [
        f"sv-SE: Rubrik {place}." for place in (18, 17, 16, 15, 14)
    ]
    assert sum(len(line.split()) for line in told) < 400


@pytest.mark.parametrize(
    ("voices", "expected"), [({}, "Polly.Elin-Neural"), ({"sv": "Google.sv-SE-Wavenet-A"}, "Google.sv-SE-Wavenet-A")]
)
def test_each_language_has_a_voice_that_settings_may_change(voices: dict[str, str], expected: str) -> None:
    line = replace(LINE, voices=voices, languages=("sv",))
    root = etree.fromstring(announcement([showing(parcel())], line, NOW, HERE).encode())
    assert {say.get("voice") for say in root.iter("Say")} == {expected}


def test_the_words_around_an_announcement_exist_in_every_language() -> None:
    assert set(languages.KNOWN) <= set(SPOKEN)
    for language, spoken in SPOKEN.items():
        assert spoken.tag.startswith(f"{language}-")
        assert "7" in spoken.choice.format(digit=7)
        assert spoken.onward


@given(text=st.text(min_size=1, max_size=200))
def test_no_text_breaks_the_call(text: str) -> None:
    root = etree.fromstring(announcement([showing(parcel(text=text))], LINE, NOW, HERE).encode())
    assert [child.tag for child in root] == ["Gather", "Say", "Dial"]


@pytest.fixture
def surfaces() -> MemorySurfaces:
    return MemorySurfaces(lambda: NOW)


async def said(surfaces: MemorySurfaces) -> list[str]:
    """What a caller hears, but for the choice of a language."""
    told = heard(announcement(await surfaces.showing(IVR.name, NUMBER), LINE, NOW, HERE))
    return [line for line in told if line != CHOICE]


async def test_what_is_sent_is_what_callers_hear(surfaces: MemorySurfaces) -> None:
    channel = IvrChannel(surfaces)
    assert await channel.send(parcel()) == Accepted("m1/sv")
    assert await channel.send(parcel()) == Accepted("m1/sv")
    assert (await said(surfaces))[1:] == [
        f"sv-SE: {SWEDISH}",
        f"sv-SE: {SWEDISH}",
        AGAIN["sv"],
        "sv-SE: Du kopplas nu till växeln.",
        f"connected to {SWITCHBOARD}",
    ]


async def test_a_newer_announcement_takes_the_place_of_the_older(surfaces: MemorySurfaces) -> None:
    channel = IvrChannel(surfaces)
    await channel.send(parcel())
    newer = parcel(text="Allt fungerar igen.", message="m2", issued=NOW + timedelta(minutes=1))
    assert await channel.replace(newer, "m1/sv") == Accepted("m2/sv")
    assert (await said(surfaces))[1] == "sv-SE: Allt fungerar igen."


async def test_an_announcement_that_comes_late_never_drowns_a_newer_one(surfaces: MemorySurfaces) -> None:
    channel = IvrChannel(surfaces)
    await channel.send(parcel(text="Allt fungerar igen.", message="m2", issued=NOW + timedelta(minutes=1)))
    assert await channel.send(parcel()) == Rejected("a newer announcement is on the line")
    assert (await said(surfaces))[1] == "sv-SE: Allt fungerar igen."


async def test_withdrawing_takes_the_announcement_off_the_line_and_can_be_repeated(surfaces: MemorySurfaces) -> None:
    channel = IvrChannel(surfaces)
    await channel.send(parcel())
    await channel.send(parcel("en", ENGLISH))
    for _ in range(2):
        assert await channel.withdraw(parcel(), "m1/sv") == Accepted("m1/sv")
        assert (await said(surfaces))[2] == f"en-GB: {ENGLISH}"


async def test_withdrawing_an_older_announcement_leaves_the_newer_one(surfaces: MemorySurfaces) -> None:
    channel = IvrChannel(surfaces)
    await channel.send(parcel())
    await channel.send(parcel(text="Nytt.", message="m2", issued=NOW + timedelta(minutes=1)))
    assert await channel.withdraw(parcel(), "m1/sv") == Accepted("m1/sv")
    assert (await said(surfaces))[1] == "sv-SE: Nytt."


def water(minutes: int = 5, **changes: object) -> Parcel:
    """An announcement of another incident, so many minutes later."""
    later = NOW + timedelta(minutes=minutes)
    given = parcel(text="Koka vattnet.", message=f"w{minutes}", issued=later, incident="Vatten")
    return replace(given, **changes)  # type: ignore[arg-type] # the tests' own names


async def test_each_incident_keeps_its_last_word_and_ends_by_itself(surfaces: MemorySurfaces) -> None:
    channel = IvrChannel(surfaces)
    await channel.send(parcel())
    await channel.send(water())
    await channel.send(water(10, rendition=replace(water().rendition, text="Koka vattnet i norr.")))
    assert (await said(surfaces))[2:5] == ["sv-SE: Koka vattnet i norr.", NEXT, f"sv-SE: {SWEDISH}"]
    for _ in range(2):
        assert await channel.withdraw(water(10), "w10/sv") == Accepted("w10/sv")
        assert (await said(surfaces))[1] == f"sv-SE: {SWEDISH}"  # and not what was replaced
    await channel.send(water(11))
    await channel.withdraw(parcel(), "m1/sv")
    assert (await said(surfaces))[1] == "sv-SE: Koka vattnet."


async def test_what_has_expired_is_never_said_and_gives_way_to_what_has_not(surfaces: MemorySurfaces) -> None:
    channel = IvrChannel(surfaces)
    await channel.send(parcel())
    await channel.send(water(expires=NOW))
    assert (await said(surfaces))[1] == f"sv-SE: {SWEDISH}"


async def test_an_exercise_is_only_heard_while_there_is_nothing_real(surfaces: MemorySurfaces) -> None:
    channel = IvrChannel(surfaces)
    practice = water(incident=parcel().incident)
    practice = replace(practice, rendition=replace(practice.rendition, title="ÖVNING: Avstängt", text="Vi övar."))
    await channel.send(parcel())
    assert isinstance(await channel.send(practice), Accepted)
    assert (await said(surfaces))[1] == f"sv-SE: {SWEDISH}"
    await channel.withdraw(parcel(), "m1/sv")
    assert (await said(surfaces))[1] == "sv-SE: Vi övar."


async def test_announcements_that_were_stored_by_language_alone_are_heard_replaced_and_withdrawn(
    surfaces: MemorySurfaces,
) -> None:
    channel = IvrChannel(surfaces)
    await surfaces.put(IVR.name, NUMBER, "sv", parcel())
    await surfaces.put(IVR.name, NUMBER, "en", parcel("en", ENGLISH))
    assert (await said(surfaces))[1] == f"sv-SE: {SWEDISH}"
    await channel.send(parcel(text="Nytt.", message="m2", issued=NOW + timedelta(minutes=1)))
    await channel.withdraw(parcel("en", ENGLISH), "m1/en")
    assert (await said(surfaces))[1] == "sv-SE: Nytt."
    await channel.withdraw(parcel(), "m2/sv")
    assert await surfaces.showing(IVR.name, NUMBER) == []


async def test_a_language_that_no_voice_speaks_is_refused_rather_than_left_silent(surfaces: MemorySurfaces) -> None:
    outcome = await IvrChannel(surfaces).send(parcel("uk", "Увага"))
    assert outcome == Rejected('a phone line cannot speak "uk": it can speak sv, en')
    assert await surfaces.showing(IVR.name, NUMBER) == []


def settings(monkeypatch: pytest.MonkeyPatch, **changes: object) -> TwilioVoiceSettings:
    monkeypatch.setenv("VOICE_TOKEN", "not-to-be-seen")
    written = {
        "provider": "twilio-voice",
        "line": NUMBER,
        "switchboard": SWITCHBOARD,
        "auth_token": {"env": "VOICE_TOKEN"},
    }
    return TwilioVoiceSettings.model_validate({**written, **changes})


def test_settings_are_complete_with_line_switchboard_and_token(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = settings(monkeypatch)
    assert complete.voices == {}
    assert "not-to-be-seen" not in repr(complete)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"line": "0485-880 00"}, "line"),
        ({"switchboard": "+0"}, "switchboard"),
        ({"line": SWITCHBOARD}, "a call would never arrive"),
        ({"voices": {"uk": "Polly.Elin-Neural"}}, 'a line cannot speak "uk": it can speak sv, en'),
        ({"voices": {"sv": " "}}, 'the voice for "sv" is empty'),
        ({"queue": "kris"}, "nobody answers the queue"),
        ({"agents": [SWITCHBOARD]}, "there is no queue whose calls"),
        ({"queue": "Å", "agents": [SWITCHBOARD]}, "queue"),
        ({"queue": "kris", "agents": ["växeln"]}, "agents"),
        ({"auth_token": "written down"}, "a secret never stands here itself"),
    ],
)
def test_settings_that_would_leave_callers_alone_are_refused(
    changes: dict[str, object], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match=told) as refused:
        settings(monkeypatch, **changes)
    assert "written down" not in str(refused.value)
