"""What our own surfaces (feeds, phone lines) show now."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select

from broadcaster.store.database import Database
from broadcaster.store.schema import surfaces
from channels.contract import Parcel, Showing
from messages.model import Kind, Rendition, Severity


class SurfaceStore:
    """Fulfils the channels' ``Surfaces``."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def put(self, channel: str, surface: str, slot: str, parcel: Parcel) -> None:
        """Show the parcel in the slot. The same text again changes nothing, not even ``updated``."""
        shown = {
            "key": parcel.key,
            "message": parcel.message,
            "kind": parcel.kind,
            "severity": parcel.severity,
            "municipality": parcel.rendition.municipality,
            "language": parcel.rendition.language,
            "title": parcel.rendition.title,
            "text": parcel.rendition.text,
            "issued": parcel.issued,
            "expires": parcel.expires,
            "updated": self._now(),
        }
        new = self._database.insert(surfaces).values(channel=channel, surface=surface, slot=slot, **shown)
        same = (
            (surfaces.c.message == new.excluded.message)
            & (surfaces.c.title == new.excluded.title)
            & (surfaces.c.text == new.excluded.text)
        )
        async with self._database.write() as connection:
            await connection.execute(
                new.on_conflict_do_update(
                    index_elements=[surfaces.c.channel, surfaces.c.surface, surfaces.c.slot], set_=shown, where=~same
                )
            )

    async def remove(self, channel: str, surface: str, slot: str) -> None:
        """Empty the slot; an empty one stays empty."""
        there = (surfaces.c.channel == channel) & (surfaces.c.surface == surface) & (surfaces.c.slot == slot)
        async with self._database.write() as connection:
            await connection.execute(delete(surfaces).where(there))

    async def showing(self, channel: str, surface: str) -> Sequence[Showing]:
        """What the surface shows, newest ``issued`` first."""
        wanted = (
            select(surfaces)
            .where(surfaces.c.channel == channel, surfaces.c.surface == surface)
            .order_by(surfaces.c.issued.desc(), surfaces.c.slot)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(wanted)).all()
        return [
            Showing(
                surface=row.surface,
                slot=row.slot,
                parcel=Parcel(
                    key=row.key,
                    target=row.surface,
                    rendition=Rendition(row.municipality, row.channel, row.language, row.title, row.text),
                    message=row.message,
                    kind=Kind(row.kind),
                    severity=Severity(row.severity),
                    issued=row.issued,
                    expires=row.expires,
                ),
                updated=row.updated,
            )
            for row in found
        ]

    async def revision(self, channel: str) -> tuple[int, datetime | None]:
        """Something that is another whenever what the channel's surfaces show is another."""
        latest = func.max(surfaces.c.updated, type_=surfaces.c.updated.type)
        wanted = select(func.count(), latest).where(surfaces.c.channel == channel)
        async with self._database.read() as connection:
            count, updated = (await connection.execute(wanted)).one()
        return count, updated
