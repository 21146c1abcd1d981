"""Languages as data: each is one TOML file in this folder, and everything the code knows of it stands there."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from messages.languages.page import PageWords
from messages.languages.sign_up import SignUpWords


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


@dataclass(frozen=True, slots=True)
class Exercise:
    """How a text says that it is only an exercise: a word to stand before a headline, and a sentence."""

    mark: str
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Texting:
    """What residents may text in a language, and what they are answered.

    Words and phrases may be written as people write them: how they are compared is the business of whoever reads texts.

    Args:
        names: what the language is called, in its own and other languages.
        stop: phrases that end all texts, also within a longer text.
        stop_alone: those that do so only where nothing else is said.
        start, help, status, language: phrases that a text begins with.
        courtesies: words that change nothing.
        today: how a time is written, a format of ``{hour}`` and ``{minute}``.
        later: one of another day, with ``{day}`` and ``{month}`` besides.
        replies: the answers, by name.
    """

    names: tuple[str, ...]
    start: tuple[str, ...]
    stop: tuple[str, ...]
    stop_alone: tuple[str, ...]
    help: tuple[str, ...]
    status: tuple[str, ...]
    language: tuple[str, ...]
    courtesies: tuple[str, ...]
    today: str
    later: str
    replies: Mapping[str, str]


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
        exercise: how a text says that it is only an exercise.
        texting: what residents may text, and what they are answered.
        page: what the public page says.
        sign_up: what the pages say on which residents join and leave.
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
    exercise: Exercise
    texting: Texting
    page: PageWords
    sign_up: SignUpWords


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
        exercise=Exercise(**data.pop("exercise")),
        texting=_texting(data.pop("texting")),
        page=_page(data.pop("page")),
        sign_up=SignUpWords(**data.pop("sign_up")),
        **data,
    )


def _texting(data: dict[str, Any]) -> Texting:
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return Texting(**data | lists)


def _page(data: dict[str, Any]) -> PageWords:
    return PageWords(**data | {"weekdays": tuple(data["weekdays"])})
