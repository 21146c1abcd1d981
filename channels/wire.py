"""Requests to providers: the one place where what happens on the network becomes an outcome.

What decides is whether the provider can have got the request. Before there is a connection it cannot: certainly not
done, so ``Deferred``. Once the request may be out, silence says nothing about what was done: ``InDoubt``.

No reason names an address, a header or a word of a body: all of them may hold secrets or a resident's number.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from channels.contract import Deferred, Halted, InDoubt, Rejected
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
        """Return the wait that the provider asks for in seconds (RFC 9110, 10.2.3); its form as a date is not read."""
        seconds = self.headers.get("Retry-After", "")
        plausible = seconds.isascii() and seconds.isdigit() and len(seconds) <= 6
        return timedelta(seconds=int(seconds)) if plausible else None

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


Answer = Response | Deferred | InDoubt
"""The provider's answer, or what its absence means."""


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

    async def request(
        self, method: str, url: str | URL, *, form: bytes | None = None, longest: int = LONGEST_BODY
    ) -> Answer:
        """Make one request, once: nothing that may change something is tried again, and no redirect is followed.

        Args:
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
        except (aiohttp.ClientError, TimeoutError) as error:
            return next(outcome for kind, outcome in SILENCES if isinstance(error, kind))
        if body is None:
            return InDoubt(f"the answer (HTTP {response.status}) is longer than any of the provider's")
        return Response(response.status, response.headers, body)


async def _read(stream: aiohttp.StreamReader, longest: int) -> bytes | None:
    """Return the whole body, or None if it is longer."""
    body = await stream.readany()  # nearly always all of it
    while len(body) <= longest and not stream.at_eof():
        body += await stream.readany()
    return body if len(body) <= longest else None


def by_status(response: Response) -> Failure:
    """Say what an answer means whose body tells us nothing: one of no provider we know, or with an error new to us."""
    failure: Failure
    match response.status:
        case 429:
            failure = Deferred("too much traffic", response.retry_after(), throttled=True)
        case 401 | 403:
            failure = Halted("the account is refused: check its credentials and rights")
        case 404 | 405:
            failure = Halted("there is no such account or address: check the account and base_url")
        case status if status < 400 and not response.ok:
            failure = Halted("redirected, which the provider never does: check base_url and the network")
        case _ if response.refused:
            failure = Rejected("refused for a reason that is not known")
        case _ if response.ok:
            failure = InDoubt("success, but in an answer that cannot be read")
        case _:
            failure = InDoubt("the provider failed")
    return cite(failure, f"HTTP {response.status}")


def cite(failure: Failure, source: str) -> Failure:
    """Add to the reason what it was read from: a status, or a provider's error code."""
    return replace(failure, reason=f"{failure.reason} ({source})")
