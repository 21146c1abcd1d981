"""What ``preview`` shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from broadcaster import recordings
from broadcaster.audience import Audience, estimate
from broadcaster.cli import explaining, practising
from broadcaster.cli.board_changes import board_of, changes_as_data, print_board
from broadcaster.cli.errors import BAD_INPUT, UsageError
from broadcaster.cli.output import console, local, print_json, show_text
from broadcaster.cli.reading import message_of
from broadcaster.cli.translating import as_data as as_untranslated
from broadcaster.cli.translating import print_untranslated
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.plan import Plan, plan_written
from broadcaster.store.errors import RefusedError, StoreError
from broadcaster.untranslated import untranslated
from channels.contract import Standing
from channels.registry import FORMS
from messages.checking import expiry
from messages.html_text import plain
from messages.model import Markup, Part, Rendition
from messages.problems import InputError, Problem
from messages.rendering import measure, origin, remarks
from messages.senders import meant


@dataclass(frozen=True, slots=True)
class Only:
    """The municipalities and channels whose texts are wanted; all where none is named."""

    municipalities: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def of(self, plan: Plan) -> Plan:
        """The plan with nothing but the wanted texts.

        Raises:
            UsageError: when a wanted one has no text.
        """
        texts = list(plan.renditions)
        for kind in ("municipality", "channel"):
            wanted = self.municipalities if kind == "municipality" else self.channels
            there = dict.fromkeys(getattr(text, kind) for text in texts)
            for name in wanted:
                if name not in there:
                    raise UsageError(f"the message has no text for the {kind} {name}; it has {', '.join(there)}.")
            texts = [text for text in texts if not wanted or getattr(text, kind) in wanted]
        return replace(plan, renditions=tuple(texts))


async def show(config: Config, file: Path, only: Only, *, as_json: bool) -> int:
    """Print the preview; returns the exit code.

    Raises:
        InputError: when the message cannot be sent, unless JSON was asked for, which then says so.
        UsageError: when the wanted texts are not there.
    """
    now = datetime.now(config.zone)
    only = replace(only, municipalities=tuple(meant(one, config.municipalities) or one for one in only.municipalities))
    try:
        plan = plan_written(message_of(file, config), config, now, await _board(config))
    except InputError as error:
        if not as_json:
            raise
        explaining.print_problems(error.problems)
        print_json(_refused(error))
        return BAD_INPUT
    try:
        audience = await _audience(plan, config, now)
        found = untranslated(plan, config.municipalities, None) if audience is None else audience.untranslated
        plan = only.of(plan)
    except RefusedError as error:
        if as_json:
            raise
        _print(plan, config, now)
        explaining.print_problems([Problem(f"It would not be sent now. {error}")])
        return BAD_INPUT
    if as_json:
        print_json(_as_data(plan, config, audience) | {"untranslated": as_untranslated(found)})
    else:
        _print(plan, config, now)
        console().print(audience_line(audience))
        print_untranslated(console(), found)
    return 0


async def _board(config: Config) -> Sequence[Standing]:
    """The board of services; empty before there is a database."""
    try:
        return await board_of(config)
    except StoreError:
        return ()


async def _audience(plan: Plan, config: Config, now: datetime) -> Audience | None:
    """The audience; None before there is a database."""
    try:
        async with opened(config) as store:
            return await estimate(plan, config, store.database, now)
    except StoreError:
        return None


def _print(plan: Plan, config: Config, now: datetime) -> None:
    out = console()
    for rendition in plan.renditions:
        title = f"{rendition.municipality} · {rendition.channel} · {rendition.language}"
        show_text(out, title, _readable(rendition), _size(rendition))
    for remark in _remarks(plan, config):
        out.print(f"note: {remark}")
    print_board(out, plan, config)
    practising.print_grounds(out, plan.findings)
    ends = expiry(plan.message, now)
    given = "" if plan.message.expires else " (24 hours after sending, as the message names no time)"
    out.print(f"Expires {local(ends, plan.zone)}{given}.")


def audience_line(audience: Audience | None) -> str:
    """How many get an SMS and what it costs, in one sentence."""
    if audience is None:
        return "Residents by SMS: unknown, there is no database yet (`broadcaster init`)."
    cost = "" if audience.cost is None else f", about {audience.cost:.2f} kronor"
    return f"Residents by SMS: {audience.people}{cost}."


def _readable(rendition: Rendition) -> str:
    if FORMS[rendition.channel].markup is Markup.HTML:
        return f"{rendition.title}\n\n{plain(rendition.text)}"
    return rendition.text


def _size(rendition: Rendition) -> str:
    found = measure(rendition, FORMS[rendition.channel])
    if found.segments is not None:
        plural = "s" if found.segments != 1 else ""
        return f"{found.segments} segment{plural}, {found.encoding}, {found.left} characters left"
    if found.words is not None:
        return f"{found.words} words, about {found.seconds:.0f} s"
    return f"{len(rendition.text)} characters"


def _remarks(plan: Plan, config: Config) -> list[str]:
    return [
        *map(str, plan.message.remarks),
        *(
            f"{rendition.municipality} {rendition.channel} {rendition.language}: {remark}"
            for rendition in plan.renditions
            for remark in remarks(rendition, FORMS[rendition.channel], _part(rendition, plan, config))
        ),
        *recordings.remarks(plan.message),
    ]


def _part(rendition: Rendition, plan: Plan, config: Config) -> Part | None:
    sender = config.municipalities[rendition.municipality]
    return origin(plan.message, sender, rendition.channel, rendition.language)


def _as_data(plan: Plan, config: Config, audience: Audience | None) -> dict[str, Any]:
    return {
        "renditions": [_rendition(rendition) for rendition in plan.renditions],
        "recipients": None if audience is None else audience.people,
        "cost": None if audience is None else audience.cost,
        "problems": [{"level": "note", "text": remark} for remark in _remarks(plan, config)],
        "board": changes_as_data(plan.board),
        "findings": practising.as_data(plan.findings),
    }


def _rendition(rendition: Rendition) -> dict[str, Any]:
    found = measure(rendition, FORMS[rendition.channel])
    return {
        "municipality": rendition.municipality,
        "channel": rendition.channel,
        "language": rendition.language,
        "title": rendition.title,
        "text": rendition.text,
        "segments": found.segments,
        "encoding": found.encoding,
        "left": found.left,
        "words": found.words,
        "seconds": found.seconds,
    }


def _refused(error: InputError) -> dict[str, Any]:
    problems = explaining.as_data(error.problems)
    return {
        "renditions": [],
        "recipients": None,
        "cost": None,
        "problems": problems,
        "board": [],
        "untranslated": [],
        "findings": [],
    }
