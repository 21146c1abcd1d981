"""JSON Feed 1.1 as a reader that trusts nobody: what https://www.jsonfeed.org/version/1.1/ asks for, as tables."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

_URL, _TEXT, _DATE = "a web address", "text", "a date"
Rules = Mapping[str, str | type]

TOP: Rules = {
    "version": _URL,
    "title": _TEXT,
    "home_page_url": _URL,
    "feed_url": _URL,
    "description": _TEXT,
    "user_comment": _TEXT,
    "next_url": _URL,
    "icon": _URL,
    "favicon": _URL,
    "authors": list,
    "language": _TEXT,
    "expired": bool,
    "hubs": list,
    "items": list,
}
ITEM: Rules = {
    "id": _TEXT,
    "url": _URL,
    "external_url": _URL,
    "title": _TEXT,
    "content_html": _TEXT,
    "content_text": _TEXT,
    "summary": _TEXT,
    "image": _URL,
    "banner_image": _URL,
    "date_published": _DATE,
    "date_modified": _DATE,
    "authors": list,
    "tags": list,
    "language": _TEXT,
    "attachments": list,
}
AUTHOR: Rules = {"name": _TEXT, "url": _URL, "avatar": _URL}
HUB: Rules = {"type": _TEXT, "url": _URL}


def problems(document: bytes) -> list[str]:
    """Everything that is wrong with a feed; nothing for a good one."""
    return list(_problems(json.loads(document.decode("utf-8"))))


def _problems(feed: dict[str, Any]) -> Iterator[str]:
    yield from _broken(feed, TOP, {"version", "title", "items"})
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        yield f"the version is {feed.get('version')}"
    for hub in feed.get("hubs", []):
        yield from _broken(hub, HUB, {"type", "url"})
    yield from _broken_authors(feed)
    items = feed.get("items", [])
    if len({item.get("id") for item in items}) < len(items):
        yield "an id is there twice"
    for item in items:
        yield from _broken(item, ITEM, {"id"})
        yield from _broken_authors(item)
        if "content_html" not in item and "content_text" not in item:
            yield "an item has no content"
        if not all(isinstance(tag, str) for tag in item.get("tags", [])):
            yield "a tag is no text"


def _broken_authors(owner: dict[str, Any]) -> Iterator[str]:
    for author in owner.get("authors", []):
        yield from _broken(author, AUTHOR, set())
        if not author:
            yield "an author is nobody"


def _broken(given: dict[str, Any], rules: Rules, needed: set[str]) -> Iterator[str]:
    yield from (f"{name} is missing" for name in needed - given.keys())
    for name, value in given.items():
        if not name.startswith("_") and (name not in rules or not _is(value, rules[name])):
            yield f"{name} is {value!r}"


def _is(value: object, wanted: str | type) -> bool:
    if isinstance(wanted, type):
        return isinstance(value, wanted)
    if not isinstance(value, str):
        return False
    if wanted == _DATE:
        return datetime.fromisoformat(value).utcoffset() is not None
    return value.startswith(("https://", "http://")) if wanted == _URL else True
