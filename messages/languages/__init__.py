"""Languages as data: each is one TOML file in this folder, and everything the code knows of it stands there."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Times:
    """How a time of day is said.

    Args:
        separators: characters that stand between hours and minutes.
        before: the word before a time, said once before a span; may be empty.
        full: the full hour, a format of ``{hour}``, ``{hour12}`` and ``{half}``.
        minutes: any other time, with ``{minute}`` besides.
        halves: what ``{half}`` is before and after noon.
    """

    separators: str
    before: str
    full: str
    minutes: str
    halves: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Dates:
    """How a date is said: a format of ``{day}``, ``{month}`` and ``{year}``, and the names of the months."""

    full: str
    months: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """How a language is spoken.

    Args:
        code: ISO 639-1.
        name: its own name for itself.
        words_per_minute: pace of speech.
        digits: names of 0 to 9.
        range: the word for the dash in ``2–4``.
        minus: the word for the dash in ``-4``.
        addresses: words for the punctuation of web and e-mail addresses.
        numbers: short phone numbers that everybody knows, and how they are said.
        symbols: words for signs that are read aloud.
        abbreviations: what they stand for.
    """

    code: str
    name: str
    words_per_minute: int
    digits: tuple[str, ...]
    range: str
    minus: str
    addresses: Mapping[str, str]
    times: Times
    dates: Dates
    numbers: Mapping[str, str]
    symbols: Mapping[str, str]
    abbreviations: Mapping[str, str]


KNOWN = tuple(sorted(file.name[:-5] for file in files(__name__).iterdir() if file.name.endswith(".toml")))
"""Codes of the languages there are."""


@cache
def language(code: str) -> Language:
    """Load a language.

    Raises:
        ValueError: for a code that is not in ``KNOWN``.
    """
    if code not in KNOWN:
        raise ValueError(f"There is no language {code!r}: known are {', '.join(KNOWN)}.")
    data = tomllib.loads((files(__name__) / f"{code}.toml").read_text(encoding="utf-8"))
    times, dates, digits = data.pop("times"), data.pop("dates"), data.pop("digits")
    return Language(
        code=code,
        digits=tuple(digits),
        times=Times(**times | {"halves": tuple(times["halves"])}),
        dates=Dates(dates["full"], tuple(dates["months"])),
        **data,
    )
