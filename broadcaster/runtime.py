"""The composition root: the one place where what sends is put together."""

import asyncio
import gc
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import aiohttp

from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.contacts import contacts_of
from broadcaster.delivery import Verdict
from broadcaster.engine.engine import Engine
from broadcaster.engine.failover import Way
from broadcaster.engine.station import Workshop, untold
from broadcaster.opening import Store, opened
from broadcaster.placeholders import expect_none
from broadcaster.store import generations
from broadcaster.store.board import BoardStore
from broadcaster.store.database import Database
from broadcaster.store.errors import StoreError
from broadcaster.store.generations import Generation, Opening
from broadcaster.store.lanes import new_holder
from broadcaster.store.ledger import Ledger
from broadcaster.store.recordings import RecordingStore
from broadcaster.store.sealing import Seal
from broadcaster.store.surfaces import SurfaceStore
from channels.contract import Channel
from channels.provider import Wiring
from channels.wire import session

log = logging.getLogger(__name__)

SELDOM = 20_000
"""Objects that are there to stay before the collector looks through them: some claims' worth."""

KEEP_ALIVE = 10.0
"""Seconds that an idle connection to a provider is kept: shorter than providers keep theirs, so none breaks in use."""


@dataclass(frozen=True, slots=True)
class Broadcaster:
    """Everything that sends, ready to run."""

    config: Config
    store: Store
    surfaces: SurfaceStore
    board: BoardStore
    channels: Mapping[str, Channel]
    engine: Engine


@asynccontextmanager
async def assembled(
    config: Config,
    clock: Callable[[], datetime] = utc_now,
    results: Callable[[str, Iterable[Verdict]], None] = untold,
) -> AsyncIterator[Broadcaster]:
    """Put together what sends. Raises as :func:`opened` and :func:`generations.enter` do.

    Args:
        results: is told of the verdicts that are written down in each lane.

    Raises:
        ConfigError: the mode is live, and something only stands for what residents are reached by.
    """
    expect_none(config)
    holder = new_holder()
    async with (
        opened(config) as store,
        _served(store.database, holder, clock, config) as generation,
        session(KEEP_ALIVE) as http,
    ):
        channels = channels_of(config, store.database, http, clock)
        shop = Workshop(
            database=store.database,
            ledger=Ledger(store.database),
            seal=Seal(config.key),
            clock=clock,
            dice=random.random,
            holder=holder,
            results=results,
            generation=generation,
        )
        engine = Engine(config.accounts, channels, _ways(config), shop)
        with _no_garbage_so_far():
            surfaces, board = SurfaceStore(store.database, clock), BoardStore(store.database)
            yield Broadcaster(config, store, surfaces, board, channels, engine)


def channels_of(
    config: Config, database: Database, http: aiohttp.ClientSession, clock: Callable[[], datetime]
) -> Mapping[str, Channel]:
    """The channel of each account."""
    wiring = Wiring(
        http,
        SurfaceStore(database, clock),
        config.municipalities,
        config.serve.public_url,
        board=BoardStore(database),
        contacts=contacts_of(config),
        zone=config.zone,
        recordings=RecordingStore(database),
        now=clock,
        hubs=config.hubs,
    )
    return {name: account.provider.build(account.settings, wiring) for name, account in config.accounts.items()}


@asynccontextmanager
async def _served(
    database: Database, holder: str, clock: Callable[[], datetime], config: Config
) -> AsyncIterator[Generation]:
    """The generation from which this process sends; whoever opens a copy is told what that means."""
    opening = await generations.enter(database, holder, clock())
    if opening.origin is not None:
        log.warning("%s", _of_a_copy(database.name, opening, config.zone))
    try:
        yield opening.generation
    finally:
        with suppress(StoreError):  # then others see that the process runs no more
            await asyncio.shield(generations.leave(database, holder))


def _of_a_copy(name: str, opening: Opening, zone: ZoneInfo) -> str:
    generation = opening.generation
    known = "" if generation.copied is None else f"{generation.copied.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    return (
        f"{name} is a copy of {opening.origin or 'another database'} and goes on from here, as generation "
        f"{generation.number}. {opening.doubts} deliveries may have left from there since: in a minute their "
        "providers are asked, and only what they do not have is sent. Send nothing more from the other one. What "
        f"was done there after {known} is not known here: messages and all-clears, the board, who joined, who left."
    )


@contextmanager
def _no_garbage_so_far() -> Iterator[None]:
    """Spare the collector what is there: modules and statements stay, and to look through them holds up all sending.

    Nor need it look for circles at every claim: what is claimed has none, and goes as soon as it is sent.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(SELDOM, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _ways(config: Config) -> list[Way]:
    """How each municipality reaches its residents."""
    return [
        Way(municipality, order)
        for (municipality, channel), order in config.routes.items()
        if config.account_for(municipality, channel).provider.target is None
    ]
