"""Sveriges Radio's VMA: important public announcements as CAP alerts in JSON (its API, version 3; also 2's shapes)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from channels.sources.alert import is_for_all, items_of
from channels.sources.item import Item, Status
from channels.sources.parsing import (
    Parsed,
    SourceError,
    each_of,
    entries_of,
    json_document,
    paragraphs,
    read_each,
    text_of,
)

NAME = "Sveriges Radio"


def parse(body: bytes, url: str) -> Parsed:
    """Read the list of alerts. What stands below ``/testapi`` is a test whatever it says: its examples say ``Actual``.

    Raises:
        SourceError: it is none.
    """
    document = entries_of(json_document(body))
    if "alerts" not in document:
        raise SourceError("it is JSON, but has no list of alerts")
    is_test = urlsplit(url).path.startswith("/testapi")
    alerts = [alert for alert in map(entries_of, each_of(document["alerts"])) if is_for_all(alert)]
    return read_each(alerts, lambda alert: [_improved(item, is_test=is_test) for item in _items(alert)])


def _items(alert: Mapping[str, Any]) -> Sequence[Item]:
    incidents = text_of(alert.get("incidents")).split()
    # One name of an incident is that of the VMA, the same over all that is said of it.
    return items_of(alert, matter=incidents[0] if len(incidents) == 1 else "", otherwise_from=NAME)


def _improved(item: Item, *, is_test: bool) -> Item:
    # Its descriptions have a line for each paragraph.
    wordings = tuple(replace(one, text=paragraphs(one.text.replace("\n", "\n\n"))) for one in item.wordings)
    return replace(item, wordings=wordings, status=Status.TEST if is_test else item.status)
