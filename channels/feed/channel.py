"""The feed channel: a parcel becomes an entry of its municipality's feed and of the feed that all share."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from channels.contract import Accepted, ChannelKind, Deferred, Outcome, Parcel, Showing, Surfaces
from channels.feed.document import JOINT, Format, describe, entry_id, render_feed, withdrawn
from channels.feed.folder import Folder, FolderError
from channels.provider import Provider, Wiring
from channels.settings import AccountSettings
from messages.model import Form, Limits, Markup, Municipality, Rendition
from messages.problems import InputError, Place, Problem

FEED = ChannelKind("feed", Form(Markup.HTML, Limits()), repeatable=True)


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", "."), path)


class FeedSettings(AccountSettings):
    """Where the feeds' files go.

    Args:
        directory: the folder for the files, as seen from the configuration's folder; only its parent must exist.
        authority: a domain name the senders own, for the ids of feeds and entries (RFC 4151). It never changes, even
            if the feeds move: readers know messages by it.
    """

    directory: Annotated[Path, AfterValidator(_from_folder)]
    authority: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]


class FeedChannel:
    """Writes what the feeds show into files that ``serve``, or any web server, hands out.

    Several processes may use one folder. An entry stays when its message has expired: a feed is also a history.
    """

    def __init__(
        self,
        directory: Path,
        surfaces: Surfaces,
        municipalities: Mapping[str, Municipality],
        *,
        authority: str,
        public_url: str | None = None,
    ) -> None:
        if JOINT in municipalities:
            raise InputError(
                [
                    Problem(
                        f'A municipality cannot have the id "{JOINT}": the feed that all share has it.',
                        Place(key=f"municipalities.{JOINT}"),
                        "Give it another.",
                    )
                ]
            )
        self._folder = Folder(directory)
        self._surfaces = surfaces
        self._municipalities = {
            id_: municipality for id_, municipality in municipalities.items() if FEED.name in municipality.channels
        }
        self._authority = authority
        self._public_url = public_url

    async def send(self, parcel: Parcel) -> Outcome:
        """Show the parcel in its feed and in the joint one; once more changes nothing."""
        return await self._show(parcel)

    async def replace(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Let an entry say what the parcel says. It keeps its id, so readers take it for the same message."""
        shown = await self._find(parcel.target, remote_id)
        return await self._show(parcel if shown is None else _in_place_of(shown.parcel, parcel))

    async def withdraw(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Mark an entry as withdrawn and take its text away.

        It stays in the feed: an entry that only disappears goes unnoticed by readers that have already fetched it.
        """
        shown = await self._find(parcel.target, remote_id)
        if shown is None:
            return Accepted(remote_id)
        return await self._show(replace(shown.parcel, rendition=withdrawn(shown.parcel.rendition)))

    async def refresh(self) -> None:
        """Write all feeds, also those that show nothing yet, so that each can be subscribed to from the start.

        Raises:
            FolderError: they cannot be written.
        """
        languages = sorted({language for m in self._municipalities.values() for language in m.languages})
        await self._write(
            [f"{m.id}/{language}" for m in self._municipalities.values() for language in m.languages]
            + [f"{JOINT}/{language}" for language in languages]
        )

    async def _show(self, parcel: Parcel) -> Outcome:
        rendition = parcel.rendition
        joint = f"{JOINT}/{rendition.language}"
        await self._surfaces.put(FEED.name, parcel.target, parcel.message, parcel)
        await self._surfaces.put(FEED.name, joint, f"{parcel.message}/{rendition.municipality}", parcel)
        try:
            await self._write([parcel.target, joint])
        except FolderError as error:
            return Deferred(str(error))
        return Accepted(entry_id(self._authority, parcel))

    async def _write(self, surfaces: Iterable[str]) -> None:
        async with self._folder.exclusive():
            files: dict[str, bytes] = {}
            for surface in surfaces:
                feed = describe(surface, self._municipalities, self._authority, self._public_url)
                showings = await self._surfaces.showing(FEED.name, surface)
                files |= {f"{surface}.{form}": render_feed(feed, showings, form) for form in Format}
            await self._folder.write(files)

    async def _find(self, surface: str, remote_id: str) -> Showing | None:
        for showing in await self._surfaces.showing(FEED.name, surface):
            if entry_id(self._authority, showing.parcel) == remote_id:
                return showing
        return None


def _in_place_of(shown: Parcel, parcel: Parcel) -> Parcel:
    return replace(parcel, message=shown.message, issued=shown.issued)


def _build(settings: FeedSettings, wiring: Wiring) -> FeedChannel:
    return FeedChannel(
        settings.directory,
        wiring.surfaces,
        wiring.municipalities,
        authority=settings.authority,
        public_url=wiring.public_url,
    )


def _target(_settings: FeedSettings, rendition: Rendition) -> str:
    return f"{rendition.municipality}/{rendition.language}"


PROVIDER = Provider("feed", FEED, FeedSettings, _build, _target, concurrency=4, rate=None)
