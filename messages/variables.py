"""Variables in a message's text: plain substitution of ``{{ municipality.KEY }}``, no logic, no nesting."""

import re

from messages.markdown import literal
from messages.model import Municipality
from messages.problems import InputError, Place, Problem

_VARIABLE = re.compile(r"\{\{[ \t]*municipality\.(?P<key>[\w-]+)[ \t]*\}\}|\{\{[^{}\n]*\}\}|\{\{|\}\}")
"""A variable; without ``key`` something that only looks like one."""


def malformed(text: str, *, file: str, line: int) -> tuple[Problem, ...]:
    """Find double braces that are no variable.

    Args:
        text: source of a part; ``line`` is where it begins in ``file``, counted from 1.
    """
    return tuple(
        Problem(
            f"{match[0]!r} is not a variable." if len(match[0]) > 2 else f"{match[0]!r} stands alone.",
            _place(match, file, line),
            "Write {{ municipality.KEY }}, for example {{ municipality.name }}.",
        )
        for match in _VARIABLE.finditer(text)
        if not match["key"]
    )


def substitute(text: str, municipality: Municipality, language: str, *, file: str, line: int) -> str:
    """Put the municipality's values where the text names them.

    The values become Markdown that reads as exactly these values, whatever characters they hold.

    Args:
        language: ISO 639-1 code; its translations go before the municipality's variables.
        line: the line of ``file`` on which ``text`` begins, counted from 1.

    Raises:
        InputError: for every variable that the municipality does not have and every malformed one.
    """
    values = {**municipality.variables, **municipality.translations.get(language, {})}
    known = ", ".join(f"municipality.{key}" for key in sorted(values)) or "none"
    problems = malformed(text, file=file, line=line) + tuple(
        Problem(
            f"Unknown variable municipality.{match['key']}.",
            _place(match, file, line),
            f"Known are: {known}. More can be added to the municipality in the configuration.",
        )
        for match in _VARIABLE.finditer(text)
        if match["key"] and match["key"] not in values
    )
    if problems:
        raise InputError(problems)
    return _VARIABLE.sub(lambda match: literal(values[match["key"]]), text)


def _place(match: re.Match[str], file: str, line: int) -> Place:
    return Place(file or None, line + match.string.count("\n", 0, match.start()))
