"""How much a message may be, so that every one that is taken is read, rendered and spoken in less than a second.

A few pages of Markdown can be written such that a parser works on them for minutes: brackets that nothing closes are
looked through again and again, a table fills every row up, one long address is put in at thousands of places. Such a
text is refused before it is rendered, with the place and what to do. The limits are far beyond what residents read.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from messages.markdown import without_comments
from messages.model import Part
from messages.problems import Place, Problem
from messages.toml_lines import deepest

FILE = 50_000
"""Bytes of the largest message file: some twenty pages, in all languages together."""

HEAD = 10_000
"""Characters of the longest front matter."""

POINTS = 20
"""Most points on a line of the front matter, outside strings: keys in keys. No key needs any."""

PART = 16_000
"""Characters of the longest part; the longest text that any channel takes to residents as a whole is shorter."""

LINES = 1_000
"""Most lines of a part."""

COLUMNS = 12
"""Most columns of a table."""

PIECES = 5_000
"""Most pieces that a part falls into: paragraphs, items, cells, links, stretches of emphasis, and where each ends."""

ADDRESSES = 16_000
"""Characters that all links of a part lead to, each as often as it is used."""

STEPS = 20_000
"""Most steps in which the ends of a part's links are looked for. A link takes as many as it has pieces."""

_BELOW_HEADS = re.compile(r"[\s>*+\d.)]*[|:-][-|:\s]*")
"""The line below a table's heads, also within quotations and lists."""


def oversized_head(toml: str, file: str) -> Iterator[Problem]:
    """Say the first thing that is too much in a front matter, if anything is; ``toml`` begins on the second line."""
    if len(toml) > HEAD:
        what = f"The front matter has {len(toml):,} characters; it has at most {HEAD:,}."
        yield Problem(what, Place(file, 1), "Is the line of +++ below the keys missing? Text belongs below it.")
        return
    line, points = deepest(toml)
    if points > POINTS:
        what = f"There are {points:,} points outside quotation marks on this line; there are at most {POINTS}."
        yield Problem(what, Place(file, line + 1), "Every line reads: key = value, text in quotation marks.")


def oversized(part: Part, name: str, file: str) -> Iterator[Problem]:
    """Say the first thing that is too much in a part, if anything is.

    Args:
        name: what its heading says, for the error.
    """
    found = chain(_too_long(part, name, file), _too_wide(part, name, file), _too_involved(part, name, file))
    return islice(found, 1)


def _too_long(part: Part, name: str, file: str) -> Iterator[Problem]:
    for unit, limit, amount in (("characters", PART, len(part.text)), ("lines", LINES, part.text.count("\n"))):
        if amount > limit:
            what = f"This part has {amount:,} {unit}; a part has at most {limit:,}."
            yield Problem(what, Place(file, part.line, name), "Put long texts on the web site and link to them.")


def _too_wide(part: Part, name: str, file: str) -> Iterator[Problem]:
    for number, line in enumerate(part.text.split("\n")):
        columns = line.strip(" \t|").count("|") + 1
        if columns > COLUMNS and _BELOW_HEADS.fullmatch(line):
            what = f"This table has {columns:,} columns; a table has at most {COLUMNS}."
            yield Problem(what, Place(file, part.line + number, name), "Make a list of it: phones show few columns.")


def _too_involved(part: Part, name: str, file: str) -> Iterator[Problem]:
    trial = _Trial()
    tokens = trial.parse(without_comments(part.text))
    if trial.gave_up:
        begin, *_ = trial.gave_up.split("\n")
        line = part.line + part.text.count("\n", 0, max(0, part.text.find(begin)))
        what = "There are so many brackets here that it would take long to find out which of them are links."
        yield Problem(what, Place(file, line, name), r"Close each [ with a ], or write \[ where it is to be read.")
    pieces = list(_all(tokens))
    if (count := len(pieces) + part.text.count("{{")) > PIECES:
        what = f"This part falls into {count:,} pieces (paragraphs, items, cells, links, emphasis); at most {PIECES:,}."
        yield Problem(what, Place(file, part.line, name), "Write it more plainly, or put it on the web site.")
    addressed = sum(len(str(value)) for piece in pieces for value in piece.attrs.values())
    if addressed > ADDRESSES:
        what = f"The addresses of the links in this part have {addressed:,} characters; at most {ADDRESSES:,}."
        yield Problem(what, Place(file, part.line, name), "Link to shorter addresses, or to fewer.")


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


class _Counted(ParserInline):
    """The inline parser, which stops looking for the ends of links after so many steps."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.gave_up = ""

    def skipToken(self, state: StateInline) -> None:  # noqa: N802 (overrides markdown-it's name)
        self.steps += 1
        if self.steps > STEPS:
            self.gave_up = self.gave_up or state.src
            state.pos = state.posMax
            return
        super().skipToken(state)


class _Trial(MarkdownIt):
    """The parser that is asked how much work a text is."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: _Counted = _Counted()
        self.configure("commonmark", {"html": False}).enable("table")

    @property
    def gave_up(self) -> str:
        """The paragraph at which it gave up; empty if it did not."""
        return self.inline.gave_up
