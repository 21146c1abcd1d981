"""Lanes whose accounts were taken out of the configuration: nothing is sent there, and yet all comes to its end."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress

from broadcaster.engine.station import Workshop
from broadcaster.store import lanes
from broadcaster.store.errors import StoreError
from broadcaster.store.lanes import Lease, LeaseLostError
from broadcaster.store.ledger import Report

log = logging.getLogger(__name__)


async def end_strays(shop: Workshop, names: Collection[str]) -> None:
    """Let expire what is too late in lanes other than these, and put in doubt what was being sent when they ended.

    A lane that a worker with another configuration serves is left alone.

    Raises:
        StoreError: when the database cannot be used.
    """
    for name in sorted(await shop.ledger.strays(names)):
        lease = await lanes.acquire(shop.database, name, shop.holder)
        if lease is None:
            continue
        try:
            await _end(shop, lease)
        except LeaseLostError:
            log.debug("lane %s: a worker that has its account took it", name)
        finally:
            with suppress(StoreError):  # then the lease runs out automatically
                await asyncio.shield(lanes.release(shop.database, lease))


async def _end(shop: Workshop, lease: Lease) -> None:
    now = shop.clock()
    stranded = await shop.ledger.recover(lease, repeatable=False, now=now)
    if stranded:
        log.warning("lane %s has no account any more: %d deliveries are in doubt", lease.lane, stranded)
    await shop.ledger.turn(lease, Report({}, room=0), now)
    await shop.ledger.leave_to_people(lease, "waits for a person: the account was taken out of the configuration", now)
