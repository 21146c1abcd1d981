"""Asks a lane's provider about what may have been sent, and settles it: beside the sending, under the same lease."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from broadcaster.doubt import Case, Settlement, judge
from broadcaster.engine.station import Station, Workshop
from broadcaster.engine.waiting import happened
from broadcaster.store import doubts
from broadcaster.store.doubts import Doubtful
from broadcaster.store.errors import StoreError
from broadcaster.store.lanes import Lease
from broadcaster.store.ledger import Letter
from broadcaster.store.sealing import SealError
from channels.contract import Doubt, Find, Finding, Matches

log = logging.getLogger(__name__)

MOST_AT_ONCE = 1000
"""Doubts in one look-up."""

INTERVAL = 1.0
"""Seconds between two looks for doubts whose time has come."""


class Settler:
    """Looks up what is in doubt as long as the shift beside it works, and until nothing is due."""

    def __init__(self, station: Station, shop: Workshop, lease: Lease, channel: Find) -> None:
        self._station = station
        self._shop = shop
        self._lease = lease
        self._channel = channel

    async def work(self, over: asyncio.Event) -> None:
        """Do it.

        Args:
            over: set when the shift has ended, or the work is stopped.

        Raises:
            LeaseLostError: when another worker took the lane.
        """
        while True:
            try:
                settled = await self._settle_some()
            except StoreError as error:
                log.warning("lane %s: doubts wait for the database: %s", self._station.name, error)
                settled = 0
            if not settled and await happened(over, INTERVAL):
                return

    async def _settle_some(self) -> int:
        """Look up what is due; returns how many settlements were written."""
        now = self._shop.clock()
        found, letters = await doubts.due(self._shop.database, self._station.name, now, MOST_AT_ONCE)
        if not found:
            return 0
        opened = {one.id: Doubt(letters[one.rendition].parcel(one.id, self._target(one)), one.tried) for one in found}
        findings = await self._channel.find(list(opened.values()))
        keys = {id_: doubt.parcel.key for id_, doubt in opened.items()}
        settlements = await self._judged(found, letters, {id_: findings[key] for id_, key in keys.items()})
        return await doubts.settle(self._shop.database, self._lease, settlements, self._shop.clock())

    async def _judged(
        self, found: Sequence[Doubtful], letters: Mapping[int, Letter], findings: Mapping[int, Finding]
    ) -> dict[Doubtful, Settlement]:
        matching = {id_ for finding in findings.values() if isinstance(finding, Matches) for id_ in finding.remote_ids}
        taken = await doubts.taken(self._shop.database, found, matching)
        settlements = {}
        for one in found:
            letter = letters[one.rendition]
            case = Case(letter.severity, one.tried, letter.expires, one.attempts, one.looks, one.again)
            settlement = judge(findings[one.id], taken, case, self._shop.clock(), self._shop.dice())
            if settlement.remote_id is not None:
                taken.add(settlement.remote_id)  # two like deliveries never share one text
            settlements[one] = settlement
        return settlements

    def _target(self, one: Doubtful) -> str:
        try:
            return one.target or self._shop.seal.open(one.sealed_number or "")
        except SealError:
            return ""  # the subscriber left, or the key is not ours: no provider knows such a number
