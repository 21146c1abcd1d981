"""The public pages over HTTP: made once a minute and whenever what they show changes, and handed out to all meanwhile.

The database is looked at in the background, all the time, so that nobody who asks has to wait for it. The pages are
what is left when everything else is down. So they are shown for as long as this process lives, also without its
database, and then say since when.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from aiohttp import web

from broadcaster.engine.waiting import happened
from broadcaster.store.errors import StoreError
from broadcaster.web.documents import Document, document, handed_out
from channels.page import POLICY, Address, Content, Made, Site, render_about, render_missing, render_page

PATH = r"/{path:[^/.]*(?:/[^/.]*){0,2}/?}"
"""Any address of up to three names; must come after all others of that kind."""

GLANCE = 0.5
"""Seconds between two looks at the database, and so until a change shows."""

SHARE = 0.1
"""Part of the time that may go into looking: what takes long is looked at less often."""

SELDOM = 20.0
"""Seconds between two looks at most, however long they take."""

STALE = timedelta(minutes=1)
"""How long the database may be away before the pages say so."""

_PATIENCE = 2.0  # seconds that somebody waits for a look, where nothing was seen yet or this machine was asleep
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
        glance: seconds between two looks at the database.
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
        self._following: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._failing = self._told = False
        self._made: dict[Address, tuple[object, Document]] = {}

    @cached_property
    def addresses(self) -> dict[str, Address]:
        """Every page by its path."""
        return {self.site.path(address): address for address in self.site.addresses()}

    @cached_property
    def abouts(self) -> Mapping[str, tuple[str, Document]]:
        """What is told about each sender, with its language, by its path; that hangs on the configuration only."""
        own = [address for address in self.site.addresses() if not address.joint]
        return {self.site.about(at): (at.language, document(render_about(self.site, at))) for at in own}

    @cached_property
    def missing(self) -> bytes:
        """What stands for a page that does not exist."""
        return render_missing(self.site)

    async def page(self, address: Address) -> Document | None:
        """A page as it is now; None where nothing could be read since the program began."""
        await self._wait_for_a_look()
        if self._seen is None or self._seen_at is None:
            return None
        now = self._now()
        minute = now.replace(second=0, microsecond=0)
        stale_since = self._seen_at if self._is_stale() else None
        state = (minute, stale_since, self._seen.revision)
        known = self._made.get(address)
        if known is not None and known[0] == state:
            return known[1]
        made = document(
            render_page(self.site, address, self._seen.content, Made(minute, live=True, stale_since=stale_since))
        )
        self._made[address] = (state, made)
        return made

    def start(self) -> None:
        """Look from now on."""
        self._following = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Stop looking."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])

    def _is_stale(self) -> bool:
        return self._seen_at is None or self._now() - self._seen_at > STALE

    async def _wait_for_a_look(self) -> None:
        """Wait where one is just about to come: the program has begun, or this machine wakes up. Else nobody waits."""
        if self._failing or not self._is_stale():
            return
        self._looked.clear()
        if not await happened(self._looked, _PATIENCE):
            self._failing = True  # those who ask next do not wait in vain

    async def _follow(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            await self._look()
            self._looked.set()
            await asyncio.sleep(min(max(self._glance, (clock() - began) / SHARE), SELDOM))

    async def _look(self) -> None:
        at = self._now()
        try:
            revision = await self._revision()
            if self._seen is None or revision != self._seen.revision:
                self._seen = _Look(revision, await self._content())
        except Exception as error:  # noqa: BLE001 (also where it is a bug the pages stand as they are)
            self._fail(error)
        else:
            self._seen_at, self._failing, self._told = at, False, False

    def _fail(self, error: Exception) -> None:
        """Say once that looking fails; where a bug lies is told by its trace."""
        self._failing = True
        if not self._told and isinstance(error, StoreError):
            _LOGGER.warning("The public pages cannot be brought up to date: %s", error)
        elif not self._told:
            _LOGGER.error("The public pages cannot be brought up to date", exc_info=error)
        self._told = True


PAGES = web.AppKey("pages", Pages)


async def answer(request: web.Request) -> web.Response:
    """Hand out a page, lead to it, or say which pages there are."""
    pages, path = request.app[PAGES], request.match_info["path"]
    wanted = f"{path.strip('/').lower()}/".lstrip("/")
    address = pages.addresses.get(wanted)
    if address is None and wanted not in pages.abouts:
        return web.Response(status=404, body=pages.missing, headers={**_HEADERS, "Cache-Control": "no-cache"})
    if path != wanted:
        # relative, for what stands before us may have put us below a path of its own
        raise web.HTTPPermanentRedirect("../" * path.count("/") + (wanted or "./"))
    if address is None:
        code, told = pages.abouts[wanted]
        return handed_out(request, told, {**_HEADERS, "Content-Language": code})
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
