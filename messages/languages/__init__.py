"""Languages as data: each is one TOML file in this folder, and everything the code knows of it stands there."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from messages.languages.about import AboutWords
from messages.languages.duty import DutyWords
from messages.languages.page import PageWords
from messages.languages.practice import PracticeWords
from messages.languages.report import ReportWords
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
    """How a date is said.

    Args:
        full: a format of ``{day}``, ``{month}`` and ``{year}``.
        months: from January.
        weekdays: from Monday, as they stand within a sentence.
        ordinals: of the days of a month, as they are spoken: the first to the thirty-first.
    """

    full: str
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    ordinals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a text begins with that says what it is: a word to stand before a headline, and a sentence."""

    mark: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Wordings:
    """The same in three ways: as texts have it, as short as stays clear, and in words to be spoken."""

    written: str
    short: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A message that nobody wrote: a word to stand before the headline of the one that it follows, and its text."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Ending:
    """An all-clear that nobody wrote.

    Args:
        mark: a word to stand before what it is about.
        text: what it says, with ``{still}`` where the sentences about services stand.
        short: the same in an SMS, which begins with the sender.
        down, limited: says that ``{services}`` do not work yet, or only with limits.
    """

    mark: str
    text: str
    short: str
    down: str
    limited: str


@dataclass(frozen=True, slots=True, eq=False)
class Texting:
    """What residents may text in a language, and what they are answered.

    Words and phrases may be written as people write them: how they are compared is the business of whoever reads texts.

    Args:
        names: what the language is called, in its own and other languages.
        stop: phrases that end all texts, also as a clause of a longer text.
        stop_alone: those that do so only where nothing else is said.
        start, help, status, language: phrases that a text begins with.
        courtesies: words that change nothing: politeness, and talk of texts and of sending them.
        reactions: what phones write before they quote the text that their owner reacted to.
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
    reactions: tuple[str, ...]
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
        sites: what a municipality's own web site is called among its services, in any case, with or without hyphens.
        superseded: how a former text says that there is a newer one, since ``{time}``.
        exercise: how a text says that it is only an exercise.
        correction: how a text says that it corrects another one.
        moments: a day and a time, in what ``messages.moments.told`` fills in.
        promise: how a text says when the next update comes: ``{time}``.
        lasting: what is said of a last word that has expired while its incident goes on: it is of ``{time}``.
        ending: an all-clear that nobody wrote.
        unchanged: an update that nobody wrote.
        texting: what residents may text, and what they are answered.
        page: what the public page says.
        sign_up: what the pages say on which residents join and leave.
        about: what the page says that tells who stands behind the public page.
        report: how a situation report is worded.
        duty: what the people on duty are reminded of.
        practice: what the lint of practice looks for; None for a language whose words are not checked.
    """

    code: str
    name: str
    words_per_minute: int
    digits: tuple[str, ...]
    range: str
    minus: str
    sites: tuple[str, ...]
    superseded: str
    addresses: Mapping[str, str]
    times: Times
    dates: Dates
    numbers: Mapping[str, str]
    symbols: Mapping[str, str]
    abbreviations: Mapping[str, str]
    exercise: Opening
    correction: Opening
    moments: Wordings
    promise: Wordings
    lasting: Wordings
    ending: Ending
    unchanged: Composed
    texting: Texting
    page: PageWords
    sign_up: SignUpWords
    about: AboutWords
    report: ReportWords
    duty: DutyWords
    practice: PracticeWords | None = None


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
    times, digits, sites = data.pop("times"), data.pop("digits"), data.pop("sites")
    return Language(
        code=code,
        digits=tuple(digits),
        sites=tuple(sites),
        times=Times(**times | {"halves": tuple(times["halves"])}),
        dates=_dates(data.pop("dates")),
        exercise=Opening(**data.pop("exercise")),
        correction=Opening(**data.pop("correction")),
        moments=Wordings(**data.pop("moments")),
        promise=Wordings(**data.pop("promise")),
        lasting=Wordings(**data.pop("lasting")),
        ending=Ending(**data.pop("ending")),
        unchanged=Composed(**data.pop("unchanged")),
        texting=_texting(data.pop("texting")),
        page=PageWords(**data.pop("page")),
        sign_up=SignUpWords(**data.pop("sign_up")),
        about=AboutWords(**data.pop("about")),
        report=ReportWords(**data.pop("report")),
        duty=DutyWords(**data.pop("duty")),
        practice=_practice(data.pop("practice")) if "practice" in data else None,
        **data,
    )


def _dates(data: dict[str, Any]) -> Dates:
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return Dates(**data | lists)


def _texting(data: dict[str, Any]) -> Texting:
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return Texting(**data | lists)


def _practice(data: dict[str, Any]) -> PracticeWords:
    questions = {rule: tuple(words) for rule, words in data["questions"].items()}
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return PracticeWords(**data | lists | {"questions": questions})
