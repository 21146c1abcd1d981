"""The feeds over HTTP, made for readers that come back every few minutes: most of them are told that nothing is new."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from broadcaster.web.documents import Document, document, handed_out
from channels.feed.cap import MEDIA_TYPE
from channels.feed.document import CAP, NO_HUBS, Format, links

PATH = rf"/feeds/{{municipality:[a-z0-9][a-z0-9_-]*}}/{{language:[a-z]{{2,3}}}}.{{form:{'|'.join(Format)}}}"
ALERT_PATH = rf"/feeds/{{municipality:[a-z0-9][a-z0-9_-]*}}/{CAP}/{{alert:[a-z0-9-]+}}.xml"

_SETTLED = timedelta(seconds=1)

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's file as it was read; ``changed`` is when it was last written, in whole seconds (UTC)."""

    document: Document
    changed: datetime


class FeedFiles:
    """The feeds' files, kept in memory for as long as nobody, in whatever process, writes them again."""

    def __init__(
        self,
        directory: Path | None,
        now: Callable[[], datetime],
        public_url: str | None = None,
        hubs: Mapping[str, str] = NO_HUBS,
    ) -> None:
        self.now = now
        self._public_url = public_url
        self._hubs = hubs
        self._directory = directory
        self._cache: dict[Path, tuple[_Stamp, Feed]] = {}

    async def read(self, name: str) -> Feed | None:
        """The feed's file of that name, such as ``borgholm/sv.rss``; None if there is none."""
        return await asyncio.to_thread(self._read, name)

    def links(self, surface: str, form: Format) -> str:
        """What the header ``Link`` says of a feed, as the feed does itself (RFC 8288)."""
        hub = self._hubs.get(surface.partition("/")[0])
        found = links(surface, form, self._public_url, hub)
        return ", ".join(
            f'<{link.href}>; rel="{link.rel}"' + (f'; type="{link.type}"' if link.type else "") for link in found
        )

    def _read(self, name: str) -> Feed | None:
        if self._directory is None:
            return None
        path = self._directory / name
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                cached = self._cache.get(path)
                if cached is not None and cached[0] == stamp:
                    return cached[1]
                feed = Feed(document(file.read()), datetime.fromtimestamp(int(status.st_mtime), UTC))
        except (FileNotFoundError, NotADirectoryError):
            self._cache.pop(path, None)
            return None
        self._cache[path] = (stamp, feed)
        return feed


FEEDS = web.AppKey("feeds", FeedFiles)


async def answer(request: web.Request) -> web.Response:
    """Hand out a feed, or say that the reader has it already."""
    parts = request.match_info
    surface, form = f"{parts['municipality']}/{parts['language']}", Format(parts["form"])
    charset = "" if form is Format.JSON else "; charset=utf-8"
    headers = {"Content-Type": f"{form.media_type}{charset}"}
    if found := request.app[FEEDS].links(surface, form):
        headers["Link"] = found
    return await _handed_out(request, f"{surface}.{form}", headers)


async def answer_alert(request: web.Request) -> web.Response:
    """Hand out the document of an alert, or say that the reader has it already."""
    parts = request.match_info
    name = f"{parts['municipality']}/{CAP}/{parts['alert']}.xml"
    return await _handed_out(request, name, {"Content-Type": f"{MEDIA_TYPE}; charset=utf-8"})


async def _handed_out(request: web.Request, name: str, headers: Mapping[str, str]) -> web.Response:
    files = request.app[FEEDS]
    feed = await files.read(name)
    if feed is None:
        raise web.HTTPNotFound(
            text="Det finns inget sådant flöde. Flödena står längst ner på varje kommuns sida.\n"
            "There is no such feed. Each municipality's page has its feeds at the end.\n",
            headers={"Cache-Control": "no-cache"},
        )
    # a file written a moment ago may be written again within the same second, and a date could not tell the two apart
    changed = feed.changed if files.now() - feed.changed > _SETTLED else None
    return handed_out(request, feed.document, {"Cache-Control": "public, max-age=60", **headers}, changed)
