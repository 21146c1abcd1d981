"""What residents see at this moment: phones and pages from the records, feeds and phone lines by asking them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import aiohttp

from channels.sandbox.calls import Telephone
from channels.sandbox.feeds import Feed, FeedError, read_feed
from channels.sandbox.heard import CallError, Heard
from channels.sandbox.records import Post, Records, Text, Written

_CALLER = "+46701740605"


@dataclass(frozen=True, slots=True)
class ShownFeed:
    """A feed, or why there is none."""

    url: str
    feed: Feed | FeedError


@dataclass(frozen=True, slots=True)
class ShownLine:
    """What a phone line says at once and after each key that it offers, or why it says nothing."""

    number: str
    heard: Heard | CallError
    after: Mapping[str, Heard]


@dataclass(frozen=True, slots=True)
class View:
    """All that the page shows.

    Args:
        phones: the numbers on which something happened last, the latest first, with all they got and wrote, oldest
            first.
        phone_count: how many numbers got or wrote a text.
        pages: each page's posts, newest first.
    """

    phones: Sequence[tuple[str, Sequence[Text | Written]]]
    phone_count: int
    text_count: int
    pages: Mapping[str, Sequence[Post]]
    feeds: Sequence[ShownFeed]
    lines: Sequence[ShownLine]


async def look(
    records: Records,
    http: aiohttp.ClientSession,
    feeds: Sequence[str],
    telephone: Telephone,
    *,
    most_phones: int,
) -> View:
    """Look at everything at once. What does not answer is shown as such."""
    shown_feeds, shown_lines = await asyncio.gather(
        asyncio.gather(*(_feed(http, url) for url in feeds)),
        asyncio.gather(*(_line(telephone, number) for number in telephone.numbers)),
    )
    pages: dict[str, list[Post]] = {}
    for post in reversed(records.posts):
        pages.setdefault(post.page, []).append(post)
    return View(
        phones=list(islice(reversed(records.phones.items()), most_phones)),
        phone_count=len(records.phones),
        text_count=len(records.texts),
        pages=dict(sorted(pages.items())),
        feeds=shown_feeds,
        lines=shown_lines,
    )


async def _feed(http: aiohttp.ClientSession, url: str) -> ShownFeed:
    try:
        return ShownFeed(url, await read_feed(http, url))
    except FeedError as error:
        return ShownFeed(url, error)


async def _line(telephone: Telephone, number: str) -> ShownLine:
    try:
        heard = (await telephone.dial(number, _CALLER)).heard
        after = {}
        for key in heard.keys:
            call = await telephone.dial(number, _CALLER)
            await call.press(key)
            after[key] = call.heard
    except CallError as error:
        return ShownLine(number, error, {})
    return ShownLine(number, heard, after)
