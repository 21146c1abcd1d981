import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from smsutil import split as split_by_smsutil

from messages.segments import Encoding, normalise, segment

GSM_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€"
)
ROOM = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}

texts = st.one_of(
    st.text(st.sampled_from(GSM_ALPHABET), max_size=700),
    st.text(st.sampled_from("aå€{á😀\n"), max_size=700),
    st.text(max_size=300),
)


def units(text: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return len(text) + sum(char in "\f^{}\\[~]|€" for char in text)
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


@pytest.mark.parametrize(
    ("text", "count", "encoding"),
    [
        ("å" * 160, 1, Encoding.GSM7),
        ("å" * 161, 2, Encoding.GSM7),
        ("å" * 306, 2, Encoding.GSM7),
        ("å" * 307, 3, Encoding.GSM7),
        ("€" * 80, 1, Encoding.GSM7),
        ("€" * 81, 2, Encoding.GSM7),
        ("€" * 153, 3, Encoding.GSM7),  # 306 septets: two by division, but no € is cut in half
        ("á" * 70, 1, Encoding.UCS2),
        ("á" * 71, 2, Encoding.UCS2),
        ("😀" * 35, 1, Encoding.UCS2),
        ("😀" * 36, 2, Encoding.UCS2),
        ("😀" * 67, 3, Encoding.UCS2),  # 134 code units, likewise
        ("Räksmörgås på Öland, Åsa: idé & müsli", 1, Encoding.GSM7),
    ],
)
def test_texts_are_counted_as_operators_count_them(text: str, count: int, encoding: Encoding) -> None:
    segments = segment(text)
    assert (segments.count, segments.encoding) == (count, encoding)


def test_a_cut_leaves_room_rather_than_halve_a_character() -> None:
    assert [len(part) for part in segment("€" * 81).parts] == [76, 5]
    assert [len(part) for part in segment("😀" * 36).parts] == [33, 3]


def test_the_whole_gsm_alphabet_is_gsm() -> None:
    assert len(set(GSM_ALPHABET)) == 127 + 10
    segments = segment(GSM_ALPHABET)
    assert segments.encoding is Encoding.GSM7
    assert segments.units == 127 + 2 * 10
    assert segments.forcing == ()


def test_an_empty_text_is_no_sms() -> None:
    assert segment("").parts == ()
    assert (segment("").count, segment("").left) == (0, 160)


@pytest.mark.parametrize("char", "áçêëï½`´“”’–—…•°²µ™\t\u00a0\u200b\x1b")
def test_one_character_outside_the_alphabet_turns_the_text_to_ucs2(char: str) -> None:
    assert segment(f"Vatten{char}").encoding is Encoding.UCS2


def test_the_characters_to_blame_are_named_once_in_the_order_of_the_text() -> None:
    assert segment("“Hej” – kom – 😀").forcing == ("“", "”", "–", "😀")


@given(texts)
@example("å" * 152 + "€" + "å" * 10)
@example("á" * 66 + "😀" + "á" * 10)
def test_parts_join_to_the_text_and_each_fits(text: str) -> None:
    segments = segment(text)
    alone, one_of_several = ROOM[segments.encoding]
    assert "".join(segments.parts) == text
    assert segments.units == units(text, segments.encoding)
    assert all(segments.parts)
    room = one_of_several if segments.count > 1 else alone
    assert segments.left == room - units("".join(segments.parts[-1:]), segments.encoding)
    assert all(units(part, segments.encoding) <= room for part in segments.parts)


@given(texts)
def test_no_segment_is_closed_while_the_next_character_would_fit(text: str) -> None:
    segments = segment(text)
    _, room = ROOM[segments.encoding]
    for part, following in zip(segments.parts, segments.parts[1:], strict=False):
        assert units(part + following[0], segments.encoding) > room


# smsutil takes the escape itself for a character of the alphabet, and counts an empty text as one SMS.
@given(texts.filter(lambda text: text and "\x1b" not in text))
def test_another_library_cuts_alike(text: str) -> None:
    theirs = split_by_smsutil(text)
    ours = segment(text)
    assert ours.parts == tuple(part.content for part in theirs.parts)
    assert (ours.encoding is Encoding.GSM7) == (theirs.encoding == "gsm0338")


@pytest.mark.parametrize(
    ("pasted", "plain"),
    [
        ("“Koka” „vattnet”, »nu«", '"Koka" "vattnet", "nu"'),
        ("kommunens’ ‘egen’ 5´", "kommunens' 'egen' 5'"),
        ("8–16 — öppet\u2011hus, −5", "8-16 - öppet-hus, -5"),
        ("Vänta…", "Vänta..."),
        ("•\tE-tjänster", "- E-tjänster"),
        ("0485\u00a0880\u202f00", "0485 880 00"),
        ("e\u00adpost\u200b\ufeff", "epost"),
        ("rad\r\nrad\rrad\u2028rad", "rad\nrad\nrad\nrad"),
        ("a\u030a a\u0308 o\u0308 A\u030a e\u0301 u\u0308", "å ä ö Å é ü"),
    ],
)
def test_what_word_processors_make_of_text_becomes_plain(pasted: str, plain: str) -> None:
    assert normalise(pasted) == plain
    assert segment(normalise(pasted)).encoding is Encoding.GSM7


@pytest.mark.parametrize("text", ["åäöÅÄÖéÉü", "20° och 1½ m²", "á ç ê 😀", "👩\u200d🚒", "می\u200cروم", "{[€]}^~|\\"])
def test_what_has_no_look_alike_of_the_same_meaning_stays(text: str) -> None:
    assert normalise(text) == text


@given(st.text())
@example("a\u200b\u030a")
@example("\u1ffd\u1fef\u2000")
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(st.characters(categories=("L", "N"))))
def test_letters_and_digits_are_only_composed(text: str) -> None:
    assert normalise(text) == unicodedata.normalize("NFC", text)


@given(st.text(st.sampled_from(GSM_ALPHABET.replace("\r", ""))))
def test_text_in_the_gsm_alphabet_is_left_alone(text: str) -> None:
    assert normalise(text) == text


def test_a_hundred_kilobytes_are_cut_at_once() -> None:
    began = time.perf_counter()
    assert segment(normalise("å€–😀a" * 20_000)).count > 1_000
    assert time.perf_counter() - began < 3  # it takes 0.1; by squares it would be minutes
