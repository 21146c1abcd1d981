"""How long the slowest text of the allowed size takes to be read, and to be refused or rendered, spoken and checked.

The shapes are those that parsers of Markdown and TOML, and patterns, are known to work on for long. Each fills the
body, the front matter or the text for a phone line as far as its limit goes, and is measured by the processor's time:
what else the machine does at the moment does not count.
"""

import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from benchmarks.figure import Figure, at_most
from channels.registry import FORMS
from messages import bounds, languages
from messages.document import parse
from messages.model import Municipality
from messages.practice import findings
from messages.problems import InputError
from messages.rendering import render

GOAL = 1.0
"""Seconds."""

SENDERS = [
    Municipality(
        name, ("sv", "en"), tuple(FORMS), {"name": name.title(), "phone": "0485-880 00", "web": f"www.{name}.se"}
    )
    for name in ("borgholm", "morbylanga")
]

UNITS = (
    *(
        "[",
        "![",
        "[a](b)",
        "[a] ",
        "[![x](y",
        "<[![",
        "*a_",
        "**a** ",
        "`a",
        "<a",
        "<!--",
        "&amp;",
        "- a\n",
        "> ",
        "- > ",
    ),
    *(
        "[a]: b\n",
        "|a",
        "\n|a|\n|-|\n",
        "\n# a\n",
        "{{ municipality.name }}",
        "{{",
        "[[a]] ",
        " ",
        "a  ",
        "\u2003",
        "01 23 ",
    ),
    *(
        "12.30–",
        "1 000 ",
        "kl. ",
        "t.ex. ",
        "a.",
        "a@b.",
        "www.",
        "((",
        "är ingen ",
        "vi ",
        "i enlighet ",
        "0485-88000 ",
    ),
    *("[a" * 20 + "]" * 20, "[a]`", "a\n\n", "+46 (0) ", "😀", "e\u0301", "\u200c", "Ring oss. "),
)

HEADS = (
    "a.",
    "[a.",
    "{a=",
    "[",
    '"""',
    "'''",
    'a="\\',
    "a=1\n",
    '[[services]]\nname="a"\nstatus="down"\n',
    "1_",
    "#\n",
)


def measure() -> list[Figure]:
    """Time every text once."""
    slowest = max(_seconds(text) for text in _texts())
    return [at_most("slowest text of the allowed size (s)", slowest, GOAL)]


def _texts() -> Iterator[str]:
    for unit in UNITS:
        for size in (bounds.FILE, bounds.PART, 11_500, 4_000):
            body = _filled(unit, size - 500)
            yield _message(f"x{body}x")
            yield _message(f"x{body}x\n\n## @sms\nHej\n\n## @ivr\nHej")
            yield _message(f"Hej\n\n## @ivr\n{body}")
    for unit in HEADS:
        yield _message("Hej", _filled(unit, bounds.HEAD - 500))


def _filled(unit: str, size: int) -> str:
    return unit * (size // len(unit.encode()))


def _message(body: str, head: str = "") -> str:
    keys = 'incident = "Vattnet"\nkind = "alert"\nseverity = "severe"\nmunicipalities = ["borgholm", "morbylanga"]\n'
    return f"+++\n{keys}{head}\n+++\n# Koka vattnet\n\n{body}\n"


def _seconds(text: str) -> float:
    begin = time.process_time()
    try:
        message = parse(text, channels=FORMS.keys(), languages=languages.KNOWN, file="message.md")
        renditions = render(message, SENDERS, FORMS, ZoneInfo("Europe/Stockholm"))
        findings(message, renditions, {sender.id: sender for sender in SENDERS}, FORMS)
    except InputError:
        pass
    return time.process_time() - begin
