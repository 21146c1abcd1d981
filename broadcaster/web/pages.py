"""The public pages over HTTP: made once a minute and whenever what they show changes, and handed out to all meanwhile.

They are what is left when everything else is down. So they are shown for as long as this process lives, also without
its database, and then say since when.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from aiohttp import web

from broadcaster.store.errors import StoreError
from broadcaster.web.documents import Document, document, handed_out
from channels.page import POLICY, Address, Content, Made, Site, render_missing, render_page

PATH = r"/{path:[^/.]*(?:/[^/.]*)?/?}"
"""Any address of one or two names; must come after all others of that kind."""

GLANCE = 0.5
"""Seconds until a change shows, at most."""

STALE = timedelta(minutes=1)
"""How long the database may be away before the pages say so."""

_PATIENCE = 1.0  # seconds that somebody waits for a look, where there is something to be shown already
_COME_BACK = "30"  # seconds
_LOGGER = logging.getLogger(__name__)
_HEADERS = {
    "Cache-Control": "public, max-age=30",
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class _Look:
    """What the database had to show, when it was of that revision."""

    revision: object
    content: Content


class Pages:
    """The pages of a site, as they are now.

    Args:
        content: reads what is shown; raises StoreError where it cannot.
        revision: something that is another whenever ``content`` is; raises like that.
        now: the clock (UTC).
        glance: seconds between two looks at the database, however many ask.
    """

    def __init__(
        self,
        site: Site,
        content: Callable[[], Awaitable[Content]],
        revision: Callable[[], Awaitable[object]],
        now: Callable[[], datetime],
        glance: float = GLANCE,
    ) -> None:
        self.site = site
        self._content = content
        self._revision = revision
        self._now = now
        self._glance = glance
        self._seen: _Look | None = None
        self._seen_at: datetime | None = None
        self._looking: asyncio.Task[None] | None = None
        self._next_look = 0.0
        self._told = False
        self._made: dict[Address, tuple[object, Document]] = {}

    @cached_property
    def addresses(self) -> dict[str, Address]:
        """Every page by its path."""
        return {self.site.path(address): address for address in self.site.addresses()}

    @cached_property
    def missing(self) -> bytes:
        """What stands for a page that does not exist."""
        return render_missing(self.site)

    async def page(self, address: Address) -> Document | None:
        """A page as it is now; None where nothing could be read since the program began."""
        await self._look()
        if self._seen is None or self._seen_at is None:
            return None
        now = self._now()
        minute = now.replace(second=0, microsecond=0)
        stale_since = self._seen_at if now - self._seen_at > STALE else None
        state = (minute, stale_since, self._seen.revision)
        known = self._made.get(address)
        if known is not None and known[0] == state:
            return known[1]
        made = document(
            render_page(self.site, address, self._seen.content, Made(minute, live=True, stale_since=stale_since))
        )
        self._made[address] = (state, made)
        return made

    async def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look(self) -> None:
        """Look at the database if it is time; all who ask meanwhile wait for the same look, but not for long."""
        clock = asyncio.get_running_loop().time
        if self._looking is None or self._looking.done():
            if clock() < self._next_look:
                return
            self._next_look = clock() + self._glance
            self._looking = asyncio.create_task(self._read())
        await asyncio.wait([self._looking], timeout=None if self._seen is None else _PATIENCE)

    async def _read(self) -> None:
        at = self._now()
        try:
            revision = await self._revision()
            if self._seen is None or revision != self._seen.revision:
                self._seen = _Look(revision, await self._content())
        except StoreError as error:
            if not self._told:
                _LOGGER.warning("The public pages cannot be brought up to date: %s", error)
            self._told = True
        except Exception:
            _LOGGER.exception("The public pages cannot be brought up to date")
        else:
            self._seen_at, self._told = at, False


PAGES = web.AppKey("pages", Pages)


async def answer(request: web.Request) -> web.Response:
    """Hand out a page, lead to it, or say which pages there are."""
    pages, path = request.app[PAGES], request.match_info["path"]
    wanted = f"{path.strip('/').lower()}/".lstrip("/")
    address = pages.addresses.get(wanted)
    if address is None:
        return web.Response(status=404, body=pages.missing, headers={**_HEADERS, "Cache-Control": "no-cache"})
    if path != wanted:
        # relative, for what stands before us may have put us below a path of its own
        raise web.HTTPPermanentRedirect("../" * path.count("/") + (wanted or "./"))
    found = await pages.page(address)
    if found is None:
        return _nothing_to_show(pages.site)
    return handed_out(request, found, {**_HEADERS, "Content-Language": address.language})


def _nothing_to_show(site: Site) -> web.Response:
    numbers = "\n".join(f"{m.variables['name']}: {m.variables['phone']}" for m in site.municipalities.values())
    return web.Response(
        status=503,
        text=f"Sidan kan inte visas just nu. Försök igen om en stund, eller ring.\n\n{numbers}\n",
        headers={"Retry-After": _COME_BACK, "Cache-Control": "no-store"},
    )
