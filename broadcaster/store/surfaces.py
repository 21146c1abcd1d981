"""What our own surfaces (feeds, phone lines, public pages) show now."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, func, select

from broadcaster.delivery import OWN_WORDS, REACHED
from broadcaster.store import incidents, schema
from broadcaster.store.database import Database
from broadcaster.store.schema import deliveries, renditions, surfaces
from channels.contract import Original, Parcel, Showing
from channels.exercise import is_exercise
from messages import document
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
            "incident": parcel.incident,
            "next_update": parcel.next_update,
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
            select(surfaces, incidents.lasts(surfaces.c.incident).label("lasts"))
            .where(surfaces.c.channel == channel, surfaces.c.surface == surface)
            .order_by(surfaces.c.issued.desc(), surfaces.c.slot)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(wanted)).all()
        return [_showing(row) for row in found]

    async def originals(self, channel: str, municipality: str, messages: Collection[str]) -> Mapping[str, Original]:
        """Those of the messages that were written for the municipality on the channel, by their ids."""
        sent = schema.messages
        wanted = (
            select(sent.c.id, sent.c.source, renditions.c.language, renditions.c.title, renditions.c.text)
            .join_from(sent, renditions, renditions.c.message == sent.c.id)
            .where(renditions.c.channel == channel, renditions.c.municipality == municipality, sent.c.id.in_(messages))
            .where(renditions.c.operation.in_(OWN_WORDS))
            .order_by(renditions.c.id)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(wanted)).all()
        originals: dict[str, Original] = {}
        for row in found:
            text = Rendition(municipality, channel, row.language, row.title, row.text)
            known = originals.get(row.id) or Original(document.is_exercise(row.source), ())
            originals[row.id] = replace(known, renditions=(*known.renditions, text))
        return originals

    async def stands(self, channel: str, surface: str, message: str) -> bool:
        """Whether the message's delivery to the surface is done, to the last byte that readers see."""
        done = exists().where(
            deliveries.c.message == message,
            deliveries.c.target == surface,
            deliveries.c.state.in_(REACHED),
            deliveries.c.rendition == renditions.c.id,
            renditions.c.channel == channel,
        )
        async with self._database.read() as connection:
            return bool((await connection.execute(select(done))).scalar())

    async def revision(self, channel: str) -> object:
        """Something that is another whenever what the channel's surfaces show is another."""
        latest = func.max(surfaces.c.updated, type_=surfaces.c.updated.type)
        ended = schema.incidents.c.closed
        wanted = select(func.count(), latest).where(surfaces.c.channel == channel)
        closings = select(func.count(ended), func.max(ended, type_=ended.type))
        async with self._database.read() as connection:
            return *(await connection.execute(wanted)).one(), *(await connection.execute(closings)).one()


def _showing(row: Row[Any]) -> Showing:
    rendition = Rendition(row.municipality, row.channel, row.language, row.title, row.text)
    parcel = Parcel(
        key=row.key,
        target=row.surface,
        rendition=rendition,
        message=row.message,
        kind=Kind(row.kind),
        severity=Severity(row.severity),
        issued=row.issued,
        expires=row.expires,
        incident=row.incident,
        next_update=row.next_update,
    )
    return Showing(row.surface, row.slot, parcel, row.updated, lasts=bool(row.lasts) and not is_exercise(rendition))
