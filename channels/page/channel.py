"""The page channel: a parcel is shown on its municipality's page and on that of all together."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from channels.contract import Accepted, Board, Condition, Deferred, Outcome, Parcel, Showing, Surfaces
from channels.feed.document import withdrawn
from channels.folder import Folder, FolderError
from channels.page.document import Content, Made, render_about, render_missing, render_page
from channels.page.site import Site
from channels.provider import Wiring
from channels.providers.page import PAGE, PageSettings


class PageChannel:
    """Keeps what the pages show, for ``serve`` and, where there is a folder, as files for any web server.

    Several processes may use one folder. A message stays on its page when it has expired, among what was said earlier.
    """

    def __init__(
        self, site: Site, surfaces: Surfaces, board: Board, directory: Path | None, now: Callable[[], datetime]
    ) -> None:
        self.site = site
        self._surfaces = surfaces
        self._board = board
        self._folder = Folder(directory) if directory is not None else None
        self._now = now

    async def examine(self) -> Condition:
        """Look whether the folder can be written, if there is one."""
        return Condition("" if self._folder is None else self._folder.trouble())

    async def send(self, parcel: Parcel) -> Outcome:
        """Show the parcel; once more changes nothing."""
        return await self._show(parcel.message, parcel)

    async def replace(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Let a message on the page say what the parcel says, in the place that it has."""
        shown = await self._find(parcel.target, remote_id)
        if shown is None:
            return await self.send(parcel)
        return await self._show(shown.slot, replace(parcel, kind=shown.parcel.kind, issued=shown.parcel.issued))

    async def withdraw(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Mark a message as withdrawn and take its text away: who has read it is told that it does not apply."""
        shown = await self._find(parcel.target, remote_id)
        if shown is None:
            return Accepted(remote_id)
        return await self._show(shown.slot, replace(shown.parcel, rendition=withdrawn(shown.parcel.rendition)))

    @property
    def has_files(self) -> bool:
        """Whether the pages are also written as files."""
        return self._folder is not None

    async def content(self) -> Content:
        """All that is shown now, on whatever page."""
        showings: list[Showing] = []
        for municipality in self.site.municipalities.values():
            for language in municipality.languages:
                showings += await self._surfaces.showing(PAGE.name, f"{municipality.id}/{language}")
        return Content(showings, await self._board.standings())

    async def refresh(self) -> None:
        """Bring the files up to date, if there are any.

        Raises:
            FolderError: they cannot be written.
        """
        if self._folder is not None:
            async with self._folder.exclusive():
                await self._folder.hold(published(self.site, await self.content(), self._now()))

    async def _show(self, slot: str, parcel: Parcel) -> Outcome:
        await self._surfaces.put(PAGE.name, parcel.target, slot, parcel)
        try:
            await self.refresh()
        except FolderError as error:
            return Deferred(str(error))
        return Accepted(_id(parcel.target, slot))

    async def _find(self, surface: str, remote_id: str) -> Showing | None:
        for showing in await self._surfaces.showing(PAGE.name, surface):
            if _id(surface, showing.slot) == remote_id:
                return showing
        return None


def published(site: Site, content: Content, now: datetime) -> Mapping[str, bytes]:
    """Every page as a file, by its path, each also compressed for servers that can hand it out like that."""
    made = Made(now, live=False)
    pages = {
        f"{site.path(address)}index.html": render_page(site, address, content, made) for address in site.addresses()
    }
    pages |= {
        f"{site.about(address)}index.html": render_about(site, address)
        for address in site.addresses()
        if not address.joint
    }
    pages["404.html"] = render_missing(site)
    return pages | {f"{path}.gz": gzip.compress(page, mtime=0) for path, page in pages.items()}


def _id(surface: str, slot: str) -> str:
    return f"{slot}/{surface}"


def build(settings: PageSettings, wiring: Wiring) -> PageChannel:
    """Make the adapter of an account."""
    with_page = {id_: m for id_, m in wiring.municipalities.items() if PAGE.name in m.channels}
    site = Site(with_page, wiring.contacts, wiring.zone, wiring.public_url)
    return PageChannel(site, wiring.surfaces, wiring.board, settings.directory, wiring.now)
