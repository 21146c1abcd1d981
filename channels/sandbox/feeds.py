"""Reads a feed, RSS 2.0 or Atom, as a resident's feed reader would."""

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

import aiohttp

from channels.sandbox.xml import NotXmlError, parse

_PATIENCE = aiohttp.ClientTimeout(total=5)
_ATOM = "{http://www.w3.org/2005/Atom}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


class FeedError(Exception):
    """There is no feed at the address; says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, its text without markup."""

    title: str
    text: str
    updated: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as readers show it."""

    title: str
    entries: tuple[Entry, ...]


async def read_feed(http: aiohttp.ClientSession, url: str) -> Feed:
    """Fetch a feed.

    Raises:
        FeedError: it does not answer, or not with a feed.
    """
    try:
        async with http.get(url, timeout=_PATIENCE) as answer:
            document = await answer.read()
    except TimeoutError:
        raise FeedError(f"did not answer within {_PATIENCE.total} seconds") from None
    except (aiohttp.ClientError, ValueError):
        raise FeedError("cannot be reached: is serve running?") from None
    if answer.status != 200:
        raise FeedError(f"answered {answer.status} {answer.reason}")
    try:
        root = parse(document)
    except NotXmlError as error:
        raise FeedError(f"is not XML: {error}") from None
    if root.tag == f"{_ATOM}feed":
        return Feed(_text(root, f"{_ATOM}title"), tuple(_atom_entries(root)))
    channel = root.find("channel")
    if channel is None:
        raise FeedError("is neither RSS nor Atom")
    return Feed(_text(channel, "title"), tuple(_rss_entries(channel)))


def _atom_entries(feed: Element) -> Iterator[Entry]:
    for entry in feed.iter(f"{_ATOM}entry"):
        text = _text(entry, f"{_ATOM}content") or _text(entry, f"{_ATOM}summary")
        yield Entry(_text(entry, f"{_ATOM}title"), _plain(text), _text(entry, f"{_ATOM}updated"))


def _rss_entries(channel: Element) -> Iterator[Entry]:
    for item in channel.iter("item"):
        text = _text(item, _CONTENT) or _text(item, "description")
        yield Entry(_text(item, "title"), _plain(text), _text(item, "pubDate"))


def _text(element: Element, tag: str) -> str:
    child = element.find(tag)
    return "".join(child.itertext()).strip() if child is not None else ""


class _Plain(HTMLParser):
    """Collects the text of HTML, a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"p", "li", "br", "div", "h1", "h2", "h3", "h4"}:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(" ".join(data.split("\n")))


def _plain(html: str) -> str:
    reader = _Plain()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return "\n".join(line for line in lines if line)
