"""How results are shown: tables and frames on a terminal, plain lines in a pipe, JSON for programs."""

import codecs
import json
import sys
from datetime import datetime
from typing import TextIO
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_ENDLESS = 10_000
"""Columns of a pipe: more than any table needs."""


def console(stream: TextIO | None = None, *, quiet: bool = False) -> Console:
    """A console that breaks lines between words on a terminal, and not at all in a pipe.

    Args:
        stream: standard output, if left out.
    """
    stream = stream or sys.stdout
    piped = not stream.isatty()
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=piped,
        width=_ENDLESS if piped else None,
        quiet=quiet,
    )


def talking(*, as_json: bool) -> Console:
    """A console for what is said to people: with --json on the other stream, if there are any."""
    return console(sys.stderr, quiet=not sys.stderr.isatty()) if as_json else console()


def print_json(data: object) -> None:
    """Print one object. A terminal that lacks letters gets them as escapes, so that nothing is lost."""
    is_unicode = codecs.lookup(sys.stdout.encoding or "ascii").name.startswith("utf")
    print(json.dumps(data, ensure_ascii=not is_unicode, indent=2))


def table(*headings: str) -> Table:
    """A table without lines, which folds long cells where the terminal is narrow and never leaves anything out."""
    made = Table(box=None, pad_edge=False)
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def show_text(out: Console, title: str, text: str, size: str = "") -> None:
    """Show a text as residents get it, framed on a terminal and as it is in a pipe."""
    if out.is_terminal:
        frame = Panel(Text(text), title=Text(title), title_align="left", subtitle_align="left")
        frame.subtitle = Text(size) if size else None
        out.print(frame)
    else:
        out.print(f"== {title}{f' ({size})' if size else ''}", text, "", sep="\n")


def local(moment: datetime | None, zone: ZoneInfo) -> str:
    """A moment as people there read it, with the name of its zone: ``2026-11-21 18:21 CET``; empty for none."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}" if moment else ""


def exactly(moment: datetime | None, zone: ZoneInfo) -> str:
    """As :func:`local`, to the second."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if moment else ""
