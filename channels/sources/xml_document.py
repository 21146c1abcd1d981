"""XML that others wrote, read so that it can do nothing but be read."""

from lxml import etree

from channels.sources.parsing import SourceError, is_html, opening, text_of

_DOCTYPE = "it has a document type (DOCTYPE), which may hide a bomb of entities: it is not read"


def xml_document(body: bytes) -> etree._Element:
    """Read a document and return its root.

    A document type is refused before it is read: it is where entities come from, which grow without end or fetch files.

    Raises:
        SourceError: it is not XML, or has a document type.
    """
    if not body.strip():
        raise SourceError("it is empty, not XML")
    if is_html(body):
        raise SourceError("it is HTML, not XML")
    if opening(body.replace(b"\0", b"")).startswith(b"<!DOCTYPE"):  # also in UTF-16, which puts zeros between
        raise SourceError(_DOCTYPE)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.LxmlError, ValueError, LookupError):
        raise SourceError("it is something else or broken, not XML") from None
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise SourceError(_DOCTYPE)
    return root


def name_of(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """The children of that name, whatever their namespace."""
    return [child for child in element if name_of(child) == name]


def text_in(element: etree._Element, *names: str) -> str:
    """The text of the first child of the first of these names that has some."""
    texts = (text_of("".join(map(str, child.itertext()))) for name in names for child in children(element, name))
    return next(filter(None, texts), "")
