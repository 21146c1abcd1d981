from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.document import parse
from messages.model import Form, Limits, Markup, Message, Municipality, Part, Rendition
from messages.problems import InputError, Problem
from messages.rendering import Measures, measure, remarks, render
from messages.segments import segment
from messages.speech import count_words

FORMS = {
    "facebook": Form(Markup.PLAIN, Limits(characters=63206)),
    "sms": Form(Markup.SMS, Limits(characters=1600, segments=4)),
    "feed": Form(Markup.HTML, Limits()),
    "ivr": Form(Markup.SPEECH, Limits(characters=4096, words=150)),
}
BORGHOLM = Municipality(
    id="borgholm",
    languages=("sv", "en"),
    channels=("facebook", "sms", "feed", "ivr"),
    variables={"name": "Borgholms kommun", "phone": "0485-880 00", "web": "www.borgholm.se"},
    translations={"en": {"name": "Borgholm Municipality"}},
)
MORBYLANGA = Municipality(
    id="morbylanga",
    languages=("sv", "en"),
    channels=("facebook", "sms", "feed", "ivr"),
    variables={"name": "Mörbylånga kommun", "phone": "0485-470 00"},
)
BOTH = (BORGHOLM, MORBYLANGA)
ZONE = ZoneInfo("Europe/Stockholm")


def message(body: str, municipalities: str = '["borgholm", "morbylanga"]', incident: str = "Dataintrång") -> Message:
    """A message whose body begins on line 7 of its file."""
    head = (
        f'+++\nincident = "{incident}"\nkind = "alert"\nseverity = "severe"\nmunicipalities = {municipalities}\n+++\n'
    )
    return parse(head + body, channels=FORMS.keys(), languages=("sv", "en"), file="m.md")


def rendered(
    body: str, *senders: Municipality, forms: Mapping[str, Form] = FORMS
) -> dict[tuple[str, str, str], Rendition]:
    senders = senders or BOTH
    written = message(body, str([sender.id for sender in senders]).replace("'", '"'))
    return {(r.municipality, r.channel, r.language): r for r in render(written, senders, forms, ZONE)}


def problems(
    body: str, *senders: Municipality, forms: Mapping[str, Form] = FORMS, incident: str = "Dataintrång"
) -> tuple[Problem, ...]:
    senders = senders or BOTH
    written = message(body, str([sender.id for sender in senders]).replace("'", '"'), incident)
    with pytest.raises(InputError) as caught:
        render(written, senders, forms, ZONE)
    return caught.value.problems


BODY = """# Störningar i {{ municipality.name }}

Växeln **{{ municipality.phone }}** svarar
kl. 8–16. Det är “svårt”.
"""


def test_a_body_becomes_every_channel_of_every_municipality_in_its_own_words() -> None:
    texts = rendered(BODY)
    assert list(texts) == [
        (municipality, channel, "sv")
        for municipality in ("borgholm", "morbylanga")
        for channel in ("facebook", "sms", "feed", "ivr")
    ]
    assert texts["borgholm", "facebook", "sv"].text == (
        "Störningar i Borgholms kommun\n\nVäxeln 0485-880 00 svarar kl. 8–16. Det är “svårt”."
    )
    assert texts["morbylanga", "sms", "sv"].text == (
        'Störningar i Mörbylånga kommun\n\nVäxeln 0485-470 00 svarar kl. 8-16. Det är "svårt".'
    )
    assert texts["borgholm", "feed", "sv"].text == (
        "<p>Växeln <strong>0485-880 00</strong> svarar\nkl. 8–16. Det är “svårt”.</p>"
    )
    assert texts["borgholm", "ivr", "sv"].text == (
        "Störningar i Borgholms kommun.\n"
        "Växeln noll fyra åtta fem, åtta åtta noll, noll noll svarar klockan 8 till 16. Det är svårt."
    )
    assert {text.title for text in texts.values()} == {
        "Störningar i Borgholms kommun",
        "Störningar i Mörbylånga kommun",
    }


def test_a_part_for_a_channel_is_all_that_channel_gets() -> None:
    texts = rendered(f"{BODY}\n## @sms\n\nKort: {{{{ municipality.phone }}}}\n", BORGHOLM)
    assert texts["borgholm", "sms", "sv"].text == "Kort: 0485-880 00"
    assert texts["borgholm", "sms", "sv"].title == "Störningar i Borgholms kommun"
    assert "Kort" not in texts["borgholm", "facebook", "sv"].text


def test_a_language_with_a_body_reaches_every_channel() -> None:
    texts = rendered(
        f"{BODY}\n## @en\n# Trouble in {{{{ municipality.name }}}}\n\nCall.\n## @en sms\nShort.\n", BORGHOLM
    )
    assert texts["borgholm", "facebook", "en"].text == "Trouble in Borgholm Municipality\n\nCall."
    assert texts["borgholm", "sms", "en"].text == "Short."
    assert texts["borgholm", "feed", "en"].title == "Trouble in Borgholm Municipality"
    assert list(texts)[:2] == [("borgholm", "facebook", "sv"), ("borgholm", "facebook", "en")]


def test_a_language_with_only_a_channel_part_reaches_only_that_channel_under_the_bodys_headline() -> None:
    texts = rendered(f"{BODY}\n## @en sms\nShort for {{{{ municipality.name }}}}.\n", BORGHOLM)
    assert [key for key in texts if key[2] == "en"] == [("borgholm", "sms", "en")]
    assert texts["borgholm", "sms", "en"].text == "Short for Borgholm Municipality."


def test_a_language_that_a_municipality_does_not_have_is_left_out_there() -> None:
    texts = rendered(f"{BODY}\n## @en\n# A\n\nB\n", BORGHOLM, replace(MORBYLANGA, languages=("sv",)))
    assert {key[0] for key in texts if key[2] == "en"} == {"borgholm"}


def test_the_body_is_in_each_municipalitys_first_language_and_its_explicit_part_goes_before_it() -> None:
    texts = rendered(
        "# Kropp\n\nText\n## @sms\nSMS\n## @en\n# Headline\n\nWords\n## @en sms\nTexting\n",
        replace(BORGHOLM, languages=("en", "sv")),
        MORBYLANGA,
    )
    assert texts["borgholm", "facebook", "en"].text == "Headline\n\nWords"
    assert texts["borgholm", "sms", "en"].text == "Texting"
    assert texts["morbylanga", "facebook", "sv"].text == "Kropp\n\nText"
    assert ("borgholm", "facebook", "sv") not in texts


def test_an_explicit_part_in_the_first_language_replaces_the_body_but_not_channel_parts() -> None:
    texts = rendered("# Kropp\n\nText\n## @sms\nSMS\n## @sv\n# Svensk\n\nSvensk text\n", BORGHOLM)
    assert texts["borgholm", "facebook", "sv"].text == "Svensk\n\nSvensk text"
    assert texts["borgholm", "sms", "sv"].text == "SMS"
    assert texts["borgholm", "sms", "sv"].title == "Svensk"


def test_a_message_for_some_channels_is_not_rendered_for_others() -> None:
    chosen = replace(message(f"{BODY}\n## @en\n# A\n\nB\n"), channels=("ivr", "feed"))
    assert {text.channel for text in render(chosen, BOTH, FORMS, ZONE)} == {"feed", "ivr"}


LONG = "# Rubrik\n\n" + "Lång text. " * 70


def test_what_does_not_fit_names_the_part_to_write_and_who_it_concerns() -> None:
    (problem,) = problems(LONG)
    assert str(problem) == (
        "m.md:7: body: borgholm, morbylanga: The sms text in sv has 6 SMS segments, 2 too many. "
        "Write a part for it: ## @sms"
    )


def test_a_part_that_does_not_fit_is_to_be_shortened() -> None:
    (problem,) = problems(f"# A\n\nB\n\n## @sms\n{'Lång text. ' * 70}", BORGHOLM)
    assert str(problem) == ("m.md:11: @sms: borgholm: The sms text in sv has 6 SMS segments, 2 too many. Shorten it.")


def test_the_part_to_write_in_another_language_is_named_with_it() -> None:
    (problem,) = problems(f"# A\n\nB\n\n## @en\n{LONG}", BORGHOLM)
    assert problem.place.line == 11
    assert problem.advice == "Write a part for it: ## @en sms"


def test_spoken_words_and_characters_have_limits_too() -> None:
    forms = FORMS | {"facebook": Form(Markup.PLAIN, Limits(characters=20))}
    found = problems("# Rubrik\n\nTretton tecken\n\n## @sms\nx\n\n## @ivr\n" + "ord " * 151, BORGHOLM, forms=forms)
    assert [problem.text for problem in found] == [
        "borgholm: The facebook text in sv has 22 characters, 2 too many.",
        "borgholm: The ivr text in sv has 151 words, 1 too many.",
    ]


def test_characters_that_make_an_sms_too_long_are_named() -> None:
    (problem,) = problems("# Rubrik\n\n" + "Det är 20° varmt. " * 17, BORGHOLM)
    assert problem.text.endswith("has 5 SMS segments, 1 too many.")
    assert problem.advice.endswith("(5 segments in UCS-2 because of '°' (U+00B0, degree sign) on line 9; without it 2)")


def test_every_problem_is_found_at_once_and_named_once() -> None:
    found = problems(
        "# {{ municipality.fax }}\n\n[[ vad har hänt ]] {{ municipality.web }} {{ fel }}\n\n## @en sms\n" + "x" * 700
    )
    assert [(problem.place.line, problem.text) for problem in found] == [
        (7, "borgholm, morbylanga: Unknown variable municipality.fax."),
        (9, "'{{ fel }}' is not a variable."),
        (9, "The placeholder [[ vad har hänt ]] is not filled in."),
        (9, "morbylanga: Unknown variable municipality.web."),
        (11, "borgholm, morbylanga: The sms text in en has 5 SMS segments, 1 too many."),
    ]


def test_a_variable_that_one_municipality_lacks_is_a_problem_of_that_one() -> None:
    (problem,) = problems("# Rubrik\n\nSe\n{{ municipality.web }}\n")
    assert problem.text == "morbylanga: Unknown variable municipality.web."
    assert problem.place.line == 10
    assert "municipality.name, municipality.phone" in problem.advice


@pytest.mark.parametrize("left", ["[[ vad har hänt ]]", "[[vad har hänt]]", "[[ vad har\nhänt", "vad ]]"])
def test_a_placeholder_or_half_of_one_is_not_sent(left: str) -> None:
    (problem,) = problems(f"# Rubrik\n\nText\n{left}\n", BORGHOLM)
    assert "placeholder" in problem.text
    assert problem.place.line in {10, 11}


def test_a_placeholder_in_the_incident_is_not_sent() -> None:
    (problem,) = problems("# Rubrik\n\nText\n", BORGHOLM, incident="[[ namn ]]")
    assert problem.place.line == 2


def test_links_are_no_placeholders() -> None:
    assert rendered("# Rubrik\n\n[text](https://x.se) [1] a[[1](https://x.se)]\n", BORGHOLM)


def test_a_text_of_which_nothing_is_left_is_a_problem() -> None:
    (problem,) = problems("# Rubrik\n\nText\n\n## @sms\n<!-- skrivs senare -->\n", BORGHOLM)
    assert problem.text == "borgholm: The sms text in sv is empty."
    assert problem.place.line == 11


def test_a_headline_of_which_nothing_is_left_is_one_problem() -> None:
    (problem,) = problems("# <!-- senare -->\n\nText\n", BORGHOLM)
    assert problem.text == "borgholm: The headline is empty."


def test_a_municipality_that_is_not_configured_is_named_with_its_line() -> None:
    with pytest.raises(InputError) as caught:
        render(message("# A\n\nB\n"), [BORGHOLM], FORMS, ZONE)
    assert str(caught.value).startswith(
        "m.md:5: municipalities: The municipality 'morbylanga' is not in the configuration."
    )


def test_markdown_in_a_value_changes_nothing() -> None:
    odd = replace(BORGHOLM, variables={"name": "*A* _b_ <script>x</script>", "phone": "[1](2)"})
    texts = rendered(BODY, odd)
    assert "[1](2)" in texts["borgholm", "sms", "sv"].text
    assert texts["borgholm", "facebook", "sv"].title == "Störningar i *A* _b_ <script>x</script>"
    assert "<strong>[1](2)</strong>" in texts["borgholm", "feed", "sv"].text


def test_measures_count_what_matters_for_the_form() -> None:
    texts = rendered(BODY, BORGHOLM)
    sms = texts["borgholm", "sms", "sv"]
    assert measure(sms, FORMS["sms"]) == Measures(segments=1, encoding="GSM-7", left=160 - len(sms.text))
    spoken = measure(texts["borgholm", "ivr", "sv"], FORMS["ivr"])
    assert spoken.words == 22
    assert spoken.seconds == pytest.approx(22 / 130 * 60)
    assert measure(texts["borgholm", "facebook", "sv"], FORMS["facebook"]) == Measures()
    assert measure(texts["borgholm", "feed", "sv"], FORMS["feed"]) == Measures()


def test_remarks_name_what_costs_segments_and_patience() -> None:
    sms = Rendition("borgholm", "sms", "sv", "", "å" * 140 + "°êê")
    part = Part(None, "sms", "## @sms", "åå\nå°\n", 12)
    because = "'°' (U+00B0, degree sign) on line 13, 'ê' (U+00EA, latin small letter e with circumflex)"
    assert remarks(sms, FORMS["sms"], part) == (f"3 segments in UCS-2 because of {because}; without them 1",)
    assert remarks(replace(sms, text="°"), FORMS["sms"], None) == ()
    speech = Rendition("borgholm", "ivr", "sv", "", "ord " * 130)
    assert remarks(speech, FORMS["ivr"], None) == ("about 60 s to listen to; callers take in about 45",)
    assert remarks(replace(speech, text="ord"), FORMS["ivr"], None) == ()


_SPICE = st.sampled_from(
    ["{{ municipality.name }}", "{{municipality.phone}}", "<script>", "</script>", "**", "_", "[a](", "javascript:x)",
     "- ", "1. ", "# ", "> ", "`", "\n", "\n\n", "|", "😀", "€", "°", "https://x.se/", "kl. 20:00", "0485-880 00"]
)  # fmt: skip
_TEXT = st.lists(
    _SPICE | st.text(st.characters(exclude_characters="{}[]@", exclude_categories=["C"]), max_size=8), max_size=30
)


@given(_TEXT.map("".join), _TEXT.map("".join))
def test_renditions_keep_the_limits_and_hold_nothing_of_the_source(body: str, sms: str) -> None:
    tight = FORMS | {
        "sms": Form(Markup.SMS, Limits(characters=300, segments=2)),
        "ivr": Form(Markup.SPEECH, Limits(words=20)),
    }
    with suppress(InputError):  # what can not be rendered promises nothing
        written = message(f"# Rubrik\n\nText {body}\n\n## @sms\n\nText {sms}\n\n## @en\n# Headline\n\nText {sms}\n")
        texts = render(written, BOTH, tight, ZONE)
        assert all(render(written, order, tight, ZONE) == texts for order in permutations(BOTH))
        for text in texts:
            _assert_fit(text, tight[text.channel])


def _assert_fit(text: Rendition, form: Form) -> None:
    limits = form.limits
    assert "{{" not in text.title + text.text
    assert text.text.strip()
    assert limits.characters is None or len(text.text) <= limits.characters
    assert limits.segments is None or segment(text.text).count <= limits.segments
    assert limits.words is None or count_words(text.text) <= limits.words
    if form.markup is Markup.HTML:
        assert "<script" not in text.text.lower()


def test_an_address_is_short_in_a_text_message_whole_where_it_is_a_link_and_spoken_where_it_is_heard() -> None:
    there = replace(BORGHOLM, variables={**BORGHOLM.variables, "page": "https://kris.example.se/borgholm/"})
    texts = rendered("# Läs mer\n\nLäs på {{ municipality.page }}.\n", there)
    assert texts["borgholm", "sms", "sv"].text.endswith("Läs på kris.example.se/borgholm.")
    assert "Läs på https://kris.example.se/borgholm/." in texts["borgholm", "facebook", "sv"].text
    assert '<a href="https://kris.example.se/borgholm/">' in texts["borgholm", "feed", "sv"].text
    assert "kris punkt example punkt se snedstreck borgholm." in texts["borgholm", "ivr", "sv"].text
