"""The sandbox itself: a server on loopback that stands in for every provider."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
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
from channels.sandbox.handset import Handset, Inbox, TextError
from channels.sandbox.heard import CallError
from channels.sandbox.hub import Hub
from channels.sandbox.ongoing import Call
from channels.sandbox.page import MOST_PHONES, ShownCall, render
from channels.sandbox.receipts import Receipts, Reporter
from channels.sandbox.records import Fetch, Post, Records, Report, Request, Text
from channels.sandbox.sources import Sources
from channels.sandbox.twilio import Twilio
from channels.sandbox.view import look

_LARGEST_REQUEST = 8 * 1024 * 1024
"""Bytes. Enough for providers to turn down a text that is much too long in their own words."""

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "img-src data:; form-action 'self'"
)


class Sandbox:
    """Stands in for Twilio, 46elks, Facebook's Graph API and a WebSub hub over real HTTP, and keeps all in memory.

    It also plays the sources of warnings and news that can be followed.

    An asynchronous context manager: it answers between enter and exit. Entering raises OSError if the port is taken.

    Args:
        host: address to listen on.
        port: port to listen on; 0 for any that is free.
        lines: the voice webhook's URL of each phone line at Twilio.
        elks_lines: that of each phone line at 46elks.
        inboxes: the numbers that residents can text to.
        feeds: URLs of feeds to show on the page.
        sites: URLs that residents can open in their browsers.
        twilio_auth_token: what Twilio's webhooks are signed with. The API takes any credentials; the receipts of a text
            that was sent with the account's own token are signed with that.
        receipts: what Twilio and 46elks report of each text that asks for it; None for nothing.
        app_secrets: of Facebook apps; where there are any, every request to Graph must prove that it knows one.
        sources: the folder of what sources are played from; None for our own examples.
    """

    def __init__(  # noqa: PLR0913 - all by keyword, and most only where there is something of the kind
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        lines: Mapping[str, str] = MappingProxyType({}),
        elks_lines: Mapping[str, str] = MappingProxyType({}),
        inboxes: Sequence[Inbox] = (),
        feeds: Sequence[str] = (),
        sites: Sequence[str] = (),
        twilio_auth_token: str = "sandbox",  # noqa: S107 - opens nothing: the sandbox signs with it
        receipts: Receipts | None = None,
        app_secrets: Sequence[str] = (),
        sources: Path | None = None,
    ) -> None:
        self._address = host, port
        self._lines = lines
        self._elks_lines = elks_lines
        self._call: Call | None = None
        self._shown_call: ShownCall | None = None
        self._inboxes = inboxes
        self._feeds = feeds
        self._sites = sites
        self._auth_token = twilio_auth_token
        self._records = Records()
        self._receipts = receipts
        self._reporter = Reporter(self._records, receipts, twilio_auth_token)
        self._twilio = Twilio(self._records, self._reporter)
        self._graph = Graph(self._records, app_secrets)
        self._hub = Hub(self._records)
        self._sources = Sources(self._records, sources)
        providers: Sequence[Provider] = (
            self._twilio,
            Elks(self._records, self._reporter),
            self._graph,
            self._hub,
            self._sources,
        )
        self._prefixes = {provider.name: provider.prefix for provider in providers}
        self._exchanges = {provider.name: Exchange(provider, self._records) for provider in providers}
        self._open = AsyncExitStack()
        self.url = ""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as starting:
            self._http = await starting.enter_async_context(aiohttp.ClientSession())
            for work in (self._reporter.run(self._http), self._hub.run(self._http)):
                starting.push_async_callback(_end, asyncio.create_task(work))
            self._telephone = Telephone(self._http, self._lines, self._auth_token, self._elks_lines)
            self._handset = Handset(self._http, self._inboxes, self._records)
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
        self._sources.end_streams()
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
    def pings(self) -> list[str]:
        """The address of every feed that the hub was told of, oldest first; the list grows as more are."""
        return self._records.pings

    @property
    def fetches(self) -> list[Fetch]:
        """What the hub found at those addresses, in the same order; the list grows as it fetches."""
        return self._records.fetches

    @property
    def sources(self) -> Sources:
        """What plays the sources that can be followed."""
        return self._sources

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

    def limit(self, *, graph_calls: int | None = None, twilio_at_once: int | None = None) -> None:
        """Let providers take no more than this from now on; None for any number.

        Args:
            graph_calls: in any second, which stands for Graph's hour. Its answers tell how much of that is used up.
            twilio_at_once: requests in flight.
        """
        self._graph.most_calls, self._twilio.at_once = graph_calls, twilio_at_once

    def publish(self, page: str, message: str) -> Post:
        """Publish on a page by hand, as a person who works with it; apps cannot change such a post."""
        post = self._records.add_post(page, message, None)
        self._records.announce()
        return post

    def delete(self, post: str) -> None:
        """Delete a post by hand, whoever published it.

        Raises:
            ValueError: there is none of that id, or no more.
        """
        found = self._records.post(post)
        if found is None:
            raise ValueError(f"there is no post {post!r} on any page")
        self._records.withdraw_post(found)
        self._records.announce()

    def reset(self) -> None:
        """Forget everything that came, let every provider be well and unlimited, and report as at first."""
        self._records.clear()
        self._reporter.clear()
        self._hub.clear()
        self._sources.clear()
        self._call = self._shown_call = None
        self.receipts = self._receipts
        self.limit()
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

    async def dial(self, line: str, caller: str = "+46701740605") -> Call:
        """Call a phone line and stay on it: its keys can be pressed, and rounds in its queue waited.

        Raises:
            CallError: there is no such line, or it does not answer as it should.
        """
        return await self._telephone.dial(line, caller)

    async def call(
        self, line: str, caller: str = "+46701740605", digits: str | None = None, *, action: str | None = None
    ) -> str:
        """Call a phone line, as its provider does for a resident, and return the TwiML or JSON that it answers with.

        Args:
            digits: keys to press when the line asks for some; what is returned is then what comes after them.
            action: where the keys go, relative to the line's URL; None for where its first Gather says.

        Raises:
            CallError: there is no such line, it does not answer as it should, or it asks for no keys.
        """
        return await self._telephone.call(line, caller, digits, action)

    async def text(
        self, to: str, body: str, sender: str = "+46701740605", *, sid: str | None = None, opt_out: str | None = None
    ) -> str | None:
        """Text one of our numbers, as a resident does; returns the reply, None if there is none.

        Args:
            sid: the provider's name for the text; None for a new one. The same again is the same webhook again.
            opt_out: what Twilio says it has answered itself: START, STOP or HELP.

        Raises:
            TextError: nobody has this number, or its webhook does not answer as one has to.
        """
        return await self._handset.text(to, sender, body, sid=sid, opt_out=opt_out)

    def _exchange(self, provider: str) -> Exchange:
        if provider not in self._exchanges:
            raise ValueError(f"the sandbox has no provider {provider!r}: it has {', '.join(self._exchanges)}")
        return self._exchanges[provider]

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.router.add_get("/", self._page)
        app.router.add_post("/text", self._write)
        app.router.add_post("/call", self._go_on)
        app.router.add_get(f"{self._sources.prefix}/sr-vma/stream", self._sources.stream)
        app.router.add_routes(control_routes(self))
        for exchange in self._exchanges.values():
            app.router.add_routes(exchange.routes())
        return app

    async def _page(self, _: web.Request) -> web.Response:
        return await self._shown()

    async def _write(self, request: web.Request) -> web.Response:
        """Text as the resident of the form, and show the page again."""
        form = await request.post()
        sender, to, body = (str(form.get(name, "")) for name in ("from", "to", "text"))
        try:
            await self.text(to, body, sender)
        except TextError as error:
            return await self._shown(str(error))
        raise web.HTTPSeeOther("/")

    async def _go_on(self, request: web.Request) -> web.Response:
        """Do with the page's call what the form says, and show the page again."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        line, caller, trouble = form.get("line", ""), form.get("from", ""), ""
        try:
            match form:
                case {"do": "call"}:
                    self._call = None
                    self._call = await self._telephone.dial(line, caller)
                case {"do": "wait"} if self._call:
                    await self._call.wait()
                case {"key": key} if self._call:
                    await self._call.press(key)
                case _:
                    self._call = None
        except CallError as error:
            trouble = f"{error}."
        if self._call is not None:
            self._shown_call = ShownCall(self._call.line, self._call.caller, self._call.heard, trouble)
        else:
            self._shown_call = ShownCall(line, caller, None, trouble) if trouble else None
        raise web.HTTPSeeOther("/")

    async def _shown(self, trouble: str = "") -> web.Response:
        view = await look(self._records, self._http, self._feeds, self._telephone, most_phones=MOST_PHONES)
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": _POLICY}
        page = render(view, [inbox.number for inbox in self._inboxes], trouble, self._shown_call, self._sites)
        return web.Response(text=page, status=502 if trouble else 200, content_type="text/html", headers=headers)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
