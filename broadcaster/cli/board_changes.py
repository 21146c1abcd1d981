"""The board of services as commands show it: how it stands, and what a message or a person changes on it."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from broadcaster.board import Change, Entry, Stand, described
from broadcaster.cli.output import local
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.plan import Plan
from broadcaster.store.board import BoardStore
from channels.contract import Standing


async def board_of(config: Config) -> Sequence[Standing]:
    """The board of services as it stands."""
    async with opened(config) as store:
        return await BoardStore(store.database).standings()


def print_board(out: Console, plan: Plan, config: Config) -> None:
    """Show what a message changes on the board of services."""
    if plan.message.services and plan.message.exercise:
        out.print("Board of services: nothing changes, because this is an exercise.")
    elif not plan.board:
        out.print("Board of services: nothing changes.")
    for change in plan.board:
        out.print(f"Board of services: {told(change, config)}.", markup=False)


def changes_as_data(found: Sequence[Change]) -> list[dict[str, Any]]:
    """Changes of the board as ``--json`` prints them."""
    return [
        {
            "municipality": change.municipality,
            "name": change.name,
            "before": _stand(change.before),
            "after": _stand(change.after),
        }
        for change in found
    ]


def print_entries(out: Console, config: Config, entries: Sequence[Entry]) -> None:
    """List changes of the board with their time and who made them."""
    if entries:
        out.print("Board of services:")
    for entry in entries:
        made = " ".join(filter(None, (entry.cause, entry.message, "by", entry.by)))
        out.print(
            f"  {local(entry.at, config.zone)}  {told(entry.change, config)}; {made}",
            markup=False,
        )


def entries_as_data(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The same as ``--json`` prints it."""
    return [
        {"at": entry.at.isoformat(), "by": entry.by, "cause": entry.cause, "message": entry.message} | data
        for entry, data in zip(entries, changes_as_data([entry.change for entry in entries]), strict=True)
    ]


def told(change: Change, config: Config) -> str:
    """A change in a few words."""
    return described(change, lambda time: local(time, config.zone))


def _stand(stand: Stand | None) -> dict[str, str | None] | None:
    if stand is None:
        return None
    return {"status": stand.status, "note": stand.note, "since": stand.since.isoformat() if stand.since else None}
