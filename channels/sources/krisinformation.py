"""Krisinformation.se: news of the authorities, from version 3 of its API: ``/news``, ``/vmas``, ``/notices``."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.sources.item import Action, Area, Item, Status, Wording
from channels.sources.parsing import (
    Parsed,
    at_most_one,
    each_of,
    entries_of,
    fingerprint,
    headline_of,
    json_list,
    language_of,
    line_of,
    read_each,
    status_said,
    text_of,
    time_of,
    web_address,
)
from channels.sources.place_names import county
from channels.sources.plain_text import plain_text
from channels.sources.register import SWEDEN
from channels.sources.shapes import circle
from messages.model import Severity

NAME = "Krisinformation.se"

_AROUND = 10  # kilometres around a place that only has a point


def parse(body: bytes, url: str) -> Parsed:
    """Read a list of articles. An article is edited in place: its id lasts, and when it was changed is its version.

    Raises:
        SourceError: it is none.
    """
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2].lower()
    return read_each(json_list(body), lambda article: at_most_one(_item(entries_of(article), last)))


def _item(article: Mapping[str, Any], endpoint: str) -> Item | None:
    id_, changed = _first(article, "Identifier", "Id"), _first(article, "Updated", "ChangedDate")
    sent = time_of(changed) or time_of(article.get("Published"))
    preamble, text = plain_text(article.get("Preamble")), plain_text(article.get("BodyText"))
    if preamble and not text.startswith(preamble):
        text = f"{preamble}\n\n{text}".strip()
    headline = " ".join(plain_text(article.get("Headline")).split()) or headline_of(text, "")
    if not id_ or sent is None or not headline:
        return None
    event = line_of(article.get("Event"))
    wording = Wording(language_of(article.get("Language"), "sv"), headline, text, event=event)
    is_test = article.get("IsTest") is True or endpoint == "testvmas"
    return Item(
        id=id_,
        version=changed or fingerprint(wording),
        action=Action.ALERT,
        status=Status.TEST if is_test else status_said(headline),
        severity=_severity(article, event, endpoint),
        sent=sent,
        expires=None,
        areas=tuple(_area(entries_of(area)) for area in each_of(article.get("Area"))),
        wordings=(wording,),
        web=web_address(article.get("Web")),
        source=NAME,
    )


def _first(article: Mapping[str, Any], *keys: str) -> str:
    """What the first of these keys says that says anything: notices have other names for the same as news."""
    return next(filter(None, (line_of(article.get(key)) for key in keys)), "")


def _severity(article: Mapping[str, Any], event: str, endpoint: str) -> Severity:
    """How bad it is, of which an article has no word of its own.

    A VMA counts as Sveriges Radio grades them (Severe). What the editors push to phones matters to more people than
    what they only publish; more than that a machine cannot tell.
    """
    if endpoint in {"vmas", "testvmas"} or "vma" in event.lower().split():
        return Severity.SEVERE
    return Severity.MINOR if article.get("Push") is True else Severity.INFORMATION


def _area(area: Mapping[str, Any]) -> Area:
    """An area: by its name, or by its coordinate where it is a mere place, which stands for what lies around it."""
    name, kind = line_of(area.get("Description")), text_of(area.get("Type")).lower()
    if kind == "country":
        return Area((SWEDEN,), name)
    if kind == "county":
        return Area(tuple(filter(None, (county(name),))), name)
    where = entries_of(area.get("CoordinateObject"))
    place = circle(f"{text_of(where.get('Latitude'))},{text_of(where.get('Longitude'))} {_AROUND}")
    return Area((), name, (place,) if place.points else ())
