"""Reading the XML that ``serve`` writes."""

from xml.etree import ElementTree


class NotXmlError(Exception):
    """It should have been XML and is not; says where it breaks off."""


def parse(document: bytes) -> ElementTree.Element:
    """Read a document and return its root.

    Raises:
        NotXmlError: it is not well-formed, or in an encoding that nobody knows.
    """
    try:
        # The document comes from an address that the user gave, and expat itself refuses entities that blow up.
        return ElementTree.fromstring(document)  # noqa: S314
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise NotXmlError(str(error)) from None
