"""The composition root: the one place where everything is put together."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from aiohttp import web

from broadcaster.config import Config
from broadcaster.engine.engine import Engine
from broadcaster.engine.failover import Way
from broadcaster.engine.station import Workshop
from broadcaster.engine.waiting import pause
from broadcaster.store.database import Database
from broadcaster.store.errors import StoreError
from broadcaster.store.lanes import new_holder
from broadcaster.store.ledger import Ledger
from broadcaster.store.receipts import believe
from broadcaster.store.sealing import Seal
from broadcaster.store.subscribers import Subscribers
from broadcaster.store.surfaces import SurfaceStore
from broadcaster.web import Desk, Reporters, create_app
from channels.contract import Channel
from channels.elks import ElksSettings, receipt_secret
from channels.feed import FEED, FeedChannel, FeedSettings, FolderError
from channels.ivr import Line, TwilioVoiceSettings
from channels.provider import Wiring
from channels.sandbox import Receipts, Sandbox
from channels.twilio import TwilioSettings

KEEP_ALIVE = 10.0
"""Seconds that an idle connection to a provider is kept: shorter than providers keep theirs, so none breaks in use."""


FOLLOW = 0.5
"""Seconds between two looks whether another machine has changed the feeds."""

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Store:
    """The database of a configuration, opened and checked."""

    database: Database
    subscribers: Subscribers


@dataclass(frozen=True, slots=True)
class Broadcaster:
    """Everything that sends, ready to run."""

    config: Config
    store: Store
    surfaces: SurfaceStore
    channels: Mapping[str, Channel]
    engine: Engine


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Store]:
    """Open the database.

    Raises:
        StoreError: it is missing, from another version, or cannot be used.
        SealError: the key is none.
    """
    seal = Seal(config.key)
    async with Database(config.database_url.get_secret_value()) as database:
        await database.expect_current()
        yield Store(database, Subscribers(database, seal))


@asynccontextmanager
async def assembled(config: Config, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Broadcaster]:
    """Put together what sends. Raises as :func:`opened` does."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE)
    async with (
        opened(config) as store,
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        surfaces = SurfaceStore(store.database, clock)
        wiring = Wiring(http, surfaces, config.municipalities, config.serve.public_url)
        channels = {name: account.provider.build(account.settings, wiring) for name, account in config.accounts.items()}
        shop = Workshop(
            database=store.database,
            ledger=Ledger(store.database),
            seal=Seal(config.key),
            clock=clock,
            dice=random.random,
            holder=new_holder(),
        )
        yield Broadcaster(config, store, surfaces, channels, Engine(config.accounts, channels, _ways(config), shop))


def web_app(broadcaster: Broadcaster, clock: Callable[[], datetime] = utc_now) -> web.Application:
    """The web side of ``serve``: feeds for readers, webhooks for providers."""
    config = broadcaster.config
    folders = [a.settings.directory for a in config.accounts.values() if isinstance(a.settings, FeedSettings)]
    return create_app(
        feed_directory=folders[0] if folders else None,
        lines=_lines(config),
        surfaces=broadcaster.surfaces,
        now=clock,
        public_url=config.serve.public_url,
        reporters=_reporters(broadcaster, clock),
    )


async def refresh_feeds(broadcaster: Broadcaster) -> None:
    """Write all feeds as they should be, so that a new one can be subscribed to before it says anything."""
    for channel in broadcaster.channels.values():
        if isinstance(channel, FeedChannel):
            await channel.refresh()


async def follow_feeds(broadcaster: Broadcaster, stop: asyncio.Event) -> None:
    """Keep this machine's feeds as the database has them, whichever machine it was that sent."""
    written: object = None
    told = False
    while not stop.is_set():
        try:
            revision = await broadcaster.surfaces.revision(FEED.name)
            if revision != written:
                await refresh_feeds(broadcaster)
                written = revision
            told = False
        except (StoreError, FolderError) as error:
            # The phone lines and everything else are needed all the more.
            if not told:
                log.error("the feeds cannot be written: %s", error)
            told = True
        await pause(FOLLOW, stop)


def sandbox_of(config: Config) -> Sandbox:
    """A sandbox that stands in for the configuration's providers, and calls its phone lines as Twilio would."""
    public_url = config.serve.public_url
    lines = _lines(config)
    names = {m: municipality for m, municipality in config.municipalities.items() if FEED.name in municipality.channels}
    tokens = {line.auth_token.get_secret_value() for line in lines.values()}
    return Sandbox(
        port=config.sandbox.port,
        lines={line.number: f"{public_url}/webhooks/twilio/voice/{name}" for name, line in lines.items()}
        if public_url
        else {},
        feeds=[f"{public_url}/feeds/{name}/{m.languages[0]}.rss" for name, m in names.items()] if public_url else [],
        twilio_auth_token=next(iter(tokens), "sandbox"),
        receipts=Receipts(),
    )


def _reporters(broadcaster: Broadcaster, clock: Callable[[], datetime]) -> Reporters:
    settings = [account.settings for account in broadcaster.config.accounts.values()]
    database = broadcaster.store.database
    return Reporters(
        twilio={one.account_sid: one.auth_token for one in settings if isinstance(one, TwilioSettings)},
        elks=tuple(receipt_secret(one) for one in settings if isinstance(one, ElksSettings)),
        desk=Desk(lambda receipts: believe(database, receipts, clock())),
    )


def _lines(config: Config) -> dict[str, Line]:
    return {
        name: Line(
            number=account.settings.line,
            switchboard=account.settings.switchboard,
            auth_token=account.settings.auth_token,
            voices=account.settings.voices,
            languages=_languages_of(config, name),
        )
        for name, account in config.accounts.items()
        if isinstance(account.settings, TwilioVoiceSettings)
    }


def _ways(config: Config) -> list[Way]:
    """How each municipality reaches its residents."""
    return [
        Way(municipality, order)
        for (municipality, channel), order in config.routes.items()
        if config.account_for(municipality, channel).provider.target is None
    ]


def _languages_of(config: Config, account: str) -> tuple[str, ...]:
    """The languages of the municipalities that share an account, each once, first ones first."""
    sharing = [municipality for (municipality, _), order in config.routes.items() if account in order]
    return tuple(dict.fromkeys(code for m in sharing for code in config.municipalities[m].languages))
