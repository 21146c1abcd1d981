"""What a CAP alert says, whether it is written in XML or, as by Sveriges Radio, in JSON.

The words are those of the OASIS standard "Common Alerting Protocol Version 1.2", its section 3.2. An alert is taken as
JSON has it: an element is a text, an object, or a list of these where there may be several.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from channels.sources.item import Action, Area, Item, Status, Wording
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

CODES: Mapping[str, int] = {"kommun": 4, "municipality": 4, "län": 2, "county": 2}
"""Digits of the codes of SCB, by the ``valueName`` of a geocode. Those of others (EMMA, UGC) are other codes."""


def is_for_all(alert: Alert) -> bool:
    """Whether it is for the public; what is broken counts as that, so that it is counted."""
    return _word(alert, "msgType") not in _BETWEEN_MACHINES and _word(alert, "scope") in {"public", ""}


def item_of(alert: Alert, *, matter: str = "", otherwise_from: str = "") -> Item | None:
    """Read an alert; None if it has no identifier, does not say when it was sent or what it does, or never ends.

    Args:
        matter: its lasting id, where the source gives it one that is not in CAP.
        otherwise_from: who says so, if the alert does not tell.
    """
    identifier, sent = line_of(alert.get("identifier")), time_of(alert.get("sent"))
    action = ACTIONS.get(_word(alert, "msgType"))
    infos = [entries_of(info) for info in each_of(alert.get("info"))]
    if not identifier or sent is None or action is None or len(infos) > _MOST_INFOS:
        return None
    references = _references(alert)
    ends = [time for info in infos if (time := time_of(info.get("expires"))) is not None]
    senders = (line_of(value) for value in (*(info.get("senderName") for info in infos), otherwise_from))
    return Item(
        id=matter or (*references, identifier)[0],
        version=identifier,
        action=Action.CANCEL if _is_all_clear(infos) else action,
        status=STATUSES.get(_word(alert, "status"), Status.TEST),
        severity=_worst(SEVERITIES.get(_word(info, "severity"), Severity.INFORMATION) for info in infos),
        sent=sent,
        expires=max(ends, default=None),
        areas=_areas(infos),
        wordings=_wordings(infos),
        web=next(filter(None, (web_address(info.get("web")) for info in infos)), ""),
        source=next(filter(None, senders), line_of(alert.get("sender"))),
        references=references,
    )


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


def _areas(infos: Sequence[Alert]) -> tuple[Area, ...]:
    """Each area once, in the words of the first language that has it."""
    found: dict[object, Area] = {}
    for info in infos:
        for area in map(entries_of, each_of(info.get("area"))):
            codes = tuple(code for geocode in each_of(area.get("geocode")) if (code := _code(entries_of(geocode))))
            name = line_of(area.get("areaDesc"))
            if codes or name:
                found.setdefault(codes or name, Area(codes, name))
    return tuple(found.values())


def _code(geocode: Mapping[str, Any]) -> str:
    code = text_of(geocode.get("value"))
    fits = code.isascii() and code.isdigit() and len(code) == CODES.get(_word(geocode, "valueName"))
    return code if fits else ""


def _wordings(infos: Sequence[Alert]) -> tuple[Wording, ...]:
    """One for each language; of several blocks in the same, as for several areas, the texts follow each other."""
    found: dict[str, Wording] = {}
    for info in infos:
        language = language_of(info.get("language"), "en")  # which CAP takes for the language of what names none
        event, text = line_of(info.get("event")), paragraphs(info.get("description"))
        headline = line_of(info.get("headline")) or headline_of(text, event) or event
        wording = Wording(language, headline, text, paragraphs(info.get("instruction")), event)
        if headline:
            found[language] = _joined(found[language], wording) if language in found else wording
    return tuple(found.values())


def _joined(first: Wording, second: Wording) -> Wording:
    texts = dict.fromkeys(filter(None, (first.text, second.text)))
    instructions = dict.fromkeys(filter(None, (first.instruction, second.instruction)))
    return Wording(first.language, first.headline, "\n\n".join(texts), "\n\n".join(instructions), first.event)
