"""Where things stand in TOML text: the lines that errors name, and that the parser of the standard library forgets."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from messages import toml_mistakes
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


@dataclass(frozen=True, slots=True)
class Loaded:
    """TOML as far as it could be read, with lines mended where it is plain how they were meant.

    Args:
        source: the lines that were read, each in its place.
        problems: what is wrong in it, each with its line.
        unread: keys of the lines that could not be read.
    """

    data: dict[str, Any]
    source: str
    problems: tuple[Problem, ...]
    unread: frozenset[str]


def load(source: str, file: str, *, lines_before: int = 0) -> dict[str, Any]:
    """Read TOML; see ``read``.

    Raises:
        InputError: it is not TOML; with every line that cannot be read.
    """
    found = read(source, file, lines_before=lines_before)
    if found.problems:
        raise InputError(found.problems)
    return found.data


def read(source: str, file: str, *, lines_before: int = 0) -> Loaded:
    """Read TOML, and go on behind every line that is wrong.

    Args:
        source: the TOML text.
        file: its name, for errors.
        lines_before: how many lines of the file stand before ``source``.
    """
    lines, problems, unread = source.split("\n"), list[Problem](), set[str]()
    for _ in range(_MOST_MISTAKES):
        try:
            mended = "\n".join(lines)
            return Loaded(tomllib.loads(mended), mended, tuple(problems), frozenset(unread))
        except RecursionError:
            problems = [Problem("Lists or tables are nested too deeply.", Place(file), _EVERY_LINE)]
            break
        except ValueError as error:  # TOMLDecodeError, or what Python's own int() says of a number with 5,000 digits
            index = _culprit(lines, str(error))
        line = lines[index]
        place = Place(file, lines_before + index + 1)
        if (before := _same_key(lines, index)) is not None:
            twice = f"The key {_key_of(line)} stands here for the second time, after line {lines_before + before + 1}."
            problems.append(Problem(twice, place, "Take one of the two out."))
            lines[index] = ""
        elif found := toml_mistakes.meant(line):
            what, lines[index] = found
            right = lines[index].strip()
            problems.append(Problem(what, place, f"Write: {right}" if len(right) < _LONG else _EVERY_LINE))
        else:
            problems.append(Problem(toml_mistakes.unread(line), place, _EVERY_LINE))
            unread |= {_key_of(line)}
            lines[index] = ""
    return Loaded({}, "", tuple(problems), frozenset(unread))


_MOST_MISTAKES = 20
_LONG = 200
_EVERY_LINE = "Every line reads: key = value, text in quotation marks."


def _culprit(lines: Sequence[str], error: str) -> int:
    """The index of the line that is at fault: where the parser gave up, or above if that line is well by itself."""
    found = _SYNTAX_ERROR.fullmatch(error)
    gave_up = min(int(found["line"]) if found and found["line"] else len(lines), len(lines)) - 1
    if _same_key(lines, gave_up) is not None:
        return gave_up
    return next((index for index in range(gave_up, -1, -1) if not _is_well(lines[index])), gave_up)


def _is_well(line: str) -> bool:
    try:
        tomllib.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _same_key(lines: Sequence[str], index: int) -> int | None:
    """The line above, in the same table, that has the key of this one already."""
    key = _key_of(lines[index])
    for above in range(index - 1, -1, -1):
        if lines[above].lstrip().startswith("["):
            return None
        if key and _is_well(lines[index]) and _is_well(lines[above]) and _key_of(lines[above]) == key:
            return above
    return None


def _key_of(line: str) -> str:
    found = re.match(r"[ \t]*([\w-]+)", line)
    return found[1] if found else ""


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
