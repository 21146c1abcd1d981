"""What a CAP alert says, whether it is written in XML or, as by Sveriges Radio, in JSON.

The words are those of the OASIS standard "Common Alerting Protocol Version 1.2", its section 3.2. An alert is taken as
JSON has it: an element is a text, an object, or a list of these where there may be several.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from channels.sources.geocodes import code_of
from channels.sources.item import PART, Action, Area, Item, Status, Wording
from channels.sources.parsing import (
    each_of,
    entries_of,
    headline_of,
    language_of,
    line_of,
    paragraphs,
    text_of,
    time_of,
    web_address,
)
from channels.sources.shapes import circle, polygon
from messages.model import Severity

Alert = Mapping[str, Any]

ACTIONS: Mapping[str, Action] = {"alert": Action.ALERT, "update": Action.UPDATE, "cancel": Action.CANCEL}
"""By ``msgType``."""

_MOST_INFOS = 100  # blocks of an alert, one for each language and perhaps area
_BETWEEN_MACHINES = frozenset({"ack", "error"})

STATUSES: Mapping[str, Status] = {
    "actual": Status.ACTUAL,
    "exercise": Status.EXERCISE,
    "system": Status.TEST,
    "test": Status.TEST,
    "draft": Status.TEST,
}
"""By ``status``. What does not say that it is meant for real is not: it counts as a test."""

SEVERITIES: Mapping[str, Severity] = {
    "extreme": Severity.EXTREME,
    "severe": Severity.SEVERE,
    "moderate": Severity.MODERATE,
    "minor": Severity.MINOR,
    "unknown": Severity.INFORMATION,
}
"""By ``severity``. What is not known to be bad is passed on as information: a machine never makes it more than that."""


def is_for_all(alert: Alert) -> bool:
    """Whether it is for the public; what is broken counts as that, so that it is counted."""
    return _word(alert, "msgType") not in _BETWEEN_MACHINES and _word(alert, "scope") in {"public", ""}


def items_of(alert: Alert, *, matter: str = "", otherwise_from: str = "") -> Sequence[Item]:
    """Read an alert; nothing if it has no identifier, does not say when it was sent or what it does, or never ends.

    What it says of one area is an item of its own, so that the text, the severity and the end for one place are never
    those for another.

    Args:
        matter: its lasting id, where the source gives it one that is not in CAP.
        otherwise_from: who says so, if the alert does not tell.
    """
    infos = [entries_of(info) for info in each_of(alert.get("info"))]
    if len(infos) > _MOST_INFOS:
        return ()
    parts = _told_apart(infos)
    items = [_item(alert, part, matter, otherwise_from) for part in parts]
    if len(items) > 1:
        items = [item and replace(item, id=f"{item.id}{PART}{_part_name(item.areas)}") for item in items]
    return [item for item in items if item is not None]


def _item(alert: Alert, infos: Sequence[Alert], matter: str, otherwise_from: str) -> Item | None:
    identifier, sent = line_of(alert.get("identifier")), time_of(alert.get("sent"))
    action = ACTIONS.get(_word(alert, "msgType"))
    if not identifier or sent is None or action is None:
        return None
    references = _references(alert)
    ends = [time for info in infos if (time := time_of(info.get("expires"))) is not None]
    senders = (line_of(value) for value in (*(info.get("senderName") for info in infos), otherwise_from))
    return Item(
        id=matter or (*references, identifier)[0],
        version=identifier,
        action=Action.CANCEL if _is_all_clear(infos) else action,
        status=STATUSES.get(_word(alert, "status"), Status.TEST),
        severity=_worst(map(_severity, infos)),
        sent=sent,
        expires=max(ends, default=None),
        areas=_areas(infos),
        wordings=_wordings(infos),
        web=next(filter(None, (web_address(info.get("web")) for info in infos)), ""),
        source=next(filter(None, senders), line_of(alert.get("sender"))),
        references=references,
    )


def _told_apart(infos: Sequence[Alert]) -> Sequence[Sequence[Alert]]:
    """The blocks of an alert by the areas that they are about, in the order of the first language that it has.

    Blocks in other languages belong to that with the same areas, or else to that which stands in the same place among
    those of its language: areas may only have names, and these in the language of the block.
    """
    first = [info for info in infos if _language(info) == _language(infos[0])]
    parts: dict[object, list[Alert]] = {}
    for info in first:
        parts.setdefault(_about(info), []).append(info)
    for language in dict.fromkeys(map(_language, infos)):
        others = [info for info in infos if _language(info) == language != _language(infos[0])]
        for place, info in enumerate(others):
            twin = first[place] if len(others) == len(first) else first[0] if len(parts) == 1 else info
            about = _about(info) if _about(info) in parts else _about(twin)
            parts.setdefault(about, []).append(info)
    return list(parts.values()) or [()]


def _about(info: Alert) -> frozenset[object]:
    """What areas a block is about, whatever they are called where they have a code or lines on the map."""
    return frozenset((area.codes, area.shapes) if area.codes or area.shapes else area.name for area in _areas([info]))


def _part_name(areas: Sequence[Area]) -> str:
    """A name for what is said of areas, the same in every version: their codes where they have some."""
    words = sorted(" ".join(area.codes) or repr(area.shapes or area.name) for area in areas)
    plain = "+".join(words).replace(" ", "+")
    return plain if re.fullmatch(r"[\w+-]{1,24}", plain) else sha256("\0".join(words).encode()).hexdigest()[:8]


def _word(entries: Mapping[str, Any], key: str) -> str:
    return text_of(entries.get(key)).lower()


def _is_all_clear(infos: Sequence[Alert]) -> bool:
    """Whether it says, of all that it is about, that the danger is over."""
    return bool(infos) and all(
        "allclear" in {text_of(response).lower() for response in each_of(info.get("responseType"))} for info in infos
    )


def _references(alert: Alert) -> tuple[str, ...]:
    """The identifiers of the alerts that it follows, oldest first, of ``sender,identifier,sent`` for each."""
    triples = [parts for one in text_of(alert.get("references")).split() if len(parts := one.split(",")) == 3]
    triples.sort(key=lambda parts: time_of(parts[2]) or datetime.min.replace(tzinfo=UTC))
    return tuple(dict.fromkeys(identifier for _, identifier, _ in triples if identifier))


def _worst(severities: Iterable[Severity]) -> Severity:
    return min(severities, key=list(Severity).index, default=Severity.INFORMATION)


def _severity(info: Alert) -> Severity:
    return SEVERITIES.get(_word(info, "severity"), Severity.INFORMATION)


def _language(info: Alert) -> str:
    return language_of(info.get("language"), "en")  # which CAP takes for the language of what names none


def _areas(infos: Sequence[Alert]) -> tuple[Area, ...]:
    """Each area once, in the words of the first language that has it."""
    found: dict[object, Area] = {}
    for info in infos:
        for entries in map(entries_of, each_of(info.get("area"))):
            area = _area(entries)
            found.setdefault((area.codes, area.shapes) if area.codes or area.shapes else area.name, area)
    return tuple(found.values())


def _area(area: Mapping[str, Any]) -> Area:
    """What tells where an area is. One that tells nothing is one nevertheless: nobody knows where, and not nowhere."""
    geocodes = map(entries_of, each_of(area.get("geocode")))
    codes = (code_of(text_of(one.get("valueName")), text_of(one.get("value"))) for one in geocodes)
    return Area(
        tuple(dict.fromkeys(filter(None, codes))),
        line_of(area.get("areaDesc")),
        (
            *(polygon(text_of(one)) for one in each_of(area.get("polygon"))),
            *(circle(text_of(one)) for one in each_of(area.get("circle"))),
        ),
    )


def _wordings(infos: Sequence[Alert]) -> tuple[Wording, ...]:
    """One for each language. Of several blocks in the same the texts follow each other, the worst first."""
    found: dict[str, Wording] = {}
    for info in sorted(infos, key=lambda info: list(Severity).index(_severity(info))):
        language, event, text = _language(info), line_of(info.get("event")), paragraphs(info.get("description"))
        headline = line_of(info.get("headline")) or headline_of(text, event) or event
        wording = Wording(language, headline, text, paragraphs(info.get("instruction")), event)
        if headline:
            found[language] = _joined(found[language], wording) if language in found else wording
    languages = dict.fromkeys(map(_language, infos))
    return tuple(found[language] for language in languages if language in found)


def _joined(first: Wording, second: Wording) -> Wording:
    texts = dict.fromkeys(filter(None, (first.text, second.text)))
    instructions = dict.fromkeys(filter(None, (first.instruction, second.instruction)))
    return Wording(first.language, first.headline, "\n\n".join(texts), "\n\n".join(instructions), first.event)
