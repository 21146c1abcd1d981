"""The stored state of our own surfaces, kept in memory: stands in for the store where only its contract matters."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from channels.contract import Original, Parcel, Showing
from messages.model import Rendition


class MemorySurfaces:
    """Fulfils ``channels.contract.Surfaces`` for one process.

    Attributes:
        written: the texts of messages by their ids, as far as they are more than what was shown.
        exercise: whether all messages are one.
        standing: whether everything counts as delivered, or nothing; None for what is shown.
        asked: set once somebody has asked for that.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.written: dict[str, tuple[Rendition, ...]] = {}
        self.exercise = False
        self.standing: bool | None = None
        self.asked = asyncio.Event()
        self._now = now
        self._slots: dict[tuple[str, str, str], Showing] = {}

    async def put(self, channel: str, surface: str, slot: str, parcel: Parcel) -> None:
        shown = self._slots.get((channel, surface, slot))
        if shown is None or _text(shown.parcel) != _text(parcel):
            self._slots[channel, surface, slot] = Showing(surface, slot, parcel, self._now())

    async def remove(self, channel: str, surface: str, slot: str) -> None:
        self._slots.pop((channel, surface, slot), None)

    async def showing(self, channel: str, surface: str) -> Sequence[Showing]:
        shown = [showing for key, showing in self._slots.items() if key[:2] == (channel, surface)]
        return sorted(shown, key=lambda showing: showing.parcel.issued, reverse=True)

    async def originals(self, channel: str, municipality: str, messages: Collection[str]) -> Mapping[str, Original]:
        texts: dict[str, dict[str, Rendition]] = {}
        for parcel in (showing.parcel for showing in self._slots.values()):
            if parcel.rendition.language:
                texts.setdefault(parcel.message, {})[parcel.rendition.language] = parcel.rendition
        shown = {message: tuple(by_language.values()) for message, by_language in texts.items()} | self.written
        return {
            message: Original(self.exercise, own)
            for message in messages
            if (
                own := tuple(
                    r for r in shown.get(message, ()) if (r.channel, r.municipality) == (channel, municipality)
                )
            )
        }

    async def stands(self, channel: str, surface: str, message: str) -> bool:
        self.asked.set()
        if self.standing is not None:
            return self.standing
        return any(showing.parcel.message == message for showing in await self.showing(channel, surface))


def _text(parcel: Parcel) -> tuple[str, str, str]:
    return parcel.message, parcel.rendition.title, parcel.rendition.text


class BrokenSurfaces(MemorySurfaces):
    """A store that has lost its database."""

    async def showing(self, channel: str, surface: str) -> Sequence[Showing]:
        raise OSError(f"no connection while reading {channel} {surface}")


class HangingSurfaces(MemorySurfaces):
    """A store whose database never answers."""

    async def showing(self, channel: str, surface: str) -> Sequence[Showing]:
        await asyncio.Event().wait()
        raise AssertionError(channel, surface)
