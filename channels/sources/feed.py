"""Feeds that anybody publishes: RSS 2.0 and 1.0 (RDF), and Atom 1.0 (RFC 4287).

Only elements of the feed's own namespace are title, text, id and date: ``media:title`` is that of a picture. Of others
those count that mean the very same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

from lxml import etree

from channels.sources.item import Action, Item, Wording
from channels.sources.parsing import (
    Parsed,
    SourceError,
    at_most_one,
    fingerprint,
    headline_of,
    language_of,
    read_each,
    status_said,
    time_of,
    web_address,
)
from channels.sources.plain_text import plain_text, words_of
from channels.sources.xml_document import name_of, own, text_in, xml_document
from channels.wire import internet_date
from messages.model import Severity

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_CAP = "application/cap+xml"
_ATOM = "{http://www.w3.org/2005/Atom}"
_DC, _DCTERMS = "{http://purl.org/dc/elements/1.1/}", "{http://purl.org/dc/terms/}"
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
_DATES = (f"{_ATOM}updated", f"{_DCTERMS}modified", f"{_ATOM}published", f"{_DC}date", f"{_DCTERMS}created")
_ODD = (("maj", "may"), ("okt", "oct"), (" cest", " +0200"), (" cet", " +0100"))  # not in English, or not in RFC 5322


@dataclass(frozen=True, slots=True)
class Link:
    """Where an entry leads to: the absolute address, and the media type that is said to be there."""

    address: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's own words, and its entries.

    Args:
        title: its name, or else the host it is at.
        changed: when it was last changed, for entries that do not say when they were written.
    """

    title: str
    language: str
    changed: datetime | None
    entries: Sequence[etree._Element]
    url: str

    def links(self, entry: etree._Element) -> Sequence[Link]:
        """Where an entry leads to, in its order: RSS has addresses as text, Atom as attributes."""
        found: dict[Link, None] = {}
        for link in (*own(entry, "link"), *entry.iterchildren(f"{_ATOM}link"), *own(entry, "enclosure")):
            if link.get("rel", "alternate") in {"alternate", "enclosure"}:
                address = link.get("href") or link.get("url") or (link.text or "").strip()
                base = _joined(self.url, link.base) if link.base else self.url
                found[Link(_joined(base, address), link.get("type", ""))] = None
        return [link for link in found if link.address]


def parse(body: bytes, url: str) -> Parsed:
    """Read a feed. An entry is known by its id, else by its link; and it is a new version when its words change.

    A feed does not say how bad things are or where: its entries are information, for nowhere in particular.

    Raises:
        SourceError: it is none.
    """
    document = xml_document(body)
    feed = feed_of(document.root, url)
    return read_each(feed.entries, lambda entry: at_most_one(_item(feed, entry)), document.untidy)


def feed_of(root: etree._Element, url: str) -> Feed:
    """Read what a feed says of itself.

    Raises:
        SourceError: it is none.
    """
    channel = next((child for child in root if name_of(child) == "channel"), None)
    if name_of(root) == "feed":
        entries, top = own(root, "entry"), root
    elif name_of(root) == "rss" and channel is not None:
        entries, top = own(channel, "item"), channel
    elif name_of(root) == "RDF" and channel is not None:
        entries, top = [child for child in root if name_of(child) == "item"], channel
    else:
        raise SourceError(f"it is XML ({name_of(root)[:30]}), but neither RSS nor Atom")
    return Feed(
        title=" ".join(plain_text(text_in(top, "title")).split()) or urlsplit(url).hostname or "",
        language=language_of(root.get(_LANGUAGE) or text_in(top, "language"), "sv"),
        changed=_when(top, "updated", "lastBuildDate", "pubDate"),
        entries=entries,
        url=url,
    )


def document_of(feed: Feed, entry: etree._Element) -> str:
    """The address of the alert that an entry of a feed of alerts leads to: the link that says so, else its first."""
    links = feed.links(entry)
    return next((link.address for link in links if link.type == _CAP), links[0].address if links else "")


def _item(feed: Feed, entry: etree._Element) -> Item | None:
    links = feed.links(entry)
    web = links[0].address if links else ""
    id_ = text_in(entry, "id", "guid") or (entry.get(_RDF_ABOUT) or "").strip() or web
    sent = _when(entry, "updated", "pubDate", "published") or feed.changed
    text = _text(entry)
    headline = " ".join(plain_text(text_in(entry, "title")).split()) or headline_of(text, "")
    if not id_ or sent is None or not headline:
        return None
    wording = Wording(language_of(entry.get(_LANGUAGE), feed.language), headline, text)
    return Item(
        id=id_,
        version=fingerprint(wording),
        action=Action.ALERT,
        status=status_said(headline),
        severity=Severity.INFORMATION,
        sent=sent,
        expires=None,
        areas=(),
        wordings=(wording,),
        web=web_address(web),
        source=feed.title,
    )


def _text(entry: etree._Element) -> str:
    """The entry's words, of the fullest that it has: HTML as text in RSS and mostly in Atom, XHTML as elements."""
    for body in (*entry.iterchildren(_ENCODED), *own(entry, "content", "description", "summary")):
        text = words_of(body) if len(body) else plain_text(body.text)
        if text:
            return text
    return ""


def _when(element: etree._Element, *names: str) -> datetime | None:
    """When an entry or a feed says that it is from, by the first of its own names or of those that mean the same."""
    said = (text_in(element, name) for name in names)
    also = ((child.text or "").strip() for name in _DATES for child in element.iterchildren(name))
    return next(filter(None, map(_time, (*said, *also))), None)


def _time(text: str) -> datetime | None:
    """A date as Atom has it (ISO 8601) or as RSS has it (RFC 5322), also with a blank too many or Swedish months."""
    plain = text.lower()
    for odd, right in _ODD:
        plain = plain.replace(odd, right)
    try:
        return time_of(re.sub(r"\s+(?=[-+]\d)", "", text)) or internet_date(plain).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address) if address else ""
    except ValueError:
        return ""
