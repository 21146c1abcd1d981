"""The front matter of a message: its keys in TOML, and what is wrong with them in words, with lines."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictBool, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from messages import toml_lines
from messages.characters import FORBIDDEN, is_blank
from messages.model import Kind, ServiceStatus, Severity
from messages.problems import InputError, Place, Problem
from messages.spelling import quoted, suggestion


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


def _instant(value: object) -> object:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise PydanticCustomError(
            "instant", "The value must be a date and a time with its offset from UTC, without quotes."
        )
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
    recording: Annotated[dict[str | None, str], BeforeValidator(_by_language)] = {}
    services: tuple[ServiceRow, ...] = ()


_OFFSETS = "(+01:00 is Swedish standard time, +02:00 Swedish summer time)"
_EXAMPLES = {
    "incident": 'incident = "Dataintrång december 2022"',
    "kind": 'kind = "alert"',
    "severity": 'severity = "severe"',
    "municipalities": 'municipalities = ["borgholm", "morbylanga"]',
    "next_update": f"next_update = 2022-12-13T12:00:00+01:00 {_OFFSETS}",
    "expires": f"expires = 2022-12-14T12:00:00+01:00 {_OFFSETS}",
    "exercise": "exercise = true",
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


def read(source: str, file: str) -> FrontMatter:
    """Read the TOML between the lines of ``+++``.

    Raises:
        InputError: with everything that is wrong in it.
    """
    try:
        head = FrontMatter.model_validate(toml_lines.load(source, file, lines_before=1))
    except ValidationError as error:
        problems = [_in_our_words(detail, source, file) for detail in error.errors(include_url=False)]
        raise InputError(problems) from None
    strangers = [
        Problem(
            f"The service is for {quoted(name)}, which the message is not for.",
            place_of(source, file, ("services", index, "municipalities")),
            suggestion(name, head.municipalities),
        )
        for index, service in enumerate(head.services)
        for name in service.municipalities
        if name not in head.municipalities
    ]
    if strangers:
        raise InputError(strangers)
    return head


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
