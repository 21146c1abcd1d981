"""Reading lists of subscribers: what is good is taken, what is bad is named with its row and reason."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from broadcaster.numbers import REGION, mobile
from broadcaster.store.subscribers import Subscription
from messages.model import Municipality
from messages.problems import InputError, Place, Problem

NUMBER, MUNICIPALITY, LANGUAGE = "number", "municipality", "language"
_HEADINGS = {
    "number": NUMBER,
    "nummer": NUMBER,
    "telefon": NUMBER,
    "phone": NUMBER,
    "municipality": MUNICIPALITY,
    "kommun": MUNICIPALITY,
    "language": LANGUAGE,
    "språk": LANGUAGE,
}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not taken; rows are counted as a spreadsheet does, the heading being row 1."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What a list gave."""

    good: tuple[Subscription, ...]
    bad: tuple[BadRow, ...]


def subscription(
    number: str,
    municipality: str | None,
    language: str | None,
    municipalities: Mapping[str, Municipality],
    countries: Collection[str] = (REGION,),
) -> Subscription:
    """Check one wish.

    Args:
        countries: whose mobile numbers may subscribe.

    Raises:
        NumberError: the number cannot subscribe.
        ValueError: municipality or language is not known.
    """
    known = ", ".join(municipalities)
    if not municipality:
        raise ValueError(f"names no municipality; known are: {known}")
    if municipality not in municipalities:
        raise ValueError(f"there is no municipality {municipality!r}; known are: {known}")
    spoken = municipalities[municipality].languages
    if language and language not in spoken:
        raise ValueError(f"{municipality} does not write in {language!r}, but in: {', '.join(spoken)}")
    return Subscription(mobile(number, countries), municipality, language or spoken[0])


def read_csv(
    text: str,
    file: str,
    municipalities: Mapping[str, Municipality],
    *,
    municipality: str | None = None,
    language: str | None = None,
    countries: Collection[str] = (REGION,),
) -> Intake:
    """Read a CSV with a heading, separated by comma, semicolon or tab.

    Args:
        municipality: for rows that name none.
        language: for rows that name none.
        countries: whose mobile numbers may subscribe.

    Raises:
        InputError: the heading names no number, or what is quoted has no end, so that nobody knows what is a row.
    """
    lines = io.StringIO(text, newline="")
    delimiter = max(",;\t", key=lines.readline().count)
    lines.seek(0)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        headings = [_HEADINGS.get(cell.strip().lower()) for cell in next(rows, [])]
        if NUMBER not in headings:
            advice = "Let the first row name the columns: number, municipality, language."
            raise InputError([Problem("has no column of numbers.", Place(file, 1), advice)])
        defaults = {MUNICIPALITY: municipality, LANGUAGE: language}
        wish = partial(subscription, municipalities=municipalities, countries=countries)
        return _sorted_out(rows, headings, defaults, wish)
    except csv.Error as error:
        place = Place(file, rows.line_num)
        advice = "Look for a quotation mark that is not closed, there or above."
        raise InputError([Problem(f"is not CSV: {error}.", place, advice)]) from None


def _sorted_out(
    rows: Iterable[list[str]],
    headings: list[str | None],
    defaults: Mapping[str, str | None],
    wished: Callable[[str, str | None, str | None], Subscription],
) -> Intake:
    seen: dict[tuple[str, str], int] = {}
    bad: list[BadRow] = []
    good: list[Subscription] = []
    for row, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        named = {name: cell.strip() for name, cell in zip(headings, cells, strict=False) if name}
        wish = {name: named.get(name) or defaults.get(name) for name in (MUNICIPALITY, LANGUAGE)}
        try:
            found = wished(named.get(NUMBER, ""), wish[MUNICIPALITY], wish[LANGUAGE])
        except ValueError as error:
            bad.append(BadRow(row, str(error)))
            continue
        earlier = seen.setdefault((found.number, found.municipality), row)
        if earlier != row:
            bad.append(BadRow(row, f"is the same number as in row {earlier}"))
            continue
        good.append(found)
    return Intake(tuple(good), tuple(bad))
