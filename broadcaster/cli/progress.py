"""How far a message is, for people and for programs."""

from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from broadcaster.cli.output import table
from broadcaster.delivery import OPEN, REACHED, State
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


@dataclass(frozen=True, slots=True)
class _Column:
    """What became of deliveries, as the table counts it; shown where it is zero for all only if ``always``."""

    title: str
    states: tuple[State, ...]
    style: str
    always: bool = False


_COLUMNS = (
    _Column("accepted", (State.ACCEPTED,), "green", always=True),
    _Column("delivered", (State.DELIVERED,), "green"),
    _Column("in doubt", (State.IN_DOUBT,), "yellow", always=True),
    _Column("rejected", (State.REJECTED,), "red", always=True),
    _Column("undelivered", (State.UNDELIVERED,), "red"),
    _Column("waiting", OPEN, "cyan"),
    _Column("not sent", (State.EXPIRED, State.CANCELLED, State.ABANDONED), "red"),
)
"""Every delivery is in one of them."""


def progress_table(progress: Progress) -> Table:
    """Channel × municipality, and what became of the deliveries there."""
    shown = [column for column in _COLUMNS if column.always or progress.count(*column.states)]
    made = table("channel", "municipality")
    for column in shown:
        made.add_column(column.title, justify="right", overflow="fold")
    places = dict.fromkeys((tally.channel, tally.municipality) for tally in progress.tallies)
    for channel, municipality in sorted(places, key=lambda place: list(CHANNELS).index(place[0])):
        part = Progress(tuple(t for t in progress.tallies if (t.channel, t.municipality) == (channel, municipality)))
        counts = [(part.count(*column.states), column.style) for column in shown]
        made.add_row(channel, municipality, *(Text(str(n), style if n else "dim") for n, style in counts))
    return made


def summary(progress: Progress) -> str:
    """How it stands, in a sentence or two."""
    reached, total, arrived = progress.count(*REACHED), progress.total, progress.count(State.DELIVERED)
    accepted = f"All {total} deliveries were accepted." if reached == total else f"{reached} of {total} were accepted."
    return f"{accepted} Known to have arrived: {arrived}." if arrived else accepted
