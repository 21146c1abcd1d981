"""All lanes together, and the look-out that tells each when it has something to do."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from broadcaster.config import Account
from broadcaster.engine.failover import Failover, Way
from broadcaster.engine.lane import Lane
from broadcaster.engine.station import Workshop
from broadcaster.engine.waiting import pause
from broadcaster.store.errors import StoreError
from channels.contract import Channel

log = logging.getLogger(__name__)

LOOK_OUT = 0.2
"""Seconds between two looks for new work: one small query for all lanes."""


FIND_WAYS = 1.0
"""Seconds between two looks for deliveries that should go by another provider."""


class Engine:
    """Sends what is pending, until it is told to stop."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        channels: Mapping[str, Channel],
        ways: Sequence[Way],
        shop: Workshop,
    ) -> None:
        self._shop = shop
        rates = {name: account.rate for name, account in accounts.items()}
        self._failover = Failover(shop.database, shop.ledger, ways, rates)
        self._lanes = {name: Lane(account, channels[name], shop) for name, account in accounts.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; then finish what is in flight, within the shift's grace, and return."""
        async with asyncio.TaskGroup() as tasks:
            for lane in self._lanes.values():
                tasks.create_task(lane.serve(stop))
            tasks.create_task(self._look_out(stop))
            tasks.create_task(self._find_ways(stop))

    async def _look_out(self, stop: asyncio.Event) -> None:
        well = True
        while not stop.is_set():
            try:
                busy = await self._shop.ledger.busy(self._lanes.keys(), self._shop.clock())
            except StoreError as error:
                if well:
                    log.warning("nothing is sent while the database cannot be reached: %s", error)
                well, busy = False, set()
            else:
                well = True
            for name in busy:
                self._lanes[name].busy.set()
            await pause(LOOK_OUT, stop)

    async def _find_ways(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            began = loop.time()
            try:
                for move, count in await self._failover.look(self._shop.clock()):
                    log.warning("%d deliveries go by %s instead of %s", count, move.to, move.origin)
            except StoreError as error:
                log.debug("no other ways are looked for: %s", error)  # the look-out says so already
            # Counting a long backlog takes a while: at most a tenth of the time goes into it.
            await pause(max(FIND_WAYS, 10 * (loop.time() - began)), stop)
