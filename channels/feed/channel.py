"""The feed channel: a parcel becomes an entry of its municipality's feed and of the feed that all share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from channels.contract import Accepted, Condition, Deferred, Outcome, Parcel, Showing, Surfaces
from channels.feed.alerts import Alert, alerts, correction, withdrawal
from channels.feed.cap import describe_alerts, render_alert, render_alerts
from channels.feed.document import (
    CAP,
    JOINT,
    NO_HUBS,
    Feed,
    Format,
    describe,
    entry_id,
    hubs_of_feeds,
    place,
    render_feed,
    withdrawn,
)
from channels.folder import Folder, FolderError
from channels.provider import Wiring
from channels.providers.feed import FEED, FeedSettings
from messages.model import Municipality, Rendition
from messages.problems import InputError, Place, Problem


class FeedChannel:
    """Writes what the feeds show into files that ``serve``, or any web server, hands out.

    Several processes may use one folder. An entry stays when its message has expired: a feed is also a history.
    """

    def __init__(
        self,
        settings: FeedSettings,
        surfaces: Surfaces,
        municipalities: Mapping[str, Municipality],
        *,
        now: Callable[[], datetime],
        public_url: str | None = None,
        hubs: Mapping[str, str] = NO_HUBS,
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
        self._folder = Folder(settings.directory)
        self._surfaces = surfaces
        self._municipalities = {
            id_: municipality for id_, municipality in municipalities.items() if FEED.name in municipality.channels
        }
        self._authority = settings.authority
        self._all_clear = settings.all_clear
        self._now = now
        self._public_url = public_url
        self._hubs = hubs_of_feeds(hubs, self._municipalities)

    async def examine(self) -> Condition:
        """Look whether the folder can be written."""
        return Condition(self._folder.trouble())

    async def send(self, parcel: Parcel) -> Outcome:
        """Show the parcel in its feed and in the joint one, and its message as an alert; once more changes nothing."""
        await self._issue(parcel, parcel.message)
        return await self._show(parcel.message, parcel)

    async def replace(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Let an entry say what the parcel says. It keeps its id, so readers take it for the same message."""
        shown = await self._find(parcel.target, remote_id)
        if shown is None:
            return await self.send(parcel)
        await self._issue(parcel, correction(parcel.message, place(shown)))
        return await self._show(place(shown), replace(parcel, kind=shown.parcel.kind, issued=shown.parcel.issued))

    async def withdraw(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Mark an entry as withdrawn and take its text away.

        It stays in the feed: an entry that only disappears goes unnoticed by readers that have already fetched it.
        """
        shown = await self._find(parcel.target, remote_id)
        if shown is None:
            return Accepted(remote_id)
        await self._issue(shown.parcel, place(shown))
        await self._issue(shown.parcel, withdrawal(place(shown)))
        return await self._show(place(shown), replace(shown.parcel, rendition=withdrawn(shown.parcel.rendition)))

    async def refresh(self) -> None:
        """Write all feeds, also those that show nothing yet, so that each can be subscribed to from the start.

        Raises:
            FolderError: they cannot be written.
        """
        languages = sorted({language for m in self._municipalities.values() for language in m.languages})
        await self._write(
            [f"{m.id}/{language}" for m in self._municipalities.values() for language in m.languages]
            + [f"{JOINT}/{language}" for language in languages],
            self._municipalities,
        )

    async def _issue(self, parcel: Parcel, alert: str) -> None:
        """Keep that there is an alert; its texts are those of the message, in all languages from the beginning."""
        municipality = parcel.rendition.municipality
        surface = f"{municipality}/{CAP}"
        if all(showing.slot != alert for showing in await self._surfaces.showing(FEED.name, surface)):
            unworded = replace(parcel, rendition=Rendition(municipality, FEED.name, "", "", ""))
            await self._surfaces.put(FEED.name, surface, alert, unworded)

    async def _show(self, message: str, parcel: Parcel) -> Outcome:
        """Show the parcel in the entry of a message."""
        rendition = parcel.rendition
        joint = f"{JOINT}/{rendition.language}"
        await self._surfaces.put(FEED.name, parcel.target, message, parcel)
        await self._surfaces.put(FEED.name, joint, f"{message}/{rendition.municipality}", parcel)
        try:
            await self._write([parcel.target, joint], [rendition.municipality])
        except FolderError as error:
            return Deferred(str(error))
        return Accepted(entry_id(self._authority, message, parcel))

    async def _write(self, surfaces: Iterable[str], municipalities: Iterable[str]) -> None:
        async with self._folder.exclusive():
            files: dict[str, bytes] = {}
            for surface in surfaces:
                feed = self._describe(surface)
                showings = await self._surfaces.showing(FEED.name, surface)
                files |= {f"{surface}.{form}": render_feed(feed, showings, form) for form in Format}
            await self._folder.write(files | await self._alert_files(municipalities))

    async def _alert_files(self, municipalities: Iterable[str]) -> dict[str, bytes]:
        """The documents of alerts that are not there yet, and after them the feeds that lead to them.

        A document is never written again: others know it by its identifier, and have it already. Only what is withdrawn
        loses its text.
        """
        chains = {id_: await self._chain(id_) for id_ in self._municipalities}
        everything = [alert for chain in chains.values() for alert in chain]
        missing = await self._folder.missing(alert.file for alert in everything)
        files = {
            alert.file: render_alert(alert, self._municipalities[alert.municipality], self._authority)
            for alert in everything
            if alert.file in missing or not alert.renditions
        }
        for id_, chain in [*((id_, chains[id_]) for id_ in municipalities if id_ in chains), (JOINT, everything)]:
            feed = describe_alerts(id_, self._municipalities, self._describe)
            files[f"{feed.surface}.{Format.ATOM}"] = render_alerts(feed, chain, self._now())
        return files

    async def _chain(self, municipality: str) -> Sequence[Alert]:
        showings = await self._surfaces.showing(FEED.name, f"{municipality}/{CAP}")
        messages = {showing.parcel.message for showing in showings}
        originals = await self._surfaces.originals(FEED.name, municipality, messages)
        return alerts(municipality, showings, originals, self._all_clear)

    def _describe(self, surface: str) -> Feed:
        return describe(surface, self._municipalities, self._authority, self._public_url, self._hubs)

    async def _find(self, surface: str, remote_id: str) -> Showing | None:
        for showing in await self._surfaces.showing(FEED.name, surface):
            if entry_id(self._authority, place(showing), showing.parcel) == remote_id:
                return showing
        return None


def build(settings: FeedSettings, wiring: Wiring) -> FeedChannel:
    """Make the adapter of an account."""
    return FeedChannel(
        settings,
        wiring.surfaces,
        wiring.municipalities,
        now=wiring.now,
        public_url=wiring.public_url,
        hubs=wiring.hubs,
    )
