"""A feed as bytes, RSS 2.0 or Atom: always the same for the same, so that readers are told of real changes only.

Identity, dates and links follow RFC 4287 (Atom), RFC 4151 (``tag:`` addresses) and the RSS 2.0 specification.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from feedgen.feed import FeedGenerator

from channels.contract import Parcel, Showing
from channels.feed.words import words
from channels.xml_text import xml_text
from messages.model import Municipality, Rendition

JOINT = "all"
"""Stands for a municipality in the name of the feed that all share."""

ENTRIES = 50
"""Most entries of a feed, so that it stays small on a mobile connection."""

_NAMED_IN = 2026  # RFC 4151 wants the year in which a name was made; this one stands for the feeds, and never changes
_NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)  # Atom requires a date, and a clock would change the bytes
_MINUTES_BETWEEN_LOOKS = 5


class Format(StrEnum):
    """How a feed is written; the value ends the file's name."""

    RSS = "rss"
    ATOM = "atom"

    @property
    def media_type(self) -> str:
        """The registered (Atom) or customary (RSS) media type."""
        return f"application/{self.value}+xml"


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says about itself.

    Args:
        surface: its name: municipality and language, ``borgholm/sv``, or ``all/sv``.
        names: the municipalities' names by id, in the feed's language.
        author: who speaks where no municipality is named.
        authority: the domain name that its ids hang on; they stay the same wherever the feed moves.
        public_url: where ``serve`` is reached from outside, or None.
    """

    surface: str
    language: str
    title: str
    description: str
    names: Mapping[str, str]
    author: str
    authority: str
    public_url: str | None

    @property
    def joint(self) -> bool:
        """Whether several municipalities share it."""
        return self.surface.startswith(f"{JOINT}/")


def describe(surface: str, municipalities: Mapping[str, Municipality], authority: str, public_url: str | None) -> Feed:
    """What the feed of that name says about itself."""
    municipality, language = surface.split("/")
    own = words(language)
    names = {id_: _name(municipality, language) for id_, municipality in municipalities.items()}
    joint = municipality == JOINT
    author = own.listed(tuple(names.values())) if joint else names.get(municipality, municipality)
    return Feed(
        surface=surface,
        language=language,
        title=own.joint_title if joint else own.title.format(name=author),
        description=own.description.format(name=author),
        names=names,
        author=author,
        authority=authority,
        public_url=public_url,
    )


def entry_id(authority: str, parcel: Parcel) -> str:
    """The name of an entry for ever (RFC 4151), the same in both formats and in the joint feed."""
    rendition = parcel.rendition
    return f"tag:{authority},{parcel.issued.year}:{parcel.message}/{rendition.municipality}/{rendition.language}"


def withdrawn(rendition: Rendition) -> Rendition:
    """What stands in place of a message that no longer applies: readers that kept it are told, and its text is gone."""
    own = words(rendition.language)
    mark, title = own.withdrawn_mark, rendition.title
    return replace(rendition, title=title if title.startswith(mark) else f"{mark} {title}", text=own.withdrawn_text)


def render_feed(feed: Feed, showings: Sequence[Showing], form: Format) -> bytes:
    """Write the feed, newest first.

    feedgen switches the locale of the whole process while it writes a date, so this stays on one thread.

    Args:
        showings: newest ``issued`` first, as ``Surfaces.showing`` has them; what is beyond ``ENTRIES`` is left out.

    Raises:
        ValueError: a time without a zone.
    """
    shown = showings[:ENTRIES]
    document = FeedGenerator()
    document.id(f"tag:{feed.authority},{_NAMED_IN}:feeds/{feed.surface}")
    document.title(xml_text(feed.title))
    document.subtitle(xml_text(feed.description))
    document.description(xml_text(feed.description))
    document.language(feed.language)
    document.author(name=xml_text(feed.author))
    document.generator("municipal-broadcaster")
    document.ttl(_MINUTES_BETWEEN_LOOKS)
    document.updated(_seconds(max((showing.updated for showing in shown), default=_NOTHING_YET)))
    if feed.public_url is not None:
        document.link(href=f"{feed.public_url}/feeds/{feed.surface}.{form}", rel="self", type=form.media_type)
    # feedgen takes the last link as RSS's <link>, whatever its rel: this one stays last
    document.link(href=f"{feed.public_url or 'https://' + feed.authority}/", rel="alternate", type="text/html")
    for showing in shown:
        _add_entry(document, feed, showing)
    written: bytes = document.atom_str() if form is Format.ATOM else document.rss_str()
    return written


def _add_entry(document: FeedGenerator, feed: Feed, showing: Showing) -> None:
    parcel, own = showing.parcel, words(feed.language)
    rendition = parcel.rendition
    author = xml_text(feed.names.get(rendition.municipality, rendition.municipality))
    title = xml_text(rendition.title) or author
    entry = document.add_entry(order="append")
    entry.id(entry_id(feed.authority, parcel))
    entry.title(f"{author}: {title}" if feed.joint else title)
    entry.author(name=author)
    entry.content(xml_text(rendition.text), type="html")
    entry.published(_seconds(parcel.issued))
    entry.updated(_seconds(showing.updated))
    for scheme, term, label in (
        ("severity", parcel.severity, own.severities[parcel.severity]),
        ("kind", parcel.kind, own.kinds[parcel.kind]),
    ):
        entry.category(term=str(term), scheme=f"tag:{feed.authority},{_NAMED_IN}:{scheme}", label=label)


def _name(municipality: Municipality, language: str) -> str:
    return municipality.translations.get(language, {}).get("name") or municipality.variables["name"]


def _seconds(time: datetime) -> datetime:
    """A time as RSS and HTTP know it."""
    return time.replace(microsecond=0)
