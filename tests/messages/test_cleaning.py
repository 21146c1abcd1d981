"""Signs that come along unseen when text is pasted: gone where nobody needs them, kept where an alphabet does."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.cleaning import cleaned


@pytest.mark.parametrize(
    ("written", "clean", "said"),
    [
        ("Vattnet\u200c är otjänligt", "Vattnet är otjänligt", "U+200C (zero width non-joiner)"),
        ("Vatt\u00adnet", "Vattnet", "U+00AD (soft hyphen)"),
        ("vat\u200bten\u2060\ufeff", "vatten", "U+200B (zero width space)"),
        ("Ring \u202a0485-880 00\u202c.", "Ring 0485-880 00.", "U+202A (left-to-right embedding), U+202C"),
        ("Ring \u20660485-880 00\u2069\u200e.", "Ring 0485-880 00.", "writing direction"),
        ("Det ofﬁciella rådet, eﬀekt, ﬂod, trafﬃk", "Det officiella rådet, effekt, flod, trafffik", "'fi'"),
        ("Ring ０４８５", "Ring 0485", "'0'"),
        ("𝗩𝗶𝗸𝘁𝗶𝗴𝘁", "Viktigt", "sans-serif bold capital v"),
        ("etapp Ⅳ", "etapp IV", "'IV'"),
        ("Vattnet a\u030ar otja\u0308nligt", "Vattnet år otjänligt", "several pieces"),
        ("30 \u212b", "30 Å", "several pieces"),
        ("Bоrgholm", "Borgholm", "cyrillic small letter o"),
        ("Mörbylånga Κommun", "Mörbylånga Kommun", "greek capital letter kappa"),
        ("Ring\ufe0f 1\ufe0f2", "Ring 12", "U+FE0F"),
        ("#\u00a0Rubrik", "# Rubrik", "blank at the beginning of a line"),
        ("  -\u2003punkt", "  - punkt", "blank at the beginning of a line"),
        ("##\u202f@sms", "## @sms", "blank at the beginning of a line"),
        ("+++\nkind\u00a0=\u00a0 'alert'\n+++\n", "+++\nkind  =  'alert'\n+++\n".replace("  =  ", " =  "), "blank"),
    ],
)
def test_what_nobody_sees_goes_and_it_is_said(written: str, clean: str, said: str) -> None:
    found = cleaned(written, "m.md")
    assert found.text == clean
    assert any(said in remark.text for remark in found.remarks)


@pytest.mark.parametrize(
    "text",
    [
        "Vattnet är otjänligt. Koka det — “alltid”.",
        "می‌خواهم آب",  # Persian: the joiner spells the word
        "क्‍ष",  # Hindi
        "ภาษา\u200bไทย",  # Thai: the unseen blank parts words
        "👩\u200d🚒 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3 ©\ufe0f",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "اتصل على \u202a0485-880 00\u202c الآن",
        "התקשרו \u20660485-880 00\u2069",
        "Вода непригодна. Звоните 112.",
        "Το νερό δεν είναι πόσιμο.",
        "10 µm, α-strålning, ½ liter, 20 °C, 3 m²",
        "kl.\u00a012, 12\u202f000 kronor",  # a blank that does not break, in running text, is meant
        "\u00a0indragen",
        "葛\U000e0100城",
    ],
)
def test_what_an_alphabet_or_an_emoji_needs_stays(text: str) -> None:
    found = cleaned(text)
    assert found.text == unicodedata.normalize("NFC", text)
    assert found.remarks == ()


def test_a_sign_that_stands_often_is_told_once_with_its_first_line() -> None:
    [first, second] = cleaned("Ett\nTv\u00ada\nTre\ufb01\n\u00ad\u00ad\n", "m.md").remarks
    assert str(first) == "m.md:2: The invisible character U+00AD (soft hyphen) was taken out (3 times)."
    assert str(second) == "m.md:3: 'ﬁ' (U+FB01, latin small ligature fi) was written out as 'fi'."


_PASTED = st.text(
    st.sampled_from("aå1 \n#-\u00a0\u00ad\u200b\u200c\u200d\u202a\u202c\u2066\u2069\ufb01\ufe0fоم😀\u030a")
)


@given(_PASTED)
def test_a_clean_text_stays_as_it_is_and_on_its_lines(text: str) -> None:
    once = cleaned(text).text
    assert cleaned(once).text == once
    assert once.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "sign", ["\u200c", "\u202a", "\u00ad", "\ufb01", "\ufe0f", "\u200c\ufe0f", "a\u030a", "о", "aо"]
)
def test_a_file_full_of_them_is_clean_at_once(sign: str) -> None:
    assert len(cleaned(sign * 15_000).remarks) <= 2
