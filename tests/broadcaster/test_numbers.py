"""Phone numbers: which ones are taken, which are refused and why, and how they are hidden."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.numbers import NumberError, masked, mobile


@pytest.mark.parametrize(
    "written",
    [
        "070-1740605",
        "0701740605",
        "070-174 06 05",
        "070–174 06 05",
        "(070) 174 06 05",
        "  070 1740605  ",
        "070\u00a0174\u00a006\u00a005",
        "+46701740605",
        "+46 70 174 06 05",
        "+46 (0)70-174 06 05",
        "0046 70 174 06 05",
        "46701740605",
        "701740605",  # a spreadsheet took the number for a number
        "'0701740605",  # a spreadsheet was told that it is none
        "\u202a+46701740605\u202c",  # copied from an address book
    ],
)
def test_a_swedish_mobile_number_is_taken_however_it_is_written(written: str) -> None:
    assert mobile(written) == "+46701740605"


@given(st.integers(46_701_740_605, 46_701_740_699))
def test_all_numbers_that_are_reserved_for_fiction_are_taken(number: int) -> None:
    assert mobile(f"+{number}") == mobile(f"0{number - 46_000_000_000}") == f"+{number}"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "is not a phone number"),
        ("hemligt", "is not a phone number"),
        ("skyddat nummer", "is not a phone number"),
        ("070-FLOWERS", "is not a phone number"),
        ("070-1740605 ankn 5", "is not a phone number"),
        ("070-1740605 ext 5", "is not a phone number"),
        ("070-1740605#5", "is not a phone number"),
        ("070-1740605 / 070-1740606", "is not a phone number"),
        ("4,67E+10", "is not a phone number"),
        ("7.01740605E8", "is not a phone number"),
        ("+46", "is not a phone number"),
        ("+999 123 456", "is not a phone number"),
        ("112", "is not a valid Swedish number"),
        ("1177", "is not a valid Swedish number"),
        ("070-174060", "is not a valid Swedish number"),
        ("070-174060512", "is not a valid Swedish number"),
        ("0701740605.0", "is not a valid Swedish number"),
        ("0719-012345678", "is not a valid Swedish number"),  # machine to machine
        ("+46719012345678", "is not a valid Swedish number"),
        ("08-465 004 00", "is not a mobile number, so it cannot get SMS"),
        ("0771-123 456", "is not a mobile number, so it cannot get SMS"),
        ("020-123 456", "is not a mobile number, so it cannot get SMS"),
        ("+47 40 00 00 00", "is a foreign number (+47); only Swedish mobile numbers can subscribe"),
        ("+358 40 1234567", "is a foreign number (+358); only Swedish mobile numbers can subscribe"),
        ("0047 40 00 00 00", "is a foreign number (+47); only Swedish mobile numbers can subscribe"),
        ("+1 202 555 0100", "is a foreign number (+1); only Swedish mobile numbers can subscribe"),
    ],
)
def test_any_other_number_is_refused_with_its_reason(written: str, reason: str) -> None:
    with pytest.raises(NumberError) as caught:
        mobile(written)
    assert str(caught.value) == reason


@given(st.text())
def test_whatever_is_written_is_a_swedish_mobile_number_or_refused(written: str) -> None:
    with suppress(NumberError):
        assert re.fullmatch(r"\+467\d{8}", mobile(written))


def test_a_masked_number_shows_its_owner_enough() -> None:
    assert masked("+46701740605") == "+4670•••••05"


@given(st.integers(46_701_740_605, 46_701_740_699))
def test_a_masked_number_keeps_its_length_and_shows_seven_characters_at_most(number: int) -> None:
    shown = masked(f"+{number}")
    assert len(shown) == 12
    assert len(shown.replace("•", "")) == 7
