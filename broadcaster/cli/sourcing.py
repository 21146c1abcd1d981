"""What ``sources`` does."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from broadcaster.cli.errors import UsageError
from broadcaster.cli.output import console, exactly, print_json, table
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.sources.drafts import FOLDER
from broadcaster.sources.entries import Entry
from broadcaster.sources.polling import Decided, Polled, Poller
from broadcaster.sources.rules import Reason
from broadcaster.sources.settings import Source
from broadcaster.store import sources as store
from broadcaster.store.sources import SourceState
from channels.sources.fetching import Fetcher
from messages.spelling import suggestion

_NONE = "No sources are followed: see Sources in docs/reference/configuration.md."


async def show_all(config: Config, *, as_json: bool) -> None:
    """List the sources."""
    async with opened(config) as opened_store:
        states = await store.states(opened_store.database)
    if as_json:
        print_json({"sources": [_as_data(one, states.get(one.name)) for one in config.sources.values()]})
        return
    out = console()
    if not config.sources:
        out.print(_NONE)
        return
    shown = table("source", "kind", "then", "every", "last success", "last failure", "untidy", "next poll", "address")
    for source in config.sources.values():
        state = states.get(source.name)
        failed = f"{exactly(state.failed, config.zone)}: {state.reason}" if state and state.failed else ""
        shown.add_row(
            source.name,
            source.kind.name,
            source.rule.then,
            f"{source.every.total_seconds():.0f} s",
            exactly(state.succeeded if state else None, config.zone) or "never",
            failed,
            (state.untidy if state else None) or "",
            exactly(state.next_poll if state else None, config.zone) or "at once",
            source.url,
        )
    out.print(shown)
    out.print("They are polled while `broadcaster serve` or `worker` runs.")


async def poll(config: Config, name: str | None, *, dry_run: bool, as_json: bool) -> int:
    """Poll sources now; returns the exit code: 1 where one could not be.

    Raises:
        UsageError: there is no such source.
    """
    logging.basicConfig(level=logging.ERROR, format="%(message)s")  # what became of each is shown below, once
    wanted = _wanted(config, name)
    polled: dict[str, Polled] = {}
    async with opened(config) as opened_store, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        poller = Poller(config, opened_store.database, Fetcher(http), utc_now)
        for source in wanted:
            result = await (poller.try_out(source) if dry_run else poller.poll(source, forced=True))
            polled[source.name] = result or Polled()
    if as_json:
        print_json({"sources": {name: _polled_as_data(result) for name, result in polled.items()}})
    else:
        for source_name, result in polled.items():
            _print_polled(config, source_name, result)
        if not wanted:
            console().print(_NONE)
        elif dry_run:
            console().print("Nothing was done: --dry-run.")
    return 1 if any(result.failure for result in polled.values()) else 0


def _print_polled(config: Config, name: str, result: Polled) -> None:
    out = console()
    if result.failure is not None:
        out.print(f"{name}: could not be polled: {result.failure}.")
        return
    if not result.decided:
        out.print(f"{name}: nothing new.")
    else:
        out.print(f"{name}:", style="bold")
        shown = table("issued", "item", "severity", "decision", "because", "where", "became")
        for one in result.decided:
            issued = exactly(one.item.sent, config.zone)
            shown.add_row(issued, _headline(one), one.item.severity, one.fate, one.reason, one.details, one.became)
        out.print(shown)
    if result.untidy:
        out.print(f"{name}: its data had to be mended: {', '.join(result.untidy)}. So it is only drafted.")
    if result.skipped:
        out.print(f"{name}: {result.skipped} more could not be read.")


async def show_drafts(config: Config, *, as_json: bool) -> None:
    """List the drafts."""
    async with opened(config) as opened_store:
        found = await store.entries(opened_store.database)
    drafts = [entry for entry in found if entry.draft is not None]
    folder = config.folder / FOLDER
    if as_json:
        print_json({"drafts": [_entry_as_data(one) | {"state": _holds(one, found, folder)} for one in drafts]})
        return
    out = console()
    if not drafts:
        out.print("There are no drafts.")
        return
    shown = table("made", "draft", "because", "state", "incident")
    for one in drafts:
        file = f"{FOLDER}/{one.draft}"
        seen, holds = exactly(one.seen, config.zone), _holds(one, found, folder)
        shown.add_row(seen, file, _reason(one), holds, one.incident or "")
    out.print(shown)
    out.print(f"Look at one with `broadcaster preview`, and send it with `broadcaster send`. They are in {folder}.")


async def show_items(config: Config, name: str | None, *, as_json: bool) -> None:
    """List what is remembered of items.

    Raises:
        UsageError: there is no such source.
    """
    if name is not None:
        _wanted(config, name)
    async with opened(config) as opened_store:
        found = await store.entries(opened_store.database, name)
    if as_json:
        print_json({"items": [_entry_as_data(one) for one in found]})
        return
    out = console()
    if not found:
        out.print("No items have been seen yet.")
        return
    shown = table("seen", "source", "item", "severity", "decision", "because", "where", "became")
    for one in found:
        became = one.message or one.draft or ""
        seen = exactly(one.seen, config.zone)
        row = (seen, one.source, one.item, one.severity, one.decision, _reason(one), one.details or "", became)
        shown.add_row(*row)
    out.print(shown)


def _wanted(config: Config, name: str | None) -> Sequence[Source]:
    if name is None:
        return list(config.sources.values())
    if name not in config.sources:
        raise UsageError(f"there is no source {name!r}. {suggestion(name, config.sources)}")
    return [config.sources[name]]


def _holds(draft: Entry, entries: Sequence[Entry], folder: Path) -> str:
    """Whether a draft can still be gone by."""
    later = [one for one in entries if one.source == draft.source and one.seen >= draft.seen and one != draft]
    if not (folder / (draft.draft or "")).exists():
        return "its file is gone"
    if any(one.item == draft.item and one.withdrawn for one in later):
        return "the source has withdrawn it"
    if any(one.incident == draft.incident and one.text is not None for one in later):
        return "there is a newer one"
    return "newest"


def _headline(one: Decided) -> str:
    return one.item.wordings[0].headline if one.item.wordings else one.item.id


def _reason(entry: Entry) -> str:
    return Reason[entry.reason.upper()].value


def _as_data(source: Source, state: SourceState | None) -> dict[str, Any]:
    return {
        "name": source.name,
        "kind": source.kind.name,
        "url": source.url,
        "every_seconds": source.every.total_seconds(),
        "municipalities": [one.id for one in source.rule.municipalities],
        "least": source.rule.least,
        "languages": list(source.rule.languages),
        "then": source.rule.then,
        "channels": list(source.rule.channels),
        "succeeded": _iso(state.succeeded if state else None),
        "failed": _iso(state.failed if state else None),
        "reason": state.reason if state else None,
        "failures": state.failures if state else 0,
        "untidy": state.untidy if state else None,
        "next_poll": _iso(state.next_poll if state else None),
    }


def _polled_as_data(result: Polled) -> dict[str, Any]:
    return {
        "failure": result.failure,
        "skipped": result.skipped,
        "untidy": list(result.untidy),
        "items": [
            {
                "item": one.item.id,
                "version": one.item.version,
                "issued": one.item.sent.isoformat(),
                "headline": _headline(one),
                "severity": one.item.severity,
                "decision": one.fate,
                "reason": one.reason.name.lower(),
                "details": one.details or None,
                "became": one.became or None,
            }
            for one in result.decided
        ],
    }


def _entry_as_data(entry: Entry) -> dict[str, Any]:
    known = asdict(entry) | {"sent": _iso(entry.sent), "seen": _iso(entry.seen), "expires": _iso(entry.expires)}
    del known["digest"], known["text"]
    return known


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
