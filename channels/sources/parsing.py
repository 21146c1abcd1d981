"""What every source's parser answers, and the careful steps they share: nothing that a source sends may break us.

Documents come from outside. Any key may be missing, null or of another kind, and any text may hold what no database or
log takes. The readers here take any value, and answer with an empty one where it is not what it should be.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from channels.sources.item import Item, Status, Wording
from channels.wire import iso_date
from channels.xml_text import xml_text

MOST_ITEMS: Final = 500
"""Items that are taken of one document; sources publish some dozens."""

LONGEST_TEXT: Final = 50_000
"""Characters of an item's text; what is longer is no warning or news, and is not shortened by us."""

_LONGEST_HEADLINE = 120
_BEFORE_ROOT = re.compile(rb"\A(?:\s+|<\?.*?\?>|<!--.*?-->|[\xef\xbb\xbf\xfe\xff])*", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÅÄÖÉ])|\n")
_PRACTICE = re.compile(r"\W*(?:(övning|exercise)|test|testmeddelande)\b", re.IGNORECASE)


class SourceError(Exception):
    """What a source sent is not what it should be; says why, for whoever runs this: ``it is HTML, not JSON``."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a document says.

    Args:
        items: in the document's order.
        skipped: how many it has beside those that cannot be used: broken ones, and ones beyond what is taken of one.
        untidy: what had to be mended before it could be read, in a few words each.
    """

    items: tuple[Item, ...]
    skipped: int = 0
    untidy: tuple[str, ...] = ()


def read_each(values: Sequence[Any], read: Callable[[Any], Sequence[Item]], untidy: tuple[str, ...] = ()) -> Parsed:
    """Read every element of a document; those that give none are counted, and the others are not lost for them."""
    found = [[item for item in read(value) if _bearable(item)] for value in values[:MOST_ITEMS]]
    items = tuple(replace(item, is_untidy=bool(untidy)) for some in found for item in some)
    return Parsed(items, len(values) - sum(bool(some) for some in found), untidy)


def _bearable(item: Item) -> bool:
    return all(len(wording.text) + len(wording.instruction) <= LONGEST_TEXT for wording in item.wordings)


def at_most_one(item: Item | None) -> Sequence[Item]:
    """What an element that is one item gives, or none if it is broken."""
    return [] if item is None else [item]


def json_document(body: bytes) -> Any:  # noqa: ANN401 - whatever it holds, which the readers below take
    """Read JSON.

    Raises:
        SourceError: it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise SourceError(f"it is {_looks(body)}, not JSON") from None


def json_list(body: bytes) -> Sequence[Any]:
    """Read a JSON array.

    Raises:
        SourceError: it is none.
    """
    document = json_document(body)
    if not isinstance(document, list):
        raise SourceError("it is JSON, but not the expected list")
    return document


def _looks(body: bytes) -> str:
    if not body.strip():
        return "empty"
    return "HTML" if is_html(body) else "something else or broken"


def is_html(body: bytes) -> bool:
    """Tell whether a document is a web page, as login pages and errors are."""
    return opening(body).lower().startswith((b"<!doctype html", b"<html"))


def opening(body: bytes) -> bytes:
    """How a document in XML or HTML begins, after what may stand before the first thing that counts."""
    return _BEFORE_ROOT.sub(b"", body, count=1)[:40]


def entries_of(value: object) -> Mapping[str, Any]:
    """The object that a value should be."""
    return value if isinstance(value, dict) else {}


def each_of(value: object) -> Sequence[Any]:
    """The list that a value should be; what stands there alone is a list of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def text_of(value: object) -> str:
    """The text that a value should be, in characters that every database and document can carry; numbers as written."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return xml_text(str(value)).strip()


def line_of(value: object) -> str:
    """The text that a value should be, in one line."""
    return " ".join(text_of(value).split())


def time_of(value: object) -> datetime | None:
    """The time (ISO 8601) that a value should be, in UTC; without an offset it is taken for that."""
    try:
        return iso_date(text_of(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def web_address(value: object) -> str:
    """The https address that a value should be, else nothing."""
    address = text_of(value)
    try:
        parts = urlsplit(address)
        fits = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        return ""
    return address if fits and address.isprintable() and " " not in address else ""


def language_of(value: object, otherwise: str) -> str:
    """The ISO 639-1 code of a language tag: ``sv`` of ``sv-SE``."""
    code = re.split("[-_]", text_of(value).lower())[0]
    return code if re.fullmatch("[a-z]{2}", code) else otherwise


def paragraphs(value: object) -> str:
    """Plain text with its lines trimmed and its paragraphs parted by one blank line each."""
    lines = (" ".join(line.split()) for line in text_of(value).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def headline_of(text: str, event: str) -> str:
    """A headline for a text that has none: its first sentence if that is short, else what kind of event it is of."""
    first = " ".join(_SENTENCE_END.split(text, maxsplit=1)[0].split()).removesuffix(".")
    if len(first) <= _LONGEST_HEADLINE or not event:
        return first if len(first) <= _LONGEST_HEADLINE else f"{first[:_LONGEST_HEADLINE].rsplit(' ', 1)[0]} …"
    return event


def status_said(headline: str) -> Status:
    """Whether a headline itself says that it is not meant for real, where a source has no other way to."""
    practice = _PRACTICE.match(headline)
    if practice is None:
        return Status.ACTUAL
    return Status.EXERCISE if practice[1] else Status.TEST


def fingerprint(*wordings: Wording) -> str:
    """A version for what has none of its own: it changes with every word."""
    words = (part for one in wordings for part in (one.language, one.headline, one.text, one.instruction))
    return sha256("\0".join(words).encode()).hexdigest()[:16]
