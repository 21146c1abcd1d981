"""The record as a page that prints well: one file, nothing loaded from elsewhere, every time with its offset."""

from datetime import datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from broadcaster.record.document import Data
from channels.page import policy
from channels.page.fragment import under
from channels.registry import FORMS
from messages.model import Markup as Written

_TEMPLATES = Environment(
    loader=PackageLoader("broadcaster.record"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = (files("broadcaster.record") / "templates/timeline.css").read_text(encoding="utf-8")
_BELOW = 4
"""The level of the headings that texts stand under."""

EVENTS = {
    "aware": "The municipality became aware of it",
    "incident.open": "Incident opened",
    "incident.reopen": "Incident opened again",
    "incident.close": "Incident closed",
    "incident.aware": "Noted when it became known",
    "incident.earlier": "Noted which incident came before",
    "incident.report": "Noted what authorities were told",
    "message.submit": "Message sent",
    "message.retract": "Message taken back",
    "prompt.confirm": "Switchboard plays it",
    "delivery.first": "First handed over",
    "delivery.last": "Last handed over so far",
    "services.set": "Board of services, by hand",
    "services.clear": "Service taken off the board",
    "services.undo": "Board of services, undone by hand",
    "services.message": "Board of services, by a message",
    "services.retract": "Board of services, put back with a message",
}
"""What events are called where people read them; others go by the audit's name."""


def page(data: Data, zone: ZoneInfo) -> str:
    """The page of a record."""

    def at(time: str | None) -> str:
        if time is None:
            return ""
        local = datetime.fromisoformat(time).astimezone(zone).isoformat(" ", "seconds")
        return f"{local[:-6]} {local[-6:]}"

    style = Markup(_STYLE)  # noqa: S704 (ours)
    return _TEMPLATES.get_template("timeline.html").render(
        data, at=at, text=_text, events=EVENTS, style=style, policy=policy(_STYLE)
    )


def _text(rendition: Data) -> Markup | str:
    """A text as residents got it; HTML is shown as such only where our own rendering wrote it."""
    form = FORMS.get(rendition["channel"])
    if form is not None and form.markup is Written.HTML:
        return under(rendition["text"], _BELOW)
    return str(rendition["text"])
