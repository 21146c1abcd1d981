"""XML as it is really published, mended where that takes no guess: what is read then is what the publisher wrote.

Nothing is added, and nothing is read by half: an item that is broken in itself is left out whole.
"""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html.entities import html5
from typing import Final
from xml.sax.saxutils import escape

from channels.xml_text import xml_text

_DECLARATION: Final = re.compile(r"<\?xml\s[^>]{0,200}\?>")
_DECLARED: Final = re.compile(rb"""\A\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_MARKED: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UNMARKED: Final = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_FARTHEST: Final = 5_000  # characters that may stand before the beginning
_START: Final = re.compile(r"<([A-Za-z_][\w:.-]{0,60})(?:\s[^<>]*)?>")
_ITEM: Final = re.compile(r"<((?:[\w.-]{1,40}:)?(?:item|entry))[\s>]")
_KEPT: Final = re.compile(r"(<!\[CDATA\[.*?\]\]>|<!--.*?-->)", re.DOTALL)
_REFERENCE: Final = re.compile(r"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
_BARE: Final = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)(?:([A-Za-z][A-Za-z0-9]{0,30};))?"
)


@dataclass(frozen=True, slots=True)
class Mended:
    """A text that can be read, and what was untidy in it, in a few words each: ``an unescaped &``."""

    text: str
    untidy: tuple[str, ...] = ()


def decoded(body: bytes) -> Mended:
    """The text of a document, without its XML declaration and the blank lines before that.

    Bytes that are valid UTF-8 are that, whatever is declared: nothing else looks like it by chance.
    """
    text, untidy = _characters(body)
    begun = text.lstrip("\ufeff \t\r\n")
    declaration = _DECLARATION.match(begun)
    if declaration is None:
        return Mended(text, untidy)
    if begun != text:
        untidy = (*untidy, "blank lines before its beginning")
    return Mended(begun[declaration.end() :], untidy)


def mended(text: str) -> Mended:
    """What is left when everything is put right that makes a text no XML, and needs no guess."""
    untidy = []
    for words, mend in _MENDS:
        before, text = text, mend(text)
        if text != before:
            untidy.append(words)
    return Mended(text, tuple(untidy))


def whole_items(text: str, is_well_formed: Callable[[str], bool]) -> Mended | None:
    """A feed with an empty item in place of each that is broken, also where it breaks off; None if it has no items."""
    first, root = _ITEM.search(text), _START.search(text)
    if first is None or root is None or first.start() < root.end():
        return None
    name = first[1]
    head, rest = text[: first.start()], text[first.start() :]
    items, tail = [], ""
    for item, tail in _items(rest, name):  # noqa: B007 - what stands after the last one is wanted
        items.append(item if is_well_formed(f"{root[0]}{item}</{root[1]}>") else f"<{name}/>")
    if f"</{root[1]}>" not in tail:
        within = "</channel>" if root[1].rpartition(":")[2] == "rss" else ""
        tail = f"{within}</{root[1]}>"
    return Mended(f"{head}{''.join(items)}{tail}", ("broken or unfinished items, which were left out",))


def _characters(body: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, charset in _MARKED:
        if body.startswith(mark):
            return _strictly(body[len(mark) :], charset)
    begun = body.lstrip()[:2]
    for opening, charset in _UNMARKED:
        if begun == opening:
            return _strictly(body, charset)
    found = _DECLARED.search(body)
    declared = found[1].decode() if found else "utf-8"
    for charset in ("utf-8", declared):
        try:
            text = body.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
        is_declared = charset == declared.lower() or text.isascii()
        return text, () if is_declared else (f"it is {charset.upper()}, not {declared}",)
    return body.decode("windows-1252", errors="replace"), (f"it is not {declared}",)


def _strictly(body: bytes, charset: str) -> tuple[str, tuple[str, ...]]:
    try:
        return body.decode(charset), ()
    except UnicodeDecodeError:
        return body.decode(charset, errors="replace"), (f"it is not whole in {charset.upper()}",)


def _from_its_beginning(text: str) -> str:
    declaration = _DECLARATION.search(text, 0, _FARTHEST)
    start = declaration.end() if declaration else max(text.find("<", 0, _FARTHEST), 0)
    return text[start:] if text[:start].strip() else text


def _without_control_characters(text: str) -> str:
    def kept(found: re.Match[str]) -> str:
        number = int(found[1], 16) if found[1] else int(found[2])
        return found[0] if number <= 0x10FFFF and xml_text(chr(number)) else ""

    return _REFERENCE.sub(kept, xml_text(text))


def _escaped(text: str) -> str:
    """Escape what is meant as a sign, and write the characters that HTML has a name for, outside CDATA."""

    def written(found: re.Match[str]) -> str:
        named = html5.get(found[1] or "")
        return escape(named) if named else f"&amp;{found[1] or ''}"

    return "".join(part if index % 2 else _BARE.sub(written, part) for index, part in enumerate(_KEPT.split(text)))


def _to_its_end(text: str) -> str:
    root = _START.search(text)
    if root is None:
        return text
    end = text.rfind(f"</{root[1]}>")
    return text if end < 0 else text[: end + len(root[1]) + 3]


_MENDS: Final[Sequence[tuple[str, Callable[[str], str]]]] = (
    ("something before its beginning", _from_its_beginning),
    ("control characters", _without_control_characters),
    ("an unescaped &", _escaped),
    ("something after its end", _to_its_end),
)


def _items(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Each item with what follows it, which is only of interest after the last."""
    end = f"</{name}>"
    while True:
        head, closed, rest = text.partition(end)
        start = max(head.rfind(f"<{name}>"), head.rfind(f"<{name} "), head.rfind(f"<{name}\n"))
        if not closed:
            yield f"<{name}", ""
            return
        if start > 0:
            yield f"<{name}", rest  # one that never ended before the next began
        yield f"{head[max(start, 0) :]}{end}", rest
        if _ITEM.search(rest) is None:
            return
        text = rest
