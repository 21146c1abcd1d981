"""Who sends: the processes that serve a database, and those that have a lane of it."""

import os
from dataclasses import dataclass
from datetime import datetime

from broadcaster.store import lanes, reports, schedules
from broadcaster.store.database import Database


@dataclass(frozen=True, slots=True, order=True)
class Worker:
    """A process that sends.

    Args:
        machine: the name of its machine.
        is_here: whether that is this machine.
        serves: it is a ``serve`` or ``worker``, which goes on until somebody stops it; else a ``send`` or the like.
    """

    machine: str
    pid: int
    is_here: bool
    serves: bool


async def others_at_work(database: Database, message: str, now: datetime) -> list[Worker]:
    """The processes but this one that go on sending what is left of a message; none if nothing is left.

    One of this machine that died without a word is left out; of another machine that is noticed after a while.
    """
    open_lanes = await reports.open_lanes(database, message)
    if not open_lanes:
        return []
    serving = await schedules.watchers(database, now)
    found = {
        lanes.process_of(holder): holder in serving
        for holder in sorted(await lanes.holders(database, open_lanes) | serving, key=serving.__contains__)
        if not lanes.is_dead(holder)
    }
    workers = sorted(Worker(*process, serves) for process, serves in found.items())
    return [worker for worker in workers if not (worker.is_here and worker.pid == os.getpid())]
