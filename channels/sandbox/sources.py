"""Plays the sources that can be followed: each answers with a document, from a file or as it has been told."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from aiohttp import web

from channels.fiction import PLAYED
from channels.sandbox.exchange import Call, Route
from channels.sandbox.faults import Behaviour
from channels.sandbox.records import Records

FILES: Mapping[str, str] = {
    "krisinformation": "krisinformation.json",
    "sr-vma": "sr-vma.json",
    "smhi": "smhi.json",
    "cap": "cap.xml",
    "feed": "feed.xml",
}
"""Which file each kind of source is played from."""

_SHIPPED = Path(__file__).with_name("played")
_TYPES: Mapping[str, str] = {".json": "application/json", ".xml": "application/xml"}
_TIME = re.compile(rb"@start(?:([+-]\d{1,4})([mhd]))?@")
_UNITS: Mapping[bytes, timedelta] = {b"m": timedelta(minutes=1), b"h": timedelta(hours=1), b"d": timedelta(days=1)}
_ZONE = ZoneInfo("Europe/Stockholm")


@dataclass(frozen=True, slots=True)
class Played:
    """What an address answers with."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Sources:
    """Answers below ``/sources`` with what is played there; for Sveriges Radio's VMA there is a stream of events too.

    Args:
        folder: where files of the names in :data:`FILES` are played instead of our own examples, as they are at each
            request; None for no such place.
    """

    name = "sources"
    prefix = PLAYED

    def __init__(self, records: Records, folder: Path | None = None) -> None:
        self._records = records
        self._folder = folder
        self._start = datetime.now(_ZONE)
        self._played: dict[str, Played] = {}
        self._streams: set[asyncio.Queue[bytes | None]] = set()

    def play(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str = "application/octet-stream",
        status: int = 200,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Answer with this from now on, at a kind of source (``smhi``) or anywhere below one (``cap/2.xml``)."""
        self._played[path] = Played(body, content_type, status, headers)

    def add_event(self, data: str = "{}") -> None:
        """Say on the streams that are open that there is news."""
        for stream in self._streams:
            stream.put_nowait(f"data: {data}\n\n".encode())

    def end_streams(self) -> None:
        """End the streams that are open, as Sveriges Radio does every few minutes."""
        for stream in self._streams:
            stream.put_nowait(None)

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def clear(self) -> None:
        """Play the files again."""
        self._played.clear()

    def routes(self) -> Sequence[Route]:
        """Answer what is played; everything else is not found."""
        return (Route("GET", "/{path:.+}", self._answer), Route("*", "/{rest:.*}", lambda _: _said(404, "Not found")))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send events as they are added, until the stream is ended."""
        events: asyncio.Queue[bytes | None] = asyncio.Queue()
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await answer.prepare(request)
        self._streams.add(events)
        self._records.announce()
        try:
            await answer.write(b": here\n\n")
            while (event := await events.get()) is not None:
                await answer.write(event)
        finally:
            self._streams.discard(events)
        return answer

    async def event(self, _: web.Request) -> web.Response:
        """Add an event, as another process asks for it."""
        self.add_event()
        return web.json_response({})

    def turned_away(self, _: Call) -> web.Response | None:
        """Nobody: what these publish is for all."""
        return None

    def headers(self, _: Call, /) -> Mapping[str, str]:
        """None of its own."""
        return {}

    def throttled(self, behaviour: Behaviour) -> web.Response:
        """Status 429, in plain text."""
        answer = _said(429, "Too many requests")
        if behaviour.retry_after is not None:
            answer.headers["Retry-After"] = f"{behaviour.retry_after:.0f}"
        return answer

    def failed(self, status: int) -> web.Response:
        """Plain text of a web server."""
        return _said(status, "Internal Server Error")

    def unauthorised(self) -> web.Response:
        """Status 401, as of a server that has been closed to all but its own."""
        return _said(401, "Unauthorized")

    def refused(self, behaviour: Behaviour) -> web.Response:
        """Nothing is sent to it that it could refuse; the reason given, or that it will not have it."""
        return _said(behaviour.code or 403, behaviour.text or "Forbidden")

    def _answer(self, call: Call) -> web.Response:
        path = call.path["path"]
        played = self._played.get(path) or self._file(path)
        if played is None:
            return _said(404, "Not found")
        etag = f'"{sha256(played.body).hexdigest()[:16]}"'
        if played.status == 200 and call.request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        headers = {"ETag": etag, "Content-Type": played.content_type, **played.headers}
        return web.Response(body=played.body, status=played.status, headers=headers)

    def _file(self, kind: str) -> Played | None:
        if kind not in FILES:
            return None
        own = self._folder / FILES[kind] if self._folder else None
        file = own if own and own.is_file() else _SHIPPED / FILES[kind]
        return Played(_TIME.sub(self._time, file.read_bytes()), _TYPES[file.suffix])

    def _time(self, found: re.Match[bytes]) -> bytes:
        """The time that stands in a file as so much before or after the sandbox was started."""
        after = int(found[1]) * _UNITS[found[2]] if found[1] else timedelta()
        return (self._start + after).isoformat(timespec="seconds").encode()


def _said(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")
