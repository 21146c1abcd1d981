"""Files that a spreadsheet has saved: its rows as text, counted as it counts them. CSV in every form, and .xlsx."""

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from messages.problems import InputError, Place, Problem

LARGEST_UNPACKED: Final = 200_000_000
"""Bytes of a workbook, which is a packed folder."""

MOST_CELLS: Final = 50_000_000
"""Cells from the first to the last one of a sheet, empty ones included."""

_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SPOILT: Final = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, RuntimeError, ValueError)
"""What reading a packed folder raises whose bytes are wrong; NotImplementedError is a RuntimeError."""

_CELL: Final = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_MARKED: Final = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16-LE"),
    (codecs.BOM_UTF16_BE, "UTF-16-BE"),
)
_SEPARATORS: Final = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "bars"}
_SAID: Final = re.compile(r'\A"?sep=(.)"?(?:\r\n|\n|\r|\Z)', re.IGNORECASE)
_FORM: Final = "Excel, sheet {}, hidden and filtered rows too"
_LOOKED_AT: Final = 30  # rows, to find out what separates columns


@dataclass(frozen=True, slots=True)
class Row:
    """A row, counted as the spreadsheet counts it: from 1, with empty ones."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a table, those that are empty left out.

    Args:
        name: of the sheet in its workbook; empty for a text.
        form: how it was read, for a person: ``Windows-1252, columns separated by semicolons``.
    """

    name: str
    form: str
    rows: Sequence[Row]


def sheets_of(content: bytes, file: str) -> Sequence[Sheet]:
    """Read a file: a text as one sheet, a workbook as its sheets that can be seen.

    Raises:
        InputError: it is neither, it is locked, or what is quoted has no end, so that nobody knows what is a row.
    """
    if content.startswith(_ZIP):
        return _workbook(content, file)
    if content.startswith(_OLD):
        raise InputError([_locked(file) if _ENCRYPTED in content else _old(file)])
    text, charset = _text(content, file)
    return [_text_sheet(text, charset, file)]


def letters_of(place: int) -> str:
    """A column, counted from 0, as a spreadsheet names it: A, B … Z, AA."""
    letters = ""
    while place >= 0:
        letters = chr(ord("A") + place % 26) + letters
        place = place // 26 - 1
    return letters


def place_of(letters: str) -> int:
    """A column, counted from 0, that a spreadsheet names by letters."""
    place = 0
    for one in letters:
        place = place * 26 + ord(one) - ord("A") + 1
    return place - 1


def _workbook(content: bytes, file: str) -> Sequence[Sheet]:
    try:
        _expect_bearable(content, file)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        seen = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet
        ]
        return [Sheet(name, _FORM.format(name), _rows(_cells(book.get_sheet_by_name(name)))) for name in seen]
    except PasswordError:
        raise InputError([_locked(file)]) from None
    except (*_SPOILT, CalamineError):
        advice = "Open it in Excel or LibreOffice, and save it again as .xlsx or as CSV."
        raise InputError([Problem("is broken, or is not an Excel workbook (.xlsx).", Place(file), advice)]) from None


def _expect_bearable(content: bytes, file: str) -> None:
    """Make sure that a workbook needs no more memory than there is: one cell far away would take all that lies between.

    Raises:
        InputError: it needs more.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as folder:
        folder.getinfo("xl/workbook.xml")
        if sum(part.file_size for part in folder.infolist()) > LARGEST_UNPACKED:
            raise InputError([Problem("is larger than 200 MB when it is unpacked.", Place(file), "Divide it.")])
        for part in folder.namelist():
            found = _CELL.findall(folder.read(part)) if part.startswith("xl/worksheets/sheet") else []
            rows = max((int(row) for _, row in found), default=0)
            columns = max((place_of(letters.decode()) + 1 for letters in {letters for letters, _ in found}), default=0)
            if rows * columns > MOST_CELLS:
                advice = "Delete the rows and columns after the list: one of them holds something."
                raise InputError([Problem("has a cell far away from the others.", Place(file), advice)])


def _cells(sheet: CalamineSheet) -> Iterator[Sequence[str]]:
    for row in sheet.to_python(skip_empty_area=False):
        yield [_written(cell) for cell in row]


def _written(cell: object) -> str:
    """A cell as text. Excel keeps a number as such whose cell only holds digits: 46701740605."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _locked(file: str) -> Problem:
    advice = "Open it in Excel, and save a copy without a password."
    return Problem("is locked with a password.", Place(file), advice)


def _old(file: str) -> Problem:
    advice = "Open it in Excel or LibreOffice, and save it as .xlsx or as CSV."
    return Problem("is a workbook from before Excel 2007 (.xls).", Place(file), advice)


def _text(content: bytes, file: str) -> tuple[str, str]:
    """The text of a file and its characters: as marked, else UTF-8 if it is that, else Excel's own."""
    for mark, charset in _MARKED:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], charset, file), charset
    if content[1:2] == b"\0":
        return _decoded(content, "UTF-16-LE", file), "UTF-16-LE"
    try:
        return content.decode(), "UTF-8"
    except UnicodeDecodeError:
        return _decoded(content, "Windows-1252", file), "Windows-1252"


def _decoded(content: bytes, charset: str, file: str) -> str:
    try:
        return content.decode(charset)
    except UnicodeDecodeError:
        advice = 'Save it as "CSV UTF-8", or as .xlsx.'
        raise InputError([Problem(f"is not text in UTF-8 or {charset}.", Place(file), advice)]) from None


def _text_sheet(text: str, charset: str, file: str) -> Sheet:
    said = _SAID.match(text)
    if said:
        text = text[said.end() :]  # a line for the spreadsheet, which it does not count
    separator = said[1] if said else _separator(text)
    form = f"{charset}, columns separated by {_SEPARATORS.get(separator, separator)}"
    return Sheet("", form, _rows(_parsed(text, separator, file)))


def _separator(text: str) -> str:
    """What stands in the most of the first rows, and there the most often."""
    lines = [line for line in islice(io.StringIO(text), _LOOKED_AT) if line.strip()]
    return max(
        _SEPARATORS, key=lambda one: (sum(one in line for line in lines), sum(line.count(one) for line in lines))
    )


def _parsed(text: str, separator: str, file: str) -> Iterator[Sequence[str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from rows
    except csv.Error as error:
        place = Place(file, rows.line_num)
        advice = "Look for a quotation mark that is not closed, there or above."
        raise InputError([Problem(f"is not CSV: {error}.", place, advice)]) from None


def _rows(rows: Iterator[Sequence[str]]) -> Sequence[Row]:
    stripped = ((number, tuple(cell.strip() for cell in cells)) for number, cells in enumerate(rows, start=1))
    return [Row(number, cells) for number, cells in stripped if any(cells)]
