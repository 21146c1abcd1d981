"""Looking up what a provider took, where it lists that: which of the things on the list are the parcels in doubt.

No provider can be asked for a parcel by our own key. What they list is told apart by target, text and time.
"""

import asyncio
import unicodedata
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from yarl import URL

from channels.contract import Doubt, Finding, Matches, Unclear
from channels.wire import LONGEST_LISTING, Answer, Failure, Response, Wire

FEW = 20
"""Targets that are asked for one by one: more of them, and to go through the whole list takes fewer requests."""

AT_ONCE = 5
"""Most requests in flight: a look-up never crowds out what is being sent."""

MOST_PAGES = 100
"""Most requests of one look-up."""

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
        get: asks for a page.
        first: what to ask for the first page with.
        target: name of the parameter that keeps the list to one target; None where it has no other anyway.
        read: reads a successful answer to a query; raises ValueError if it is no page of the provider's.
        failure: says what any other answer means.
    """

    get: Callable[[Mapping[str, str]], Awaitable[Answer]]
    first: Mapping[str, str]
    target: str | None
    read: Callable[[Response, Mapping[str, str]], Page]
    failure: Callable[[Response], Failure]

    def query(self, target: str | None) -> Mapping[str, str]:
        """Return what to ask for the first page with: of one target, or of all where that is None."""
        return self.first if target is None or self.target is None else {**self.first, self.target: target}


def by_get(wire: Wire, url: URL) -> Callable[[Mapping[str, str]], Awaitable[Answer]]:
    """Return how a list is asked for that stands at an address."""

    async def get(query: Mapping[str, str]) -> Answer:
        return await wire.request("GET", url.with_query(query), longest=LONGEST_LISTING)

    return get


async def look_up(
    listing: Listing, doubts: Sequence[Doubt], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Mapping[str, Finding]:
    """Find the parcels on the list, and say by their keys what was found.

    Args:
        now: the clock by which the doubts arose.
    """
    search = _Search(listing, doubts, now)
    targets = {doubt.parcel.target for doubt in doubts}
    scopes: Sequence[str | None] = sorted(targets) if len(targets) <= FEW else [None]
    waiting = iter(scopes)

    async def work() -> None:
        for scope in waiting:
            if not await search.go_through(scope):
                break

    async with asyncio.TaskGroup() as group:
        for _ in scopes[:AT_ONCE]:
            group.create_task(work())
    return {doubt.parcel.key: search.finding(doubt) for doubt in doubts}


class _Search:
    """What is looked for, and what was found so far."""

    def __init__(self, listing: Listing, doubts: Sequence[Doubt], now: Callable[[], datetime]) -> None:
        self._listing = listing
        self._now = now
        self._wanted: defaultdict[str, list[Doubt]] = defaultdict(list)
        for doubt in doubts:
            self._wanted[doubt.parcel.target].append(doubt)
        self._found: defaultdict[str, list[str]] = defaultdict(list)  # remote ids by key, newest first
        self._complete: set[str | None] = set()
        self._trouble = Unclear("not looked for")
        self._pages_left = MOST_PAGES
        self._ahead = timedelta(0)  # how far the provider's clock is ahead of ours

    def finding(self, doubt: Doubt) -> Finding:
        """Say what was found for a doubt."""
        found = self._found[doubt.parcel.key]
        if found or self._complete & {doubt.parcel.target, None}:
            return Matches(tuple(reversed(found)))
        return self._trouble

    async def go_through(self, scope: str | None) -> bool:
        """Note what is listed of one target, or of all, as far back as a match can be. Tells whether that worked."""
        targets = self._wanted if scope is None else [scope]
        since = min(doubt.since for target in targets for doubt in self._wanted[target])
        query: Mapping[str, str] | None = self._listing.query(scope)
        while query is not None:
            page = await self._ask(query)
            if isinstance(page, Unclear):
                self._trouble = page
                return False
            for taken in page.taken:
                self._note(taken)
            # Twilio's order is only nearly that of time, so one thing that is too old does not end the list.
            past = page.taken and not any(self._in_time(taken, since) for taken in page.taken)
            query = None if past else page.following
        self._complete.add(scope)
        return True

    async def _ask(self, query: Mapping[str, str]) -> Page | Unclear:
        if not self._pages_left:
            return Unclear(f"the provider took too much since then: {MOST_PAGES} pages were looked through")
        self._pages_left -= 1
        answer = await self._listing.get(query)
        if not isinstance(answer, Response):
            return Unclear(answer.reason)
        if answer.ok:
            self._ahead = (answer.date() or self._now()) - self._now()
            with suppress(ValueError):
                return self._listing.read(answer, query)
        return Unclear(self._listing.failure(answer).reason)

    def _note(self, taken: Taken) -> None:
        for doubt in self._wanted.get(taken.target, ()):
            found = self._found[doubt.parcel.key]
            same = taken.text is None or gist(taken.text) == gist(doubt.parcel.rendition.text)
            if same and self._in_time(taken, doubt.since) and taken.remote_id not in found:
                found.append(taken.remote_id)

    def _in_time(self, taken: Taken, since: datetime) -> bool:
        return taken.at >= since + self._ahead - TOLERANCE


@lru_cache(maxsize=256)
def gist(text: str) -> str:
    """Return what of a text no provider changes: its letters and digits.

    They trim spaces and line ends, and Twilio may be set to replace quotes and dashes ("Smart Encoding").
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))
