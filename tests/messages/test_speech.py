import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages import languages
from messages.speech import count_words, seconds, to_speech


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("0485-880 00", "noll fyra åtta fem, åtta åtta noll, noll noll."),
        ("Ring 0485–880 00.", "Ring noll fyra åtta fem, åtta åtta noll, noll noll."),
        ("0485-88000", "noll fyra åtta fem, åtta åtta noll, noll noll."),
        ("08-123 456 78", "noll åtta, ett två tre, fyra fem sex, sju åtta."),
        ("+46 485 880 00", "plus fyra sex, fyra åtta fem, åtta åtta noll, noll noll."),
        ("+46 (0)485-880 00", "plus fyra sex, fyra åtta fem, åtta åtta noll, noll noll."),
        ("+4648588000", "plus fyra sex, fyra åtta fem, åtta åtta noll, noll noll."),
        ("+46701740605", "plus fyra sex, sju noll ett, sju fyra noll, sex noll fem."),
        ("0701740605", "noll sju noll, ett sju fyra, noll sex noll fem."),
        ("Ring 112.", "Ring ett ett två."),
        (
            "Ring 1177 eller 113 13, 114\u00a014",
            "Ring elva sjuttiosju eller ett ett tre, ett tre, ett ett fyra, ett fyra.",
        ),
    ],
)
def test_phone_numbers_are_said_digit_by_digit_with_pauses_where_they_have_gaps(written: str, spoken: str) -> None:
    assert to_speech(written, "sv") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("År 2022 hade 12 av 350 vatten.", "År 2022 hade 12 av 350 vatten."),
        ("10 000 hushåll, 1 500 000 kr", "10000 hushåll, 1500000 kronor."),
        ("2–4 dagar, 10 - 12 grader", "2 till 4 dagar, 10, 12 grader."),
        ("-5 °C och 20 %", "minus 5 grader och 20 procent."),
        ("2022-12-13", "13 december 2022."),
        ("1,5 km", "1,5 kilometer."),
        ("5 112 personer", "5112 personer."),
        ("Rum 1112 och 11770", "Rum 1112 och 11770."),
    ],
)
def test_other_figures_stay_numbers(written: str, spoken: str) -> None:
    assert to_speech(written, "sv") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Senast kl. 20:00.", "Senast klockan 20."),
        ("Senast klockan 20.30", "Senast klockan 20 och 30."),
        ("före 08:05", "före klockan 8 och 5."),
        ("kl 20", "klockan 20."),
        ("kl. 08.00–16.30", "klockan 8 till 16 och 30."),
        ("mån–fre 8:00-16:00", "måndag till fredag klockan 8 till 16."),
        ("Kl. 24.00", "klockan 24."),
    ],
)
def test_times_are_said_once_with_klockan(written: str, spoken: str) -> None:
    assert to_speech(written, "sv") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Se www.morbylanga.se.", "Se morbylanga punkt se."),
        ("https://www.borgholm.se/kris-info/", "borgholm punkt se snedstreck kris bindestreck info."),
        ("Läs på https://x.se/a_b?c=1#d, tack", "Läs på x punkt se snedstreck a understreck b, tack."),
        ("1177.se", "elva sjuttiosju punkt se."),
        ("info@borgholmenergi.se", "info snabel-a borgholmenergi punkt se."),
    ],
)
def test_addresses_are_said_as_they_are_typed(written: str, spoken: str) -> None:
    assert to_speech(written, "sv") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("t.ex. bl. a. ca 5 m.m.", "till exempel bland annat cirka 5 med mera."),
        ("Tfn: p.g.a o.s.v.", "telefon: på grund av och så vidare."),
        ("min el, Örtfn och cal", "min el, Örtfn och cal."),
    ],
)
def test_abbreviations_are_said_in_full_and_words_are_left_alone(written: str, spoken: str) -> None:
    assert to_speech(written, "sv") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Detta fungerar:\n- skolan\n- vården", "Detta fungerar.\nskolan.\nvården."),
        ("1. Koka vattnet\n2. Vänta!", "1, Koka vattnet.\n2, Vänta!"),
        ("Rubrik\n\nText?", "Rubrik.\nText?"),
        ("Varning ⚠️ 👨‍👩‍👧 nu 🇸🇪", "Varning nu."),
        ('"IT" – e-tjänster (alla); skola/vård', "IT, e-tjänster, alla, skola vård."),
        ("kom\u00admun", "kommun."),
        ("* # _\n---", ""),
        ("", ""),
    ],
)
def test_every_line_is_a_sentence_without_signs(written: str, spoken: str) -> None:
    assert to_speech(written, "sv") == spoken


def test_english_says_it_in_english() -> None:
    written = "Call 0485-880 00 before 20:00 or at 8:05, e.g. www.borgholm.se. 20.50 & 113 13."
    assert to_speech(written, "en") == (
        "Call zero four eight five, eight eight zero, zero zero before 8 PM or at 8 05 AM, for example "
        "borgholm dot se. 20.50 and one one three, one three."
    )


@given(st.text(max_size=80), st.sampled_from(languages.KNOWN))
def test_only_words_and_the_punctuation_that_is_heard_are_left(text: str, code: str) -> None:
    for line in to_speech(text, code).splitlines():
        assert line.endswith((".", "!", "?"))
        assert any(map(str.isalnum, line))
    assert not set(to_speech(text, code)) & set('*_#<>[](){}|\\/@&%+=~^°§€"“”–—•…\u00ad\u200d\ufe0f😀⚠')


@given(st.lists(st.integers(0, 9), min_size=5, max_size=7))
def test_no_digit_of_a_phone_number_is_lost(digits: list[int]) -> None:
    names = languages.language("sv").digits
    spoken = to_speech(f"Ring 0485-{''.join(map(str, digits))} nu", "sv")
    assert spoken.replace(",", "").removesuffix(" nu.").split()[1:] == [names[digit] for digit in [0, 4, 8, 5, *digits]]


def test_words_are_counted_as_they_are_said() -> None:
    assert count_words("Ring snabel-a, don't 20 000. \n- å") == 6
    assert count_words("") == 0


def test_length_follows_the_pace_of_the_language() -> None:
    text = "ord " * languages.language("sv").words_per_minute
    assert seconds(text, "sv") == pytest.approx(60)
    assert seconds(text, "en") < 60


def _keys(table: object, path: str = "") -> set[str]:
    """The keys a language must have; words that it has or has not are its own business."""
    if not isinstance(table, dict) or path in {".abbreviations", ".symbols", ".numbers", ".practice.officialese"}:
        return {path}
    return {key for name, value in table.items() for key in _keys(value, f"{path}.{name}")}


def test_a_language_is_one_file_with_the_same_keys_as_the_others() -> None:
    data = {code: tomllib.loads((files(languages) / f"{code}.toml").read_text("utf-8")) for code in languages.KNOWN}
    assert {"sv", "en"} <= set(data)
    for code, table in data.items():
        # What practice asks of words is optional.
        assert _keys({"practice": data["sv"]["practice"]} | table) == _keys(data["sv"]), code
        assert table["numbers"].keys() == data["sv"]["numbers"].keys(), code
        assert table["symbols"].keys() == data["sv"]["symbols"].keys(), code
        assert len(table["digits"]) == 10
        assert len(table["dates"]["months"]) == 12
        assert len(table["dates"]["weekdays"]) == 7
        assert len(set(table["dates"]["ordinals"])) == 31


def test_an_unknown_language_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'xx'.*en, sv"):
        languages.language("xx")
