"""The lint of practice: what each rule finds, what it leaves alone, and that good messages are left alone by all."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

import pytest

from messages.document import parse
from messages.languages import KNOWN, language
from messages.model import Form, Limits, Markup, Municipality
from messages.practice import RULES, Finding, Rule, findings
from messages.rendering import render
from messages.starters import names, starter

ZONE = ZoneInfo("Europe/Stockholm")

FORMS = {
    "facebook": Form(Markup.PLAIN, Limits()),
    "sms": Form(Markup.SMS, Limits(segments=6)),
    "feed": Form(Markup.HTML, Limits()),
    "ivr": Form(Markup.SPEECH, Limits(words=150)),
}


def municipality(short: str, name: str, english: str, phone: str) -> Municipality:
    variables = {"name": name, "phone": phone, "web": f"https://www.{short}.se", "energy": "www.borgholmenergi.se"}
    variables["page"] = f"https://kris.example.se/{short}/"
    variables["unreadable"] = "https://[example"
    return Municipality(short, ("sv", "en"), tuple(FORMS), variables, {"en": {"name": english}})


MUNICIPALITIES = {
    "borgholm": municipality("borgholm", "Borgholms kommun", "Borgholm Municipality", "0485-880 00"),
    "morbylanga": municipality("morbylanga", "Mörbylånga kommun", "Mörbylånga Municipality", "0485-470 00"),
}

HEAD = """incident = "Dataintrång december 2022"
kind = "alert"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
next_update = 2022-12-13T12:00:00+01:00
expires = 2022-12-14T12:00:00+01:00
"""

UNPROMISED = HEAD.replace("next_update", "# next_update")
"""What promises nothing gets no promise at the end of its texts, which would count."""

GOOD = """# Dataintrång: våra datorsystem är avstängda

Det berör dig som bor i {{ municipality.name }}. Vi har stängt av internet och anmält händelsen till polisen.

Ring {{ municipality.phone }} om ditt ärende inte kan vänta.

## @ivr
Våra datorsystem är avstängda. Vänta kvar om du behöver hjälp.
"""


UNSPOKEN = GOOD.split("## @ivr", maxsplit=1)[0]


def found(text: str = GOOD, head: str = HEAD, domains: Sequence[str] = (), down: Sequence[str] = ()) -> list[Finding]:
    """All that is found in a message."""
    message = parse(f"+++\n{head}+++\n{text}", channels=FORMS, languages=("sv", "en"), file="m.md")
    renditions = render(message, list(MUNICIPALITIES.values()), FORMS, ZONE)
    return list(findings(message, renditions, MUNICIPALITIES, FORMS, domains, down))


def against(rule: Rule, text: str = GOOD, head: str = HEAD, domains: Sequence[str] = ()) -> list[str]:
    """What is found against one rule, as a person reads it."""
    return [str(finding.what) for finding in found(text, head, domains) if finding.rule is rule]


def body(sentences: str) -> str:
    """The good message with more in its body, on line 15 of the file."""
    return GOOD.replace("\n## @ivr", f"\n{sentences}\n\n## @ivr")


def test_a_good_message_is_left_alone() -> None:
    assert found() == []


def test_a_finding_tells_what_where_what_to_do_why_and_by_what_source() -> None:
    (finding,) = found(body("Samtliga servrar är av."))
    assert finding.rule is Rule.OFFICIALESE
    assert str(finding.what) == "m.md:15: body: 'Samtliga' is officialese. Say what people say: alla."
    assert finding.reason == RULES[Rule.OFFICIALESE].reason
    assert "Språklagen (2009:600) 11 §" in finding.source


def test_every_rule_has_a_reason_and_a_source() -> None:
    assert list(RULES) == list(Rule)
    for ground in RULES.values():
        assert ground.reason.endswith(".")
        assert ground.source


@pytest.mark.parametrize("code", KNOWN)
def test_the_words_of_a_language_are_those_that_the_rules_look_for(code: str) -> None:
    practice = language(code).practice
    if practice is not None:
        assert set(practice.questions) == set(SILENT)
        assert all(practice.questions.values())
        known = [abbreviation.rstrip(".") for abbreviation in language(code).abbreviations]
        assert [word for word in practice.familiar if word.rstrip(".") not in known] == []


# The five questions

SILENT = {
    Rule.WHAT_HAPPENED: "# Till dig som bor på Öland\n\nVi arbetar. Ring 0485-880 00.",
    Rule.CONCERNS_ME: "# Dataintrång\n\nVi utreder det. Ring växeln.",
    Rule.BEING_DONE: "# Dataintrång\n\nDet berör dig som bor på Öland. Ring 0485-880 00.",
    Rule.WHAT_TO_DO: "# Dataintrång\n\nDet berör dig som bor på Öland. Vi utreder det. Växeln: 0485-880 00.",
    Rule.WHERE_TO_TURN: "# Dataintrång\n\nDet berör dig som bor på Öland. Vi utreder det. Lämna inte ut koder.",
}


@pytest.mark.parametrize("rule", SILENT)
def test_a_question_that_is_not_answered_is_asked_and_no_other(rule: Rule) -> None:
    questions = {finding.rule for finding in found(SILENT[rule]) if finding.rule in SILENT}
    assert questions == {rule}


@pytest.mark.parametrize("rule", SILENT)
def test_english_is_asked_as_well(rule: Rule) -> None:
    assert [where.split(": ")[1] for where in against(rule, f"{GOOD}\n## @en\n# Hi\n\nGreetings.")] == ["@en"]


def test_a_text_for_one_channel_need_not_answer_everything() -> None:
    assert found(f"{GOOD}\n## @sms\n{{{{ municipality.name }}}}: läs på webben.") == []


@pytest.mark.parametrize(
    ("head", "asked"),
    [
        (HEAD.replace('"alert"', '"update"'), set(SILENT)),
        (HEAD.replace('"alert"', '"correction"'), set(SILENT)),
        (HEAD.replace('"alert"', '"all-clear"'), {Rule.WHAT_HAPPENED, Rule.WHERE_TO_TURN}),
        (HEAD.replace('"severe"', '"information"'), {Rule.WHAT_HAPPENED, Rule.WHERE_TO_TURN}),
        (f"{HEAD}exercise = true\n", set(SILENT)),
    ],
)
def test_what_is_over_or_no_emergency_has_less_to_answer(head: str, asked: set[Rule]) -> None:
    assert {finding.rule for finding in found("# Hej\n\nEn hälsning.", head)} & set(SILENT) == asked


@pytest.mark.parametrize(
    "text",
    [
        "# Vattenläcka\n\n{0} Frågor: 0485-880 00.",
        "# Vattenläcka\n\n{0} Mejla kommunen@borgholm.se.",
        "# Vattenläcka\n\n{0} Mer finns på www.borgholm.se.",
        "# Vattenläcka\n\n{0} Har du frågor, ring 113 13.",
        "# Vattenläcka\n\n{0} Kontaktcenter hjälper dig.",
        "# Vattenläcka\n\n{0} Frågor: +46 485 880 00.",
    ],
)
def test_where_to_turn_is_a_number_an_address_or_a_place(text: str) -> None:
    assert against(Rule.WHERE_TO_TURN, text.format("Vattnet är avstängt.")) == []


# Times and sender


def test_an_emergency_without_a_next_update_or_an_expiry_is_found() -> None:
    head = "".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(("next_update", "expires")))
    assert against(Rule.NEXT_UPDATE, head=head) == [
        "m.md:1: next_update: No time is promised for the next update. Write next_update."
    ]
    assert against(Rule.EXPIRY, head=head) == [
        "m.md:1: expires: The message does not say how long it is true. Write expires."
    ]


@pytest.mark.parametrize(("old", "new"), [('"alert"', '"all-clear"'), ('"severe"', '"information"')])
def test_what_is_over_or_no_emergency_promises_nothing_more(old: str, new: str) -> None:
    head = HEAD.replace(old, new).replace("next_update", "# next_update")
    assert against(Rule.NEXT_UPDATE, head=head) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Borgholm och Mörbylånga: allt är nere\n\nRing oss.", 0),
        ("# Allt är nere\n\nRing {{ municipality.name }}.", 0),
        ("# Allt är nere\n\nLäs på {{ municipality.web }}.", 0),
        ("# Allt är nere\n\nRing kommunen.", 1),
        ("# Allt är nere\n\nRing Borgholm.", 1),  # which those of Mörbylånga read as well
        ("# {{ municipality.name }}\n\nRing oss.\n## @sms\nAllt är nere.", 1),
        ("# {{ municipality.name }}\n\nRing oss.\n## @ivr\nAllt är nere.", 0),
        (
            "# {{ municipality.name }}\n\nRing.\n## @en\n# All is down\nMörbylånga, Borgholm.",
            0,
        ),
    ],
)
def test_all_that_is_read_says_who_it_is_from(text: str, expected: int) -> None:
    assert len(against(Rule.SENDER, text)) == expected


# Lengths


@pytest.mark.parametrize(("length", "expected"), [(306, 0), (307, 1)])
def test_an_sms_of_its_own_is_at_most_two_segments(length: int, expected: int) -> None:
    start = "{{ municipality.name }} "
    text = f"{GOOD}\n## @sms\n{start}{'a' * (length - len('Mörbylånga kommun '))}"
    assert (
        against(Rule.SMS_LENGTH, text, UNPROMISED)
        == ["m.md:18: @sms: The sms text in sv is 3 SMS long. Shorten it to 2."] * expected
    )


def test_an_sms_that_is_derived_gets_a_part_of_its_own() -> None:
    (problem,) = against(Rule.SMS_LENGTH, body("Mer. " * 60))
    assert problem.endswith("Write a part of at most 2: ## @sms")


@pytest.mark.parametrize(("words", "expected"), [(40, 0), (41, 1)])
@pytest.mark.parametrize("exercise", ["", "exercise = true\n"])
def test_callers_hear_at_most_forty_words_besides_that_it_is_an_exercise(
    words: int, expected: int, exercise: str
) -> None:
    head = UNPROMISED + exercise
    text = UNSPOKEN + f"## @ivr\n{'Hej. ' * words}"
    told = [problem.split(": ", 1)[1] for problem in against(Rule.SPOKEN_LENGTH, text, head)]
    assert told == ["@ivr: The ivr text in sv is 41 words long. Shorten it to 40."] * expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            "## @ivr\nLäs på www.borgholm.se.",
            ["m.md:16: @ivr: Callers hear the address 'www.borgholm.se' in sv. Take it out."],
        ),
        (
            "## @ivr\nMejla kris@borgholm.se.",
            ["m.md:16: @ivr: Callers hear the address 'kris@borgholm.se' in sv. Take it out."],
        ),
        ("## @ivr\nLäs på kommunens webbplats, eller ring 1177.", []),
        ("## @ivr\nRing.\n## @sms\n{{ municipality.web }}", []),
    ],
)
def test_no_address_is_spoken(part: str, expected: list[str]) -> None:
    assert against(Rule.SPOKEN_ADDRESS, UNSPOKEN + part) == expected


def test_an_address_in_the_body_asks_for_an_announcement_without() -> None:
    text = UNSPOKEN + "Läs på {{ municipality.web }}.\n"
    (problem,) = against(Rule.SPOKEN_ADDRESS, text)
    assert problem.endswith("Write a part without it: ## @ivr")


# Words


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Ord " * 25 + ".", 0),
        ("Ord " * 26 + ".", 1),
        ("Det här fungerar: " + "ord, " * 25, 0),  # a list after a colon
        ("Kort. " * 30, 0),
        ("Ord " * 20 + "t.ex. " + "ord " * 20, 1),
        ("Kom kl. 8. " * 20, 0),
        ("- " + "ord " * 20 + "\n- " + "ord " * 20, 0),
        ("Ord\n" * 26, 1),  # a sentence goes on over lines
    ],
)
def test_a_sentence_is_at_most_twenty_five_words(sentence: str, expected: int) -> None:
    assert len(against(Rule.LONG_SENTENCE, body(sentence))) == expected


@pytest.mark.parametrize(
    ("sentence", "written", "plain"),
    [
        ("Du erhåller besked.", "erhåller", "få"),
        ("Vi informerar i enlighet med planen.", "i enlighet med", "enligt"),
        ("Toaletten fungerar EJ.", "EJ", "inte"),
        ("Beträffande vattnet vet vi inget.", "Beträffande", "om"),
    ],
)
def test_officialese_is_found_with_what_people_say(sentence: str, written: str, plain: str) -> None:
    assert against(Rule.OFFICIALESE, body(sentence)) == [
        f"m.md:15: body: {written!r} is officialese. Say what people say: {plain}."
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "Ejdrar och ejektorer.",
        "Innehållet i burken.",
        "Utnyttja dagen.",
        "Alla får besked enligt planen.",
        "Ombord på färjan.",
    ],
)
def test_words_that_only_look_like_officialese_are_left_alone(sentence: str) -> None:
    assert against(Rule.OFFICIALESE, body(sentence)) == []


@pytest.mark.parametrize(
    ("sentence", "whole"),
    [
        ("Det gäller bl.a. skolan.", "bland annat"),
        ("Det gäller t. ex. skolan.", "till exempel"),
        ("Stängt pga brand.", "på grund av"),
        ("Skolor, bibliotek m.m. är stängda.", "med mera"),
    ],
)
def test_an_abbreviation_is_found_with_what_it_stands_for(sentence: str, whole: str) -> None:
    (problem,) = against(Rule.ABBREVIATION, body(sentence))
    assert problem.endswith(f"Write it out: {whole}.")


@pytest.mark.parametrize(
    "sentence", ["Vi öppnar mån–fre kl. 8.", "Tel. 0485-880 00.", "Det är ca 5 km dit.", "SMS, IT och P4."]
)
def test_an_abbreviation_that_everybody_knows_is_left_alone(sentence: str) -> None:
    assert against(Rule.ABBREVIATION, body(sentence)) == []


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Detta är ingen övning!", 1),
        ("OBS: DET HÄR ÄR INTE EN ÖVNING.", 1),
        ("Det är en övning.", 0),
        ("Ingen övning i simhallen på torsdag.", 0),
    ],
)
def test_nothing_says_that_it_is_no_exercise(sentence: str, expected: int) -> None:
    assert len(against(Rule.NOT_AN_EXERCISE, body(sentence))) == expected


def test_english_does_not_say_it_either() -> None:
    assert len(against(Rule.NOT_AN_EXERCISE, f"{GOOD}\n## @en\n# Breach\n\nThis is not a drill.")) == 1


@pytest.mark.parametrize(
    ("link", "domains", "is_strange"),
    [
        ("www.borgholm.se/kris", (), False),
        ("https://kris.borgholm.se", (), False),
        ("https://www.morbylanga.se", (), False),  # cooperates
        ("{{ municipality.energy }}", (), False),
        ("https://www.krisinformation.se/nu", ("krisinformation.se",), False),
        ("krisinformation.se", (), True),
        ("[Borgholms kommun](https://borgholm.example.com)", (), True),
        ("https://borgholm.se.example.com", (), True),
        ("https://notborgholm.se", (), True),
        ("https://www.borgholm.se@example.com/", (), True),
        ("https://[example", (), True),
        ("https://räddning.se/nu", ("räddning.se",), False),
        ("[Nu](https://räddning.se/nu)", ("räddning.se",), False),
        ("kommunen@example.com", (), False),  # is written to, not followed
    ],
)
def test_links_lead_to_own_or_listed_domains(link: str, domains: Sequence[str], is_strange: bool) -> None:
    text = body(f"Läs mer: {link}")
    assert bool(against(Rule.LINK, text, domains=domains)) is is_strange


def test_a_link_that_goes_nowhere_strange_is_told_once_for_all_municipalities() -> None:
    assert against(Rule.LINK, body("Läs mer på www.example.com.")) == [
        "m.md:15: body: 'www.example.com' leads to a place that is neither yours nor listed. "
        "Link to your own, or list it in practice.domains."
    ]


# Real cases, in words of our own

BOLLNAS = """# Nytt intrång stoppat i våra datorsystem

Den 24 april upptäckte vi skadlig kod i våra datorsystem. Skyddet stoppade den. Det är andra intrånget i år, det förra
var i början av mars. {{ municipality.name }} har inte sett några skador.

## Berör det mig?

Nej, du som bor i kommunen behöver inte göra något. Alla tjänster fungerar som vanligt.

## Vad gör vi?

Våra tekniker och experter utifrån går igenom loggar och system. Vi anmäler händelsen till Integritetsskyddsmyndigheten.

## Vart vänder jag mig?

Har du frågor, ring {{ municipality.phone }}.

## @sms
{{ municipality.name }}: vi har stoppat ett intrång i våra datorsystem. Alla tjänster fungerar som vanligt.

## @ivr
Vi har stoppat ett intrång i våra datorsystem. Alla tjänster fungerar som vanligt.
"""

CARE = """# Ring om din omsorg

Efter dataintrånget når {{ municipality.name }} inte alla system. Det påverkar dig som har hemtjänst eller går i skolan.
Trygghetslarmen fungerar. Lås med kod öppnas som vanligt. Journaler finns hos regionen.

Biblioteken lånar ut för hand. Meröppet är stängt. Logga inte in på dina sidor där.

Orosanmälan gör du på telefon: {{ municipality.phone }}. Vi arbetar för att allt ska fungera om två till fyra dagar.

## @sms
{{ municipality.name }}: flera datorsystem är avstängda. Trygghetslarmen fungerar. Ring {{ municipality.phone }}.

## @ivr
Flera datorsystem är avstängda. Trygghetslarmen fungerar. Vänta kvar om du behöver hjälp.
"""


@pytest.mark.parametrize("severity", ["severe", "minor", "information"])
@pytest.mark.parametrize("kind", ["alert", "update", "correction"])
@pytest.mark.parametrize("text", [BOLLNAS, CARE])
def test_the_cases_pass(text: str, kind: str, severity: str) -> None:
    head = HEAD.replace('"alert"', f'"{kind}"').replace('"severe"', f'"{severity}"')
    assert found(text, head) == []


def test_the_message_of_the_demo_passes() -> None:
    source = (Path(__file__).parents[2] / "broadcaster/demo/message.md").read_text(encoding="utf-8")
    times = {"next_update": "2022-12-13T12:00:00+01:00", "expires": "2022-12-14T12:00:00+01:00"}
    head, text = Template(source).substitute(times).removeprefix("+++\n").split("+++\n", 1)
    assert found(text, head) == []


@pytest.mark.parametrize("name", names())
def test_a_finished_starter_passes(name: str) -> None:
    source = starter(name, municipalities=list(MUNICIPALITIES), now=datetime(2022, 12, 12, 20, 20, tzinfo=ZONE))
    head, text = re.sub(r"\[\[.*?\]\]", "Degerhamn och Grönhögen", source).removeprefix("+++\n").split("+++\n", 1)
    assert found(text, head) == []


@pytest.mark.parametrize(
    ("headline", "text"),
    [
        ("Björn i centrala Borgholm", "En björn har setts vid torget. Undvik området. Polisen är på plats."),
        ("Halka på gator och vägar", "Det är risk för olyckor i hela kommunen. Vi sandar. Kör försiktigt."),
        (
            "Bombhot mot skolan",
            "Skolan är utrymd. Alla elever är i säkerhet. Polisen utreder. Hämta ditt barn vid kyrkan.",
        ),
        ("Vattnet är åter rent", "Du som bor i Köping behöver inte koka vattnet längre. Vi fortsätter att ta prover."),
        ("Fjärrvärmen saknas", "Hushållen på Västergatan är utan värme. Vi felsöker. Håll fönster stängda."),
        ("Försvunnen man söks", "Polisen söker en man i området kring Löttorp. Ring 114 14 om du har sett något."),
        (
            "Gasolbil har vält",
            "Det är fara för explosion. Alla på Storgatan ska gå inomhus. Räddningstjänsten är på plats.",
        ),
    ],
)
def test_messages_about_much_else_answer_in_their_own_words(headline: str, text: str) -> None:
    assert (
        found(f"# {headline}\n\n{text} {{{{ municipality.name }}}}: {{{{ municipality.phone }}}}.\n## @ivr\nHej.") == []
    )


@pytest.mark.parametrize(
    ("sentence", "down", "is_found"),
    [
        ("Läs på {{ municipality.web }}.", ("morbylanga",), True),
        ("Läs på {{ municipality.web }}.", (), False),
        ("Läs på {{ municipality.page }}.", ("morbylanga", "borgholm"), False),
        ("Läs på https://morbylanga.se/kris.", ("morbylanga",), True),
        ("Läs på www.borgholm.se.", ("morbylanga",), False),
        ("Vår webbplats {{ municipality.web }} fungerar inte.", ("morbylanga",), False),
        ("Webbplatsen ligger nere. Läs på {{ municipality.web }}.", ("morbylanga",), True),
        ("Skriv till kris@morbylanga.se.", ("morbylanga",), False),
    ],
)
def test_nobody_is_sent_to_a_web_site_that_is_down(sentence: str, down: Sequence[str], *, is_found: bool) -> None:
    whats = [f.what for f in found(body(sentence), down=down) if f.rule is Rule.SITE_DOWN]
    assert bool(whats) is is_found
    for what in whats:
        assert str(what).startswith("m.md:15: ")
        assert "{{ municipality.page }}" in str(what)
