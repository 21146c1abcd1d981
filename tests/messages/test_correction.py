"""A correction says so first, whatever it is written on and in whatever language; an exercise says that before."""

from zoneinfo import ZoneInfo

import pytest

from messages.document import parse
from messages.languages import KNOWN, language
from messages.model import Form, Limits, Markup, Municipality, Rendition
from messages.rendering import render
from messages.segments import normalise, segment

FORMS = {
    "facebook": Form(Markup.PLAIN, Limits()),
    "sms": Form(Markup.SMS, Limits()),
    "feed": Form(Markup.HTML, Limits()),
    "ivr": Form(Markup.SPEECH, Limits()),
}
BORGHOLM = Municipality("borgholm", ("sv", "en"), tuple(FORMS), {"name": "Borgholms kommun"})
BODY = "# Allt är nere\n\nRing växeln.\n\n## @sms\nAllt är nere.\n\n## @en\n# All is down\n\nCall us.\n"


def rendered(kind: str, more: str = "") -> dict[tuple[str, str], Rendition]:
    head = f'incident = "I"\nkind = "{kind}"\nseverity = "severe"\nmunicipalities = ["borgholm"]\n{more}'
    message = parse(f"+++\n{head}+++\n{BODY}", channels=FORMS, languages=KNOWN)
    return {(r.channel, r.language): r for r in render(message, [BORGHOLM], FORMS, ZoneInfo("Europe/Stockholm"))}


REPLACES = "Rättelse. Det här ersätter det vi sa tidigare."


@pytest.mark.parametrize(
    ("channel", "code", "text"),
    [
        ("facebook", "sv", "RÄTTELSE: Allt är nere\n\nRing växeln."),
        ("facebook", "en", "CORRECTION: All is down\n\nCall us."),
        ("sms", "sv", "RÄTTELSE: Allt är nere."),
        ("feed", "sv", f"<p><strong>{REPLACES}</strong></p>\n<p>Ring växeln.</p>"),
        ("ivr", "sv", f"{REPLACES}\nAllt är nere.\nRing växeln."),
        ("ivr", "en", "Correction. This replaces what we said before.\nAll is down.\nCall us."),
    ],
)
def test_every_text_of_a_correction_begins_by_saying_so(channel: str, code: str, text: str) -> None:
    found = rendered("correction")[channel, code]
    assert found.text == text
    assert found.title == {"sv": "RÄTTELSE: Allt är nere", "en": "CORRECTION: All is down"}[code]


@pytest.mark.parametrize(
    ("channel", "beginning"),
    [
        ("facebook", "ÖVNING: RÄTTELSE: Allt är nere\n"),
        ("sms", "ÖVNING: RÄTTELSE: Allt är nere."),
        ("feed", f"<p><strong>Det här är en övning.</strong></p>\n<p><strong>{REPLACES}</strong></p>\n<p>Ring"),
        ("ivr", f"Det här är en övning.\n{REPLACES}\nAllt"),
    ],
)
def test_that_it_is_an_exercise_goes_before_all_else(channel: str, beginning: str) -> None:
    text = rendered("correction", "exercise = true\n")[channel, "sv"]
    assert text.text.startswith(beginning)
    assert text.title == "ÖVNING: RÄTTELSE: Allt är nere"


@pytest.mark.parametrize("kind", ["alert", "update", "all-clear"])
def test_no_other_kind_has_a_mark(kind: str) -> None:
    texts = rendered(kind)
    assert texts["facebook", "sv"].text == "Allt är nere\n\nRing växeln."
    assert texts["ivr", "sv"].text == "Allt är nere.\nRing växeln."


@pytest.mark.parametrize("code", KNOWN)
def test_the_mark_of_every_language_makes_no_sms_dearer(code: str) -> None:
    mark = language(code).correction.mark
    assert mark == normalise(mark)
    assert segment(mark).encoding.value == "GSM-7"
