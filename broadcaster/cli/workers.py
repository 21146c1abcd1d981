"""Who goes on sending what a command leaves, and how to end that: said to whoever ends a command."""

import asyncio
from collections.abc import Sequence

from broadcaster.clock import utc_now
from broadcaster.store.database import Database
from broadcaster.store.reports import open_lanes
from broadcaster.store.workers import Worker, others_at_work

_LOOKS, _GLANCE = 10, 0.2
"""Looks, and seconds between them. Whoever waits for a lane that we have left takes it within half of that."""


async def who_goes_on(database: Database, message: str) -> Sequence[Worker]:
    """The processes that go on with what is left of a message; a ``send`` is only known of once it has a lane."""
    for _ in range(_LOOKS):
        if (found := await others_at_work(database, message, utc_now())) or not await open_lanes(database, message):
            return found
        await asyncio.sleep(_GLANCE)
    return []


def going_on(workers: Sequence[Worker]) -> str:
    """The processes, and that they go on: the beginning of a sentence."""
    return f"{' and '.join(map(_named, workers))} {'goes' if len(workers) == 1 else 'go'} on"


def how_to_end(workers: Sequence[Worker], message: str) -> str:
    """How to keep them from sending more of a message."""
    where = ", ".join(
        f"`kill {worker.pid}`" if worker.is_here else f"`kill {worker.pid}` on {worker.machine}" for worker in workers
    )
    them = "that process" if len(workers) == 1 else "those processes"
    also = " Pages and phone lines that it serves stop with it." if any(worker.serves for worker in workers) else ""
    return (
        f"To call the rest off: `broadcaster retract {message}`; an SMS that has left cannot be taken back. "
        f"To let it wait: stop {them} ({where}).{also}"
    )


def _named(worker: Worker) -> str:
    what = "`broadcaster serve` or `worker`" if worker.serves else "another command"
    return f"{what} (process {worker.pid} on {'this machine' if worker.is_here else worker.machine})"
