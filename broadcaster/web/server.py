"""Listening for HTTP, with a limit to everything that somebody else decides: size, time and number."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from broadcaster.web.headers import secure, security_headers

LARGEST_BODY = 64 * 1024
"""Bytes; a webhook's form has about two thousand."""

BODY_WITHIN = 10.0
"""Seconds until the whole of a body has to be here."""

LONGEST_LINE = 8190
"""Bytes of the request line, and of a header."""

MOST_HEADERS = 100

_COME_BACK = "5"  # seconds
_LOGGER = logging.getLogger(__name__)
_NO_ACCESS_LOG = logging.Logger("nothing", logging.CRITICAL)  # aiohttp's would name who asked


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often others may keep us busy; times in seconds.

    Args:
        idle: until a request's headers have to be here; also how long a connection is kept that says nothing. A little
            longer than the minute for which web servers keep theirs to us, so that none meets one that is just closed.
        connections: at a time; who comes then is told to come again.
        linger: how long the rest of a refused body is read, so that its sender hears the answer.
        grace: what requests get to end by themselves when the server stops, and again after they were told to.
    """

    idle: float = 75.0
    connections: int = 1000
    linger: float = 5.0
    grace: float = 4.0


USUAL = Limits()


@asynccontextmanager
async def serving(
    app: web.Application, host: str, port: int, public_url: str | None = None, limits: Limits = USUAL
) -> AsyncIterator[tuple[str, int]]:
    """Listen; gives host and port. At the end nobody new is let in, and who is being answered is answered.

    Raises:
        OSError: the port cannot be used.
    """
    headers = security_headers(public_url)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=limits.grace)
    await runner.setup()
    server = runner.server
    assert server is not None  # noqa: S101 (made by the line above)

    def connected() -> asyncio.Protocol:
        crowded = len(server.connections) >= limits.connections
        return _Refusal(headers, limits) if crowded else _Connection(server, headers, limits)

    try:
        listener = await asyncio.get_running_loop().create_server(connected, host, port)
        try:
            address: tuple[str, int] = listener.sockets[0].getsockname()[:2]
            yield address
        finally:
            listener.close()
    finally:
        await runner.cleanup()


def body_in_time(seconds: float = BODY_WITHIN) -> Middleware:
    """Have the whole body before anything is done with it. Who sends it drop by drop is told that it took too long."""

    @web.middleware
    async def read(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.can_read_body and request.match_info.http_exception is None:
            try:
                async with asyncio.timeout(seconds):
                    await request.read()
            except TimeoutError:
                raise web.HTTPRequestTimeout(headers={"Connection": "close"}) from None
        return await handler(request)

    return read


class _Connection(web.RequestHandler):
    """A connection, within limits."""

    __slots__ = ("_common",)

    def __init__(self, server: web.Server, headers: Mapping[str, str], limits: Limits) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=_NO_ACCESS_LOG,
            keepalive_timeout=limits.idle,
            lingering_time=limits.linger,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            max_headers=MOST_HEADERS,
        )
        self._common = headers

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 (it quotes what was sent)
    ) -> web.StreamResponse:
        """Answer what is not HTTP, or too much of it. aiohttp itself would log who sent it, and say what it was."""
        if status >= 500:
            _LOGGER.error("a request could not be answered", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was begun already")
        response = web.Response(status=status)
        secure(response, self._common)
        response.force_close()
        return response


class _Refusal(asyncio.Protocol):
    """A connection too many."""

    def __init__(self, headers: Mapping[str, str], limits: Limits) -> None:
        self._linger = limits.linger
        said = {**headers, "Retry-After": _COME_BACK, "Content-Length": "0", "Connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        self._answer = f"HTTP/1.1 503 Service Unavailable\r\n{lines}\r\n".encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so. The other side hangs up when it has heard it, and soon we do."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (of a server that listens on TCP)
        transport.write(self._answer)
        transport.write_eof()
        asyncio.get_running_loop().call_later(self._linger, transport.abort)
