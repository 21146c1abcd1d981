"""All lanes together, and the look-out that tells each when it has something to do."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from broadcaster.config import Account
from broadcaster.engine.failover import Failover, Way, stand_ins
from broadcaster.engine.lane import Lane
from broadcaster.engine.slips import Courier
from broadcaster.engine.station import Workshop
from broadcaster.engine.strays import end_strays
from broadcaster.engine.waiting import first_of, pause
from broadcaster.store import duty, signups
from broadcaster.store.errors import StoreError
from broadcaster.store.generations import SupersededError
from channels.contract import Channel

log = logging.getLogger(__name__)

LOOK_OUT = {"sqlite": 0.2, "postgresql": 1.0}
"""Seconds between two looks for what nobody calls for: what another process has submitted, on SQLite, and what has
become due. One small query for all lanes; on PostgreSQL it may come from many machines."""

PATIENCE = 1.0
"""Seconds between two tries to listen to a database that is gone."""


FIND_WAYS = 1.0
"""Seconds between two looks for deliveries that should go by another provider."""


RELEASE = 0.5
"""Seconds between two looks for what waits for an earlier message in the same place."""


END_STRAYS = 30.0
"""Seconds between two looks for lanes that have no account any more."""


class Engine:
    """Sends what is pending, until it is told to stop.

    Args:
        look_out: seconds between two looks for what nobody calls for; by default what suits the database.

    Attributes:
        is_running: whether it works, or finishes what is in flight.
        superseded: why it has ended on its own: the database goes on without this process.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        channels: Mapping[str, Channel],
        ways: Sequence[Way],
        shop: Workshop,
        look_out: float | None = None,
    ) -> None:
        self.is_running = False
        self.superseded: SupersededError | None = None
        self._shop = shop
        self._interval = look_out or LOOK_OUT[shop.database.dialect]
        rates = {name: account.rate for name, account in accounts.items()}
        self._failover = Failover(shop.database, shop.ledger, ways, rates)
        self._lanes = {
            name: Lane(account, channels[name], shop, [channels[other] for other in stand_ins(name, ways)])
            for name, account in accounts.items()
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; then finish what is in flight, within the shift's grace, and return.

        It sets ``stop`` itself if the database goes on without this process.
        """
        self.is_running = True
        try:
            await self._run(stop)
        finally:
            self.is_running = False

    @property
    def half_open(self) -> frozenset[str]:
        """The lanes whose account failed last, and is tried by one parcel before the others follow."""
        return frozenset(name for name, lane in self._lanes.items() if lane.half_open)

    async def _run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            for lane in self._lanes.values():
                tasks.create_task(self._serve(lane, stop))
            tasks.create_task(self._look_out(stop))
            if self._shop.database.is_postgresql:
                tasks.create_task(self._listen(stop))
            tasks.create_task(self._find_ways(stop))
            tasks.create_task(self._release(stop))
            tasks.create_task(self._end_strays(stop))

    async def _serve(self, lane: Lane, stop: asyncio.Event) -> None:
        try:
            await lane.serve(stop)
        except SupersededError as error:
            if self.superseded is None:
                log.error("%s", error)
            self.superseded = error
            stop.set()

    async def _look_out(self, stop: asyncio.Event) -> None:
        database, well = self._shop.database, True
        while not stop.is_set():
            database.woken.clear()
            try:
                busy = await self._shop.ledger.busy(self._lanes.keys(), self._shop.clock())
                asked = await self._ask()
            except StoreError as error:
                if well:
                    log.warning("nothing is sent while the database cannot be reached: %s", error)
                well, busy, asked = False, set(), []
            else:
                well = True
            for courier in asked:
                courier.asked.set()
            for name in busy.union(courier.lane for courier in asked):
                self._lanes[name].busy.set()
            await pause(self._interval, database.woken, stop)

    async def _ask(self) -> list[Courier]:
        """The couriers for whom a slip waits."""
        asked: list[Courier] = []
        for couriers in zip(*(lane.couriers for lane in self._lanes.values()), strict=True):
            ready = {courier.lane: courier for courier in couriers if courier.ready}
            waiting = couriers[0].tray.waiting
            asked += [ready[name] for name in await waiting(self._shop.database, ready, self._shop.clock())]
        return asked

    async def _listen(self, stop: asyncio.Event) -> None:
        """Let other machines wake this one. Without it all goes on, only later."""
        while not stop.is_set():
            try:
                async with self._shop.database.listening() as broken:
                    self._shop.database.woken.set()  # what was called out before has not been heard
                    await first_of(broken, stop)
            except StoreError as error:
                log.debug("cannot hear other processes: %s", error)  # the look-out says so already
            await pause(PATIENCE, stop)

    async def _find_ways(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            began = loop.time()
            try:
                for move, count in await self._failover.look(self._shop.clock()):
                    log.warning("%d deliveries go by %s instead of %s", count, move.to, move.origin)
            except StoreError as error:
                log.debug("failover check failed: %s", error)  # the look-out says so already
            # Counting a long backlog takes a while: at most a tenth of the time goes into it.
            await pause(max(FIND_WAYS, 10 * (loop.time() - began)), stop)

    async def _release(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            began = loop.time()
            try:
                await self._shop.ledger.release(self._shop.clock())
            except StoreError as error:
                log.debug("could not release waiting deliveries: %s", error)  # the look-out says so already
            # Looking through all that waits takes a while: at most a tenth of the time goes into it.
            await pause(max(RELEASE, 10 * (loop.time() - began)), stop)

    async def _end_strays(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await end_strays(self._shop, self._lanes.keys())
                await signups.forget_expired(self._shop.database, self._shop.clock())
                if late := await duty.forget_expired(self._shop.database, self._shop.clock()):
                    log.error("%d reminders to the people on duty could not leave in time, and are not sent", late)
            except StoreError as error:
                log.debug("could not look for lanes without an account: %s", error)  # the look-out says so already
            await pause(END_STRAYS, stop)
