"""The sandbox itself: a server on loopback that stands in for every provider."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import MappingProxyType, TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

from channels.sandbox.calls import Telephone
from channels.sandbox.control import control_routes
from channels.sandbox.elks import Elks
from channels.sandbox.exchange import Exchange, Provider
from channels.sandbox.faults import Behaviour, Script
from channels.sandbox.graph import Graph
from channels.sandbox.page import MOST_PHONES, render
from channels.sandbox.receipts import Receipts, Reporter
from channels.sandbox.records import Post, Records, Report, Request, Text
from channels.sandbox.twilio import Twilio
from channels.sandbox.view import look

_LARGEST_REQUEST = 8 * 1024 * 1024
"""Bytes. Enough for providers to turn down a text that is much too long in their own words."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"


class Sandbox:
    """Stands in for Twilio, 46elks and Facebook's Graph API over real HTTP, and keeps what it got in memory.

    An asynchronous context manager: it answers between enter and exit. Entering raises OSError if the port is taken.

    Args:
        host: address to listen on.
        port: port to listen on; 0 for any that is free.
        lines: the voice webhook's URL of each phone line.
        feeds: URLs of feeds to show on the page.
        twilio_auth_token: what Twilio's webhooks are signed with. The API takes any credentials; the receipts of a text
            that was sent with the account's own token are signed with that.
        receipts: what Twilio and 46elks report of each text that asks for it; None for nothing.
        app_secrets: of Facebook apps; where there are any, every request to Graph must prove that it knows one.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        lines: Mapping[str, str] = MappingProxyType({}),
        feeds: Sequence[str] = (),
        twilio_auth_token: str = "sandbox",  # noqa: S107 - opens nothing: the sandbox signs with it
        receipts: Receipts | None = None,
        app_secrets: Sequence[str] = (),
    ) -> None:
        self._address = host, port
        self._lines = lines
        self._feeds = feeds
        self._auth_token = twilio_auth_token
        self._records = Records()
        self._receipts = receipts
        self._reporter = Reporter(self._records, receipts, twilio_auth_token)
        providers: Sequence[Provider] = (
            Twilio(self._records, self._reporter),
            Elks(self._records, self._reporter),
            Graph(self._records, app_secrets),
        )
        self._prefixes = {provider.name: provider.prefix for provider in providers}
        self._exchanges = {provider.name: Exchange(provider, self._records) for provider in providers}
        self._open = AsyncExitStack()
        self.url = ""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as starting:
            self._http = await starting.enter_async_context(aiohttp.ClientSession())
            reporting = asyncio.create_task(self._reporter.run(self._http))
            starting.push_async_callback(_end, reporting)
            self._telephone = Telephone(self._http, self._lines, self._auth_token)
            # A client that leaves ends what is done for it, and who still hangs when we stop is let go of.
            runner = web.AppRunner(self._app(), access_log=None, handler_cancellation=True, shutdown_timeout=1)
            await runner.setup()
            starting.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, *self._address).start()
            host, port, *_ = runner.addresses[0]
            self.url = str(URL.build(scheme="http", host=host, port=port))
            self._open = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for exchange in self._exchanges.values():
            exchange.close()
        await self._open.aclose()

    @property
    def texts(self) -> list[Text]:
        """Every SMS that a resident got, oldest first; the list grows as more come."""
        return self._records.texts

    @property
    def posts(self) -> list[Post]:
        """Every post there ever was, oldest first, as it stands now."""
        return self._records.posts

    @property
    def requests(self) -> list[Request]:
        """Every request that a provider got, oldest first; the list grows as more come."""
        return self._records.requests

    @property
    def reports(self) -> list[Report]:
        """Every receipt that was sent, oldest first; the list grows as more are."""
        return self._records.reports

    @property
    def receipts(self) -> Receipts | None:
        """What is reported of the texts that come from now on; to be set at any time."""
        return self._reporter.receipts

    @receipts.setter
    def receipts(self, receipts: Receipts | None) -> None:
        self._reporter.receipts = receipts

    def base_url(self, provider: str) -> str:
        """Return where a provider is, to be configured in place of its own address.

        Raises:
            ValueError: the sandbox has no such provider.
        """
        self._exchange(provider)
        return self.url + self._prefixes[provider]

    def behave(self, provider: str, *behaviours: Behaviour) -> None:
        """Let a provider show these behaviours from now on, in place of earlier ones. With none it is well.

        Raises:
            ValueError: the sandbox has no such provider.
        """
        self._exchange(provider).script = Script(behaviours)

    def reset(self) -> None:
        """Forget everything that came, let every provider be well, and report as at first."""
        self._records.clear()
        self._reporter.clear()
        self.receipts = self._receipts
        for exchange in self._exchanges.values():
            exchange.script = Script()
        self._records.announce()

    async def wait_for(self, predicate: Callable[["Sandbox"], bool], timeout: float = 10) -> None:  # noqa: ASYNC109 - as asyncio's
        """Wait until something is true of the sandbox, looking again whenever a request has come.

        Raises:
            TimeoutError: it did not become true within that many seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._records.wait_for(lambda: predicate(self))
        except TimeoutError:
            got = f"{len(self.texts)} texts, {len(self.posts)} posts and {len(self.requests)} requests"
            raise TimeoutError(f"not so within {timeout} seconds: the sandbox has got {got}") from None

    async def call(
        self, line: str, caller: str = "+46701740605", digits: str | None = None, *, action: str | None = None
    ) -> str:
        """Call a phone line, as Twilio does for a resident, and return the TwiML that it answers with.

        Args:
            digits: keys to press when the line asks for some; what is returned is then what comes after them.
            action: where the keys go, relative to the line's URL; None for where its first Gather says.

        Raises:
            CallError: there is no such line, it does not answer with TwiML, or it asks for no keys.
        """
        return await self._telephone.call(line, caller, digits, action)

    def _exchange(self, provider: str) -> Exchange:
        if provider not in self._exchanges:
            raise ValueError(f"the sandbox has no provider {provider!r}: it has {', '.join(self._exchanges)}")
        return self._exchanges[provider]

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.router.add_get("/", self._page)
        app.router.add_routes(control_routes(self))
        for exchange in self._exchanges.values():
            app.router.add_routes(exchange.routes())
        return app

    async def _page(self, _: web.Request) -> web.Response:
        view = await look(self._records, self._http, self._feeds, self._telephone, most_phones=MOST_PHONES)
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": _POLICY}
        return web.Response(text=render(view), content_type="text/html", headers=headers)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
