"""A lane: the deliveries of one provider account, with its own speed and health, so that a sick one delays no other."""

import asyncio
import logging
import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from broadcaster.config import Account
from broadcaster.engine.pace import Health, Pace
from broadcaster.engine.settler import Settler
from broadcaster.engine.shift import Shift
from broadcaster.engine.slips import CODES, REMINDERS, Courier
from broadcaster.engine.station import Station, Workshop
from broadcaster.engine.waiting import first_of, pause
from broadcaster.store import lanes
from broadcaster.store.errors import StoreError
from broadcaster.store.generations import SupersededError
from broadcaster.store.lanes import LaneState, Lease, LeaseLostError
from channels.contract import Channel, Find

log = logging.getLogger(__name__)

LARGEST_CLAIM = 512
"""What a crash can leave in doubt at the very most."""

PATIENCE = 1.0
"""Seconds between two tries to reach a database that is gone, or a lane that another worker has."""

PROBE_AFTER = 300.0
"""Seconds after which a halted account is tried with one parcel."""


class Lane:
    """Serves an account's deliveries whenever :attr:`busy` says that there are any.

    The lane is leased only while there is work, so that whoever submits a message can send it, and exactly one does.

    Args:
        stand_ins: channels of the accounts that send for this one when it fails.
    """

    def __init__(self, account: Account, channel: Channel, shop: Workshop, stand_ins: Sequence[Channel] = ()) -> None:
        self.name = account.name
        self.busy = asyncio.Event()
        self._shop = shop
        health = Health()
        self._station = Station(
            name=account.name,
            channel=channel,
            concurrency=account.concurrency,
            claim_size=min(LARGEST_CLAIM, max(account.concurrency, math.ceil(account.rate or LARGEST_CLAIM))),
            weigh=account.settings.weight,
            settle=channel.settle if isinstance(channel, Find) else timedelta(0),
            pace=Pace(account.rate, account.concurrency, health.share),
            health=health,
        )
        self._reminders = Courier(REMINDERS, self._station, shop)
        self.couriers = (self._reminders, Courier(CODES, self._station, shop))
        self._finders = [one for one in (channel, *stand_ins) if isinstance(one, Find)]
        self._repeatable = account.provider.channel.repeatable
        self._probed: float | None = None
        self._epoch = 0  # of the last lease here
        self._noted: LaneState | None = None  # by whatever process found it so

    @property
    def half_open(self) -> bool:
        """Whether the account failed last, and one parcel tries it before the others follow."""
        return self._station.health.half_open

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until ``stop``; what is in flight then is brought to its end.

        Raises:
            SupersededError: the database goes on without this process.
        """
        try:
            while await first_of(self.busy, stop) is self.busy:
                self.busy.clear()  # before the work: what comes in while it ends is not forgotten
                try:
                    await self._serve_once(stop)
                except SupersededError:
                    raise
                except LeaseLostError:
                    log.warning("lane %s: another worker took it over", self.name)
                except StoreError as error:
                    log.warning("lane %s waits for the database: %s", self.name, error)
                    await pause(PATIENCE, stop)
                except Exception:
                    # A bug. The other lanes go on, and so does this one if it can.
                    log.exception("lane %s failed", self.name)
                    await pause(PATIENCE, stop)
        finally:
            for courier in self.couriers:
                await courier.close()

    async def _serve_once(self, stop: asyncio.Event) -> None:
        health = self._station.health
        await pause(health.resting(_time()), stop)
        if stop.is_set() or not await self._may_try():
            return
        database, holder = self._shop.database, self._shop.holder
        self._shop.generation.expect_in_place(database)
        lease = await lanes.acquire(database, self.name, holder)
        if lease is None:
            await pause(PATIENCE, stop)
            return
        if lease.epoch > self._epoch + 1:  # others have sent meanwhile
            self._station.pace.follow(lease.idle)
        self._epoch = lease.epoch
        try:
            await self._shop.generation.expect_newest(database)  # from now on, beginning another takes the lease away
            stranded = await self._shop.ledger.recover(
                lease, repeatable=self._repeatable, now=self._shop.clock(), settle=self._station.settle
            )
            if stranded and not self._repeatable:
                log.warning(
                    "lane %s: a worker died while sending %d deliveries: they are in doubt", self.name, stranded
                )
            await self._work(lease, stop)
            for courier in self.couriers:
                await courier.send(lease, self.busy, stop)
        finally:
            with suppress(StoreError):  # then the lease runs out automatically
                await asyncio.shield(lanes.release(database, lease))
        if health.halted:
            self._probed = _time()

    async def _work(self, lease: Lease, stop: asyncio.Event) -> None:
        """Send what is pending; meanwhile remind people on duty and look up what is in doubt."""
        noted = self._noted
        shift = Shift(
            self._station,
            self._shop,
            lease,
            stop,
            noted_as_down=noted is not None and noted.down_reason is not None,
            noted_wait=None if noted is None else noted.throttled_until,
        )
        channel = self._station.channel
        over = asyncio.Event()
        reminding = asyncio.create_task(self._reminders.work(lease, over))
        settling = None
        if isinstance(channel, Find):
            settling = asyncio.create_task(Settler(self._station, self._shop, lease, self._finders).work(over))
        try:
            await shift.work()
        finally:
            over.set()
            if settling is not None and stop.is_set():
                settling.cancel()  # a look-up changes nothing at the provider
            for task in filter(None, (reminding, settling)):
                with suppress(asyncio.CancelledError, LeaseLostError):
                    await task

    async def _may_try(self) -> bool:
        """Whether the account is not halted, or has been for so long that one parcel may try it."""
        health = self._station.health
        noted = next((lane for lane in await lanes.states(self._shop.database) if lane.name == self.name), None)
        health.halted = noted is not None and noted.halted_reason is not None
        if noted is not None and noted.is_throttled(self._shop.clock()) and not self._epoch:
            health.begin_carefully()
        self._noted = noted
        return not health.halted or self._probed is None or _time() - self._probed >= PROBE_AFTER


def _time() -> float:
    return asyncio.get_running_loop().time()
