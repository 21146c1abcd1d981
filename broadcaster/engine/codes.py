"""Codes for residents who sign up on the web: they leave by a lane in which nothing else waits, one at a time."""

import asyncio
import logging
import math
import secrets

from broadcaster.engine.station import Station, Workshop
from broadcaster.engine.waiting import first_of
from broadcaster.store import signups
from broadcaster.store.lanes import Lease
from broadcaster.store.sealing import SealError
from broadcaster.store.signups import Code
from channels.contract import Accepted, Parcel
from channels.sms import SMS
from messages.model import Kind, Rendition, Severity

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two codes of a lane, at least: sixty a minute, however fast the account is."""


class Codes:
    """Sends a lane's codes while it has nothing better to do.

    What becomes of a code says nothing about the account: who asks for codes must not be able to make it look ill.

    Attributes:
        asked: whether any was seen to wait.
    """

    def __init__(self, station: Station, shop: Workshop) -> None:
        self._station = station
        self._shop = shop
        self.asked = False
        self._next = -math.inf
        self._flying: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether one may leave now."""
        return self._flying is None and asyncio.get_running_loop().time() >= self._next

    async def send(self, lease: Lease, *until: asyncio.Event) -> None:
        """Send the code that has waited longest, if any may leave; its answer is waited for until one of the events.

        Raises:
            LeaseLostError: another worker has the lane.
        """
        if not self.asked or not self.ready or self._station.health.halted:
            return
        self.asked = False
        code = await signups.take(self._shop.database, lease, self._shop.clock())
        if code is None:
            return
        self._next = asyncio.get_running_loop().time() + INTERVAL
        landed = asyncio.Event()
        self._flying = asyncio.create_task(self._deliver(code, landed))
        await first_of(landed, *until)

    async def close(self) -> None:
        """Let go of a code that is still under way."""
        if self._flying is not None:
            self._flying.cancel()
            await asyncio.wait([self._flying])

    async def _deliver(self, code: Code, landed: asyncio.Event) -> None:
        try:
            await self._attempt(code)
        except SealError as error:
            log.error("lane %s: a sign-up code was not sent: %s", self._station.name, error)
        except Exception as error:  # noqa: BLE001 (a bug; its words may hold the number)
            log.error("lane %s: a sign-up code failed on a bug (%s)", self._station.name, type(error).__name__)
        finally:
            self._flying = None
            landed.set()

    async def _attempt(self, code: Code) -> None:
        seal, station = self._shop.seal, self._station
        rendition = Rendition("", SMS.name, code.language, "", seal.open(code.text))
        key = f"code-{secrets.token_hex(8)}"
        parcel = Parcel(
            key=key,
            target=seal.open(code.number),
            rendition=rendition,
            message=key,
            kind=Kind.UPDATE,
            severity=Severity.INFORMATION,
            issued=code.asked,
            expires=code.expires,
        )
        weight = station.weigh(rendition)
        left = await station.pace.turn(weight)
        try:
            if self._shop.clock() >= code.expires:
                return
            outcome = await station.channel.send(parcel)
        finally:
            station.pace.back(weight, left)
        if not isinstance(outcome, Accepted):
            log.warning("lane %s: a sign-up code was not sent: %s", station.name, outcome.reason)
