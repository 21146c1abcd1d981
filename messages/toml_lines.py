"""Where things stand in TOML text: the lines that errors name, and that the parser of the standard library forgets."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from messages.problems import InputError, Place, Problem

_QUOTED = r'"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'"
_KEY = rf"(?:[A-Za-z0-9_-]+|{_QUOTED})"
_DOTTED_KEY = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_STATEMENT = re.compile(
    rf"[ \t]*(?:(?P<header>\[\[?)[ \t]*(?P<table>{_DOTTED_KEY})[ \t]*\]|(?P<key>{_DOTTED_KEY})[ \t]*=)"
)
# What a value is made of, as far as it matters for finding its end: strings and comments first, for they may hold
# anything. A multi-line string may end in up to five quotation marks, of which the last three close it.
_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' + r"|'''.*?'{3,5}" + rf"|{_QUOTED}" + r"|#[^\n]*|[^\n\"'#\[\]{}]+|.",
    re.DOTALL,
)
_SYNTAX_ERROR = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)", re.DOTALL)


def load(source: str, file: str, *, lines_before: int = 0) -> dict[str, Any]:
    """Read TOML.

    Args:
        source: the TOML text.
        file: its name, for errors.
        lines_before: how many lines of the file stand before ``source``.

    Raises:
        InputError: it is not TOML; with the line where the parser gave up.
    """
    try:
        return tomllib.loads(source)
    except RecursionError:
        what, line = "Lists or tables are nested too deeply", None
    except ValueError as error:  # TOMLDecodeError, or what Python's own int() says of a number with 5,000 digits
        found = _SYNTAX_ERROR.fullmatch(str(error))
        what = found["what"] if found else str(error)
        line = lines_before + int(found["line"] or source.count("\n") + 1) if found else None
    raise InputError(
        [
            Problem(
                f"This is not valid TOML: {what}.", Place(file, line), "Every line reads: key = value, text in quotes."
            )
        ]
    )


def line_of(source: str, path: Sequence[str | int]) -> int | None:
    """Find the line on which a key stands.

    Args:
        source: TOML text that can be parsed.
        path: the keys from the top, and for arrays of tables the index from 0: ``("services", 0, "name")``.

    Returns:
        The line from 1: of the key itself, else of the nearest thing around it that has a line (a key with an inline
        table or a list, the header of a table), else None.
    """
    lines = _lines(source)
    return next((lines[around] for end in range(len(path), 0, -1) if (around := tuple(path[:end])) in lines), None)


def deepest(source: str) -> tuple[int, int]:
    """How many points stand on one line outside strings and comments at most, for so many keys lie within each other.

    Returns:
        The line from 1, and the number of its points.
    """
    points: Counter[int] = Counter({1: 0})
    line = 1
    for piece in _PIECE.finditer(source):
        if piece[0][0] not in "\"'#":
            points[line] += piece[0].count(".")
        line += piece[0].count("\n")
    return points.most_common(1)[0]


def values_of(source: str, key: str) -> Iterator[tuple[int, int]]:
    """Where the values of a key begin and end, in whatever table it stands."""
    position = 0
    while position < len(source):
        found = _STATEMENT.match(source, position)
        end = _end_of_statement(source, found.end() if found else position)
        if found and not found["header"] and _split(found["key"])[-1] == key:
            yield found.end(), end
        position = end


def span_of(source: str, key: str) -> tuple[int, int] | None:
    """Find where a key outside all tables begins, and the line ends that its value ends on; None if it is not there."""
    position = 0
    while position < len(source):
        found = _STATEMENT.match(source, position)
        if found and found["header"]:
            return None
        end = _end_of_statement(source, found.end() if found else position)
        if found and _split(found["key"]) == [key]:
            return position, end
        position = end
    return None


def without_tables(source: str, name: str) -> str:
    """Take an array of tables out of a source, and leave every other line as it is."""
    kept, position, is_meant = "", 0, False
    while position < len(source):
        found = _STATEMENT.match(source, position)
        if found and found["header"]:
            is_meant = _split(found["table"])[:1] == [name]
        end = _end_of_statement(source, found.end() if found else position)
        kept += "" if is_meant else source[position:end]
        position = end
    return kept


@lru_cache(maxsize=1)  # a file with many errors asks for many lines of one source
def _lines(source: str) -> Mapping[tuple[str | int, ...], int]:
    """Every path that has a line of its own, with the line on which it first appears."""
    lines: dict[tuple[str | int, ...], int] = {}
    last_index: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    for line, header, keys in _statements(source):
        path = () if header else table
        for depth, key in enumerate(keys, 1):
            path += (key,)
            lines.setdefault(path, line)
            if header == "[" and depth == len(keys):
                lines[path] = line  # its own header, rather than that of a table within it which came first
            if header == "[[" and depth == len(keys):
                last_index[path] = last_index.get(path, -1) + 1
            if path in last_index:
                path += (last_index[path],)
                lines.setdefault(path, line)
        if header:
            table = path
    return lines


def _statements(source: str) -> Iterator[tuple[int, str, list[str]]]:
    """Every table header and key of the source: its line, ``[``, ``[[`` or nothing, and its dotted key in parts."""
    position, line = 0, 1
    while position < len(source):
        found = _STATEMENT.match(source, position)
        if found:
            yield line, found["header"] or "", _split(found["table"] or found["key"])
        end = _end_of_statement(source, found.end() if found else position)
        line += source.count("\n", position, end)
        position = end


def _end_of_statement(source: str, position: int) -> int:
    """Where the line after the value, comment or empty line at ``position`` begins."""
    depth = 0
    for piece in _PIECE.finditer(source, position):
        match piece[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth <= 0:
                return piece.end()
    return len(source)


def _split(dotted_key: str) -> list[str]:
    """Take a dotted key apart the way TOML reads it, escapes and all."""
    keys: list[str] = []
    table: Any = tomllib.loads(f"{dotted_key} = 0")
    while isinstance(table, dict):
        [(key, table)] = table.items()
        keys.append(key)
    return keys
