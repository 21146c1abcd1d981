"""A stream of events (Server-Sent Events, WHATWG HTML 9.2) as a mere wake-up: what has happened is then fetched.

So nothing that comes on it is believed or kept. A stream that is silent, breaks off
or talks without end costs no more than some minutes: whoever listens also polls.
"""

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp

from channels.sources.fetching import USER_AGENT

log = logging.getLogger(__name__)

_HEADERS = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "User-Agent": USER_AGENT}
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a stream is borne with. Times in seconds.

    Args:
        silence: without a byte, after which the connection counts as dead. Sveriges Radio ends each after about five
            minutes, so one that still seems open after six has been forgotten by somebody in between.
        pause, longest_pause: before the first new connection and before any, which doubles for as long as connections
            do not last longer than the pause before them.
        longest_line: bytes.
    """

    silence: float = 360
    pause: float = 5
    longest_pause: float = 300
    longest_line: int = 64 * 1024


class _BrokenError(Exception):
    """There is no stream at the address, or none that can be followed; says why."""


async def listen(
    http: aiohttp.ClientSession,
    url: str,
    woken: Callable[[], None],
    patience: Patience = Patience(),
    dice: Callable[[], float] = random.random,
) -> None:
    """Follow a stream until cancelled, connecting again whenever it ends. Raises nothing of its own.

    Args:
        woken: is called at each event, and whenever a connection is there, for what was said before. However often that
            is, it shall only note that there may be something to fetch.
        dice: gives a random number from 0 to 1, so that not all who listen come back at once.
    """
    clock = asyncio.get_running_loop().time
    pause = patience.pause
    while True:
        opened = None
        try:
            async for _ in _wakings(http, url, patience):
                opened = opened or clock()
                woken()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, _BrokenError) as error:
            reason = str(error) if isinstance(error, _BrokenError) else "there is no connection, or it broke"
            log.info("no event stream for now: %s; polling goes on", reason)
        lasted = opened is not None and clock() - opened > pause
        await asyncio.sleep(pause * (0.5 + dice()))
        pause = patience.pause if lasted else min(2 * pause, patience.longest_pause)


async def _wakings(http: aiohttp.ClientSession, url: str, patience: Patience) -> AsyncIterator[None]:
    """That a connection is there, then each of its events."""
    timeout = aiohttp.ClientTimeout(total=None, connect=10, sock_connect=10, sock_read=patience.silence)
    async with http.get(
        url, headers=_HEADERS, timeout=timeout, allow_redirects=False, auto_decompress=False
    ) as response:
        if response.status != 200:
            raise _BrokenError(f"the answer is HTTP {response.status}")
        if response.content_type != "text/event-stream":
            raise _BrokenError(f"the answer is {response.content_type}, not text/event-stream")
        yield
        rest, data = b"", False
        async for piece in response.content.iter_any():
            *lines, rest = _LINE_END.split(rest + piece)
            if max(map(len, (rest, *lines))) > patience.longest_line:
                raise _BrokenError(f"it has a line of more than {patience.longest_line} bytes")
            for line in lines:
                if not line and data:
                    yield
                data = bool(line) and (data or line.startswith(b"data"))
