"""The stored state of our own surfaces, kept in memory: stands in for the store where only its contract matters."""

from collections.abc import Callable, Sequence
from datetime import datetime

from channels.contract import Parcel, Showing


class MemorySurfaces:
    """Fulfils ``channels.contract.Surfaces`` for one process."""

    def __init__(self, now: Callable[[], datetime]) -> None:
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


def _text(parcel: Parcel) -> tuple[str, str, str]:
    return parcel.message, parcel.rendition.title, parcel.rendition.text
