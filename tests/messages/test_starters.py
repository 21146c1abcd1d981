import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from messages.document import parse
from messages.model import Form, Kind, Limits, Markup, Municipality, Rendition
from messages.problems import InputError
from messages.rendering import measure, render
from messages.starters import names, starter

FORMS = {
    "facebook": Form(Markup.PLAIN, Limits(characters=63206)),
    "sms": Form(Markup.SMS, Limits(characters=1600, segments=4)),
    "feed": Form(Markup.HTML, Limits()),
    "ivr": Form(Markup.SPEECH, Limits(characters=4096, words=150)),
}
PAGE = "https://kris.example.se/morbylanga/"
MORBYLANGA = Municipality(
    id="morbylanga",
    languages=("sv", "en"),
    channels=tuple(FORMS),
    variables={"name": "Mörbylånga kommun", "phone": "0485-470 00", "web": "www.morbylanga.se", "page": PAGE},
)
ZONE = ZoneInfo("Europe/Stockholm")
NOW = datetime(2022, 12, 12, 20, 20, tzinfo=ZONE)


def source(name: str) -> str:
    return starter(name, municipalities=["morbylanga"], now=NOW)


def filled(name: str) -> tuple[Rendition, ...]:
    """The starter as somebody might finish it: a few words for each placeholder."""
    message = parse(
        re.sub(r"\[\[.*?\]\]", "Degerhamn och Grönhögen", source(name)),
        channels=FORMS,
        languages=("sv", "en"),
        file="m.md",
    )
    return render(message, [MORBYLANGA], FORMS, ZONE)


def test_there_is_a_starter_for_each_common_event() -> None:
    assert names() == ("all-clear", "fire", "it-incident", "power", "school", "water")


@pytest.mark.parametrize("name", names())
def test_a_finished_starter_reaches_every_channel_in_both_languages(name: str) -> None:
    assert [(text.channel, text.language) for text in filled(name)] == [
        (channel, language) for channel in FORMS for language in ("sv", "en")
    ]


@pytest.mark.parametrize("name", names())
def test_its_sms_is_two_segments_and_its_announcement_half_a_minute_at_most(name: str) -> None:
    for text in filled(name):
        measures = measure(text, FORMS[text.channel])
        assert measures.segments is None or (measures.segments <= 2 and measures.encoding == "GSM-7"), text
        assert measures.words is None or measures.words <= 50, text
        assert measures.seconds is None or measures.seconds <= 30, text


@pytest.mark.parametrize("name", names())
def test_an_unfinished_starter_can_not_be_rendered(name: str) -> None:
    message = parse(source(name), channels=FORMS, languages=("sv", "en"), file="m.md")
    with pytest.raises(InputError) as caught:
        render(message, [MORBYLANGA], FORMS, ZONE)
    lines = [number for number, line in enumerate(source(name).splitlines(), 1) for _ in re.findall(r"\[\[ ", line)]
    assert [problem.place.line for problem in caught.value.problems] == lines


@pytest.mark.parametrize("name", names())
def test_every_whole_text_says_where_to_turn(name: str) -> None:
    whole = [text.text for text in filled(name) if text.channel in {"facebook", "feed"}]
    assert len(whole) == 4
    for text in whole:
        assert "0485-470 00" in text
        assert PAGE in text
        assert "www.morbylanga.se" not in text


@pytest.mark.parametrize("name", [name for name in names() if name != "all-clear"])
def test_the_next_update_is_promised_once_in_every_text_as_in_the_front_matter(name: str) -> None:
    message = parse(source(name), channels=FORMS, languages=("sv", "en"))
    assert message.next_update == datetime(2022, 12, 13, 1, tzinfo=ZONE)
    assert message.expires == datetime(2022, 12, 13, 21, tzinfo=ZONE)
    assert "next_update = 2022-12-13T01:00:00+01:00" in message.front_matter
    for text in filled(name):
        promises = re.findall(r"Nästa (?:besked|uppdatering)|Ny info\b|[Nn]ext update", text.text)
        assert len(promises) == 1, text
        assert re.search(r"(?:0?1[.:]00|klockan 1|1 AM)\.(?:</p>)?$", text.text), text


def test_the_all_clear_promises_nothing_more() -> None:
    message = parse(source("all-clear"), channels=FORMS, languages=("sv", "en"))
    assert message.kind is Kind.ALL_CLEAR
    assert message.next_update is None


def test_a_full_hour_stays_itself() -> None:
    text = starter("fire", municipalities=["a"], now=NOW.replace(minute=0))
    assert "next_update = 2022-12-13T00:00:00+01:00" in text


def test_municipalities_are_filled_in() -> None:
    text = starter("fire", municipalities=["borgholm", "morbylanga"], now=NOW)
    assert parse(text, channels=FORMS, languages=("sv", "en")).municipalities == ("borgholm", "morbylanga")


def test_an_unknown_starter_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'flood'.*all-clear, fire"):
        starter("flood", municipalities=["a"], now=NOW)


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        starter("fire", municipalities=["a"], now=NOW.replace(tzinfo=None))
