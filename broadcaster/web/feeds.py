"""The feeds over HTTP, made for readers that come back every few minutes: most of them are told that nothing is new.

Conditional requests follow RFC 9110, sections 8.8 and 13; the choice of encoding follows its section 12.5.3.
"""

import asyncio
import gzip
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from aiohttp import ETag, web
from aiohttp.helpers import ETAG_ANY

PATH = r"/feeds/{municipality:[a-z0-9][a-z0-9_-]*}/{language:[a-z]{2,3}}.{form:rss|atom}"

_SURFACE = re.compile(r"[a-z0-9][a-z0-9_-]*/[a-z]{2,3}")
_TITLE = re.compile(rb"<title>([^<]*)</title>")
_SETTLED = timedelta(seconds=1)

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """A feed's file as it is handed out.

    Args:
        digest: of ``body``, for strong entity tags.
        changed: when the file was last written, in whole seconds (UTC).
    """

    body: bytes
    compressed: bytes
    digest: str
    changed: datetime


class FeedFiles:
    """The feeds' files, kept in memory for as long as nobody, in whatever process, writes them anew."""

    def __init__(self, directory: Path | None, now: Callable[[], datetime]) -> None:
        self.now = now
        self._directory = directory
        self._cache: dict[Path, tuple[_Stamp, Document]] = {}

    async def read(self, name: str) -> Document | None:
        """The feed's file of that name, such as ``borgholm/sv.rss``; None if there is none."""
        return await asyncio.to_thread(self._read, name)

    async def titles(self) -> dict[str, str]:
        """The title of each feed, such as ``borgholm/sv``, as HTML."""
        return await asyncio.to_thread(self._titles)

    def _read(self, name: str) -> Document | None:
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
                document = _document(file.read(), status.st_mtime)
        except (FileNotFoundError, NotADirectoryError):
            self._cache.pop(path, None)
            return None
        self._cache[path] = (stamp, document)
        return document

    def _titles(self) -> dict[str, str]:
        titles = {}
        for path in sorted(self._directory.glob("*/*.rss")) if self._directory is not None else ():
            surface = f"{path.parent.name}/{path.stem}"
            document = self._read(f"{surface}.rss") if _SURFACE.fullmatch(surface) else None
            if document is not None and (title := _TITLE.search(document.body)):
                titles[surface] = title[1].decode()  # escaped for XML, and so for HTML
        return titles


FEEDS = web.AppKey("feeds", FeedFiles)


async def answer(request: web.Request) -> web.Response:
    """Hand out a feed, or say that the reader has it already."""
    files, parts = request.app[FEEDS], request.match_info
    document = await files.read(f"{parts['municipality']}/{parts['language']}.{parts['form']}")
    if document is None:
        raise web.HTTPNotFound(
            text="Det finns inget sådant flöde. Alla flöden står på startsidan.\n"
            "There is no such feed. The front page lists them all.\n",
            headers={"Cache-Control": "no-cache"},
        )
    zipped = _takes_gzip(request.headers.get("Accept-Encoding", ""))
    tag = f"{document.digest}-gzip" if zipped else document.digest
    # a file written a moment ago may be written again within the same second, and a date could not tell the two apart
    dated = files.now() - document.changed > _SETTLED
    response = web.Response(headers={"Cache-Control": "public, max-age=60", "Vary": "Accept-Encoding"})
    response.etag = tag
    if dated:
        response.headers["Last-Modified"] = format_datetime(document.changed, usegmt=True)
    if _has_it(request, tag, document.changed if dated else None):
        response.set_status(304)
        return response
    response.headers["Content-Type"] = f"application/{parts['form']}+xml; charset=utf-8"
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.body = document.compressed if zipped else document.body
    return response


def _has_it(request: web.Request, tag: str, changed: datetime | None) -> bool:
    tags: tuple[ETag, ...] | None = request.if_none_match
    if tags is not None:  # the tags win over the date
        return any(known.value in {tag, ETAG_ANY} for known in tags)
    since = request.if_modified_since
    return changed is not None and since is not None and changed <= since


def _takes_gzip(accepted: str) -> bool:
    weights = {}
    for choice in accepted.lower().split(","):
        coding, _, weight = choice.partition(";")
        weights[coding.strip()] = weight.replace(" ", "")
    weight = weights.get("gzip", weights.get("*", "q=0"))
    return re.fullmatch(r"q=0(\.0*)?", weight) is None


def _document(body: bytes, written: float) -> Document:
    return Document(
        body=body,
        compressed=gzip.compress(body, mtime=0),
        digest=hashlib.sha256(body).hexdigest(),
        changed=datetime.fromtimestamp(int(written), UTC),
    )
