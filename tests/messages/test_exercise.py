"""An exercise says so first, whatever it is written on and in whatever language."""

from zoneinfo import ZoneInfo

import pytest

from messages.document import is_exercise, parse, serialise
from messages.languages import KNOWN, language
from messages.model import Form, Limits, Markup, Municipality, Rendition
from messages.problems import InputError
from messages.rendering import render

FORMS = {
    "facebook": Form(Markup.PLAIN, Limits()),
    "sms": Form(Markup.SMS, Limits(characters=60)),
    "feed": Form(Markup.HTML, Limits()),
    "ivr": Form(Markup.SPEECH, Limits()),
}
BORGHOLM = Municipality("borgholm", ("sv", "en"), tuple(FORMS), {"name": "Borgholms kommun"})

ZONE = ZoneInfo("Europe/Stockholm")

BODY = """# Allt är nere

Ring växeln.

## @sms
Allt är nere.

## @en
# All is down

Call us.
"""


def source(exercise: str, body: str = BODY) -> str:
    head = f'incident = "Övning Öland"\nkind = "alert"\nseverity = "severe"\nmunicipalities = ["borgholm"]\n{exercise}'
    return f"+++\n{head}+++\n{body}"


def rendered(exercise: str, body: str = BODY) -> dict[tuple[str, str], Rendition]:
    message = parse(source(exercise, body), channels=FORMS, languages=("sv", "en"))
    return {(r.channel, r.language): r for r in render(message, [BORGHOLM], FORMS, ZONE)}


@pytest.mark.parametrize(
    ("channel", "code", "beginning"),
    [
        ("facebook", "sv", "ÖVNING: Allt är nere\n"),
        ("facebook", "en", "EXERCISE: All is down\n"),
        ("sms", "sv", "ÖVNING: Allt är nere."),
        ("sms", "en", "EXERCISE: All is down\n"),
        ("feed", "sv", "<p><strong>Det här är en övning.</strong></p>\n<p>Ring"),
        ("feed", "en", "<p><strong>This is an exercise.</strong></p>\n<p>Call"),
        ("ivr", "sv", "Det här är en övning.\nAllt är nere."),
        ("ivr", "en", "This is an exercise.\nAll is down."),
    ],
)
def test_every_text_of_an_exercise_begins_by_saying_so(channel: str, code: str, beginning: str) -> None:
    text = rendered("exercise = true\n")[channel, code]
    assert text.text.startswith(beginning)
    assert text.title == {"sv": "ÖVNING: Allt är nere", "en": "EXERCISE: All is down"}[code]


@pytest.mark.parametrize("written", ["", "exercise = false\n"])
def test_what_is_no_exercise_does_not_speak_of_one(written: str) -> None:
    for text in rendered(written).values():
        for word in ("övning", "exercise"):
            assert word not in (text.title + text.text).casefold()


def test_the_mark_counts_when_a_text_is_measured() -> None:
    long = BODY.replace("Allt är nere.\n", f"{'x' * 55}\n")
    assert rendered("", long)
    with pytest.raises(InputError, match="too many"):
        rendered("exercise = true\n", long)


def test_a_text_of_nothing_is_not_saved_by_the_mark() -> None:
    with pytest.raises(InputError, match="is empty"):
        rendered("exercise = true\n", BODY.replace("Allt är nere.\n", "<!-- -->\n***\n"))


@pytest.mark.parametrize("wrong", ['"true"', "1", '"ja"'])
def test_only_true_and_false_say_whether_it_is_one(wrong: str) -> None:
    with pytest.raises(InputError, match="must be true or false"):
        rendered(f"exercise = {wrong}\n")


@pytest.mark.parametrize(
    ("written", "known"), [("exercise = true\n", True), ("exercise = false\n", False), ("", False)]
)
def test_a_stored_message_tells_whether_it_is_an_exercise(written: str, known: bool) -> None:
    message = parse(source(written), channels=FORMS, languages=("sv", "en"))
    assert message.exercise is known
    assert is_exercise(serialise(message)) is known


def test_the_word_in_a_text_makes_no_exercise() -> None:
    assert not is_exercise(source("", BODY.replace("Ring växeln.", "exercise = true")))


@pytest.mark.parametrize("code", KNOWN)
def test_every_language_has_words_for_it(code: str) -> None:
    assert language(code).exercise.mark
    assert language(code).exercise.sentence
