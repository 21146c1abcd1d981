"""All lanes together, and the look-out that tells each when it has something to do."""

import asyncio
import logging
from collections.abc import Mapping

from broadcaster.config import Account
from broadcaster.engine.lane import Lane
from broadcaster.engine.station import Workshop
from broadcaster.engine.waiting import pause
from broadcaster.store.errors import StoreError
from channels.contract import Channel

log = logging.getLogger(__name__)

LOOK_OUT = 0.2
"""Seconds between two looks for new work: one small query for all lanes."""


class Engine:
    """Sends what is pending, until it is told to stop."""

    def __init__(self, accounts: Mapping[str, Account], channels: Mapping[str, Channel], shop: Workshop) -> None:
        self._shop = shop
        self._lanes = {name: Lane(account, channels[name], shop) for name, account in accounts.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; then finish what is in flight, within the shift's grace, and return."""
        async with asyncio.TaskGroup() as tasks:
            for lane in self._lanes.values():
                tasks.create_task(lane.serve(stop))
            tasks.create_task(self._look_out(stop))

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
