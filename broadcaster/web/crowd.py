"""Room for everybody: who is connected, and whose connection ends so that somebody else can come in.

An address is not a person: a mobile operator, a school or a whole municipality may stand behind one. So nobody is
refused for what others at the same address do. Only connections that wait for their client are closed, the oldest
first: a browser opens another one automatically, while a client that keeps hundreds open to keep others out loses them.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Seat:
    """One connection's place.

    Args:
        address: whose it is; None for a proxy of ours, which brings everybody, and whose connections are left alone.
        since: when it began to wait for its client, in seconds of the clock.
        end: ends the connection at once.
        busy: whether we are at work for it, so that it waits for us and not for its client.
    """

    address: str | None
    since: float
    end: Callable[[], None]
    busy: bool = False

    @property
    def may_end(self) -> bool:
        """Whether it can be ended without taking anything from anybody."""
        return self.address is not None and not self.busy


class Crowd:
    """All connections to one port.

    Args:
        most: connections at a time.
        idle: connections of one address that wait for their client, at a time.
        clock: tells seconds.
    """

    def __init__(self, most: int, idle: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._idle = idle
        self._clock = clock
        self._seats: set[Seat] = set()

    def has_room(self) -> bool:
        """Whether somebody can come in; makes room where that is possible."""
        if len(self._seats) >= self._most and (seat := next_to_end(self._seats)) is not None:
            self._end(seat)
        return len(self._seats) < self._most

    def enter(self, address: str | None, end: Callable[[], None]) -> Seat:
        """Take a place; a client with too many that wait loses the oldest."""
        seat = Seat(address, self._clock(), end)
        self._seats.add(seat)
        waiting = [one for one in self._seats if one.may_end and one.address == address]
        if len(waiting) > self._idle:
            self._end(_oldest(waiting))
        return seat

    def leave(self, seat: Seat) -> None:
        """Give a place up; once more changes nothing."""
        self._seats.discard(seat)

    @contextmanager
    def at_work(self, seat: Seat) -> Iterator[None]:
        """Keep a place from being taken away while we work for it."""
        seat.busy = True
        try:
            yield
        finally:
            seat.busy, seat.since = False, self._clock()

    def _end(self, seat: Seat) -> None:
        self.leave(seat)
        seat.end()


def next_to_end(seats: Collection[Seat]) -> Seat | None:
    """The place to give to somebody else: of the address that keeps most waiting, the one that has waited longest."""
    waiting = [seat for seat in seats if seat.may_end]
    kept = Counter(seat.address for seat in waiting)
    most = max(kept.values(), default=0)
    return _oldest([seat for seat in waiting if kept[seat.address] == most]) if waiting else None


def _oldest(seats: Collection[Seat]) -> Seat:
    return min(seats, key=lambda seat: seat.since)
