"""Listening for HTTP, with a limit to everything that somebody else decides: size, time and number."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from broadcaster.web.crowd import Crowd, Seat
from broadcaster.web.headers import secure, security_headers
from broadcaster.web.visitors import Network, is_one_of, network_of, visitor
from broadcaster.web.webhooks import without_secret

LARGEST_BODY = 64 * 1024
"""Bytes; a webhook's form has about two thousand."""

BODY_WITHIN = 10.0
"""Seconds until the whole of a body has to be here."""

LONGEST_LINE = 8190
"""Bytes of the request line, and of a header."""

MOST_HEADERS = 100

MOST_AWAITED = 100
"""Bodies that we wait for at a time, of one visitor: honest ones are here with their headers."""

_OTHER_FILES = 200  # that this process has open besides connections: database, providers, what it writes
_FEWEST = 50  # connections, however few files it may open
_COME_BACK = "5"  # seconds
_LOGGER = logging.getLogger(__name__)
_NO_ACCESS_LOG = logging.Logger("nothing", logging.CRITICAL)  # aiohttp's would name who asked


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often others may keep us busy; times in seconds.

    Args:
        idle: until a request's headers have to be here, and an answer has to be taken; also how long a connection is
            kept that says nothing. A little longer than the minute for which web servers keep theirs to us, so that
            none meets one that is just closed.
        connections: at a time. Who comes then takes the place of one that waits for its client; where there is none, it
            is told to come again.
        per_address: connections that wait for one address, at a time; one more, and the oldest is closed.
        linger: how long the rest of a refused body is read, so that its sender hears the answer.
        grace: what requests get to end by themselves when the server stops, and again after they were told to.
    """

    idle: float = 75.0
    connections: int = 1000
    per_address: int = 250
    linger: float = 5.0
    grace: float = 4.0


USUAL = Limits()


@asynccontextmanager
async def serving(
    app: web.Application,
    host: str,
    port: int,
    public_url: str | None = None,
    limits: Limits = USUAL,
    proxies: Sequence[Network] = (),
) -> AsyncIterator[tuple[str, int]]:
    """Listen; gives host and port. At the end new requests are refused, and those under way are finished.

    Args:
        proxies: whose connections are everybody's, so that none of them is closed for another.

    Raises:
        OSError: the port cannot be used.
    """
    headers = security_headers(public_url)
    crowd = Crowd(affordable(limits.connections), limits.per_address, asyncio.get_running_loop().time)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=limits.grace)
    await runner.setup()
    server = runner.server
    assert server is not None  # noqa: S101 (made by the line above)

    def connected() -> asyncio.Protocol:
        if crowd.has_room():
            return _Connection(server, crowd, proxies, headers, limits)
        return _Refusal(headers, limits)

    try:
        listener = await asyncio.get_running_loop().create_server(connected, host, port)
        try:
            address: tuple[str, int] = listener.sockets[0].getsockname()[:2]
            yield address
        finally:
            listener.close()
    finally:
        await runner.cleanup()


def affordable(connections: int) -> int:
    """As many of the connections as the system lets this process have; asks it for more files if that is too few."""
    try:
        import resource  # noqa: PLC0415 (Windows has neither it nor the limit)
    except ImportError:
        return connections
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY != soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else min(connections, max(soft - _OTHER_FILES, _FEWEST))


@web.middleware
async def no_stack_trace(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep what went wrong inside to the log."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        _LOGGER.exception("%s %s could not be answered", request.method, without_secret(request))
        return web.Response(status=500, text="Något gick fel hos oss. Försök igen om en stund.\n")


def body_in_time(
    seconds: float = BODY_WITHIN, proxies: Sequence[Network] = (), awaited: int = MOST_AWAITED
) -> Middleware:
    """Have the whole body before anything is done with it.

    A client that sends it drop by drop is told that it took too long; one that sends many like that, to come again. One
    that hangs up in the middle, or sends something that is not a body, is at fault: that is not an error of ours.

    Args:
        proxies: whose word counts for where a request comes from.
        awaited: of one visitor, at a time.
    """
    waiting = Counter[str]()

    async def read(request: web.Request) -> None:
        who = visitor(request, proxies)
        if waiting[who] >= awaited:
            raise web.HTTPTooManyRequests(headers={"Retry-After": _COME_BACK, "Connection": "close"})
        waiting[who] += 1
        try:
            async with asyncio.timeout(seconds):
                await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout(headers={"Connection": "close"}) from None
        except _STRANGERS:
            raise web.HTTPBadRequest(headers={"Connection": "close"}) from None
        finally:
            waiting[who] -= 1
            if not waiting[who]:
                del waiting[who]

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.can_read_body and request.match_info.http_exception is None:
            await read(request)
        with _at_work(request):
            return await handler(request)

    return answer


_STRANGERS = (ConnectionError, web.RequestPayloadError)  # what goes wrong with a body that somebody sends


def _at_work(request: web.Request) -> AbstractContextManager[None]:
    protocol = request.protocol
    return protocol.at_work() if isinstance(protocol, _Connection) else nullcontext()


class _Connection(web.RequestHandler):
    """A connection, within limits."""

    __slots__ = ("_common", "_crowd", "_patience", "_proxies", "_seat")

    def __init__(
        self,
        server: web.Server,
        crowd: Crowd,
        proxies: Sequence[Network],
        headers: Mapping[str, str],
        limits: Limits,
    ) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=_NO_ACCESS_LOG,
            keepalive_timeout=limits.idle,
            lingering_time=limits.linger,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            max_headers=MOST_HEADERS,
            auto_decompress=False,  # nobody who sends us something packs it, and what is packed may be a bomb
        )
        self._crowd = crowd
        self._proxies = proxies
        self._common = headers
        self._patience = limits.idle
        self._seat: Seat | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place."""
        super().connection_made(transport)
        peer = (transport.get_extra_info("peername") or ("",))[0]
        address = None if is_one_of(peer, self._proxies) else network_of(peer)
        self._seat = self._crowd.enter(address, self._abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place up."""
        if self._seat is not None:
            self._crowd.leave(self._seat)
        super().connection_lost(exc)

    def at_work(self) -> AbstractContextManager[None]:
        """We work for this connection, which nobody else may have meanwhile."""
        return nullcontext() if self._seat is None else self._crowd.at_work(self._seat)

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Limit the time to take the answer: a client that never reads it would keep us for ever."""
        try:
            async with asyncio.timeout(self._patience):
                return await super().finish_response(request, resp, start_time)
        except TimeoutError:
            self._abort()
            return resp, True

    def log_exception(self, *said: object, exc_info: BaseException | None = None) -> None:
        """Log what aiohttp did not expect, unless it came from outside: the rest of a body that we do not want."""
        if not isinstance(exc_info, _STRANGERS):
            _LOGGER.error("a request could not be answered: %s", said[0], exc_info=exc_info)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 (it quotes what was sent)
    ) -> web.StreamResponse:
        """Answer what is not HTTP, or too much of it. aiohttp itself would log who sent it, and say what it was."""
        if isinstance(exc, ConnectionError) or request.writer.output_size > 0:
            raise ConnectionError("the client has gone, or an answer had already begun")
        if status >= 500:
            _LOGGER.error("a request could not be answered", exc_info=exc)
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
