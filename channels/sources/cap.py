"""CAP alerts (OASIS, versions 1.1 and 1.2) at an address: one, several, or a feed of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lxml import etree

from channels.sources.alert import is_for_all, items_of
from channels.sources.feed import Feed, document_of, feed_of
from channels.sources.parsing import MOST_ITEMS, Parsed, SourceError, read_each
from channels.sources.xml_document import name_of, xml_document

MOST_DOCUMENTS: Final = 50
"""Alerts that are fetched of one feed; it holds those in force, which are never many at once."""

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1."
_SEVERAL = frozenset({"info", "area", "geocode", "polygon", "circle", "responseType"})


def parse(body: bytes, url: str) -> Parsed:
    """Read the alerts that stand in a document, alone or in the entries of a feed; a feed of links has none itself.

    Raises:
        SourceError: it is neither.
    """
    document = xml_document(body)
    found = _alerts(document.root)
    if not found:
        _feed_of(document.root, url)
    alerts = [alert for alert in map(_entries, found) if is_for_all(alert)]
    return read_each(alerts, items_of, document.untidy)


def more(body: bytes, url: str) -> Sequence[str]:
    """The addresses of the alerts that a feed leads to, in its order; none for an alert.

    Raises:
        SourceError: it is neither.
    """
    root = xml_document(body).root
    if name_of(root) == "alert":
        return ()
    feed = _feed_of(root, url)
    addresses = (document_of(feed, entry) for entry in feed.entries[:MOST_ITEMS] if not _alerts(entry))
    return tuple(dict.fromkeys(filter(None, addresses)))[:MOST_DOCUMENTS]


def _feed_of(root: etree._Element, url: str) -> Feed:
    try:
        return feed_of(root, url)
    except SourceError:
        raise SourceError(f"it is XML ({name_of(root)[:30]}), but neither a CAP alert nor a feed of them") from None


def _alerts(element: etree._Element) -> Sequence[etree._Element]:
    """The alerts that stand in an element, or that it is."""
    return [one for one in element.iter("{*}alert") if one.tag.startswith(f"{{{_NAMESPACE}")]


def _entries(element: etree._Element) -> Mapping[str, Any]:
    """An element as JSON would have it, without what is not of CAP; of what may stand there once, the first counts."""
    found: dict[str, Any] = {}
    for child in element.iterchildren(f"{element.tag.rpartition('}')[0]}}}*"):
        value = _entries(child) if len(child) else child.text
        if name_of(child) in _SEVERAL:
            found.setdefault(name_of(child), []).append(value)
        else:
            found.setdefault(name_of(child), value)
    return found
