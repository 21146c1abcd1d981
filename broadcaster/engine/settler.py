"""Asks a lane's provider about what may have been sent, and settles it: beside the sending, under the same lease."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import repeat

from broadcaster.doubt import Case, Settlement, judge, together
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
    """Looks up what is in doubt as long as the shift beside it works, and until nothing is due.

    Args:
        channels: the lane's own first, then those that may have sent in its place before this database was copied.
    """

    def __init__(self, station: Station, shop: Workshop, lease: Lease, channels: Sequence[Find]) -> None:
        self._station = station
        self._shop = shop
        self._lease = lease
        self._channels = channels

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
        findings = await self._look_up(opened)
        settlements = await self._judged(found, letters, findings)
        return await doubts.settle(self._shop.database, self._lease, settlements, self._shop.clock())

    async def _look_up(self, opened: Mapping[int, Doubt]) -> Mapping[int, Finding]:
        """Ask the lane's provider; of what the original of this copy may have sent, every one that it may have used."""
        told: defaultdict[int, list[Finding]] = defaultdict(list)
        anybodys = {id_: doubt for id_, doubt in opened.items() if self._shop.generation.may_have_left(doubt.since)}
        for channel, asked in zip(self._channels, (opened, *repeat(anybodys, len(self._channels) - 1)), strict=True):
            if asked:
                findings = await channel.find(list(asked.values()))
                for id_, doubt in asked.items():
                    told[id_].append(findings[doubt.parcel.key])
        return {id_: together(findings) for id_, findings in told.items()}

    async def _judged(
        self, found: Sequence[Doubtful], letters: Mapping[int, Letter], findings: Mapping[int, Finding]
    ) -> dict[Doubtful, Settlement]:
        matching = {id_ for finding in findings.values() if isinstance(finding, Matches) for id_ in finding.remote_ids}
        taken = await doubts.taken(self._shop.database, found, matching)
        settlements = {}
        for one in found:
            letter = letters[one.rendition]
            since = max(one.tried, self._shop.generation.began)
            case = Case(letter.severity, since, letter.expires, one.attempts, one.looks, one.again)
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
