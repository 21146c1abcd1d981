"""Words of a language as a text has them, whatever their case: ``PracticeWords`` says how entries are written."""

import re
from collections.abc import Iterable, Mapping
from functools import cache


def has_any(text: str, entries: tuple[str, ...]) -> bool:
    """Whether a text has any of the words."""
    return _pattern(entries).search(text) is not None


def found(text: str, entries: tuple[str, ...]) -> Iterable[str]:
    """The words that a text has, as they are written there."""
    return (match[0] for match in _pattern(entries).finditer(text))


def meant(written: str, entries: Mapping[str, str]) -> str:
    """What stands beside the entry that was found as this."""
    return next(said for entry, said in entries.items() if _pattern((entry,)).fullmatch(written))


@cache
def _pattern(entries: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(_expression, entries))})\b", re.IGNORECASE)


def _expression(entry: str) -> str:
    """Write an entry's words with what may stand before and after them where a dash says so."""
    return r"\s+".join(
        r"\w*" * word.startswith("-") + re.escape(word.strip("-")) + r"\w*" * word.endswith("-")
        for word in entry.split()
    )
