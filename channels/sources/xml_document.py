"""XML that others wrote, read so that it can do nothing but be read."""

import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from channels.sources.mending import Mended, decoded, mended, whole_items
from channels.sources.parsing import SourceError, is_html, opening, text_of

_DOCTYPE: Final = re.compile(r"\A((?:\s+|<\?.*?\?>|<!--.*?-->)*)<!DOCTYPE([^\[>]*)(\[|>)", re.DOTALL)
_REFUSED: Final = "it has a document type (DOCTYPE) of its own, which may hide a bomb of entities: it is not read"
_BROKEN: Final = "it is something else or broken, not XML"


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """A document that was read.

    Args:
        untidy: what had to be mended for that, in a few words each; none if it is in order.
    """

    root: etree._Element
    untidy: tuple[str, ...]


def xml_document(body: bytes) -> XmlDocument:
    """Read a document, mended where it is untidy.

    A document type that declares something is refused before it is read: it is where entities come from, which grow
    without end or fetch files. One that only names a file is left out: that file is never fetched.

    Raises:
        SourceError: it is not XML, or has such a document type.
    """
    if not body.strip():
        raise SourceError("it is empty, not XML")
    if is_html(body):
        raise SourceError("it is HTML, not XML: a page, perhaps one to log in or an error")
    if opening(body)[:1] in {b"{", b"["}:
        raise SourceError("it is JSON, not XML")
    first = _without_doctype(decoded(body))
    if (root := _read(first.text)) is not None:
        return XmlDocument(root, first.untidy)
    second = _without_doctype(mended(first.text))
    untidy = (*first.untidy, *second.untidy)
    if (root := _read(second.text)) is not None:
        return XmlDocument(root, untidy)
    third = whole_items(second.text, lambda text: _read(text) is not None)
    if third is not None and (root := _read(third.text)) is not None:
        return XmlDocument(root, (*untidy, *third.untidy))
    raise SourceError(_BROKEN)


def _without_doctype(document: Mended) -> Mended:
    """Leave out a document type.

    Raises:
        SourceError: it declares something.
    """
    found = _DOCTYPE.match(document.text)
    if found is None:
        return document
    if found[3] == "[":
        raise SourceError(_REFUSED)
    return Mended(found[1] + document.text[found.end() :], (*document.untidy, "a document type"))


def _read(text: str) -> etree._Element | None:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode(errors="replace"), parser)
    except (etree.LxmlError, ValueError, LookupError):
        return None
    if root is not None and root.getroottree().docinfo.internalDTD is not None:
        raise SourceError(_REFUSED)
    return root


def name_of(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def own(element: etree._Element, *names: str) -> list[etree._Element]:
    """The children of these names that are of the element's own namespace: those of others say something else."""
    space = element.tag.rpartition("}")[0]
    wanted = {f"{space}}}{name}" if space else name for name in names}
    return [child for child in element if child.tag in wanted]


def text_in(element: etree._Element, *names: str) -> str:
    """The text of the first child that has some, of the first of these names; of the element's own namespace."""
    texts = (text_of("".join(map(str, child.itertext()))) for name in names for child in own(element, name))
    return next(filter(None, texts), "")
