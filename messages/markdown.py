"""Markdown as residents get it: lines of text, or an HTML fragment that is safe to show anywhere.

CommonMark with tables. HTML comments are for the author only, other raw HTML is text, images are their descriptions
(nothing is ever loaded), links lead only to http, https, mailto and tel, and addresses in running text are links.
"""

import re
import string
from collections.abc import Iterator, Sequence
from functools import lru_cache
from textwrap import indent

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from messages.addresses import ADDRESS, target

_GUARDED = {ord(char): 0xE000 + ord(char) for char in string.punctuation + " " if char != ":"}
"""Private-use stand-ins for what Markdown could read as syntax. The colon alone means nothing to it, except that
addresses in ``<…>`` are known by theirs."""

_UNGUARDED = {stand_in: char for char, stand_in in _GUARDED.items()}

_SAFE_LINK = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)


def literal(text: str) -> str:
    """Write text, made one line, such that ``to_plain`` and ``to_html`` take every character of it literally."""
    return " ".join(text.split()).translate(_GUARDED)


def escaped(text: str) -> str:
    """Write text, made one line, as Markdown that anybody can read and edit, and that says exactly this."""
    inline = re.sub(r"([\\`*_{}\[\]<>#|~&!@])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d*)([-+=.)])", r"\1\\\2", inline)  # what would begin a list or underline a heading


def to_plain(markdown: str) -> str:
    """Write Markdown as lines of text.

    Headings and paragraphs are lines with a blank one between, lists have ``- `` and ``1. ``, quotes stand in
    quotation marks, table rows read ``first: second, third``, links ``text: address``.
    """
    return _blocks(SyntaxTreeNode(_parsed(without_comments(markdown))).children)


def to_html(markdown: str) -> str:
    """Write Markdown as an HTML fragment without scripts, images or anything else that loads or runs."""
    tokens = _parsed(without_comments(markdown))
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})).strip()


def passages(markdown: str) -> Iterator[tuple[int, str]]:
    """Every heading, paragraph, item and cell as ``to_plain`` writes it, with the line it begins on, counted from 0."""
    for token in _parsed(without_comments(markdown, keep_lines=True)):
        if token.type == "inline" and token.map:
            yield token.map[0], _inline(SyntaxTreeNode([token]).children).strip()


@lru_cache(maxsize=16)  # what is written for one channel is written for others, too
def _parsed(markdown: str) -> list[Token]:
    return _MARKDOWN.parse(markdown)


def without_comments(markdown: str, *, keep_lines: bool = False) -> str:
    """Take the comments out; one that never ends is text, as all other HTML.

    Args:
        keep_lines: leave their line ends, so that what follows stays on its line.
    """
    kept = ""
    while True:
        before, _, opened = markdown.partition("<!--")
        comment, closing, after = opened.partition("-->")
        if not closing:
            return kept + markdown
        kept, markdown = kept + before + "\n" * (comment.count("\n") if keep_lines else 0), after


class _Markdown(MarkdownIt):
    """The parser with our rules for links and for guarded characters."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 (overrides markdown-it's name)
        url = url.translate(_UNGUARDED)
        if _SAFE_LINK.match(url):
            scheme, _, rest = url.partition(":")
            return f"tel:{re.sub(r'[^+0-9]', '', rest)}" if scheme.lower() == "tel" else super().normalizeLink(url)
        address = ADDRESS.fullmatch(url)
        return super().normalizeLink(target(address) if address else url)

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 (overrides markdown-it's name)
        return super().normalizeLinkText(link.translate(_UNGUARDED))

    def validateLink(self, url: str) -> bool:  # noqa: N802 (overrides markdown-it's name)
        return bool(_SAFE_LINK.match(url))


def _unguard(state: StateCore) -> None:
    """Core rule: once the syntax is known, values get their own characters back."""
    for token in _all(state.tokens):
        token.content = token.content.translate(_UNGUARDED)
        for name, value in token.attrs.items():
            token.attrs[name] = value.translate(_UNGUARDED) if isinstance(value, str) else value


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def _describe_images(state: StateCore) -> None:
    """Core rule: an image is the text that describes it."""
    for token in state.tokens:
        token.children = token.children and [
            part for child in token.children for part in ((child.children or []) if child.type == "image" else [child])
        ]


def _link_addresses(state: StateCore) -> None:
    """Core rule: addresses in running text become links, those in links are left alone, links to nowhere are text."""
    for token in state.tokens:
        href: object = None
        linked: list[Token] = []
        for child in token.children or ():
            if child.type == "link_open":
                href = child.attrs["href"]
            if child.type == "text" and not href:
                linked.extend(_linked(child))
            elif child.tag != "a" or href:
                linked.append(child)
            if child.type == "link_close":
                href = None
        token.children = token.children and linked


def _linked(text: Token) -> Iterator[Token]:
    end = 0
    for address in ADDRESS.finditer(text.content):
        yield Token("text", "", 0, content=text.content[end : address.start()])
        yield Token("link_open", "a", 1, attrs={"href": _MARKDOWN.normalizeLink(target(address))}, info="auto")
        yield Token("text", "", 0, content=address[0])
        yield Token("link_close", "a", -1, info="auto")
        end = address.end()
    yield Token("text", "", 0, content=text.content[end:])


_MARKDOWN = _Markdown("commonmark", {"html": False}).enable("table")
for _rule in (_unguard, _describe_images, _link_addresses):
    _MARKDOWN.core.ruler.push(_rule.__name__, _rule)


def _blocks(nodes: Sequence[SyntaxTreeNode], between: str = "\n\n") -> str:
    return between.join(filter(None, map(_block, nodes)))


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "bullet_list" | "ordered_list":
            return _list(node)
        case "table":
            return "\n".join(_row(row) for part in node.children for row in part.children)
        case "blockquote":
            return f'"{_blocks(node.children)}"'
        case "code_block" | "fence":
            return node.content.rstrip("\n")
        case "hr":
            return ""
        case _:  # headings and paragraphs
            return _inline(node.children).strip()


def _list(node: SyntaxTreeNode) -> str:
    tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
    between = "\n" if tight else "\n\n"
    items = []
    for number, item in enumerate(node.children, start=int(node.attrs.get("start", 1))):
        marker = "- " if node.type == "bullet_list" else f"{number}. "
        below = indent(_blocks(item.children, between), " " * len(marker))
        items.append(f"{marker}{below.lstrip()}".rstrip())
    return between.join(items)


def _row(node: SyntaxTreeNode) -> str:
    first, *rest = (_inline(cell.children).strip() for cell in node.children)
    return f"{first}: {', '.join(rest)}" if rest else first


def _inline(nodes: Sequence[SyntaxTreeNode]) -> str:
    return "".join(map(_span, nodes))


def _span(node: SyntaxTreeNode) -> str:
    match node.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "link":
            return _link(node)
        case "text" | "code_inline":
            return node.content
        case _:  # emphasis, and the wrapper around a block's content
            return _inline(node.children)


def _link(node: SyntaxTreeNode) -> str:
    text, href = _inline(node.children), str(node.attrs["href"])
    scheme, address = href.split(":", 1)
    address = href if scheme in {"http", "https"} else address
    if node.info == "auto" or not text:
        return text or address
    if scheme == "tel" and _is_number(text, address):
        return text
    return address if _core(text) == _core(_MARKDOWN.normalizeLinkText(href)) else f"{text}: {address}"


def _is_number(text: str, number: str) -> bool:
    """Tell whether a text is a phone number, perhaps written with gaps or without its country code."""
    digits = re.sub(r"\D", "", text).lstrip("0")
    return bool(digits) and number.endswith(digits)


def _core(address: str) -> str:
    """Take from an address what people leave out when they write it."""
    return re.sub(r"^(?:https?://|mailto:)?(?:www\.)?|/$", "", address.strip().casefold())
