"""Every text says when the next update comes: in its language, in the words of its channel, once, in local time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from messages.document import parse
from messages.languages import KNOWN
from messages.model import Form, Limits, Markup, Municipality, Rendition
from messages.moments import in_markup, promise, told
from messages.problems import InputError, Problem
from messages.rendering import measure, render
from messages.segments import segment
from messages.speech import to_speech

ZONE = ZoneInfo("Europe/Stockholm")
FORMS = {
    "facebook": Form(Markup.PLAIN, Limits()),
    "sms": Form(Markup.SMS, Limits(segments=4)),
    "feed": Form(Markup.HTML, Limits()),
    "page": Form(Markup.HTML, Limits(), promises=True),
    "ivr": Form(Markup.SPEECH, Limits(words=150)),
}
BORGHOLM = Municipality("borgholm", ("sv", "en"), tuple(FORMS), {"name": "Borgholms kommun"})
BODY = """# Allt är nere

Ring växeln.

## @sms
Allt är nere.

## @en
# All is down

Call us.
"""
PROMISE = "next_update = 2022-12-13T12:00:00+01:00\n"


def rendered(
    body: str = BODY, head: str = PROMISE, forms: Mapping[str, Form] = FORMS, zone: ZoneInfo = ZONE
) -> dict[tuple[str, str], Rendition]:
    keys = f'incident = "I"\nkind = "alert"\nseverity = "severe"\nmunicipalities = ["borgholm"]\n{head}'
    message = parse(f"+++\n{keys}+++\n{body}", channels=FORMS, languages=KNOWN, file="m.md")
    return {(r.channel, r.language): r for r in render(message, [BORGHOLM], forms, zone)}


def problems(body: str, head: str = PROMISE, forms: Mapping[str, Form] = FORMS) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        rendered(body, head, forms)
    return caught.value.problems


@pytest.mark.parametrize(
    ("channel", "code", "text"),
    [
        ("facebook", "sv", "Allt är nere\n\nRing växeln.\n\nNästa uppdatering kommer tisdag 13 december kl. 12.00."),
        ("facebook", "en", "All is down\n\nCall us.\n\nThe next update comes on Tuesday 13 December at 12:00."),
        ("sms", "sv", "Allt är nere.\nNy info tis 13/12 kl. 12.00."),
        ("sms", "en", "All is down\n\nCall us.\nNext update Tue 13 Dec 12:00."),
        ("feed", "sv", "<p>Ring växeln.</p>\n<p>Nästa uppdatering kommer tisdag 13 december kl. 12.00.</p>"),
        ("feed", "en", "<p>Call us.</p>\n<p>The next update comes on Tuesday 13 December at 12:00.</p>"),
        ("ivr", "sv", "Allt är nere.\nRing växeln.\nNästa besked kommer tisdag den trettonde december klockan 12."),
        ("ivr", "en", "All is down.\nCall us.\nThe next update comes on Tuesday the thirteenth of December at 12 PM."),
    ],
)
def test_a_text_ends_by_saying_when_the_next_update_comes(channel: str, code: str, text: str) -> None:
    assert rendered()[channel, code].text == text


def test_a_channel_that_shows_it_itself_does_not_say_it_twice() -> None:
    assert rendered()["page", "sv"].text == "<p>Ring växeln.</p>"


def test_without_a_promise_nothing_is_promised() -> None:
    assert rendered(head="")["facebook", "sv"].text == "Allt är nere\n\nRing växeln."


@pytest.mark.parametrize(
    ("written", "zone", "said"),
    [
        ("2022-12-13T11:30:00Z", "Europe/Stockholm", "tisdag 13 december kl. 12.30"),
        ("2023-07-02T22:30:00Z", "Europe/Stockholm", "måndag 3 juli kl. 00.30"),
        ("2022-12-13T12:00:00+01:00", "Europe/Helsinki", "tisdag 13 december kl. 13.00"),
    ],
)
def test_it_is_said_in_local_time_whatever_offset_it_was_written_with(written: str, zone: str, said: str) -> None:
    texts = rendered(head=f"next_update = {written}\n", zone=ZoneInfo(zone))
    assert texts["facebook", "sv"].text.endswith(f"Nästa uppdatering kommer {said}.")


PLACED = """# Allt är nere

Vi hör av oss {{ message.next_update }}, *alltid*.

## @sms
Nere till {{message.next_update}}.

## @ivr
Mer kommer {{ message.next_update }}, tack.

## @en
# All is down

Call us.
"""


@pytest.mark.parametrize(
    ("channel", "text"),
    [
        ("facebook", "Allt är nere\n\nVi hör av oss tisdag 13 december kl. 12.00, alltid."),
        ("sms", "Nere till tis 13/12 kl. 12.00."),
        ("feed", "<p>Vi hör av oss tisdag 13 december kl. 12.00, <em>alltid</em>.</p>"),
        ("page", "<p>Vi hör av oss tisdag 13 december kl. 12.00, <em>alltid</em>.</p>"),
        ("ivr", "Mer kommer tisdag den trettonde december klockan 12, tack."),
    ],
)
def test_where_the_author_says_it_it_is_said_there_and_not_again(channel: str, text: str) -> None:
    assert rendered(PLACED)[channel, "sv"].text == text


def test_a_part_that_does_not_say_it_ends_with_it_though_another_says_it() -> None:
    assert rendered(PLACED)["facebook", "en"].text.endswith("The next update comes on Tuesday 13 December at 12:00.")


def test_it_may_stand_in_a_headline() -> None:
    texts = rendered("# Nytt besked {{ message.next_update }}\n\nVänta.\n")
    assert texts["feed", "sv"].title == "Nytt besked tisdag 13 december kl. 12.00"
    assert texts["facebook", "sv"].text == "Nytt besked tisdag 13 december kl. 12.00\n\nVänta."


def test_a_time_that_is_not_in_the_front_matter_is_one_problem_with_its_line() -> None:
    (problem,) = problems("# Rubrik\n\nVi hör av oss\n{{ message.next_update }}.\n", head="")
    assert str(problem) == (
        "m.md:10: The message does not say when its next update comes. "
        "Write next_update in the front matter, or take the variable out."
    )


def test_nothing_else_is_known_of_a_message() -> None:
    (problem,) = problems("# Rubrik\n\nText {{ message.severity }}\n")
    assert str(problem) == (
        "m.md:10: Unknown variable message.severity. Of a message, only message.next_update is known."
    )


def test_the_promise_counts_when_a_text_is_measured_and_the_advice_says_so() -> None:
    tight = FORMS | {"sms": Form(Markup.SMS, Limits(characters=41))}
    body = "# Rubrik\n\nText\n\n## @sms\n"
    assert len(rendered(f"{body}{'x' * 12}", forms=tight)["sms", "sv"].text) == 41
    (problem,) = problems(f"{body}{'x' * 20}", forms=tight)
    assert problem.text == "borgholm: The sms text in sv has 49 characters, 8 too many."
    assert problem.advice == "Shorten it. ('Ny info tis 13/12 kl. 12.00.' at its end is counted)"


def test_a_text_of_nothing_is_not_saved_by_the_promise() -> None:
    (problem,) = problems(BODY.replace("Allt är nere.\n", "<!-- -->\n"))
    assert problem.text == "borgholm: The sms text in sv is empty."


@pytest.mark.parametrize("code", KNOWN)
def test_every_language_says_every_moment_of_a_year_and_short_in_an_sms(code: str) -> None:
    first = datetime(2024, 1, 1, 0, 5, tzinfo=UTC)
    for moment in (first + timedelta(hours=11 * count) for count in range(800)):
        said = promise(moment, Markup.SMS, code, ZONE)
        assert len(said) <= 32
        assert segment(said).encoding.value == "GSM-7"
        local = moment.astimezone(ZONE)
        for markup in Markup:
            assert str(local.day) in in_markup(moment, markup, code, ZONE) or markup is Markup.SPEECH
            assert promise(moment, markup, code, ZONE).endswith(".")
        assert not {"{", "}", "/"} & set(to_speech(promise(moment, Markup.SPEECH, code, ZONE), code))


def test_a_moment_is_told_in_any_form() -> None:
    moment = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    form = "{weekday} {weekday:.3} {day} {ordinal} {month} {month_number} {year} {hour}:{minute}"
    assert told(moment, form, "sv", ZONE) == "söndag sön 31 trettioförsta oktober 10 2027 2:30"


def test_the_measures_of_a_text_are_those_of_all_of_it() -> None:
    texts = rendered(BODY.replace("Allt är nere.\n", "x" * 140 + "\n"))
    assert measure(texts["sms", "sv"], FORMS["sms"]).segments == 2
