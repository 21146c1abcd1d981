"""Sending a message and watching it go, in this process or in another that serves the same database."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from broadcaster.delivery import State
from broadcaster.engine.waiting import pause
from broadcaster.plan import Plan, submission
from broadcaster.runtime import Broadcaster
from broadcaster.store import doubts, lanes, reports
from broadcaster.store.database import Database
from broadcaster.store.errors import StoreError
from broadcaster.store.reports import Progress
from broadcaster.store.submissions import submit

GLANCE = 0.2
"""Seconds between two looks at how far the sending is."""


Orders = Collection[tuple[str, ...]]
"""Lanes that can stand in for each other, as the configuration lists them."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How a sending ended.

    Args:
        halted: why lanes that still have something to send are halted.
    """

    message: str
    progress: Progress
    halted: dict[str, str]


@dataclass(frozen=True, slots=True)
class Watch:
    """How a sending is watched.

    Args:
        stop: ends it early; what is in flight is finished first, the rest stays pending.
        tell: is told how far it is, now and then.
        patience: seconds without any movement after which what is left is left to whoever serves the database next.
    """

    stop: asyncio.Event
    tell: Callable[[Progress], None]
    patience: float


async def send(broadcaster: Broadcaster, plan: Plan, *, now: datetime, actor: str, watch: Watch) -> Sent:
    """Submit a plan and see it through. What was submitted before goes on as it was.

    Raises:
        StoreError: nothing was submitted.
    """
    await submit(broadcaster.store.database, submission(plan, now), actor)
    return await go_on(broadcaster, plan.id, watch)


async def go_on(broadcaster: Broadcaster, message: str, watch: Watch) -> Sent:
    """See through what is left of a message that was submitted.

    Raises:
        StoreError: the database cannot be used, or goes on without this process.
    """
    database = broadcaster.store.database
    orders = list(broadcaster.config.routes.values())
    # Whoever sends has a reason to believe that what was wrong with an account is mended.
    await lanes.resume(database, await reports.open_lanes(database, message))
    finished = asyncio.Event()
    engine = asyncio.create_task(broadcaster.engine.run(finished))
    try:
        await _follow(database, message, orders, watch, finished)
    finally:
        finished.set()
        await engine
    if broadcaster.engine.superseded is not None:
        raise StoreError(str(broadcaster.engine.superseded))
    progress = await reports.progress(database, message)
    watch.tell(progress)
    return Sent(message, progress, await _halted(database, message))


async def _follow(database: Database, message: str, orders: Orders, watch: Watch, finished: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    seen: Progress | None = None
    moved = loop.time()
    while not (watch.stop.is_set() or finished.is_set()):
        began = loop.time()
        progress = await reports.progress(database, message)
        if progress != seen:
            seen, moved = progress, began
            watch.tell(progress)
        if began - moved > watch.patience:
            return
        # Nothing may have moved between the looks that it was judged by.
        if (
            await _settled(database, message, orders, progress)
            and await reports.progress(database, message) == progress
        ):
            return
        # Counting a large message takes a while: at most a tenth of the time goes into it.
        await pause(max(GLANCE, 10 * (loop.time() - began)), watch.stop)


async def _settled(database: Database, message: str, orders: Orders, progress: Progress) -> bool:
    """Whether nothing more will happen automatically, or not before a person has mended an account."""
    if progress.done:
        return not (progress.count(State.IN_DOUBT) and await doubts.looked_up(database, message))
    halted = await lanes.halted(database)
    stuck = {name for name in halted if all(halted.keys() >= set(order) for order in orders if name in order)}
    return await reports.open_lanes(database, message) <= stuck


async def _halted(database: Database, message: str) -> dict[str, str]:
    waiting = await reports.open_lanes(database, message)
    return {name: reason for name, reason in (await lanes.halted(database)).items() if name in waiting}
