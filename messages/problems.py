"""What is wrong with something a person wrote, and where.

InputError            what was written can not be used; carries every Problem found, not just the first
└── Problem           what is wrong, the place, and the next step
    └── Place         file, line and key, as far as they are known
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file as the user named it, a line counted from 1, a key or part by its name."""

    file: str | None = None
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        """Write it as editors understand it: ``message.md:7: next_update``."""
        where = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return ": ".join(part for part in (where, self.key) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a sentence that says what, and one that says what to do about it."""

    text: str
    place: Place = Place()
    advice: str = ""

    def __str__(self) -> str:
        """One line: place, what is wrong, what to do."""
        place = str(self.place)
        return f"{place + ': ' if place else ''}{self.text}{' ' + self.advice if self.advice else ''}"


class InputError(Exception):
    """What a person wrote can not be used as it is. Nothing was done with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
