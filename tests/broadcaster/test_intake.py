"""Lists of subscribers: the good are taken, the bad are named with row and reason."""

import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.intake import BadRow, Intake, read_list, subscription
from broadcaster.numbers import NumberError
from broadcaster.spreadsheet import letters_of, place_of, sheets_of
from broadcaster.store.subscribers import Subscription
from messages.model import Municipality
from messages.problems import InputError

MUNICIPALITIES = {
    "borgholm": Municipality("borgholm", ("sv", "en"), ("sms",), {"name": "Borgholms kommun"}, code="0885"),
    "morbylanga": Municipality("morbylanga", ("sv",), ("sms",), {"name": "Mörbylånga kommun"}, code="0840"),
}


def read(
    content: str | bytes, municipality: str | None = None, language: str | None = None, sheet: str | None = None
) -> Intake:
    sheets = sheets_of(content if isinstance(content, bytes) else content.encode(), "numbers.csv")
    return read_list(sheets, "numbers.csv", MUNICIPALITIES, sheet=sheet, municipality=municipality, language=language)


def workbook(*sheets: Sequence[Sequence[object]], hidden: int = 0, title: str = "") -> bytes:
    """A workbook as Excel saves it.

    Args:
        hidden: how many of its sheets are, counted from the last.
        title: a merged cell above the heads of the first sheet.
    """
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        for number, rows in enumerate(sheets, start=1):
            sheet = book.add_worksheet(f"Blad{number}")
            if number > len(sheets) - hidden:
                sheet.hide()
            if title and number == 1:
                sheet.merge_range(0, 0, 0, 2, title)
            for place, row in enumerate(rows, start=2 if title and number == 1 else 0):
                sheet.write_row(place, 0, row)
    return made.getvalue()


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


@pytest.mark.parametrize(
    "head",
    [
        "Mobilnummer",
        "Mobiltelefon",
        "Telefon",
        "Tel.nr",
        "Tel.",
        "Telefonnr",
        "Mobil nr",
        "Mobile phone",
        "Phone number",
        "MOBILNUMMER *",
        "Ditt mobilnummer",
        "Mobilnummer (10 siffror)",
        "SMS-nummer",
    ],
)
def test_the_column_of_numbers_has_many_names(head: str) -> None:
    assert read(f"Namn;{head};Kommun;Språk\nN;070-174 06 05;Borgholm;engelska\n").good == (ONE,)


def test_of_several_columns_of_numbers_the_mobile_one_is_read_and_two_alike_are_refused() -> None:
    found = read("Nummer;Telefon;Mobil;Kommun\n17;0485-880 00;0701740606;Mörbylånga\n")
    assert found.good == (TWO,)
    assert [(column.letter, column.meaning) for column in found.columns] == [
        ("A", None),
        ("B", None),
        ("C", "number"),
        ("D", "municipality"),
    ]
    with pytest.raises(
        InputError, match=r"numbers.csv:1: has more than one column of number: A \(Mobil\) and B \(mobilnr\)"
    ):
        read("Mobil;mobilnr\n0701740605;0701740606\n")


@pytest.mark.parametrize(
    "written", ["borgholm", "Borgholm", "BORGHOLM", "Borgholms", "Borgholms kommun", "borgholms  KOMMUN", "0885", "885"]
)
def test_a_municipality_is_known_by_name_and_official_number_in_any_case(written: str) -> None:
    assert read(f"nummer;kommun;språk\n0701740605;{written};en\n").good == (ONE,)


@pytest.mark.parametrize("written", ["en", "EN", "English", "engelska", " Engelska "])
def test_a_language_is_known_by_its_name(written: str) -> None:
    assert read(f"nummer;kommun;språk\n0701740605;borgholm;{written}\n").good == (ONE,)


HEADS = "nummer;kommun;språk\r\n"
ROW = "0701740606;Mörbylånga;sv\r\n"


@pytest.mark.parametrize(
    ("content", "row", "form"),
    [
        (HEADS + ROW, 1, "UTF-8, columns separated by semicolons"),
        (f"sep=;\r\n{HEADS}{ROW}", 1, "UTF-8, columns separated by semicolons"),
        (f'"sep=|"\n{HEADS}{ROW}'.replace(";", "|"), 1, "UTF-8, columns separated by bars"),
        (f"\ufeffsep=;\r\n{HEADS}{ROW}", 1, "UTF-8, columns separated by semicolons"),
        (f"\r\n\r\n{HEADS}{ROW}", 3, "UTF-8, columns separated by semicolons"),
        (f"Prenumeranter, 2026;;\r\nUttag: 1 dec\r\n;;\r\n{HEADS}{ROW}", 4, "UTF-8, columns separated by semicolons"),
        (f"Telefon;;\r\n{HEADS}{ROW}", 2, "UTF-8, columns separated by semicolons"),
        ((HEADS + ROW).encode("windows-1252"), 1, "Windows-1252, columns separated by semicolons"),
        ((HEADS + ROW).replace(";", "\t").encode("utf-16"), 1, "UTF-16-LE, columns separated by tabs"),
        ((HEADS + ROW).replace(";", ",").encode("utf-16-le"), 1, "UTF-16-LE, columns separated by commas"),
        (
            "\ufeff".encode("utf-16-be") + (HEADS + ROW).encode("utf-16-be"),
            1,
            "UTF-16-BE, columns separated by semicolons",
        ),
    ],
)
def test_a_list_is_read_as_excel_saves_it_and_says_how(content: str | bytes, row: int, form: str) -> None:
    found = read(content)
    assert (found.good, found.bad) == ((TWO,), ())
    assert (found.heads, found.form) == (row, form)


def test_rows_are_counted_as_excel_shows_them_also_below_a_title_and_without_the_line_for_excel() -> None:
    found = read(f"sep=;\nLista;;\n\n{HEADS}{ROW}\nfel;borgholm;sv\nSumma;1;\n")
    assert [(bad.row, bad.cells[0]) for bad in found.bad] == [(6, "fel"), (7, "Summa")]


@pytest.mark.parametrize(
    "cell",
    [
        "46701740605",
        "701740605",
        "'0701740605",
        "’070-174 06 05",
        "+46 (0)70-174 06 05",
        "0046701740605",
        "070–174 06 05",
        "070\xa0174\xa006\xa005",
        "\u202a+46701740605\u202c",
        "070.174.06.05",
        "+46-70-174 06 05",
    ],
)
def test_a_number_is_read_as_excel_and_people_mangle_it(cell: str) -> None:
    assert read(f"nummer;kommun;språk\n{cell};borgholm;en\n").good == (ONE,)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("7.0174E+08", "was shortened by Excel"),
        ("4,67017E+10", "was shortened by Excel"),
        ("7E+8", "was shortened by Excel"),
        ("070-174 06 05 / 070-174 06 06", "holds more than one number"),
        ("0701740605, 0701740606", "holds more than one number"),
        ("0701740605 eller 0701740606", "holds more than one number"),
        ('"0701740605\n0701740606"', "holds more than one number"),
        ("#NUM!", "is not a phone number"),
        ("########", "is not a phone number"),
    ],
)
def test_a_number_that_is_lost_is_refused_with_the_reason(cell: str, reason: str) -> None:
    [bad] = read(f"nummer;kommun\n{cell};borgholm\n").bad
    assert bad.reason.startswith(reason)


def test_a_workbook_is_read_with_its_title_its_numbers_and_rows_as_excel_counts_them() -> None:
    rows: list[list[object]] = [
        ["Mobilnummer", "Kommun", "Språk"],
        [46701740605, "Borgholm", "en"],
        [701740606, 840, ""],
        ["", "", ""],
    ]
    found = read(workbook([*rows, ["Summa", 2, ""]], title="Prenumeranter 2026"))
    assert found.good == (ONE, TWO)
    assert found.bad == (BadRow(7, "is not a phone number"),)
    assert (found.heads, found.form) == (3, "Excel, sheet Blad1, hidden and filtered rows too")


def test_a_formula_in_a_workbook_is_what_it_comes_to() -> None:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Mobil", "Kommun"])
        sheet.write_formula(1, 0, '="070"&"1740606"', value="0701740606")
        sheet.write_formula(1, 1, '=PROPER("mörbylånga")', value="Mörbylånga")
        sheet.set_row(1, options={"hidden": True})
    assert read(made.getvalue()).good == (TWO,)


def test_of_several_sheets_the_one_with_numbers_is_read_and_of_two_one_has_to_be_named() -> None:
    numbers: list[list[object]] = [["Mobil", "Kommun"], ["0701740606", "Mörbylånga"]]
    other: list[list[object]] = [["Datum", "Antal"], ["2026-12-01", 3]]
    assert read(workbook(other, numbers)).form.startswith("Excel, sheet Blad2")
    assert read(workbook(numbers, numbers, hidden=1)).good == (TWO,)
    with pytest.raises(InputError, match=r"on several sheets: Blad1, Blad2. Say which one: --sheet"):
        read(workbook(numbers, numbers))
    assert read(workbook(numbers, numbers), sheet="blad2").good == (TWO,)
    with pytest.raises(InputError, match=r"has no sheet 'Blad9'. It has: Blad1"):
        read(workbook(numbers), sheet="Blad9")
    with pytest.raises(InputError, match=r"It is no workbook: leave out --sheet"):
        read("nummer\n0701740606\n", sheet="Blad1")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 40 + "EncryptedPackage".encode("utf-16-le"), "is locked with a password"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, r"before Excel 2007 \(.xls\). Open it"),
        (b"PK\x03\x04 and no more", "is broken, or is not an Excel workbook"),
        (workbook([["x"]])[:-200], "is broken, or is not an Excel workbook"),
        (b"nummer\n\x81\x8d", "is not text in UTF-8 or Windows-1252"),
        ("nummer\n".encode("utf-16")[:-1], "is not text in UTF-8 or UTF-16-LE"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(content)


def test_a_packed_bomb_is_not_unpacked() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as folder:
        for name in ("workbook", "a", "b", "c"):
            folder.writestr(f"xl/{name}.xml", bytes(60_000_000))
    with pytest.raises(InputError, match="larger than 200 MB"):
        read(made.getvalue())


@pytest.mark.parametrize(("row", "column"), [(1_048_575, 16_383), (1_048_575, 100)])
def test_a_cell_far_away_is_named_rather_than_all_the_memory_used(row: int, column: int) -> None:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Mobil", "Kommun"])
        sheet.write(row, column, "x")
    with pytest.raises(InputError, match="has a cell far away from the others"):
        read(made.getvalue())


def test_columns_are_named_as_a_spreadsheet_does() -> None:
    named = ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"]
    assert [letters_of(place_of(name)) for name in named] == named
    assert [place_of(name) for name in named] == [0, 25, 26, 51, 52, 701, 702, 16_383]


BOOK = workbook([["Mobil", "Kommun"], ["0701740606", "Mörbylånga"]])


@given(st.lists(st.tuples(st.integers(4, len(BOOK) - 1), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_workbook_with_spoilt_bytes_is_read_or_refused(spoilt: list[tuple[int, int]]) -> None:
    content = bytearray(BOOK)
    for place, value in spoilt:
        content[place] = value
    with suppress(InputError):
        read(bytes(content))


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
