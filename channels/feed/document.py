"""A feed as bytes, RSS, Atom or JSON: always the same for the same, so that readers are told of real changes only.

Identity, dates and links follow RFC 4287 (Atom), RFC 4151 (``tag:`` addresses), the RSS 2.0 specification and JSON Feed
1.1 (https://www.jsonfeed.org/version/1.1/); how a feed names its hub is that of WebSub (https://www.w3.org/TR/websub/).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from feedgen.ext.base import BaseEntryExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from channels.contract import Parcel, Showing
from channels.words import words
from channels.xml_text import xml_text
from messages.model import Kind, Municipality, Rendition

JOINT = "all"
"""Stands for a municipality in the name of the feed that all share."""

CAP = "cap"
"""Stands for a language in the name of a feed of alerts, ``borgholm/cap``."""

ENTRIES = 50
"""Most entries of a feed, so that it stays small on a mobile connection."""

NAMED_IN = 2026  # RFC 4151 wants the year in which a name was made; this one stands for the feeds, and never changes
NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)  # Atom requires a date, and a clock would change the bytes
_MINUTES_BETWEEN_LOOKS = 5


class Format(StrEnum):
    """How a feed is written; the value ends the file's name."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """The registered (Atom) or customary media type."""
        return "application/feed+json" if self is Format.JSON else f"application/{self.value}+xml"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a feed, one of its other formats or its hub is found."""

    href: str
    rel: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says about itself.

    Args:
        surface: its name: municipality and language, ``borgholm/sv``, or ``all/sv``.
        names: the municipalities' names by id, in the feed's language.
        pages: where each can be read, by id, in the feed's language: its public page, or its web site.
        author: who speaks where no municipality is named.
        authority: the domain name that its ids hang on; they stay the same wherever the feed moves.
        public_url: where ``serve`` is reached from outside, or None.
        hub: whom readers may ask to be told of changes at once (WebSub), if there is one.
    """

    surface: str
    language: str
    title: str
    description: str
    names: Mapping[str, str]
    pages: Mapping[str, str]
    author: str
    authority: str
    public_url: str | None
    hub: str | None

    @property
    def joint(self) -> bool:
        """Whether several municipalities share it."""
        return self.surface.startswith(f"{JOINT}/")

    @property
    def home(self) -> str:
        """The page that says the same: the municipality's, or that of all together."""
        own = self.pages.get(self.surface.partition("/")[0])
        return own or f"{self.public_url or 'https://' + self.authority}/"

    def page_of(self, showing: Showing) -> str | None:
        """Where an entry can be read on the page of its municipality, if that has one."""
        page = self.pages.get(showing.parcel.rendition.municipality)
        return page and f"{page}#{anchor(place(showing))}"

    def links(self, form: Format) -> Sequence[Link]:
        """What the feed says in a format about where it is."""
        return links(self.surface, form, self.public_url, self.hub)


def links(surface: str, form: Format, public_url: str | None, hub: str | None) -> Sequence[Link]:
    """Where a feed in a format is found itself, its hub, and its other formats; nothing without an address."""
    if public_url is None:
        return ()
    address = f"{public_url}/feeds/{surface}"
    others = [] if surface.endswith(f"/{CAP}") else [other for other in Format if other is not form]
    return (
        Link(f"{address}.{form}", "self", form.media_type),
        *([Link(hub, "hub")] if hub else []),
        *(Link(f"{address}.{other}", "alternate", other.media_type) for other in others),
    )


def hubs_of_feeds(hubs: Mapping[str, str], sharing: Iterable[str]) -> Mapping[str, str]:
    """The hubs of municipalities as those of feeds: the joint feed has one where all that share it have the same."""
    different = {hubs.get(municipality) for municipality in sharing}
    common = different.pop() if len(different) == 1 else None
    return {**hubs, JOINT: common} if common else hubs


NO_HUBS: Mapping[str, str] = MappingProxyType({})


def describe(
    surface: str,
    municipalities: Mapping[str, Municipality],
    authority: str,
    public_url: str | None,
    hubs: Mapping[str, str] = NO_HUBS,
) -> Feed:
    """What the feed of that name says about itself.

    Args:
        hubs: those of the feeds that have one, by what their names begin with.
    """
    municipality, language = surface.split("/")
    own = words(language)
    names = {id_: name_in(municipality, language) for id_, municipality in municipalities.items()}
    joint = municipality == JOINT
    author = own.listed(tuple(names.values())) if joint else names.get(municipality, municipality)
    return Feed(
        surface=surface,
        language=language,
        title=own.joint_title if joint else own.title.format(name=author),
        description=own.description.format(name=author),
        names=names,
        pages={id_: page for id_, one in municipalities.items() if (page := page_in(one, language))},
        author=author,
        authority=authority,
        public_url=public_url,
        hub=hubs.get(municipality),
    )


def topics(surface: str) -> Sequence[str]:
    """The files that change with the feed of a municipality in a language: its own, those of all, and the alerts'."""
    municipality, language = surface.split("/")
    feeds = [f"{id_}/{language}.{form}" for id_ in (municipality, JOINT) for form in Format]
    return [*feeds, *(f"{id_}/{CAP}.{Format.ATOM}" for id_ in (municipality, JOINT))]


def place(showing: Showing) -> str:
    """Id of the message whose entry it is; a correction that has taken its place is another message."""
    return showing.slot.partition("/")[0]


def entry_id(authority: str, message: str, parcel: Parcel) -> str:
    """The name of an entry for ever (RFC 4151), the same in all formats and in the joint feed.

    Args:
        message: the one whose entry it is, though another may stand there now.
    """
    rendition = parcel.rendition
    return f"tag:{authority},{parcel.issued.year}:{message}/{rendition.municipality}/{rendition.language}"


def withdrawn(rendition: Rendition) -> Rendition:
    """What stands in place of a message that no longer applies: readers that kept it are told, and its text is gone."""
    own = words(rendition.language)
    mark, title = own.withdrawn_mark, rendition.title
    return replace(rendition, title=title if title.startswith(mark) else f"{mark} {title}", text=own.withdrawn_text)


def is_withdrawn(rendition: Rendition) -> bool:
    """Whether it stands in place of a message that no longer applies."""
    return rendition == withdrawn(rendition)


def render_feed(feed: Feed, showings: Sequence[Showing], form: Format) -> bytes:
    """Write the feed, newest first.

    feedgen switches the locale of the whole process while it writes a date, so this stays on one thread.

    Args:
        showings: newest ``issued`` first, as ``Surfaces.showing`` has them; what is beyond ``ENTRIES`` is left out.

    Raises:
        ValueError: a time without a zone.
    """
    shown = showings[:ENTRIES]
    if form is Format.JSON:
        return _json(feed, shown)
    document = outline(feed, form)
    document.updated(_seconds(max((showing.updated for showing in shown), default=NOTHING_YET)))
    for showing in shown:
        _add_entry(document, feed, showing)
    written: bytes = document.atom_str() if form is Format.ATOM else document.rss_str()
    return written


def outline(feed: Feed, form: Format) -> FeedGenerator:
    """Begin a feed in XML: everything but its entries, and when it was last changed."""
    document = FeedGenerator()
    document.id(f"tag:{feed.authority},{NAMED_IN}:feeds/{feed.surface}")
    document.title(xml_text(feed.title))
    document.subtitle(xml_text(feed.description))
    document.description(xml_text(feed.description))
    document.language(feed.language)
    document.author(name=xml_text(feed.author))
    document.generator("municipal-broadcaster")
    document.ttl(_MINUTES_BETWEEN_LOOKS)
    if form is Format.RSS:
        document.register_extension("links", lambda: WholeLinks(feed.links(form)))
    else:
        for link in feed.links(form):
            document.link(**_attributes(link))
    # feedgen takes the last link as RSS's <link>, whatever its rel: this one stays last
    document.link(href=feed.home, rel="alternate", type="text/html")
    return document


class WholeLinks(BaseEntryExtension):  # type: ignore[misc] # feedgen has no types
    """Links in RSS, of which feedgen itself writes one, and in entries, of which it writes the address only."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = links

    def extend_rss(self, feed: Any) -> Any:  # noqa: ANN401 - an element of lxml, as feedgen hands it over
        """Add them to the channel of a feed."""
        for link in self._links:
            etree.SubElement(feed[0], "{http://www.w3.org/2005/Atom}link", _attributes(link))
        return feed

    def extend_atom(self, element: Any) -> Any:  # noqa: ANN401 - an element of lxml, as feedgen hands it over
        """Add them to an entry."""
        for link in self._links:
            etree.SubElement(element, "link", _attributes(link))  # as feedgen writes them: in the feed's own namespace
        return element


def _attributes(link: Link) -> dict[str, str]:
    return {name: value for name, value in asdict(link).items() if value is not None}


def _json(feed: Feed, showings: Sequence[Showing]) -> bytes:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": next((link.href for link in feed.links(Format.JSON) if link.rel == "self"), None),
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": feed.author}],
        "hubs": [{"type": "WebSub", "url": link.href} for link in feed.links(Format.JSON) if link.rel == "hub"],
        "items": [_item(feed, showing) for showing in showings],
    }
    said = {key: value for key, value in document.items() if value or key == "items"}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _item(feed: Feed, showing: Showing) -> dict[str, object]:
    parcel = showing.parcel
    return {
        "id": entry_id(feed.authority, place(showing), parcel),
        **({"url": page} if (page := feed.page_of(showing)) else {}),
        "title": _title(feed, parcel.rendition),
        "content_html": xml_text(parcel.rendition.text),
        "date_published": _seconds(parcel.issued).isoformat(),
        "date_modified": _seconds(showing.updated).isoformat(),
        "authors": [{"name": _author(feed, parcel.rendition)}],
        "tags": [label for _, _, label in _categories(feed, showing)],
        "language": parcel.rendition.language,
    }


def _add_entry(document: FeedGenerator, feed: Feed, showing: Showing) -> None:
    parcel = showing.parcel
    rendition = parcel.rendition
    entry = document.add_entry(order="append")
    entry.id(entry_id(feed.authority, place(showing), parcel))
    entry.title(_title(feed, rendition))
    if page := feed.page_of(showing):
        entry.link(href=page, rel="alternate", type="text/html")
    entry.author(name=_author(feed, rendition))
    entry.content(xml_text(rendition.text), type="html")
    entry.published(_seconds(parcel.issued))
    entry.updated(_seconds(showing.updated))
    for scheme, term, label in _categories(feed, showing):
        entry.category(term=term, scheme=f"tag:{feed.authority},{NAMED_IN}:{scheme}", label=label)


def _author(feed: Feed, rendition: Rendition) -> str:
    return xml_text(feed.names.get(rendition.municipality, rendition.municipality))


def _title(feed: Feed, rendition: Rendition) -> str:
    author = _author(feed, rendition)
    title = xml_text(rendition.title) or author
    return f"{author}: {title}" if feed.joint else title


def _categories(feed: Feed, showing: Showing) -> Sequence[tuple[str, str, str]]:
    """What is shown there, as scheme, term and label; that of a correction is also what it corrects."""
    own, parcel = words(feed.language), showing.parcel
    kinds = [parcel.kind] if parcel.message == place(showing) else [parcel.kind, Kind.CORRECTION]
    return (
        ("severity", parcel.severity.value, own.severities[parcel.severity]),
        *(("kind", kind.value, own.kinds[kind]) for kind in dict.fromkeys(kinds)),
    )


def name_in(municipality: Municipality, language: str) -> str:
    """A municipality's name in a language."""
    return municipality.translations.get(language, {}).get("name") or municipality.variables["name"]


def page_in(municipality: Municipality, language: str) -> str:
    """Where a municipality's messages can be read in a language; empty if that is nowhere."""
    own = municipality.translations.get(language, {})
    address = own.get("page") or municipality.variables.get("page", "")
    return address if not address or "://" in address else f"https://{address}"


def anchor(message: str) -> str:
    """Where a message stands on its municipality's page."""
    return f"m-{message}"


def _seconds(time: datetime) -> datetime:
    """A time as RSS and HTTP know it."""
    return time.replace(microsecond=0)
