"""HTML that others wrote as plain text: only what is read, whatever is broken in it."""

import re
from collections.abc import Iterator

from lxml import etree

from channels.sources.parsing import paragraphs, text_of

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "dd", "div", "dl", "dt", "figcaption", "figure", "footer"}
    | {"form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table"}
    | {"tr", "ul"}
)
_GAPS = dict.fromkeys(_BLOCKS, "\n\n") | {"br": "\n", "li": "\n- ", "td": " ", "th": " "}
_UNREAD = frozenset({"script", "style", "head", "template", "noscript", "iframe", "object", "svg"})


def plain_text(value: object) -> str:
    """The words of HTML or plain text: blocks parted by blank lines, a dash before each item of a list.

    Links are their words alone: their addresses are the source's, and an item has its own ``web``.
    """
    html = text_of(value)
    if "<" not in html and "&" not in html:
        return paragraphs(html)
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    return words_of(etree.fromstring(f"<div>{html}</div>".encode(), parser))


def words_of(root: etree._Element) -> str:
    """The same of HTML that is an element already, or of XHTML."""
    return paragraphs("".join(_pieces(root)))


def _pieces(root: etree._Element) -> Iterator[str]:
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag.rpartition("}")[2].lower()
        if event == "start":
            yield _GAPS.get(tag, "")
            if tag in _UNREAD:
                walk.skip_subtree()
            else:
                yield _spaced(element.text)
        else:
            yield "\n\n" if tag in _BLOCKS else ""
            yield _spaced(element.tail) if element is not root else ""


def _spaced(text: str | None) -> str:
    """Text as HTML shows it, where a line's end is a space like any other."""
    return re.sub(r"\s+", " ", text or "")
