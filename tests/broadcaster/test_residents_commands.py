"""What residents' texts ask for, by a table of what people write, and by what no text may do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.residents.commands import Command, Verb, parse, places_of, vocabulary, words_of
from messages.languages import KNOWN, language
from messages.model import Municipality

KNOWN_WORDS = vocabulary(map(language, KNOWN))
MUNICIPALITIES = (
    Municipality("borgholm", ("sv", "en"), (), {"name": "Borgholms kommun"}, {"en": {"name": "Borgholm Municipality"}}),
    Municipality("morbylanga", ("sv", "en"), (), {"name": "Mörbylånga kommun"}),
    Municipality("upplands-vasby", ("sv",), (), {"name": "Upplands Väsby kommun"}),
)
PLACES = places_of(MUNICIPALITIES)


def read(text: str) -> Command:
    return parse(text, KNOWN_WORDS, PLACES)


@pytest.mark.parametrize(
    ("text", "verb", "place", "language"),
    [
        ("START BORGHOLM", Verb.START, "borgholm", None),
        ("start borgholm", Verb.START, "borgholm", None),
        ("  Start,  Mörbylånga!! ", Verb.START, "morbylanga", None),
        ("start morbylanga", Verb.START, "morbylanga", None),
        ("Starta Mo\u0308rbyla\u030anga", Verb.START, "morbylanga", None),
        ("START BORGHOLMS KOMMUN", Verb.START, "borgholm", None),
        ("Start Borgholm Municipality", Verb.START, "borgholm", None),
        ("Borgholm start", Verb.START, "borgholm", None),
        ("start upplands vasby", Verb.START, "upplands-vasby", None),
        ("START UPPLANDS-VÄSBY", Verb.START, "upplands-vasby", None),
        ("anmäl mig till Borgholm tack", Verb.START, "borgholm", None),
        ("Start Borgholn", Verb.START, "borgholm", None),
        ("START", Verb.START, None, None),
        ("start borgholm engelska", Verb.START, "borgholm", "en"),
        ("START BORGHOLM ENGLISH", Verb.START, "borgholm", "en"),
        ("status", Verb.STATUS, None, None),
        ("Hej! Vad är läget i Mörbylånga?", Verb.STATUS, "morbylanga", None),
        ("LAGET", Verb.STATUS, None, None),
        ("status borgholm", Verb.STATUS, "borgholm", None),
        ("HJÄLP", Verb.HELP, None, None),
        ("hjalp", Verb.HELP, None, None),
        ("Hjälp, källaren är full av vatten", Verb.HELP, None, None),
        ("help", Verb.HELP, None, None),
        ("?", Verb.UNKNOWN, None, None),
        ("SPRÅK ENGELSKA", Verb.LANGUAGE, None, "en"),
        ("sprak en", Verb.LANGUAGE, None, "en"),
        ("language Swedish", Verb.LANGUAGE, None, "sv"),
        ("English please", Verb.LANGUAGE, None, "en"),
        ("SPRÅK", Verb.LANGUAGE, None, None),
        ("språk klingon", Verb.LANGUAGE, None, None),
        ("", Verb.UNKNOWN, None, None),
        ("😀🛑", Verb.UNKNOWN, None, None),
        ("borgholm", Verb.UNKNOWN, "borgholm", None),
        ("Det brinner i en lada", Verb.UNKNOWN, None, None),
    ],
)
def test_a_text_is_understood(text: str, verb: Verb, place: str | None, language: str | None) -> None:
    command = read(text)
    assert (command.verb, command.place, command.language) == (verb, place, language)


@pytest.mark.parametrize(
    "text",
    [
        "STOPP",
        "stopp",
        "Stop.",
        "\tSTOPP!!!\n",
        "🛑 stopp 🛑",
        "sluta",
        "Avsluta tack",
        "AVANMÄL",
        "avanmal",
        "unsubscribe",
        "Snälla sluta skicka sms till mig",
        "Hej, jag vill inte ha fler sms från er. Stopp",
        "Jag flyttade i våras, så STOPP nu, tack!",
        "I moved away, please stop",
        "Stopp, jag har flyttat från Borgholm till Kalmar",
        "slut",
        "Nej tack",
        "END",
        "Ta bort mig",
        "START BORGHOLM STOPP",
        "Sluta sända detta",
        "STOPP\n\nSkickat från min telefon",
        "Stopp /Anna",
        "Stopp?",
        "Kan ni sluta skicka sms till mig?",
        "”STOPP”",
        '"Stopp"',
        "Stop it!",
        "please stop sending me these messages",
        "Jag vill inte ha fler sms",
        "> Du får nu sms från Borgholms kommun. STOPP avslutar.\nSTOPP",
        "Stopp. Storgatan är avstängd",
    ],
)
def test_stop_ends_everything_however_it_is_said(text: str) -> None:
    command = read(text)
    assert (command.verb, command.place) == (Verb.STOP, None)


@pytest.mark.parametrize(
    "text",
    [
        "När slutar strömavbrottet?",
        "Hur länge är det stopp?",
        "Det är stopp på väg 136 vid bron",
        "DET ÄR STOPP PÅ VÄG 136",
        "Bussen stannar inte vid stopptavlan",
        "Det är slut på vatten i Byxelkrok",
        "Nej, det har inte kommit tillbaka än",
        "trafikstopp",
        "Det är STOPP i avloppet på Storgatan",
        "stopp i avloppet",
        "Stopp i trafiken vid bron",
        "Hur länge är det stopp i vattnet?",
        "Someone has to stop this leak, I can help",
        "stop the leak",
        "Kan ni stoppa läckan?",
        "Storgatan 4, stopp",
        "Du får nu sms från Borgholms kommun vid kriser och större störningar. STOPP avslutar, STATUS visar läget",
        "> STOPP avslutar, STATUS visar läget\nVad betyder det?",
        'Vad menas med "STOPP"?',
        "Skriv inte ”stopp” till dem",
        "avsluta inte sändningen i radion",
        "Ta bort trädet på Storgatan",
        "sluta gräva på Storgatan",
    ],
)
def test_a_text_that_is_about_something_else_ends_nothing(text: str) -> None:
    assert read(text).verb is Verb.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "Gillade ”STOPP avslutar”",
        "Liked “STOPP avslutar, STATUS visar läget”",
        'Loved "Du får nu sms från Borgholms kommun. STOPP avslutar"',
        "Skrattade åt ”… STOPP avslutar …”",
        "❤️ till “Du får nu sms … STOPP avslutar, STATUS visar läget”",
        'Reagerade med 👍 på "… STOPP avslutar"',
        "Älskade ”Koka vattnet. STOPP”",
        "Ogillade «STOPP»",
        "Betonade „STOPP avslutar“",
        "Ifrågasatte ”Koka vattnet i Borgholm. Stopp avslu…",
        "Reacted 👍 to “STOPP avslutar”",
        "Removed a heart from “STOPP avslutar”",
        "Tog bort ett hjärta från ”STOPP avslutar”",
        "👍 to “STOPP”",
        "😢 ”STOPP”",
        "Emphasized “Boil the water.\nSTOP ends them”",
    ],
)
def test_what_a_phone_writes_when_its_owner_taps_a_heart_is_a_reaction(text: str) -> None:
    assert read(text) == Command(Verb.REACTION)


@pytest.mark.parametrize("text", ["“STOPP avslutar” STOPP", "STOPP 😡 “Du får nu sms”", "Liked it. STOP"])
def test_a_stop_beside_a_quotation_or_a_sign_is_a_stop(text: str) -> None:
    assert read(text).verb is Verb.STOP


@pytest.mark.parametrize(
    ("text", "place"), [("STOPP BORGHOLM", "borgholm"), ("stop sms från Mörbylånga", "morbylanga")]
)
def test_stop_with_a_place_and_nothing_else_is_about_that_place(text: str, place: str) -> None:
    assert read(text) == Command(Verb.STOP, place, spoken="sv" if "STOPP" in text else None)


@pytest.mark.parametrize("text", ["START Stockholm", "starta inte om datorn", "start 123"])
def test_a_start_with_words_that_nobody_knows_is_not_clear(text: str) -> None:
    assert read(text) == Command(Verb.START, spoken="sv" if "starta" in text else None, clear=False)


def test_a_word_of_one_language_tells_which_is_spoken() -> None:
    assert [read(text).spoken for text in ("hjälp", "help", "status", "unsubscribe")] == ["sv", "en", None, "en"]


def test_a_name_that_two_share_is_neither() -> None:
    two = [Municipality(name, ("sv",), (), {"name": f"Håbo {name}"}) for name in ("energi", "kommun")]
    assert places_of(two) == {
        ("energi",): "energi",
        ("kommun",): "kommun",
        ("habo", "energi"): "energi",
        ("habo", "kommun"): "kommun",
    }


@given(st.text(max_size=1600))
def test_every_text_is_some_command(text: str) -> None:
    command = read(text)
    assert command.place is None or command.place in PLACES.values()
    assert command.language is None or command.language in KNOWN


DECORATION = st.text(alphabet=" .,!-–…*\n\t\u00a0\u200b🙏🛑", max_size=8)


@given(
    st.sampled_from([phrase for code in KNOWN for phrase in language(code).texting.stop]),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.booleans(),
    DECORATION,
    DECORATION,
)
def test_no_case_accent_or_decoration_keeps_stop_from_being_stop(
    phrase: str, case: "type[str]", plain: bool, before: str, after: str
) -> None:
    written = " ".join(words_of(phrase)) if plain else phrase
    assert read(f"{before}{case(written)}{after}").verb is Verb.STOP


@given(st.sampled_from(["STOPP", "stop", "sluta"]), st.text(max_size=200))
def test_a_sentence_of_stop_alone_is_stop_whatever_follows(word: str, rest: str) -> None:
    assert read(f"{word}. {rest}").verb is Verb.STOP


@given(st.text(max_size=50))
def test_words_are_compared_without_case_and_accents(text: str) -> None:
    assert words_of(" ".join(words_of(text))) == words_of(text)
