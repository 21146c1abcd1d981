"""Files that a spreadsheet has saved: its rows as text, counted as it counts them. CSV in every form, and .xlsx."""

import codecs
import csv
import io
import re
import zipfile
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

LARGEST_UNPACKED: Final = 500_000_000
"""Bytes of a workbook, which is a packed folder."""

_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_MARKED: Final = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16-LE"),
    (codecs.BOM_UTF16_BE, "UTF-16-BE"),
)
_SEPARATORS: Final = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "bars"}
_SAID: Final = re.compile(r'\A"?sep=(.)"?(?:\r\n|\n|\r|\Z)', re.IGNORECASE)
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


def _workbook(content: bytes, file: str) -> Sequence[Sheet]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as folder:
            size = sum(part.file_size for part in folder.infolist())
        if size > LARGEST_UNPACKED:
            raise InputError([Problem("is larger than 500 MB when it is unpacked.", Place(file), "Divide it.")])
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        seen = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet
        ]
        return [
            Sheet(
                name, f"Excel, sheet {name}, hidden and filtered rows too", _rows(_cells(book.get_sheet_by_name(name)))
            )
            for name in seen
        ]
    except PasswordError:
        raise InputError([_locked(file)]) from None
    except (CalamineError, zipfile.BadZipFile):
        advice = "Open it in Excel or LibreOffice, and save it again as .xlsx or as CSV."
        raise InputError([Problem("is broken, or no workbook of Excel (.xlsx).", Place(file), advice)]) from None


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
    return Problem("is a workbook of an Excel before 2007 (.xls).", Place(file), advice)


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
        raise InputError([Problem(f"is no text in UTF-8 or {charset}.", Place(file), advice)]) from None


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
