"""Requests to providers: the one place where what happens on the network becomes an outcome.

What decides is whether the provider can have got the request. Before there is a connection it cannot: certainly not
done, so ``Deferred``. Once the request may be out, silence says nothing about what was done: ``InDoubt``. Neither does
an answer that nobody knows to be the provider's, or to be about this request: between us and the provider stand
proxies, login pages of hotels, and connections that others have used before.

No reason names an address, a header or a word of a body: all of them may hold secrets or a resident's number.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self, TypeVar
from weakref import WeakSet

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from channels.contract import Deferred, Halted, InDoubt, Rejected, Unclear
from channels.limit import TimeLimit

TIMEOUT = 20.0
"""Seconds for everything up to the answer's last byte.

It is more than any of the providers is known to take, and a lane that waits longer for a sick provider stands still.
The account settings cannot change it.
"""

CONNECTING = aiohttp.ClientTimeout(connect=5, sock_connect=5)
"""Seconds to get a connection, name look-up and TLS included: ample for a mobile connection."""

LONGEST_BODY = 1024 * 1024
"""Bytes. Providers answer in a few kilobytes; what is longer is not theirs, and is not read to its end."""

LONGEST_LISTING = 32 * LONGEST_BODY
"""Bytes. A thousand of the longest texts, with every letter as an escape, are about 10 MB."""

FORM = "application/x-www-form-urlencoded"

LONGEST_WAIT = timedelta(days=1)
"""What a provider asks for beyond that is taken for this: nobody waits for so long, but people are told of it."""

T = TypeVar("T")

Failure = Deferred | Rejected | InDoubt | Halted
"""Every outcome but success."""

SILENCES: Sequence[tuple[type[Exception], Deferred | InDoubt]] = (
    (aiohttp.ConnectionTimeoutError, Deferred("no connection: the provider does not respond")),
    (aiohttp.ClientConnectorDNSError, Deferred("no connection: the provider's name cannot be looked up (DNS)")),
    (aiohttp.ClientSSLError, Deferred("no connection: the provider's certificate or encryption is not valid (TLS)")),
    (aiohttp.ClientConnectorError, Deferred("no connection: the provider cannot be reached")),
    (TimeoutError, InDoubt("no answer in time")),
    (aiohttp.ClientResponseError, InDoubt("the answer is not HTTP")),
    (aiohttp.ClientError, InDoubt("the connection broke before the whole answer was there")),
)
"""What it means that no answer came, by what aiohttp raises; the first that fits."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a provider answered.

    Args:
        headers: without regard to upper and lower case.
        body: all of it, at most ``LONGEST_BODY``.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status says that it was done (2xx)."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the status says that it was turned down and therefore not done (4xx)."""
        return 400 <= self.status < 500

    def json(self) -> dict[str, Any]:
        """Return the JSON object of the body; an empty one where the body is anything else."""
        try:
            value = json.loads(self.body.decode())
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def retry_after(self) -> timedelta | None:
        """Return the wait that the provider asks for, in seconds or until a date by its clock (RFC 9110, 10.2.3)."""
        asked = self.headers.get("Retry-After", "").strip()
        if asked.isascii() and asked.isdigit():
            return min(timedelta(seconds=int(asked[:9])), LONGEST_WAIT)
        try:
            wait = internet_date(asked) - (self.date() or datetime.now(UTC))
        except ValueError:
            return None
        return min(max(wait, timedelta(0)), LONGEST_WAIT)

    def date(self) -> datetime | None:
        """Return when the provider answered, by its clock (RFC 9110, 6.6.1), if it says so."""
        try:
            return internet_date(self.headers.get("Date", ""))
        except ValueError:
            return None


def internet_date(text: str) -> datetime:
    """Read a date as mail and HTTP write it (RFC 5322, 3.3): ``Thu, 24 Aug 2023 05:01:45 +0000``.

    Raises:
        ValueError: it is none.
    """
    try:
        return _aware(parsedate_to_datetime(text))
    except OverflowError as error:
        raise ValueError(str(error)) from None


def iso_date(text: str) -> datetime:
    """Read a date as ISO 8601 writes it, in UTC unless it says otherwise: ``2023-08-24T05:01:45.307000``.

    Raises:
        ValueError: it is none.
    """
    return _aware(datetime.fromisoformat(text))


def _aware(date: datetime) -> datetime:
    return date if date.tzinfo else date.replace(tzinfo=UTC)


Silence = Deferred | InDoubt
"""What the absence of an answer means."""

Answer = Response | Silence
"""The provider's answer, or what its absence means."""


class _Answer(aiohttp.ClientResponse):
    """An answer that knows on which connection it came, also after that has gone back to those that are kept."""

    _line: aiohttp.client_proto.ResponseHandler | None = None

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        self._line = connection.protocol
        return await super().start(connection)

    def hang_up(self) -> None:
        """Close the connection, whoever has it now."""
        if self._line is not None:
            self._line.close()


class _Connector(aiohttp.TCPConnector):
    """Keeps connections, but none on which something came that nobody had asked for.

    aiohttp would take that for the answer to the next request, and from then on each answer for that to the request
    before.
    """

    def __init__(self, keep_alive: float) -> None:
        super().__init__(limit=0, keepalive_timeout=keep_alive)
        self._used: WeakSet[aiohttp.client_proto.ResponseHandler] = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> aiohttp.connector.Connection:
        while True:
            connection = await super().connect(req, traces, timeout)
            line = connection.protocol
            if line is None or line not in self._used or not line.should_close:
                break
            connection.close()
        if line is not None:
            self._used.add(line)
        return connection


def session(keep_alive: float = 15) -> aiohttp.ClientSession:
    """Make the session that adapters share; to be called inside the running event loop.

    Args:
        keep_alive: seconds that a connection is kept while nobody uses it.
    """
    return aiohttp.ClientSession(
        connector=_Connector(keep_alive),
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=_Answer,
    )


def _headers() -> Mapping[str, str]:
    return CIMultiDict({"Accept-Encoding": "identity"})


@dataclass(frozen=True, slots=True)
class Wire:
    """How an adapter makes its requests: on the session that all share, but with a time limit of its own.

    Args:
        limit: for a whole request.
        connecting: for what comes before there is a connection.
        headers: what every request says of itself and of us.
    """

    http: aiohttp.ClientSession
    limit: TimeLimit = field(default_factory=lambda: TimeLimit(TIMEOUT))
    connecting: aiohttp.ClientTimeout = CONNECTING
    headers: Mapping[str, str] = field(default_factory=_headers, repr=False)

    def authorized(self, authorization: str) -> Self:
        """Return the wire of an account, whose requests say so in the header of that name."""
        return replace(self, headers=CIMultiDict(self.headers, Authorization=authorization))

    async def ask(
        self,
        method: str,
        url: str | URL,
        read: Callable[[Response], T],
        *,
        form: bytes | None = None,
        longest: int = LONGEST_BODY,
    ) -> T | Silence:
        """Make one request, once: nothing that may change something is tried again, and no redirect is followed.

        Args:
            read: says what the answer means. Where that is a doubt, or nothing to go by, the connection is closed: what
                else comes on it may belong to anything.
            form: in ``application/x-www-form-urlencoded``; bytes, because most of an SMS is the same for everybody
                and need not be encoded again.
            longest: bytes of the answer that are read.
        """
        try:
            with self.limit:
                async with self.http.request(
                    method,
                    url,
                    data=None if form is None else aiohttp.BytesPayload(form, content_type=FORM),
                    headers=self.headers,
                    timeout=self.connecting,
                    allow_redirects=False,
                    auto_decompress=False,  # so that the limit holds for what is kept in memory
                ) as response:
                    body = await _read(response.content, longest)
                    if body is None:
                        return InDoubt(f"the answer (HTTP {response.status}) is longer than any of the provider's")
                    meaning = read(Response(response.status, response.headers, body))
                    if isinstance(meaning, InDoubt | Unclear) and isinstance(response, _Answer):
                        response.hang_up()
                    return meaning
        except (aiohttp.ClientError, TimeoutError) as error:
            return next(outcome for kind, outcome in SILENCES if isinstance(error, kind))


async def _read(stream: aiohttp.StreamReader, longest: int) -> bytes | None:
    """Return the whole body, or None if it is longer."""
    body = await stream.readany()  # nearly always all of it
    while len(body) <= longest and not stream.at_eof():
        body += await stream.readany()
    return body if len(body) <= longest else None


def by_status(response: Response) -> Deferred | InDoubt:
    """Say what an answer means that is not in the provider's own words: whoever gave it, the provider may have acted.

    Only that there is too much traffic is believed of anybody: a provider's outposts say that of their own accord.
    """
    doubt: Deferred | InDoubt
    match response.status:
        case 429:
            doubt = Deferred("too much traffic", response.retry_after(), throttled=True)
        case 407 | 511:
            doubt = InDoubt("the network in between wants somebody to log in")
        case status if status < 400 and not response.ok:
            doubt = InDoubt("redirected, which the provider never does: check base_url and the network")
        case _ if response.ok:
            doubt = InDoubt("success, but in an answer that is not the provider's")
        case _ if response.refused:
            doubt = InDoubt(
                "refused, but not in the provider's words: something between may have answered, so check base_url and "
                "the network (a login page, a proxy)"
            )
        case _:
            doubt = InDoubt("the provider failed")
    return replace(doubt, reason=f"{doubt.reason} (HTTP {response.status})")


def refusal(response: Response) -> Failure:
    """Say what the provider's own refusal (4xx) means that gives a reason new to us."""
    match response.status:
        case 429:
            return by_status(response)
        case 401 | 403:
            failure: Failure = Halted("the account is refused: check its credentials and rights")
        case 404 | 405:
            failure = Halted("there is no such account or address: check the account and base_url")
        case _:
            failure = Rejected("refused for an unknown reason")
    return cite(failure, f"HTTP {response.status}")


def cite(failure: Failure, source: str) -> Failure:
    """Add to the reason what it was read from: a status, or a provider's error code."""
    return replace(failure, reason=f"{failure.reason} ({source})")
