"""How far a message is, for people and for programs."""

from typing import Any

from rich.table import Table
from rich.text import Text

from broadcaster.cli.output import table
from broadcaster.delivery import REACHED, State
from broadcaster.store.reports import Progress
from channels.registry import CHANNELS


def as_data(message: str, progress: Progress) -> dict[str, Any]:
    """How far a message is, as ``send --json`` and ``status --json`` print it: every channel, every state."""
    deliveries = {
        channel: {
            state.value: sum(t.count for t in progress.tallies if (t.channel, t.state) == (channel, state))
            for state in State
        }
        for channel in CHANNELS
    }
    return {"message": message, "state": "done" if progress.done else "sending", "deliveries": deliveries}


_COLUMNS: tuple[tuple[str, tuple[State, ...], str], ...] = (
    ("accepted", REACHED, "green"),
    ("in doubt", (State.IN_DOUBT,), "yellow"),
    ("rejected", (State.REJECTED, State.UNDELIVERED), "red"),
    ("waiting", (State.PENDING, State.SENDING), "cyan"),
    ("not sent", (State.EXPIRED, State.CANCELLED, State.ABANDONED), "red"),
)
_ALWAYS = 3  # columns that are shown even when empty


def progress_table(progress: Progress) -> Table:
    """Channel × municipality, and what became of the deliveries there."""
    shown = [column for place, column in enumerate(_COLUMNS) if place < _ALWAYS or progress.count(*column[1])]
    made = table("channel", "municipality")
    for title, _, _ in shown:
        made.add_column(title, justify="right", overflow="fold")
    places = dict.fromkeys((tally.channel, tally.municipality) for tally in progress.tallies)
    for channel, municipality in sorted(places, key=lambda place: list(CHANNELS).index(place[0])):
        part = Progress(tuple(t for t in progress.tallies if (t.channel, t.municipality) == (channel, municipality)))
        counts = [(part.count(*states), style) for _, states, style in shown]
        made.add_row(channel, municipality, *(Text(str(n), style if n else "dim") for n, style in counts))
    return made


def summary(progress: Progress) -> str:
    """How it stands, in one sentence."""
    reached, total = progress.count(*REACHED), progress.total
    return f"All {total} deliveries were accepted." if reached == total else f"{reached} of {total} were accepted."
