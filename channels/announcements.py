"""What phone lines say, whoever answers them: in each language the newest announcement that is still true.

A line keeps one announcement for each incident and language. When the newest expires or is taken away, the next newest,
of another incident, is heard again. An exercise is an incident of its own, and never heard while there is a real one.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from channels.contract import Accepted, ChannelKind, Nature, Parcel, Rejected, Showing, Surfaces
from channels.exercise import is_exercise
from messages.model import Form, Limits, Markup

IVR = ChannelKind("ivr", Nature.LINE, Form(Markup.SPEECH, Limits(characters=4096, words=150)), repeatable=True)
"""4096 characters are the most that Twilio speaks at once; 150 words take a minute, and some lines say them twice."""


class Announcements:
    """The announcements of all lines."""

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces
        self._changing = asyncio.Lock()  # between the look at a line and what follows from it nobody else changes it

    async def put(self, parcel: Parcel) -> Accepted | Rejected:
        """Let a line say the parcel's text. One that comes late never takes a newer one's place in its incident."""
        line, slot = parcel.target, _slot(parcel)
        async with self._changing:
            same = [showing for showing in await self._of(line) if _slot(showing.parcel) == slot]
            if any(showing.parcel.issued > parcel.issued for showing in same):
                return Rejected("a newer announcement is on the line")
            await self._surfaces.put(IVR.name, line, slot, parcel)
            await self._empty(showing for showing in same if showing.slot != slot)
        return Accepted(_id(parcel))

    async def remove(self, parcel: Parcel, remote_id: str) -> Accepted:
        """Take an announcement off its line, unless a newer one of its incident has done so already."""
        async with self._changing:
            of_it = [showing for showing in await self._of(parcel.target) if _id(showing.parcel) == remote_id]
            await self._empty(of_it)
        return Accepted(remote_id)

    async def of(self, line: str, now: datetime) -> Mapping[str, Parcel]:
        """What a line says ``now``, by language."""
        return newest(await self._of(line), now)

    async def _of(self, line: str) -> Sequence[Showing]:
        return await self._surfaces.showing(IVR.name, line)

    async def _empty(self, showings: Iterable[Showing]) -> None:
        for showing in showings:
            await self._surfaces.remove(IVR.name, showing.surface, showing.slot)


def newest(showings: Sequence[Showing], now: datetime) -> Mapping[str, Parcel]:
    """What is said ``now`` of all that a line shows: by language the newest that has not expired, exercises last.

    Args:
        showings: newest ``issued`` first, as ``Surfaces.showing`` has them.
    """
    said: dict[str, Parcel] = {}
    parcels = [showing.parcel for showing in showings if showing.parcel.expires > now]
    for parcel in sorted(parcels, key=lambda parcel: is_exercise(parcel.rendition)):  # else in the order given
        said.setdefault(parcel.rendition.language, parcel)
    return said


def _slot(parcel: Parcel) -> str:
    """An announcement's place on its line. Databases have older ones, by language alone: the parcel tells, not they."""
    practised = "exercise/" if is_exercise(parcel.rendition) else ""
    return f"{parcel.rendition.language}/{practised}{parcel.incident}"


def _id(parcel: Parcel) -> str:
    return f"{parcel.message}/{parcel.rendition.language}"
