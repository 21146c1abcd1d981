"""Situation reports: composed of the board and the last message, the same every time, short where that is needed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.checking import check
from messages.composing import Followed, no_change
from messages.document import parse
from messages.languages import KNOWN, language
from messages.model import Form, Kind, Limits, Markup, Message, Municipality, Rendition, ServiceStatus, Severity
from messages.rendering import render
from messages.reporting import Line, Situation, situation_report

ZONE = ZoneInfo("Europe/Stockholm")
AT = datetime(2022, 12, 13, 15, tzinfo=UTC)
"""16.00 in Sweden, on a Tuesday."""

HOUR = timedelta(hours=1)
FORMS = {
    "facebook": Form(Markup.PLAIN, Limits()),
    "sms": Form(Markup.SMS, Limits(segments=4)),
    "feed": Form(Markup.HTML, Limits()),
    "ivr": Form(Markup.SPEECH, Limits(words=150)),
    "page": Form(Markup.HTML, Limits(), promises=True),
}
PAGE = "https://kris.example.se/borgholm/"
BORGHOLM = Municipality(
    "borgholm",
    ("sv", "en"),
    tuple(FORMS),
    {"name": "Borgholms kommun", "phone": "0485-880 00", "web": "https://www.borgholm.se", "page": PAGE},
    {"en": {"name": "Borgholm Municipality"}},
)
SOURCE = """+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
next_update = 2022-12-13T18:00:00+01:00
+++
# Våra system är *avstängda*

Vi undersöker ett intrång.

## @sms
Våra system är avstängda.

## @en
# Our systems are shut down

We look into it.
"""
BOARD = (
    Line("E-tjänster", ServiceStatus.DOWN, "Ring växeln", AT - 8 * HOUR),
    Line("Telefoni", ServiceStatus.LIMITED, "", AT - HOUR),
    Line("Trygghetslarm", ServiceStatus.WORKING, "", AT - 2 * HOUR),
)


def read(source: str) -> Message:
    return parse(source, channels=FORMS, languages=KNOWN, file="report.md")


def situation(lines: tuple[Line, ...] = BOARD, last: Message | None = None, at: datetime = AT) -> Situation:
    return Situation(last or read(SOURCE), "3f9a0c1d2e", lines, ("borgholm",), at.astimezone(ZONE))


def written(what: Situation, channels: tuple[str, ...] = tuple(FORMS)) -> str:
    return situation_report(what, "sv", channels, ZONE)


def rendered(what: Situation) -> dict[tuple[str, str], Rendition]:
    message = read(written(what))
    check(message, {"borgholm": BORGHOLM}, AT)
    return {(one.channel, one.language): one for one in render(message, [BORGHOLM], FORMS, ZONE)}


def test_a_report_says_what_works_what_does_not_and_since_when() -> None:
    texts = rendered(situation())
    post = texts["facebook", "sv"].text
    assert texts["facebook", "sv"].title == "Läget kl. 16: Våra system är avstängda"
    assert "Så fungerar tjänsterna i Borgholms kommun tisdag 13 december kl. 16.00\n" in post
    assert (
        post.index("Fungerar inte") < post.index("E-tjänster") < post.index("Fungerar delvis") < post.index("Telefoni")
    )
    assert post.index("Telefoni") < post.index("Trygghetslarm")
    assert "E-tjänster, sedan tisdag 13 december kl. 08.00. Ring växeln." in post
    assert "0485-880 00" in post
    assert texts["feed", "en"].title == "The situation at 16:00: Our systems are shut down"
    assert "Not working" in texts["facebook", "en"].text


def test_a_text_message_and_a_phone_line_get_it_short() -> None:
    texts = rendered(situation())
    assert texts["sms", "sv"].text.startswith(
        "Läget kl. 16: E-tjänster fungerar inte. Telefoni fungerar delvis. Läs mer på"
    )
    assert texts["ivr", "sv"].text.startswith(
        "Våra system är avstängda.\nVi undersöker ett intrång.\nLäget klockan 16: E-tjänster fungerar inte."
    )
    assert "example.se" not in texts["ivr", "sv"].text


def test_a_report_leads_to_the_page_and_to_the_phone_where_there_is_nothing_to_read() -> None:
    there, nowhere = (rendered(replace(situation(), readable=can))["sms", "sv"].text for can in (True, False))
    assert there.split("Läs mer på ", 1)[1].startswith("kris.example.se/borgholm.")
    assert "example.se" not in nowhere
    assert "Ring Borgholms kommun, 0485-880 00." in nowhere


def test_the_report_follows_the_last_message_and_is_as_severe_as_that() -> None:
    report = read(written(situation()))
    assert (report.kind, report.severity, report.follows) == (Kind.UPDATE, Severity.SEVERE, "3f9a0c1d2e")
    assert (report.incident, report.municipalities, report.notify) == ("Dataintrång", ("borgholm",), False)
    assert report.next_update == datetime(2022, 12, 13, 17, tzinfo=UTC)
    assert report.expires == report.next_update + 24 * HOUR
    assert not report.exercise
    late = situation(at=AT + 3 * HOUR)
    assert read(written(late)).next_update is None
    assert read(written(late)).expires == AT + 27 * HOUR
    promised = replace(situation(), next_update=AT + 30 * HOUR)
    assert read(written(promised)).next_update == AT + 30 * HOUR
    assert read(written(promised)).expires == AT + 54 * HOUR
    assert read(written(situation(last=read(SOURCE.replace("\n+++\n#", "\nexercise = true\n+++\n#"))))).exercise


def test_the_same_board_message_and_time_make_the_same_report() -> None:
    assert written(situation()) == written(situation())
    assert written(situation()) != written(situation(at=AT + HOUR))


def test_a_report_on_a_report_or_on_no_change_is_still_about_what_happened() -> None:
    first = read(written(situation()))
    assert "# Läget kl. 18.30: Våra system är *avstängda*\n" in written(situation(last=first, at=AT + 2.5 * HOUR))
    unchanged = read(no_change(Followed(first, "3f9a0c1d2e", first), "sv", (AT + 5 * HOUR).astimezone(ZONE), ["feed"]))
    assert unchanged.parts[0].text.startswith("# Inget nytt: Våra system är *avstängda*\n")
    assert written(situation(last=unchanged)).count("Läget kl. 16: Våra system är *avstängda*") == 1


HOLDS = """# Koka vattnet

Vattnet i Köpingsvik kan göra dig sjuk.

## Gör så här

- Koka vattnet i en minut.
- Ring {{ municipality.phone }} om du undrar. {{ message.next_update }} vet vi mer.

## @facebook
Koka vattnet. Dela gärna.

## @ivr
Koka vattnet i en minut innan du dricker det.

## @en
# Boil the water

Boil it for a minute.
"""


def channel_texts(source: str) -> dict[tuple[str, str], str]:
    return {(one.channel, one.language): one.text for one in render(read(source), [BORGHOLM], FORMS, ZONE)}


def test_what_holds_stands_first_on_every_channel_until_it_is_replaced_and_services_stand_once() -> None:
    head = SOURCE.partition("+++\n#")[0] + "+++\n"
    first = situation(last=read(head + HOLDS))
    source = written(first)
    texts = channel_texts(source)
    page, feed, post, line = (texts[channel, "sv"] for channel in ("page", "feed", "facebook", "ivr"))

    assert "Koka vattnet i en minut." in page
    assert "E-tjänster" not in page
    assert feed.index("Koka vattnet i en minut.") < feed.index("E-tjänster")
    assert post.index("Dela gärna.") < post.index("E-tjänster")
    assert line.splitlines()[:2] == [
        "Koka vattnet i en minut innan du dricker det.",
        "Läget klockan 16: E-tjänster fungerar inte. Telefoni fungerar delvis.",
    ]
    assert "Boil it for a minute." in texts["page", "en"]

    # Reported again, or unchanged, it says the same once; and without a promise it names none.
    second = channel_texts(written(situation(BOARD[:1], read(source), AT + HOUR)))
    assert second["facebook", "sv"].count("Koka vattnet. Dela gärna.") == 1
    assert second["facebook", "sv"].count("E-tjänster") == 1
    assert "Telefoni" not in second["ivr", "sv"]
    late = situation_report(
        situation(last=read(source.replace("## @page", "## @feed")), at=AT + 9 * HOUR), "sv", (), ZONE
    )
    assert "vet vi mer" not in late
    assert "Koka vattnet i en minut." in late


def test_a_long_announcement_is_left_as_it_is() -> None:
    long = SOURCE.replace("Vi undersöker ett intrång.", "Vi undersöker ett intrång. " * 30)
    line = rendered(situation(last=read(long)))["ivr", "sv"].text
    assert "Läget klockan 16" not in line
    assert line.count("Vi undersöker ett intrång.") == 30


def test_what_has_no_room_in_a_short_text_is_counted() -> None:
    many = tuple(Line(f"Tjänst nummer {number}", ServiceStatus.DOWN, "", AT) for number in range(1, 31))
    texts = rendered(situation(many))
    assert "Tjänst nummer 1, Tjänst nummer 2" in texts["sms", "sv"].text
    assert "och 25 till fungerar inte." in texts["sms", "sv"].text
    assert all(f"Tjänst nummer {number}," in texts["facebook", "sv"].text for number in range(1, 31))


def test_where_all_works_the_report_says_so() -> None:
    texts = rendered(situation((BOARD[2],)))
    assert texts["sms", "sv"].text.startswith("Läget kl. 16: Alla tjänster på listan fungerar.")


def test_no_part_is_written_for_a_channel_that_nobody_has() -> None:
    assert "@sms" not in written(situation(), ("feed",))


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60))
def test_whatever_a_service_is_called_it_is_shown_as_it_is(name: str) -> None:
    texts = rendered(situation((Line(name, ServiceStatus.DOWN, "", AT),)))
    assert f"- {name}, sedan" in texts["facebook", "sv"].text


@pytest.mark.parametrize("lines", [(), BOARD])
def test_there_is_nothing_to_report_of_an_empty_board_or_after_the_end(lines: tuple[Line, ...]) -> None:
    over = read(SOURCE.replace('kind = "alert"', 'kind = "all-clear"'))
    with pytest.raises(ValueError, match="nothing to report"):
        written(situation(lines, over))


@pytest.mark.parametrize("code", KNOWN)
def test_every_language_has_the_words_and_knows_its_own_headlines(code: str) -> None:
    words = language(code).report
    for time in (words.hour.format(hour=7), words.time.format(hour=16, minute=5)):
        assert words.subject(words.headline.format(time=time, subject="Vatten: koka det")) == "Vatten: koka det"
    assert words.subject("Vatten: koka det") == "Vatten: koka det"
    assert "{time}" in words.section
