"""Reading lists of subscribers: what is good is taken, what is bad is named with its row and reason."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from broadcaster.numbers import REGION, mobile
from broadcaster.spreadsheet import Row, Sheet, letters_of, place_of
from broadcaster.store.subscribers import Subscription
from messages import languages
from messages.model import Municipality
from messages.problems import InputError, Place, Problem
from messages.senders import meant

NUMBER, MUNICIPALITY, LANGUAGE = "number", "municipality", "language"

_HEADS: Final[Mapping[str, Sequence[str]]] = {
    NUMBER: (
        "mobilnummer mobiltelefon mobiltelefonnummer mobiltel mobiltelnr mobilnr mobil smsnummer sms mobile "
        "mobilephone mobilenumber mobilephonenumber mobileno cell cellphone cellnumber msisdn",
        "telefonnummer telefonnr telefon telnr tel telno phone phonenumber phoneno telephone telephonenumber",
        "nummer number",
    ),
    MUNICIPALITY: ("kommun kommunnamn kommunkod kommunnummer kommunnr municipality municipalitycode municipalityname",),
    LANGUAGE: ("språk sprak språkkod language languagecode lang",),
}
"""Heads by what stands below them, in small letters without spaces and signs. That of an earlier line goes first."""

_ASIDE: Final = re.compile(r"\(.*?\)|\[.*?\]")
_YOUR: Final = re.compile(r"^(ditt|din|your|ange|fyll i)\s+", re.IGNORECASE)
_SHORTENED: Final = re.compile(r"[0-9]+([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_BETWEEN_TWO: Final = re.compile(r"[/,;\n]|\b(?:och|eller|and|or)\b")
_SEARCHED: Final = 30  # rows for the heads, above which a title and the like may stand


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not taken, counted as a spreadsheet does.

    Args:
        cells: as they were.
    """

    row: int
    reason: str
    cells: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and what was understood of it.

    Args:
        letter: as a spreadsheet names it.
        meaning: number, municipality or language; None if it is not read.
    """

    letter: str
    head: str
    meaning: str | None


@dataclass(frozen=True, slots=True)
class Intake:
    """What a list gave.

    Args:
        form: how it was read, for a person.
        heads: number of the row that names the columns; ``head_row`` is that row.
    """

    good: tuple[Subscription, ...]
    bad: tuple[BadRow, ...]
    form: str = field(default="", compare=False)
    heads: int = field(default=1, compare=False)
    head_row: tuple[str, ...] = field(default=(), compare=False)
    columns: tuple[Column, ...] = field(default=(), compare=False)


class _Wish(Protocol):
    def __call__(self, number: str, municipality: str | None, language: str | None) -> Subscription: ...


def subscription(
    number: str,
    municipality: str | None,
    language: str | None,
    municipalities: Mapping[str, Municipality],
    countries: Collection[str] = (REGION,),
) -> Subscription:
    """Check one wish.

    Args:
        municipality: whatever people call it.
        language: its code or its name.
        countries: whose mobile numbers may subscribe.

    Raises:
        NumberError: the number cannot subscribe.
        ValueError: municipality or language is not known.
    """
    wanted, known = mobile(number, countries), ", ".join(municipalities)
    if not municipality:
        raise ValueError(f"names no municipality; known are: {known}")
    id_ = meant(municipality, municipalities)
    if id_ is None:
        raise ValueError(f"there is no municipality {municipality!r}; known are: {known}")
    spoken = municipalities[id_].languages
    code = _language(language) if language else spoken[0]
    if code not in spoken:
        raise ValueError(f"{id_} does not write in {language!r}, but in: {', '.join(spoken)}")
    return Subscription(wanted, id_, code)


def read_list(
    sheets: Sequence[Sheet],
    file: str,
    municipalities: Mapping[str, Municipality],
    *,
    sheet: str | None = None,
    municipality: str | None = None,
    language: str | None = None,
    countries: Collection[str] = (REGION,),
) -> Intake:
    """Read a list with a row of heads, above which a title may stand.

    Args:
        sheet: which of a workbook's; None for the one that has a column of numbers.
        municipality: for rows that name none.
        language: for rows that name none.
        countries: whose mobile numbers may subscribe.

    Raises:
        InputError: no sheet, or more than one, has a column of numbers, or it has two that may be meant.
    """
    found = _chosen(sheets, sheet, file)
    heads = _head_row(found)
    if heads is None:
        place = Place(file, found.rows[0].number if found.rows else 1)
        advice = "Let the first row name the columns: number, municipality, language."
        raise InputError([Problem("has no column of numbers.", place, advice)])
    columns = _columns(heads, file)
    defaults = {MUNICIPALITY: municipality, LANGUAGE: language}
    wished = partial(subscription, municipalities=municipalities, countries=countries)
    rows = (row for row in found.rows if row.number > heads.number)
    good, bad = _sorted_out(rows, columns, defaults, wished)
    return Intake(good, bad, found.form, heads.number, heads.cells, columns)


def _chosen(sheets: Sequence[Sheet], wanted: str | None, file: str) -> Sheet:
    """The sheet that is meant.

    Raises:
        InputError: there is none of that name, or several may be meant.
    """
    names = ", ".join(sheet.name for sheet in sheets)
    named = [sheet for sheet in sheets if wanted is None or sheet.name.casefold() == wanted.casefold()]
    if not named:
        advice = f"It has: {names}." if names else "It is no workbook: leave out --sheet."
        raise InputError([Problem(f"has no sheet {wanted!r}.", Place(file), advice)])
    fitting = [sheet for sheet in named if _head_row(sheet) is not None]
    if len(fitting) > 1:
        which = ", ".join(sheet.name for sheet in fitting)
        advice = "Say which one: --sheet NAME, one after the other."
        raise InputError([Problem(f"has columns of numbers on several sheets: {which}.", Place(file), advice)])
    return (fitting or named)[0]


def _head_row(sheet: Sheet) -> Row | None:
    """The first of the rows that name the most columns, one of them that of numbers."""
    named = [(len(found), row) for row in sheet.rows[:_SEARCHED] if NUMBER in (found := _meanings(row))]
    return max(named, key=lambda pair: (pair[0], -pair[1].number))[1] if named else None


def _meanings(row: Row) -> set[str]:
    return {meaning for cell in row.cells for meaning in _HEADS if _rank(meaning, cell) is not None}


def _rank(meaning: str, head: str) -> int | None:
    """How surely a head means something, 0 the most; None if it does not."""
    plain = re.sub(r"[\W_]", "", _YOUR.sub("", _ASIDE.sub("", head).strip()).casefold())
    return next((rank for rank, words in enumerate(_HEADS[meaning]) if plain in words.split()), None)


def _columns(heads: Row, file: str) -> tuple[Column, ...]:
    """What each column holds.

    Raises:
        InputError: two may hold the same.
    """
    meanings: dict[int, str] = {}
    for meaning in _HEADS:
        ranks = {place: rank for place, head in enumerate(heads.cells) if (rank := _rank(meaning, head)) is not None}
        best = [place for place, rank in ranks.items() if rank == min(ranks.values())]
        if len(best) > 1:
            both = " and ".join(f"{letters_of(place)} ({heads.cells[place]})" for place in best)
            advice = "Keep one of them, or rename the head of the other."
            raise InputError(
                [Problem(f"has more than one column of {meaning}: {both}.", Place(file, heads.number), advice)]
            )
        meanings |= dict.fromkeys(best, meaning)
    return tuple(
        Column(letters_of(place), head, meanings.get(place))
        for place, head in enumerate(heads.cells)
        if head or place in meanings
    )


def _sorted_out(
    rows: Iterator[Row], columns: Sequence[Column], defaults: Mapping[str, str | None], wished: _Wish
) -> tuple[tuple[Subscription, ...], tuple[BadRow, ...]]:
    places = {column.meaning: place_of(column.letter) for column in columns if column.meaning}
    seen: dict[tuple[str, str], int] = {}
    bad: list[BadRow] = []
    good: list[Subscription] = []
    for row in rows:
        said = {what: row.cells[place] for what, place in places.items() if place < len(row.cells)}
        wish = {name: said.get(name) or defaults.get(name) for name in (MUNICIPALITY, LANGUAGE)}
        try:
            found = wished(_number(said.get(NUMBER, "")), wish[MUNICIPALITY], wish[LANGUAGE])
        except ValueError as error:
            bad.append(BadRow(row.number, str(error), row.cells))
            continue
        earlier = seen.setdefault((found.number, found.municipality), row.number)
        if earlier != row.number:
            bad.append(BadRow(row.number, f"is the same number as in row {earlier}", row.cells))
            continue
        good.append(found)
    return tuple(good), tuple(bad)


def _number(cell: str) -> str:
    """A cell without the sign that makes it a text in Excel.

    Raises:
        ValueError: Excel has spoilt it, or it holds two.
    """
    if _SHORTENED.fullmatch(cell):
        raise ValueError(
            "was shortened by Excel, so that digits are lost: format the column as text and write it again"
        )
    if sum(len(re.sub(r"\D", "", part)) >= 7 for part in _BETWEEN_TWO.split(cell)) > 1:
        raise ValueError("holds more than one number: give each a row of its own")
    return cell.lstrip("'’`´ ")


def _language(said: str) -> str:
    plain = said.casefold().strip()
    return next((code for code in languages.KNOWN if plain in languages.language(code).texting.names), plain)
