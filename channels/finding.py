"""Looking up what a provider took, where it lists that: which of the things on the list are the parcels in doubt.

No provider can be asked for a parcel by our own key. What they list is told apart by target, text and time.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from yarl import URL

from channels.contract import Doubt, Finding, Matches, Parcel, Unclear
from channels.identity import same_text
from channels.wire import LONGEST_LISTING, Failure, Response, Silence, Wire

FEW = 20
"""Targets that are asked for one by one: more of them, and to go through the whole list takes fewer requests."""

AT_ONCE = 5
"""Most requests in flight: a look-up never crowds out what is being sent."""

MOST_PAGES = 100
"""Most requests of one look-up. The whole list gets fewer, so that some targets can still be asked for one by one."""

TRIAL = 40
"""Pages of the whole list after which it shows whether the rest would be too much."""

TOLERANCE = timedelta(seconds=5)
"""How much older than a doubt its match may seem to be: times are cut to whole seconds, and clocks are never equal."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that a provider took.

    Args:
        text: None where the provider does not tell it: it may then be any.
        at: when it was taken, by the provider's clock.
    """

    remote_id: str
    target: str
    text: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a list, newest first.

    Args:
        following: what to ask for the next page with; None if this is the last.
    """

    taken: Sequence[Taken]
    following: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A provider's list of what it took.

    Args:
        get: asks for a page, and has the answer read.
        first: what to ask for the first page with.
        target: name of the parameter that keeps the list to one target; None where it has no other anyway.
        read: reads a successful answer to a query; raises ValueError if it is no page of the provider's.
        failure: says what any other answer means.
    """

    get: "Get"
    first: Mapping[str, str]
    target: str | None
    read: Callable[[Response, Mapping[str, str]], Page]
    failure: Callable[[Response], Failure]

    def query(self, target: str | None) -> Mapping[str, str]:
        """Return what to ask for the first page with: of one target, or of all where that is None."""
        return self.first if target is None or self.target is None else {**self.first, self.target: target}

    def page(self, answer: Response, query: Mapping[str, str]) -> Page | Unclear:
        """Read an answer to a query. A list of one target that has another's on it is the answer to something else."""
        if answer.ok:
            with suppress(ValueError):
                page = self.read(answer, query)
                wanted = query.get(self.target or "")
                if wanted is None or all(taken.target == wanted for taken in page.taken):
                    return page
        return Unclear(self.failure(answer).reason)


Read = Callable[[Response], Page | Unclear]
Get = Callable[[Mapping[str, str], Read], Awaitable[Page | Unclear | Silence]]


def by_get(wire: Wire, url: URL) -> Get:
    """Return how a list is asked for that stands at an address."""

    async def get(query: Mapping[str, str], read: Read) -> Page | Unclear | Silence:
        return await wire.ask("GET", url.with_query(query), read, longest=LONGEST_LISTING)

    return get


async def look_up(
    listing: Listing, doubts: Sequence[Doubt], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Mapping[str, Finding]:
    """Find the parcels on the list, and say by their keys what was found.

    Many targets are looked for among all that is listed. Where that is too much, they are asked for one by one, those
    longest in doubt first, as far as the requests go; the others stay unclear.

    Args:
        now: the clock by which the doubts arose.
    """
    search = _Search(listing, doubts, now)
    if listing.target is None or len(search.open_targets()) > FEW:
        await search.go_through_all()
    targets = [] if listing.target is None or search.in_trouble else search.open_targets()
    waiting = iter(targets)

    async def work() -> None:
        for target in waiting:
            if not await search.go_through(target):
                break

    async with asyncio.TaskGroup() as group:
        for _ in targets[:AT_ONCE]:
            group.create_task(work())
    return {doubt.parcel.key: search.finding(doubt) for doubt in doubts}


class _Search:
    """What is looked for, and what was found so far.

    Attributes:
        in_trouble: the provider does not answer as it should, so that there is no use in going on.
    """

    def __init__(self, listing: Listing, doubts: Sequence[Doubt], now: Callable[[], datetime]) -> None:
        self.in_trouble = False
        self._listing = listing
        self._now = now
        self._wanted: defaultdict[str, list[Doubt]] = defaultdict(list)
        for doubt in sorted(doubts, key=lambda doubt: doubt.since):
            self._wanted[doubt.parcel.target].append(doubt)
        self._found: defaultdict[str, list[str]] = defaultdict(list)  # remote ids by key, newest first
        self._complete: set[str] = set()  # keys of which everything is known
        self._unclear = Unclear(f"the provider took too much since then: {MOST_PAGES} requests were not enough")
        self._requests_left = MOST_PAGES
        self._ahead = timedelta(0)  # how far the provider's clock is ahead of ours

    def open_targets(self) -> list[str]:
        """Return the targets of which not everything is known, those longest in doubt first."""
        return [target for target, doubts in self._wanted.items() if self._open(doubts)]

    def finding(self, doubt: Doubt) -> Finding:
        """Say what was found for a doubt."""
        found = self._found[doubt.parcel.key]
        if found or doubt.parcel.key in self._complete:
            return Matches(tuple(reversed(found)))
        return self._unclear

    async def go_through(self, target: str) -> bool:
        """Note what is listed of a target, as far back as a match can be. Tells whether that worked."""
        doubts = self._wanted[target]
        query: Mapping[str, str] | None = self._listing.query(target)
        while query is not None and self._open(doubts):
            page = await self._read(query, doubts)
            if page is None:
                return False
            query = page.following
        return True

    async def go_through_all(self) -> None:
        """Note what is listed, as far back as a match can be, or until that is seen to be too much."""
        doubts = [doubt for of_target in self._wanted.values() for doubt in of_target]
        most = MOST_PAGES if self._listing.target is None else MOST_PAGES - FEW
        query: Mapping[str, str] | None = self._listing.query(None)
        times: list[datetime] = []
        while query is not None and self._open(doubts) and self._is_in_reach(doubts, times, most):
            page = await self._read(query, doubts)
            if page is None:
                return
            query = page.following
            listed = [*times, *(taken.at for taken in page.taken)]
            times = [min(listed), max(listed)] if listed else []

    def _is_in_reach(self, doubts: Sequence[Doubt], times: Sequence[datetime], most: int) -> bool:
        """Tell whether so many pages will do.

        Args:
            times: of the oldest and the newest thing on those that were read.
        """
        pages = MOST_PAGES - self._requests_left
        if pages < TRIAL or not times or self._listing.target is None:
            return pages < most
        oldest, newest = times
        whole = newest - self._earliest(min(doubt.since for doubt in self._open(doubts)))
        return pages < most and whole * pages <= (newest - oldest) * most

    async def _read(self, query: Mapping[str, str], doubts: Sequence[Doubt]) -> Page | None:
        """Read a page; note what is on it, and of which doubts there can be nothing further down. None if none came."""
        if not self._requests_left:
            return None
        self._requests_left -= 1
        page = await self._ask(query)
        if isinstance(page, Unclear):
            self._unclear, self.in_trouble = page, True
            return None
        for taken in page.taken:
            self._note(taken)
        # Twilio's order is only nearly that of time, so one thing that is too old does not end the list.
        past = max((taken.at for taken in page.taken), default=None)
        self._complete |= {
            doubt.parcel.key
            for doubt in doubts
            if page.following is None or (past is not None and past < self._earliest(doubt.since))
        }
        return page

    async def _ask(self, query: Mapping[str, str]) -> Page | Unclear:
        def read(answer: Response) -> Page | Unclear:
            page = self._listing.page(answer, query)
            if isinstance(page, Page):
                self._ahead = clock_ahead(answer, self._now())
            return page

        page = await self._listing.get(query, read)
        return page if isinstance(page, Page | Unclear) else Unclear(page.reason)

    def _note(self, taken: Taken) -> None:
        for doubt in self._wanted.get(taken.target, ()):
            found = self._found[doubt.parcel.key]
            if is_of(taken, doubt.parcel) and taken.at >= self._earliest(doubt.since) and taken.remote_id not in found:
                found.append(taken.remote_id)

    def _earliest(self, since: datetime) -> datetime:
        return earliest(since, self._ahead)

    def _open(self, doubts: Sequence[Doubt]) -> list[Doubt]:
        return [doubt for doubt in doubts if doubt.parcel.key not in self._complete]


def is_of(taken: Taken, parcel: Parcel) -> bool:
    """Tell whether something that was taken is the parcel, as far as its target and text can tell."""
    same = taken.text is None or same_text(taken.text, parcel.rendition.text)
    return taken.target == parcel.target and same


def clock_ahead(answer: Response, now: datetime) -> timedelta:
    """Return how far the provider's clock is ahead of ours; nothing if its answer does not tell the time."""
    return (answer.date() or now) - now


def earliest(since: datetime, ahead: timedelta) -> datetime:
    """Return when, by a clock that is ahead of ours, something can have been taken that we did since then."""
    return since + ahead - TOLERANCE
