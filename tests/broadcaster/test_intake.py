"""Lists of subscribers: the good are taken, the bad are named with row and reason."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.intake import BadRow, Intake, read_csv, subscription
from broadcaster.numbers import NumberError
from broadcaster.store.subscribers import Subscription
from messages.model import Municipality
from messages.problems import InputError

MUNICIPALITIES = {
    "borgholm": Municipality("borgholm", ("sv", "en"), ("sms",), {}),
    "morbylanga": Municipality("morbylanga", ("sv",), ("sms",), {}),
}


def read(text: str, municipality: str | None = None, language: str | None = None) -> Intake:
    return read_csv(text, "numbers.csv", MUNICIPALITIES, municipality=municipality, language=language)


ONE = Subscription("+46701740605", "borgholm", "en")
TWO = Subscription("+46701740606", "morbylanga", "sv")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_list_is_read_whatever_separates_its_columns_and_rows(separator: str, end: str) -> None:
    rows = [["number", "municipality", "language"], ["070-1740605", "borgholm", "en"], ["+46701740606", "morbylanga"]]
    assert read(end.join(separator.join(row) for row in rows)) == Intake((ONE, TWO), ())


@pytest.mark.parametrize(
    "heading",
    [
        "nummer,kommun,språk",
        "Telefon,Kommun,Språk",
        " PHONE , MUNICIPALITY , LANGUAGE ",
        '"number","municipality","language"',
    ],
)
def test_a_heading_may_be_swedish_or_english_and_written_in_any_way(heading: str) -> None:
    assert read(f"{heading}\n0701740605,borgholm,en\n").good == (ONE,)


def test_columns_may_stand_in_any_order_among_others() -> None:
    text = "name,språk,kommun,note,nummer\nN N,en,borgholm,,0701740605\n"
    assert read(text).good == (ONE,)


def test_cells_may_be_quoted_and_hold_separators_and_line_ends() -> None:
    text = 'note;number;municipality;language\n"ring; helst\nsent";"070-1740605";borgholm;en\n;07;borgholm;\n'
    found = read(text)
    assert found.good == (ONE,)
    assert found.bad == (BadRow(3, "is not a valid Swedish number"),)


def test_a_column_of_numbers_alone_is_enough_when_the_rest_is_said_elsewhere() -> None:
    assert read("nummer\n0701740605\n", municipality="borgholm", language="en").good == (ONE,)
    assert read("nummer\n0701740606\n", municipality="morbylanga").good == (TWO,)


def test_what_a_row_says_counts_for_more_than_what_is_said_elsewhere() -> None:
    text = "number,municipality,language\n0701740605,borgholm,en\n0701740606,,\n"
    assert read(text, municipality="morbylanga", language="sv").good == (ONE, TWO)


def test_a_row_without_a_language_gets_the_municipalitys_first() -> None:
    assert read("number,municipality\n0701740605,borgholm\n").good[0].language == "sv"


def test_bad_rows_are_named_as_a_spreadsheet_counts_and_the_good_ones_taken() -> None:
    text = (
        "number,municipality,language\n"
        "0701740605,borgholm,en\n"
        "hemligt,borgholm,sv\n"
        "\n"
        " , ,\n"
        "08-465 004 00,borgholm,sv\n"
        "+47 40 00 00 00,borgholm,sv\n"
        "0701740607,kalmar,sv\n"
        "0701740607,,sv\n"
        "0701740607,borgholm,fi\n"
        "+46 70 174 06 05,borgholm,sv\n"
        "0701740606,morbylanga\n"
        ",borgholm,sv\n"
    )
    found = read(text)
    assert found.good == (ONE, TWO)
    assert found.bad == (
        BadRow(3, "is not a phone number"),
        BadRow(6, "is not a mobile number, so it cannot get SMS"),
        BadRow(7, "is a foreign number (+47); only Swedish mobile numbers can subscribe"),
        BadRow(8, "there is no municipality 'kalmar'; known are: borgholm, morbylanga"),
        BadRow(9, "names no municipality; known are: borgholm, morbylanga"),
        BadRow(10, "borgholm does not write in 'fi', but in: sv, en"),
        BadRow(11, "is the same number as in row 2"),
        BadRow(13, "is not a phone number"),
    )


def test_one_number_may_subscribe_to_several_municipalities() -> None:
    found = read("number,municipality\n0701740605,borgholm\n0701740605,morbylanga\n")
    assert [wish.municipality for wish in found.good] == ["borgholm", "morbylanga"]
    assert found.bad == ()


def test_a_number_whose_first_row_was_bad_is_no_duplicate() -> None:
    found = read("number,municipality\n0701740605,kalmar\n0701740605,borgholm\n")
    assert len(found.good) == 1
    assert [row.row for row in found.bad] == [2]


@pytest.mark.parametrize("text", ["", "\n", "0701740605,borgholm\n", "name,municipality\nN N,borgholm\n"])
def test_a_list_without_a_column_of_numbers_is_refused_with_the_heading_it_needs(text: str) -> None:
    with pytest.raises(InputError, match=r"numbers.csv:1: has no column of numbers. Let the first row name"):
        read(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('number,municipality\n0701740605,borgholm\n"0701740606,morbylanga\n0701740607,borgholm\n', 4),
        ('number,municipality\n"0701740605"1,borgholm\n', 2),
        (f"number,municipality\n{'0' * 200_000},borgholm\n", 2),
    ],
    ids=["no end", "more after the end", "no rows at all"],
)
def test_a_list_whose_rows_nobody_can_tell_apart_is_refused_with_the_line(text: str, line: int) -> None:
    with pytest.raises(InputError, match=rf"numbers.csv:{line}: is not CSV: .* quotation mark"):
        read(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InputError):
        assert all(row.row >= 2 for row in read("number,municipality\n" + text).bad)


def test_one_wish_is_checked_like_a_row() -> None:
    assert subscription("0701740605", "borgholm", "en", MUNICIPALITIES) == ONE
    with pytest.raises(NumberError):
        subscription("112", "borgholm", "en", MUNICIPALITIES)
    with pytest.raises(ValueError, match="no municipality 'kalmar'"):
        subscription("0701740605", "kalmar", None, MUNICIPALITIES)
