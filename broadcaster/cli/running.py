"""What ``serve`` and ``sandbox`` do."""

import asyncio
import errno
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from yarl import URL

from broadcaster.cli import context
from broadcaster.cli.errors import ServiceError
from broadcaster.config import Config
from broadcaster.duty.watch import watch_duty
from broadcaster.feeding import follow_feeds
from broadcaster.logs import LogForm, start_log
from broadcaster.metrics import Meters
from broadcaster.prompting import follow_prompts
from broadcaster.publishing import follow_pages
from broadcaster.rehearsal import sandbox_of
from broadcaster.runtime import Broadcaster, assembled
from broadcaster.schedule.runner import follow_schedules
from broadcaster.serving import operators_app, web_app
from broadcaster.situation import COMPOSER, composer
from broadcaster.sources.following import follow_sources
from broadcaster.web.metrics import PATH as METRICS_PATH
from broadcaster.web.server import serving

_STOPPED = "stopped; what is left goes on when it is started again."
_LOGGER = logging.getLogger(__name__)


async def run_server(config: Config) -> None:
    """Serve until a signal comes. Then nobody new is let in, and what is under way is finished.

    Raises:
        ServiceError: the port or a folder cannot be used, or the database goes on without this process.
    """
    say = _started_log(config)
    stop = context.stopped_by_signals(context.STOPPING, say.aside)
    meters = Meters(config)
    async with (
        assembled(config, results=meters.results) as broadcaster,
        watched(broadcaster, meters),
        AsyncExitStack() as web_side,
    ):
        address = await web_side.enter_async_context(listening(broadcaster, meters))
        say.aloud(f"serving on {address} ({config.mode}). Ctrl-C stops it.")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow_feeds(broadcaster, stop))
            tasks.create_task(follow_pages(broadcaster, stop))
            tasks.create_task(follow_prompts(broadcaster, stop))
            tasks.create_task(follow_sources(broadcaster, stop))
            composers = {COMPOSER: composer(broadcaster.store.database, config)}
            tasks.create_task(follow_schedules(broadcaster, stop, composers, meters.run))
            tasks.create_task(watch_duty(broadcaster.store.database, config, stop))
            tasks.create_task(broadcaster.engine.run(stop))
            await stop.wait()
            await web_side.aclose()
    _say_the_end(say, broadcaster)


async def run_worker(config: Config) -> None:
    """Send until a signal comes.

    Raises:
        ServiceError: the database goes on without this process.
    """
    say = _started_log(config)
    stop = context.stopped_by_signals(context.STOPPING, say.aside)
    meters = Meters(config)
    async with assembled(config, results=meters.results) as broadcaster, watched(broadcaster, meters):
        say.aloud(f"working ({config.mode}). Ctrl-C stops it.")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow_sources(broadcaster, stop))
            composers = {COMPOSER: composer(broadcaster.store.database, config)}
            tasks.create_task(follow_schedules(broadcaster, stop, composers, meters.run))
            tasks.create_task(watch_duty(broadcaster.store.database, config, stop))
            tasks.create_task(broadcaster.engine.run(stop))
    _say_the_end(say, broadcaster)


def _say_the_end(say: "_Say", broadcaster: Broadcaster) -> None:
    if broadcaster.engine.superseded is not None:
        raise ServiceError(str(broadcaster.engine.superseded))
    say.aloud(_STOPPED)


@dataclass(frozen=True, slots=True)
class _Say:
    """How to tell what is no event of the log: aloud on standard output, aside on standard error."""

    aloud: Callable[[str], None]
    aside: Callable[[str], None]


def _started_log(config: Config) -> _Say:
    """Start the log. Where that is JSON, all that is said is part of it."""
    start_log(config.log)
    if config.log is LogForm.JSON:
        return _Say(_LOGGER.info, _LOGGER.info)
    return _Say(partial(print, flush=True), partial(print, file=sys.stderr))


async def run_sandbox(config: Config) -> None:
    """Run the sandbox until a signal comes.

    Raises:
        ServiceError: the port cannot be used.
    """
    stop = context.stopped_by_signals()
    async with AsyncExitStack() as stack:
        try:
            sandbox = await stack.enter_async_context(sandbox_of(config))
        except OSError as error:
            raise _refused(error, "sandbox", config.sandbox.port) from None
        print(f"sandbox on {sandbox.url}: open that page to see what everybody gets. Ctrl-C stops it.", flush=True)
        await stop.wait()


@asynccontextmanager
async def listening(broadcaster: Broadcaster, meters: Meters | None = None) -> AsyncIterator[str]:
    """The web side, listening; gives its address.

    Raises:
        ServiceError: the port cannot be used.
    """
    settings = broadcaster.config.serve
    async with AsyncExitStack() as stack:
        app = web_app(broadcaster, meters=meters)
        try:
            host, port = await stack.enter_async_context(
                serving(app, settings.host, settings.port, settings.public_url, proxies=settings.trusted_proxies)
            )
        except OSError as error:
            raise _refused(error, "serve", settings.port) from None
        yield str(URL.build(scheme="http", host=host, port=port))


@asynccontextmanager
async def watched(broadcaster: Broadcaster, meters: Meters) -> AsyncIterator[None]:
    """Metrics and health for those who run it, where a port is set. A warning goes out also where nobody can watch."""
    settings = broadcaster.config.metrics
    async with AsyncExitStack() as stack:
        if settings.port is not None:
            app = operators_app(broadcaster, meters)
            try:
                host, port = await stack.enter_async_context(serving(app, settings.host, settings.port))
            except OSError as error:
                _LOGGER.error("cannot serve metrics: %s", _refused(error, "metrics", settings.port))
            else:
                _LOGGER.info("metrics on %s", URL.build(scheme="http", host=host, port=port, path=METRICS_PATH))
        yield


def _refused(error: OSError, section: str, port: int) -> ServiceError:
    if error.errno == errno.EADDRINUSE:
        return ServiceError(
            f"port {port} is taken by another program: stop that one, or set another port under [{section}] in the "
            "configuration."
        )
    return ServiceError(
        f"port {port} cannot be used ({error.strerror}): look at host and port under [{section}] in the configuration."
    )
