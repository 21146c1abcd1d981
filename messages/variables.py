"""Variables in a message's text, such as ``{{ municipality.name }}``: plain substitution, no logic, no nesting."""

import re

from messages.markdown import literal
from messages.model import Municipality
from messages.problems import InputError, Place, Problem

NEXT_UPDATE = "message.next_update"
"""Stands for when the next update comes: the one thing that a text can name of its message."""

_VARIABLE = re.compile(
    r"\{\{[ \t]*(?P<name>(?P<owner>municipality|message)\.[\w-]+)[ \t]*\}\}|\{\{[^{}\n]*\}\}|\{\{|\}\}"
)
"""A variable; without ``name`` something that only looks like one."""


def mentions(text: str, variable: str) -> bool:
    """Whether a text has a variable: ``message.next_update``."""
    return any(match["name"] == variable for match in _VARIABLE.finditer(text))


def faults(text: str, *, promised: bool, file: str, line: int) -> tuple[Problem, ...]:
    """Find what nobody's values could be put in for: double braces that are no variable, and what the message lacks.

    Args:
        text: source of a part; ``line`` is where it begins in ``file``, counted from 1.
        promised: whether the message says when its next update comes.
    """
    found = []
    for match in _VARIABLE.finditer(text):
        if not match["name"]:
            what = f"{match[0]!r} is not a variable." if len(match[0]) > 2 else f"{match[0]!r} stands alone."
            advice = "Write {{ municipality.KEY }}, for example {{ municipality.name }}, or {{ message.next_update }}."
        elif match["owner"] == "municipality" or (match["name"] == NEXT_UPDATE and promised):
            continue
        elif match["name"] == NEXT_UPDATE:
            what = "The message does not say when its next update comes."
            advice = "Write next_update in the front matter, or take the variable out."
        else:
            what, advice = f"Unknown variable {match['name']}.", f"Of a message, only {NEXT_UPDATE} is known."
        found.append(Problem(what, _place(match, file, line), advice))
    return tuple(found)


def substitute(
    text: str, municipality: Municipality, language: str, *, file: str, line: int, next_update: str | None = None
) -> str:
    """Put the values where the text names them.

    The values become Markdown that reads as exactly these values, whatever characters they hold.

    Args:
        language: ISO 639-1 code; its translations go before the municipality's variables.
        line: the line of ``file`` on which ``text`` begins, counted from 1.
        next_update: when the next update comes, in words; None if the message does not say.

    Raises:
        InputError: for every variable that there is no value for and every malformed one.
    """
    own = {**municipality.variables, **municipality.translations.get(language, {})}
    values = {f"municipality.{key}": value for key, value in own.items()}
    known = ", ".join(sorted(values)) or "none"
    if next_update is not None:
        values[NEXT_UPDATE] = next_update
    problems = faults(text, promised=next_update is not None, file=file, line=line) + tuple(
        Problem(
            f"Unknown variable {match['name']}.",
            _place(match, file, line),
            f"Known are: {known}. More can be added to the municipality in the configuration.",
        )
        for match in _VARIABLE.finditer(text)
        if match["owner"] == "municipality" and match["name"] not in values
    )
    if problems:
        raise InputError(problems)
    return _VARIABLE.sub(lambda match: literal(values[match["name"]]), text)


def _place(match: re.Match[str], file: str, line: int) -> Place:
    return Place(file or None, line + match.string.count("\n", 0, match.start()))
