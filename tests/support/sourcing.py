"""What sources say, for tests: items as values, and the document that Sveriges Radio would make of them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from channels.sources.item import Action, Area, Item, Status, Wording
from messages.model import Municipality, Severity

SENT = datetime(2026, 11, 21, 12, tzinfo=UTC)

BORGHOLM = Municipality(
    "borgholm",
    ("sv", "en"),
    ("facebook", "sms", "feed", "page"),
    {"name": "Borgholms kommun", "phone": "0485-880 00", "web": "https://www.borgholm.se"},
    code="0885",
)
MORBYLANGA = replace(
    BORGHOLM, id="morbylanga", variables=dict(BORGHOLM.variables, name="Mörbylånga kommun"), code="0840"
)

SWEDISH = Wording("sv", "Det brinner i hamnen", "Röken är farlig.\n\nDen driver söderut.", "Gå inomhus.", "Brand")
ENGLISH = Wording("en", "There is a fire in the port", "The smoke is dangerous.", "Go indoors.", "Fire")

FIRE = Item(
    id="SR1",
    version="SR1-1",
    action=Action.ALERT,
    status=Status.ACTUAL,
    severity=Severity.SEVERE,
    sent=SENT,
    expires=SENT + timedelta(hours=12),
    areas=(Area(("0885",), "Borgholms kommun"),),
    wordings=(SWEDISH, ENGLISH),
    web="https://sverigesradio.example.se/vma",
    source="Sveriges Radio",
)
"""A fire in Borgholm."""


def vma(*items: Item) -> bytes:
    """The document in which Sveriges Radio publishes its alerts, with these items."""
    return json.dumps({"timestamp": SENT.isoformat(), "alerts": [_alert(item) for item in items]}).encode()


def _alert(item: Item) -> dict[str, object]:
    return {
        "identifier": item.version,
        "incidents": item.id,
        "sender": "https://vmaapi.sr.se",
        "sent": item.sent.isoformat(),
        "status": item.status.capitalize(),
        "msgType": item.action.capitalize(),
        "scope": "Public",
        "references": " ".join(f"https://vmaapi.sr.se,{one},{item.sent.isoformat()}" for one in item.references),
        "info": [_info(item, wording, item.areas) for wording in item.wordings] or None,
    }


def _info(item: Item, wording: Wording, areas: Sequence[Area]) -> dict[str, object]:
    return {
        "language": {"sv": "sv-SE", "en": "en-US"}[wording.language],
        "event": wording.event,
        "headline": wording.headline,
        "severity": item.severity.capitalize(),
        "senderName": item.source,
        "description": wording.text,
        "instruction": wording.instruction,
        "expires": item.expires.isoformat() if item.expires else None,
        "web": item.web,
        "area": [
            {
                "areaDesc": area.name,
                "geocode": [{"valueName": "Kommun" if len(code) == 4 else "Län", "value": code} for code in area.codes],
            }
            for area in areas
        ],
    }
