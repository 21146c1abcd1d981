"""Another way for what cannot go by its own: a municipality's SMS providers are an ordered list.

What is decided is a pure function of what is known of the lanes; carrying it out is one statement for each move. Only
what is pending moves. What is in doubt stays with the provider that may have it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.store import lanes
from broadcaster.store.database import Database
from broadcaster.store.lanes import LaneState
from broadcaster.store.ledger import Backlog, Ledger

DOWN_FOR = timedelta(minutes=5)
"""How long a lane that has failed is passed by. Then one parcel tries it again: going back is that slow on purpose."""


SURE = 0.9
"""How much of a lane's rate is counted on, when it is a matter of being in time."""


@dataclass(frozen=True, slots=True)
class Move:
    """Deliveries of some municipalities that change lanes, those due last first; ``most`` None means all."""

    origin: str
    to: str
    municipalities: tuple[str, ...]
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How a municipality reaches its residents: lanes in the order of preference."""

    municipality: str
    lanes: tuple[str, ...]


def stand_ins(lane: str, ways: Sequence[Way]) -> list[str]:
    """The other lanes by which something may go that was planned for this one."""
    others = dict.fromkeys(other for way in ways if lane in way.lanes for other in way.lanes)
    return [other for other in others if other != lane]


def moves(
    ways: Sequence[Way],
    avoided: Collection[str],
    backlogs: Mapping[str, Backlog],
    rates: Mapping[str, float | None],
    now: datetime,
) -> list[Move]:
    """Decide what changes lanes.

    Args:
        ways: of the municipalities that have more than one lane.
        avoided: lanes that are halted or down, or told to wait for long.
        backlogs: what is pending, by lane.
        rates: deliveries a second, by lane; None for no limit.
    """
    decided = []
    for origin, backlog in backlogs.items():
        senders = [way for way in ways if origin in way.lanes]
        late = _too_late(backlog, rates.get(origin), now)
        if not senders or not (origin in avoided or late):
            continue
        by_target: dict[str, list[str]] = {}
        for way in senders:
            target = next((lane for lane in way.lanes if lane not in avoided and lane != origin), None)
            # A lane that is merely slow shares only with one that has nothing to do itself.
            if target is not None and (origin in avoided or target not in backlogs):
                by_target.setdefault(target, []).append(way.municipality)
        most = None if origin in avoided else late
        decided += [Move(origin, to, tuple(names), most) for to, names in by_target.items()]
    return decided


def _is_avoided(lane: LaneState, now: datetime) -> bool:
    """Whether a lane has just failed, or was just told to wait for long."""
    failed = lane.down_since is not None and now - lane.down_since < DOWN_FOR
    told = lane.throttled_since is not None and now - lane.throttled_since < DOWN_FOR
    return failed or (told and lane.is_throttled(now))


def _too_late(backlog: Backlog, rate: float | None, now: datetime) -> int:
    """How many deliveries cannot go out before they expire, at the lane's rate."""
    if rate is None:
        return 0
    left = max(0.0, (backlog.expires - now).total_seconds())
    return max(0, backlog.count - int(rate * left * SURE))


class Failover:
    """Carries the moves out."""

    def __init__(
        self, database: Database, ledger: Ledger, ways: Sequence[Way], rates: Mapping[str, float | None]
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._ways = [way for way in ways if len(way.lanes) > 1]
        self._rates = rates

    async def look(self, now: datetime) -> list[tuple[Move, int]]:
        """Move what has to; returns the moves with how many deliveries took them.

        Raises:
            StoreError: when the database cannot be used.
        """
        if not self._ways:
            return []
        concerned = {lane for way in self._ways for lane in way.lanes}
        backlogs = await self._ledger.backlogs(concerned)
        if not backlogs:
            return []
        avoided = {lane.name for lane in await lanes.states(self._database) if _is_avoided(lane, now)}
        done = []
        for move in moves(self._ways, avoided, backlogs, self._rates, now):
            moved = await self._ledger.reroute(move.origin, move.to, move.municipalities, move.most, now)
            if moved:
                done.append((move, moved))
        return done
