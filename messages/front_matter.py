"""The front matter of a message: its keys in TOML, and what is wrong with them in words, with lines."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time
from difflib import get_close_matches
from functools import partial
from pathlib import PurePath
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictBool, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from messages import bounds, toml_lines
from messages.characters import FORBIDDEN, is_blank
from messages.model import Kind, Service, ServiceStatus, Severity
from messages.problems import InputError, Place, Problem
from messages.spelling import quoted, suggestion
from messages.times import TimeError, expect_offset, settled, typed


def _one_line(value: str) -> str:
    """Refuse what TOML's escapes can smuggle in."""
    value = value.strip()
    if FORBIDDEN.search(value) or len(value.splitlines()) > 1:
        raise PydanticCustomError("text", "The text must be one line, without control characters.")
    return value


def _not_blank(value: str) -> str:
    if is_blank(value):
        raise PydanticCustomError("text", "The text is blank.")
    return value


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise PydanticCustomError("names", "The list is empty.")
    repeated = [quoted(name) for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise PydanticCustomError(
            "names", "The list names {repeated} more than once.", {"repeated": ", ".join(repeated)}
        )
    return names


def _instant(value: object, info: ValidationInfo) -> object:
    """Read a time: as TOML has it with its offset, or where there is a clock, as people write it."""
    now: datetime | None = info.context
    try:
        if isinstance(value, datetime) and value.utcoffset() is not None:
            if now is not None:
                expect_offset(value, _zone(now))
            return value
        if now is not None and isinstance(value, datetime):
            return settled(value.replace(microsecond=0), _zone(now)).astimezone(now.tzinfo)
        if now is not None and isinstance(value, str | time):
            return typed(str(value), _zone(now), now).astimezone(now.tzinfo)
    except TimeError as error:
        raise PydanticCustomError("instant", "{why}", {"why": str(error)}) from None
    offset = "" if now is not None else " with its offset from UTC"
    raise PydanticCustomError("instant", "The value must be a date and a time{offset}.", {"offset": offset})


def _zone(now: datetime) -> ZoneInfo:
    if not isinstance(now.tzinfo, ZoneInfo):
        raise TypeError("the present time needs its zone")  # a mistake in the program
    return now.tzinfo


def _message(value: str) -> str:
    if not _MESSAGE_ID.fullmatch(value):
        raise PydanticCustomError("message", "A message is named by the ten characters of its id.")
    return value


def _by_language(value: object) -> dict[str | None, str]:
    """Read one path, for the body's language, or a table of them; each leads to a file beside the message or below."""
    found = {None: value} if isinstance(value, str) else value
    if not isinstance(found, dict) or not found:
        raise PydanticCustomError("recording", "The value must be the name of a WAV file, or a table of such names.")
    for path in found.values():
        if not isinstance(path, str) or FORBIDDEN.search(path) or is_blank(path):
            raise PydanticCustomError("recording", "A recording is named by its file, in quotation marks.")
        if PurePath(path).is_absolute() or ".." in PurePath(path).parts:
            raise PydanticCustomError("recording", "A recording stands beside the message, or in a folder there.")
    return found


Value = str | bool | datetime | Sequence[str]
"""What a key can be given by the program."""

_TIMES = ("next_update", "expires")
"""Keys whose value people may write as they say it."""

AS_WRITTEN = "  # written: "
"""Stands between the moment that a time was read as and the line as it was written."""

_SETTLED = re.compile(r"=[ \t]*\d{4}-\d\d-\d\d[Tt ]\S*(?:[Zz]|[+-]\d\d:\d\d)")
"""A key with a time that is the same whenever it is read."""

_NAME = re.compile(r"'([^'\n]*)'" + r'|"(?:\\.|[^"\\\n])*"')
"""A string of TOML on one line."""

_MESSAGE_ID = re.compile(r"[0-9a-f]{10}")
_Line = Annotated[str, AfterValidator(_one_line)]
_Name = Annotated[_Line, AfterValidator(_not_blank)]
_Names = Annotated[tuple[_Name, ...], AfterValidator(_distinct)]
_Instant = Annotated[datetime, BeforeValidator(_instant)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServiceRow(_Table):
    """A ``[[services]]`` table."""

    name: _Name
    status: ServiceStatus
    note: _Line = ""
    municipalities: _Names = ()


class FrontMatter(_Table):
    """What the front matter says; the meaning of each key is that of ``Message``."""

    incident: _Name
    kind: Kind
    severity: Severity
    municipalities: _Names
    next_update: _Instant | None = None
    expires: _Instant | None = None
    exercise: StrictBool = False
    follows: Annotated[str, AfterValidator(_message)] = ""
    notify: StrictBool = False
    run: _Instant | None = None
    channels: _Names = ()
    recording: Annotated[dict[str | None, str], BeforeValidator(_by_language)] = {}
    services: tuple[ServiceRow, ...] = ()


_EXAMPLES = {
    "incident": 'incident = "Dataintrång december 2022"',
    "kind": 'kind = "alert"',
    "severity": 'severity = "severe"',
    "municipalities": 'municipalities = ["borgholm", "morbylanga"]',
    "next_update": 'next_update = "12:00", "tomorrow 12:00" or "2026-12-13 12:00"',
    "expires": 'expires = "tomorrow 12:00", "tisdag 12:00" or "2026-12-14 12:00"',
    "exercise": "exercise = true",
    "follows": 'follows = "3f9a0c1d2e", as `broadcaster status --recent` lists it',
    "notify": "notify = true",
    "run": "run = 2026-12-13T16:00:00+01:00",
    "channels": 'channels = ["feed", "page"]',
    "recording": 'recording = "message.wav", or for several languages recording = { sv = "sv.wav", en = "en.wav" }',
    "services": "[[services]] on a line of its own, and below it name and status",
    "name": 'name = "E-tjänster"',
    "status": 'status = "down"',
    "note": 'note = "Ring växeln"',
}

_WRONG = {
    "missing": "The key is missing.",
    "string_type": "The value must be text, in quotation marks.",
    "bool_type": "The value must be true or false, without quotation marks.",
    "tuple_type": "The value must be a list.",
    "model_type": "The value must be a table.",
}


def read(source: str, file: str, now: datetime | None = None) -> FrontMatter:
    """Read the TOML between the lines of ``+++``.

    Args:
        now: the present time in the zone whose times people write; None if every time has its offset already.

    Raises:
        InputError: with everything that is wrong in it.
    """
    if oversized := list(bounds.oversized_head(source, file)):
        raise InputError(oversized)
    loaded = toml_lines.read(source, file, lines_before=1)
    if loaded.problems and not loaded.source:
        raise InputError(loaded.problems)
    try:
        head = FrontMatter.model_validate(loaded.data, context=now)
    except ValidationError as error:
        # What is missing only because its line cannot be read, or because it is misspelt, is told once.
        misspelt = {
            close for key in loaded.data for close in get_close_matches(key.casefold(), FrontMatter.model_fields, 1)
        }
        wrong = [
            _in_our_words(detail, loaded.source, file)
            for detail in error.errors(include_url=False)
            if not (detail["type"] == "missing" and detail["loc"][0] in loaded.unread | misspelt)
        ]
        raise InputError([*loaded.problems, *wrong]) from None
    if loaded.problems:
        raise InputError(loaded.problems)
    problems = [
        Problem("The time is written on several lines.", place_of(source, file, (key,)), "Write it on one.")
        for key in _TIMES
        if now is not None and (span := toml_lines.span_of(source, key)) and source[slice(*span)].count("\n") > 1
    ]
    problems += [
        Problem(
            f"The service is for {quoted(name)}, which the message is not for.",
            place_of(source, file, ("services", index, "municipalities")),
            suggestion(name, head.municipalities),
        )
        for index, service in enumerate(head.services)
        for name in service.municipalities
        if name not in head.municipalities
    ]
    if problems:
        raise InputError(problems)
    return head


def amended(source: str, values: Mapping[str, Value | None]) -> str:
    """Give keys of the front matter ``source`` other values, and leave every other line as it is.

    Args:
        values: by key; None takes the key out. Keys that were not there come first.
    """
    added = ""
    for key, value in values.items():
        line = "" if value is None else f"{key} = {_written(value)}\n"
        span = toml_lines.span_of(source, key)
        if span is None:
            added += line
        else:
            source = source[: span[0]] + line + source[span[1] :]
    return added + source


def offering(source: str, services: Sequence[Service]) -> str:
    """Take what the front matter ``source`` says of services out, and offer how they stand as comments at its end.

    A message changes only what it names: whoever goes on with it takes the marks away from what has changed.
    """
    kept = toml_lines.without_tables(amended(source, {"services": None}), "services")
    kept = kept.partition(_OFFER)[0].rstrip("\n") + "\n"
    if not services:
        return kept
    lines = "".join(f"#\n# {line}\n" if line == "[[services]]" else f"# {line}\n" for line in _tables(services))
    return f"{kept}\n{_OFFER}{lines}"


_OFFER = """\
# The board of services as it stood when this file was made. The message changes only what it names: take the marks away
# from a service that has changed, and say how it stands now.
"""


def _tables(services: Sequence[Service]) -> Iterator[str]:
    for service in services:
        yield "[[services]]"
        yield f"name = {_written(service.name)}"
        yield f"status = {_written(service.status)}"
        if service.note:
            yield f"note = {_written(service.note)}"
        if service.municipalities:
            yield f"municipalities = {_written(service.municipalities)}"


def renamed(source: str, key: str, names: Mapping[str, str]) -> str:
    """Put other names in the place of some, wherever a key lists them, and leave every other character as it is."""
    for start, end in reversed(list(toml_lines.values_of(source, key))):
        source = source[:start] + _NAME.sub(partial(_other_name, names), source[start:end]) + source[end:]
    return source


def _other_name(names: Mapping[str, str], found: re.Match[str]) -> str:
    name = found[1] if found[1] is not None else json.loads(found[0])
    return _written(names[name]) if name in names else found[0]


def settled_times(source: str, head: FrontMatter) -> str:
    """Put moments in the place of times that depend on when they are read; what was written stays beside them.

    So the message says the same tomorrow, and the file it was made from can still be known for it.
    """
    for key in _TIMES:
        moment, span = getattr(head, key), toml_lines.span_of(source, key)
        if moment is not None and span is not None and not _SETTLED.search(line := source[slice(*span)]):
            source = source[: span[0]] + f"{key} = {_written(moment)}{AS_WRITTEN}{line}" + source[span[1] :]
    return source


def as_written(source: str) -> str:
    """What ``settled_times`` was given."""
    return re.sub(rf"^(?:next_update|expires) = \S+{AS_WRITTEN}", "", source, flags=re.MULTILINE)


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # what is escaped in JSON is escaped alike in TOML
    return f"[{', '.join(_written(one) for one in value)}]"


def stating(source: str, services: Sequence[Service]) -> str:
    """Let the front matter ``source`` say how some more services stand."""
    return source + "".join(f"\n{line}\n" if line == "[[services]]" else f"{line}\n" for line in _tables(services))


def place_of(source: str, file: str, path: Sequence[str | int]) -> Place:
    """Where a key of the front matter ``source`` stands in its file; ``path`` is that of ``toml_lines.line_of``."""
    line = toml_lines.line_of(source, path)
    return Place(
        file,
        line and line + 1,
        ".".join(key if key.isprintable() else quoted(key) for key in path if isinstance(key, str)),
    )


def _in_our_words(detail: ErrorDetails, source: str, file: str) -> Problem:
    path = detail["loc"]
    key = next(key for key in reversed(path) if isinstance(key, str))
    place = place_of(source, file, path)
    if detail["type"] == "extra_forbidden":
        known = ServiceRow.model_fields if len(path) > 1 else FrontMatter.model_fields
        return Problem(f"There is no key {quoted(key)}.", place, suggestion(key, known))
    if detail["type"] == "enum":
        wrong = f"The value must be {detail['ctx']['expected']}, not {quoted(str(detail['input']))}."
    else:
        wrong = _WRONG.get(detail["type"], detail["msg"])
    return Problem(wrong, place, f"For example: {_EXAMPLES[key]}.")
