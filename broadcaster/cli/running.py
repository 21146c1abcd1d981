"""What ``serve`` and ``sandbox`` do."""

import asyncio
import errno
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web
from yarl import URL

from broadcaster.cli import context
from broadcaster.cli.errors import ServiceError
from broadcaster.config import Config
from broadcaster.runtime import Broadcaster, assembled, follow_feeds, sandbox_of, web_app

STOPPING = "stopping: what is on its way is finished first. Ctrl-C again stops at once."
"""What a first Ctrl-C is answered with."""


async def run_server(config: Config) -> None:
    """Serve until a signal comes.

    Raises:
        ServiceError: the port or a folder cannot be used.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    stop = context.stopped_by_signals(STOPPING)
    async with assembled(config) as broadcaster, listening(broadcaster) as address:
        print(f"serving on {address} ({config.mode}). Ctrl-C stops it.", flush=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow_feeds(broadcaster, stop))
            tasks.create_task(broadcaster.engine.run(stop))
    print("stopped; what is left goes on when it is started again.")


async def run_worker(config: Config) -> None:
    """Send until a signal comes."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    stop = context.stopped_by_signals(STOPPING)
    async with assembled(config) as broadcaster:
        print(f"working ({config.mode}). Ctrl-C stops it.", flush=True)
        await broadcaster.engine.run(stop)
    print("stopped; what is left goes on when it is started again.")


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
async def listening(broadcaster: Broadcaster) -> AsyncIterator[str]:
    """The web side, listening; gives its address.

    Raises:
        ServiceError: the port cannot be used.
    """
    settings = broadcaster.config.serve
    runner = web.AppRunner(web_app(broadcaster), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        try:
            await site.start()
        except OSError as error:
            raise _refused(error, "serve", settings.port) from None
        host, port = runner.addresses[0][:2]
        yield str(URL.build(scheme="http", host=host, port=port))
    finally:
        await runner.cleanup()


def _refused(error: OSError, section: str, port: int) -> ServiceError:
    if error.errno == errno.EADDRINUSE:
        return ServiceError(
            f"port {port} is taken by another program: stop that one, or set another port under [{section}] in the "
            "configuration."
        )
    return ServiceError(
        f"port {port} cannot be used ({error.strerror}): look at host and port under [{section}] in the configuration."
    )
