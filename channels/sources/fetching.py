"""Fetching what others publish, politely and with care.

What is fetched comes from outside. So it is read as it arrives, unpacked no further than a limit, and given up after a
time. Where it leads on (redirects, and the documents of a feed) never reaches into a network that only we can reach.
"""

import asyncio
import codecs
import ipaddress
import socket
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from channels.wire import internet_date

USER_AGENT: Final = "municipal-broadcaster/1 (crisis communication of municipalities; polls with ETag)"
"""Who asks, so that a source knows whom it would turn away."""

LONGEST_WAIT: Final = timedelta(days=1)
"""The longest that a source can make us wait: a slip in its ``Retry-After`` must not silence it for us for good."""

_CONDITIONS = ("If-None-Match", "If-Modified-Since")
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECT = aiohttp.ClientTimeout(total=None, connect=10, sock_connect=10)
_SILENCES: Sequence[tuple[type[Exception], str]] = (
    (aiohttp.InvalidURL, "its address cannot be used"),
    (aiohttp.ClientConnectorDNSError, "its name cannot be looked up (DNS)"),
    (aiohttp.ClientSSLError, "its certificate or encryption is not valid (TLS)"),
    (aiohttp.ClientConnectorError, "there is no connection to it"),
    (aiohttp.ConnectionTimeoutError, "there is no connection to it"),
    (aiohttp.ClientResponseError, "its answer is not HTTP"),
    (aiohttp.ClientError, "the connection broke before everything had arrived"),
    (Exception, "its address cannot be used"),
)
"""What it means that no answer came, by what was raised; the first that fits. Libraries would name addresses."""

_GZIP = b"\x1f\x8b"
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What there is at an address.

    Args:
        body: all of it, unpacked; in UTF-8, which is marked then, where only the answer's head tells what it is in.
        etag, last_modified: what to ask with the next time; None where the source gives none.
        url: where it was in the end; what it links to is relative to that.
    """

    body: bytes = field(repr=False)
    etag: str | None
    last_modified: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """There is nothing new since the last time."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """It could not be fetched.

    Args:
        reason: why, in a few words for whoever runs this.
        after: how long the source asks to be left alone; None where it does not say.
    """

    reason: str
    after: timedelta | None = None


Answer = Fetched | Unchanged | Unreachable
"""What comes of fetching."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is taken of a source at once.

    Args:
        longest: bytes of a document, as it came and unpacked.
        patience: seconds from the first request to the last byte, redirects included.
    """

    longest: int = 5 * 1024 * 1024
    patience: float = 30


class _GivenUpError(Exception):
    """It is not fetched; carries what is said of that."""

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.answer = Unreachable(reason, after)


class _PrivateAddressError(OSError):
    """A name or address that was not chosen by us lies in a network that only we can reach."""


class Fetcher:
    """Fetches documents on a shared session; sets its own headers and limits on each request."""

    def __init__(self, http: aiohttp.ClientSession, bounds: Bounds = Bounds()) -> None:
        self._http = http
        self._bounds = bounds

    async def fetch(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, led_by: str | None = None
    ) -> Answer:
        """Fetch a document, unless it is still what it was. Never raises but when cancelled.

        Args:
            etag, last_modified: what came with it the last time.
            led_by: where nobody here has chosen the address, the one that somebody has, whose document led to it. Then
                it may only be at the same place as that, or public, as the aim of a redirect.
        """
        conditions = zip(_CONDITIONS, (etag, last_modified), strict=True)
        headers = CIMultiDict({name: value for name, value in conditions if value})
        headers["User-Agent"] = USER_AGENT
        headers["Accept-Encoding"] = "gzip"
        try:
            async with asyncio.timeout(self._bounds.patience):
                return await self._follow(_address(url), _address(led_by or url), headers)
        except _GivenUpError as error:
            return error.answer
        except aiohttp.ClientError as error:
            return Unreachable(_reason(error))
        except TimeoutError:
            return Unreachable(f"it did not finish within {self._bounds.patience:g} seconds")
        except (OSError, ValueError) as error:
            return Unreachable(_reason(error))

    async def _follow(self, url: URL, chosen: URL, headers: CIMultiDict[str]) -> Answer:
        """Fetch, from where redirects lead to in the end."""
        for _ in range(1 + _MOST_REDIRECTS):
            async with (
                self._session(url, chosen) as http,
                http.get(
                    url, headers=headers, timeout=_CONNECT, allow_redirects=False, auto_decompress=False
                ) as response,
            ):
                if response.status not in _REDIRECTS:
                    return await self._read(response)
                url = _address(response.headers.get("Location", ""), url)
        raise _GivenUpError(f"it redirects more than {_MOST_REDIRECTS} times")

    @asynccontextmanager
    async def _session(self, url: URL, chosen: URL) -> AsyncIterator[aiohttp.ClientSession]:
        """The session for an address: the shared one where the operator has chosen it, else one that stays outside."""
        if url.origin() == chosen.origin():
            yield self._http
            return
        if url.scheme != "https":
            raise _GivenUpError("it leads to an address that is neither at the same place nor https")
        # What is checked is the very address that is connected to: a name cannot change its mind in between.
        connector = aiohttp.TCPConnector(socket_factory=_public_socket)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield http

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        match response.status:
            case 200:
                body = await self._body(response)
            case 304 if any(name in response.request_info.headers for name in _CONDITIONS):
                return Unchanged()
            case 429 | 503:
                reason = f"it asks to be left alone for a while (HTTP {response.status})"
                raise _GivenUpError(reason, _retry_after(response.headers))
            case status:
                raise _GivenUpError(f"it answers with an error (HTTP {status})", _retry_after(response.headers))
        headers = response.headers
        body = _in_utf8(body, response.charset)
        return Fetched(body, headers.get("ETag"), headers.get("Last-Modified"), str(response.url))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """Read and unpack the body, giving up as soon as it is longer than it may be."""
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in {"identity", "", "gzip", "x-gzip"}:
            raise _GivenUpError(f"it is packed in a way that was not asked for ({packed[:20]})")
        unpacker = _unpacker() if packed in {"gzip", "x-gzip"} else None
        longest, body, came = self._bounds.longest, bytearray(), 0
        async for piece in response.content.iter_any():
            if not came and piece.startswith(_GZIP):
                unpacker = unpacker or _unpacker()  # a file that is packed by itself
            came += len(piece)
            try:
                body += unpacker.decompress(piece, longest + 1 - len(body)) if unpacker else piece
            except zlib.error:
                raise _GivenUpError("it says that it is packed (gzip) and is not") from None
            if max(came, len(body)) > longest:
                raise _GivenUpError(f"it is longer than {longest} bytes: an endless answer, or a packed bomb")
        if unpacker and not unpacker.eof:
            raise _GivenUpError("it breaks off before its end (gzip)")
        return bytes(body)


def _unpacker() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _in_utf8(body: bytes, charset: str | None) -> bytes:
    """A text that is in what the head of the answer says, and in nothing that it shows by itself, in UTF-8."""
    if charset is None or body.startswith(_MARKS) or _is_utf8(body):
        return body
    try:
        return codecs.BOM_UTF8 + body.decode(charset).encode()
    except (LookupError, UnicodeError):
        return body


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in body  # which is how UTF-16 looks


def is_public(address: str) -> bool:
    """Tell whether an IP address is one that the whole world can reach, and reaches the same machine by."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        within = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            within = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if within is None and ip not in _GLOBAL_UNICAST:
            return False
        ip = within or ip
    return ip.is_global and not ip.is_multicast


def _public_socket(info: aiohttp.AddrInfoType) -> socket.socket:
    """Make the socket for a connection to an address, if that is public."""
    family, kind, protocol, _, address = info
    if not is_public(str(address[0]).partition("%")[0]):
        raise _PrivateAddressError("it leads into a private network, where it has no business")
    return socket.socket(family, kind, protocol)


def _address(text: str, base: URL | None = None) -> URL:
    """Read an address, as seen from another where there is one.

    Raises:
        _GivenUpError: it leads nowhere on the web.
    """
    try:
        url = base.join(URL(text)) if base else URL(text)
        (url.raw_host or "").encode("idna")  # what a look-up would do, where it is no longer an answer
    except ValueError:
        raise _GivenUpError("it leads to something that is not a web address") from None
    if url.scheme not in {"https", "http"} or not url.host:
        raise _GivenUpError("it leads to something that is not a web address")
    return url


def _retry_after(headers: CIMultiDictProxy[str]) -> timedelta | None:
    """How long a source asks to be left alone (RFC 9110, 10.2.3), in seconds or until a date by its own clock."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(timedelta(seconds=int(asked[:9])), LONGEST_WAIT)
    try:
        wait = internet_date(asked) - internet_date(headers.get("Date", ""))
    except ValueError:
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _PrivateAddressError):
        return str(error.os_error)
    return next(reason for kind, reason in _SILENCES if isinstance(error, kind))
