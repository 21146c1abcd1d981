"""SMHI's impact-based weather warnings (version 1 of its open data): an item for each area of each warning."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from channels.sources.item import Action, Area, Item, Status, Wording
from channels.sources.parsing import (
    Parsed,
    at_most_one,
    each_of,
    entries_of,
    fingerprint,
    json_list,
    line_of,
    paragraphs,
    read_each,
    text_of,
    time_of,
)
from channels.sources.register import COUNTIES
from channels.sources.shapes import shapes_of
from messages.model import Severity

NAME = "SMHI"

Entries = Mapping[str, Any]

SEVERITIES: Mapping[str, Severity] = {
    "MESSAGE": Severity.INFORMATION,
    "YELLOW": Severity.MODERATE,
    "ORANGE": Severity.SEVERE,
    "RED": Severity.EXTREME,
}
"""By the code of a warning's level, as Europe's weather services grade these colours in CAP (Meteoalarm).

A message (of heat, of the risk of fire) is below the first colour: something to know, no warning. A level that is not
here is passed on as information, for a machine never makes anything more severe.
"""

_WARNING: Mapping[str, str] = {"sv": "varning", "en": "warning"}
_PERIOD: Mapping[str, str] = {"sv": "Gäller från {start} till {end}.", "en": "Valid from {start} to {end}."}
_OPEN_END: Mapping[str, str] = {
    "sv": "Gäller från {start} tills vidare.",
    "en": "Valid from {start} until further notice.",
}
_ZONE = ZoneInfo("Europe/Stockholm")  # SMHI's, whatever the configuration says


def parse(body: bytes, url: str) -> Parsed:
    """Read the list of warnings. What stands below ``/test`` is made up by SMHI.

    Raises:
        SourceError: it is none.
    """
    is_test = "test" in urlsplit(url).path.lower().split("/")
    pairs = [
        (warning, entries_of(area))
        for warning in map(entries_of, json_list(body))
        for area in each_of(warning.get("warningAreas")) or [{}]
    ]
    return read_each(pairs, lambda pair: at_most_one(_item(*pair, is_test=is_test)))


def _item(warning: Entries, area: Entries, *, is_test: bool) -> Item | None:
    ids = text_of(warning.get("id")), text_of(area.get("id"))
    start, end = time_of(area.get("approximateStart")), time_of(area.get("approximateEnd"))
    sent = time_of(area.get("published")) or start
    wordings = tuple(_wordings(warning, area, start, end))
    if not all(ids) or sent is None or not wordings:
        return None
    level = text_of(entries_of(area.get("warningLevel")).get("code")).upper()
    return Item(
        id="/".join(ids),
        version=text_of(area.get("published")) or fingerprint(*wordings),
        action=Action.ALERT,
        status=Status.TEST if is_test else Status.ACTUAL,
        severity=SEVERITIES.get(level, Severity.INFORMATION),
        sent=sent,
        expires=end,
        areas=_areas(area),
        wordings=wordings,
        web="",
        source=NAME,
    )


def _wordings(warning: Entries, area: Entries, start: datetime | None, end: datetime | None) -> Iterator[Wording]:
    for language in ("sv", "en"):
        level, event, place = (
            line_of(entries_of(thing).get(language))
            for thing in (area.get("warningLevel"), warning.get("event"), area.get("areaName"))
        )
        if not event:
            continue
        is_message = text_of(entries_of(area.get("warningLevel")).get("code")).upper() == "MESSAGE"
        kind = level if is_message else f"{level} {_WARNING[language]}".strip()
        headline = ": ".join(filter(None, (kind.capitalize(), ", ".join(filter(None, (event, place))))))
        described = each_of(area.get("descriptions")) or each_of(warning.get("descriptions"))
        texts = (_described(entries_of(one), language) for one in described)
        text = "\n\n".join(filter(None, (*texts, _period(language, start, end))))
        detail = line_of(entries_of(area.get("eventDescription")).get(language))
        yield Wording(language, headline, text, event=detail or event)


def _described(description: Entries, language: str) -> str:
    title, text = (entries_of(description.get(key)).get(language) for key in ("title", "text"))
    return ": ".join(filter(None, (line_of(title), paragraphs(text)))) if text_of(text) else ""


def _period(language: str, start: datetime | None, end: datetime | None) -> str:
    """When it is expected, which stands nowhere in SMHI's words."""
    if start is None:
        return ""
    words = _OPEN_END if end is None else _PERIOD
    return words[language].format(start=_local(start), end=_local(end or start))


def _local(time: datetime) -> str:
    return f"{time.astimezone(_ZONE):%Y-%m-%d %H:%M}"


def _areas(area: Entries) -> tuple[Area, ...]:
    """The counties that it affects, and districts of the sea, which have ids of their own that are no county's code.

    The polygon counts where none are named: it reaches over the coast also where a warning is for ships.
    """
    affected = [entries_of(one) for one in each_of(area.get("affectedAreas"))]
    areas = tuple(Area(_county(one), line_of(one.get("sv"))) for one in affected)
    return areas or (Area((), line_of(entries_of(area.get("areaName")).get("sv")), shapes_of(area.get("area"))),)


def _county(affected: Entries) -> tuple[str, ...]:
    code = text_of(affected.get("id")).zfill(2)
    return (code,) if code in COUNTIES else ()
