"""Alerts as other systems read them: a CAP 1.2 document for each, and a feed in Atom that leads to those in force.

Elements, their order and what may stand in them are those of the OASIS standard, its section 3.2; the feed is built as
the OASIS note "CAP Feeds Version 1.0" asks for.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from xml.etree.ElementTree import Element, SubElement, tostring
from zoneinfo import ZoneInfo

from channels.feed.alerts import GRADES, Alert, in_force
from channels.feed.document import CAP, NAMED_IN, NOTHING_YET, Feed, Format, Link, WholeLinks, name_in, outline, page_in
from channels.words import WORDS, words
from channels.xml_text import xml_text
from messages.html_text import plain
from messages.languages import language
from messages.model import Kind, Municipality, Rendition

MEDIA_TYPE = "application/cap+xml"

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_ZONE = ZoneInfo("Europe/Stockholm")  # whatever the configuration says: what is published once never changes
_HEADING = re.compile(r"<h([2-6])>(.*?)</h\1>", re.DOTALL)


def render_alert(alert: Alert, municipality: Municipality, authority: str) -> bytes:
    """Write the document."""
    root = Element("alert")
    for tag, text in (
        ("identifier", _identifier(alert, authority)),
        ("sender", _sender(alert, authority)),
        ("sent", _time(alert.sent)),
        ("status", alert.status),
        ("msgType", alert.type),
        ("scope", "Public"),
        ("note", _note(alert, municipality.languages[0])),
        ("references", " ".join(_reference(other, authority) for other in alert.references)),
        ("incidents", _quoted(alert.incident)),
    ):
        _add(root, tag, text)
    for rendition in alert.renditions:
        _add_info(root, alert, rendition, municipality)
    root.set("xmlns", _NAMESPACE)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_info(root: Element, alert: Alert, rendition: Rendition, municipality: Municipality) -> None:
    name = name_in(municipality, rendition.language)
    over = alert.withdrawn != (alert.kind is Kind.ALL_CLEAR)  # where an all-clear was a mistake, nothing is over
    grade = GRADES[alert.severity]
    description, instruction = _parted(rendition)
    info = SubElement(root, "info")
    for tag, text in (
        ("language", WORDS[rendition.language].tag if rendition.language in WORDS else rendition.language),
        ("category", "Other"),  # a message does not say what its event belongs to
        ("event", alert.incident or rendition.title),
        ("responseType", "AllClear" if alert.kind is Kind.ALL_CLEAR and not alert.withdrawn else ""),
        ("urgency", "Past" if over else grade.urgency),
        ("severity", grade.severity),
        ("certainty", grade.certainty),
        ("expires", _time(alert.expires)),
        ("senderName", name),
        ("headline", rendition.title),
        ("description", description),
        ("instruction", instruction),
        ("web", page_in(municipality, rendition.language)),
        ("contact", municipality.variables.get("phone", "")),
    ):
        _add(info, tag, text)
    area = SubElement(info, "area")
    _add(area, "areaDesc", name)
    for kind, code in (("Kommun", municipality.code), ("Län", municipality.code[:2])):
        if code:
            geocode = SubElement(area, "geocode")
            _add(geocode, "valueName", kind)
            _add(geocode, "value", code)


def describe_alerts(id_: str, municipalities: Mapping[str, Municipality], describe: Callable[[str], Feed]) -> Feed:
    """What the feed of a municipality's alerts, or of those of all, says about itself.

    Args:
        describe: tells it of a feed in a language.
    """
    feed = describe(f"{id_}/{municipalities[id_].languages[0] if id_ in municipalities else 'sv'}")
    return replace(feed, surface=f"{id_}/{CAP}", title=f"{feed.title} (CAP)")


def render_alerts(feed: Feed, chained: Sequence[Alert], now: datetime) -> bytes:
    """Write the feed that leads to the documents of all alerts in force, as Atom."""
    document = outline(feed, Format.ATOM)
    document.updated(max((alert.sent for alert in chained), default=NOTHING_YET).replace(microsecond=0))
    for alert in in_force(chained, now):
        first = alert.renditions[0]
        name = xml_text(feed.names.get(alert.municipality, alert.municipality))
        title = xml_text(first.title) or name
        sent = alert.sent.replace(microsecond=0)
        entry = document.add_entry(order="append")
        entry.id(f"tag:{feed.authority},{alert.sent.year}:{CAP}/{alert.municipality}/{alert.name}")
        entry.title(f"{name}: {title}" if feed.joint else title)
        entry.author(name=name)
        entry.content(xml_text(plain(first.text)), type="text")
        entry.published(sent)
        entry.updated(sent)
        for scheme, term in (("status", alert.status), ("msgType", alert.type)):
            entry.category(term=term, scheme=f"tag:{feed.authority},{NAMED_IN}:{scheme}")
        href = f"{feed.public_url}/feeds/{alert.file}" if feed.public_url else f"../{alert.file}"
        whole = partial(WholeLinks, [Link(href, "alternate", MEDIA_TYPE)])
        entry.register_extension("links", whole, rss=False)
    written: bytes = document.atom_str()
    return written


def _parted(rendition: Rendition) -> tuple[str, str]:
    """The text as plain lines, and apart from it the section whose heading promises what to do, if it has one."""
    wanted = {heading.casefold() for heading in words(rendition.language).instructions}
    html = rendition.text
    for heading in _HEADING.finditer(html):
        if plain(heading[2]).casefold() in wanted:
            following = _HEADING.search(html, heading.end())
            end = following.start() if following else len(html)
            return plain(html[: heading.start()] + html[end:]), plain(html[heading.end() : end])
    return plain(html), ""


def _note(alert: Alert, code: str) -> str:
    """Why it is no ordinary alert, in the municipality's first language."""
    reasons = []
    if alert.exercise:
        reasons.append(language(code).exercise.sentence)
    if alert.withdrawn:
        reasons.append(plain(words(code).withdrawn_text))
    else:
        marks = (Kind.CORRECTION, alert.corrects), (Kind.ALL_CLEAR, alert.kind is Kind.ALL_CLEAR)
        reasons += [f"{words(code).kinds[kind]}." for kind, is_so in marks if is_so]
    return " ".join(reasons)


def _identifier(alert: Alert, authority: str) -> str:
    return f"{authority}:{alert.municipality}:{alert.name}"


def _sender(alert: Alert, authority: str) -> str:
    return f"{alert.municipality}@{authority}"


def _reference(alert: Alert, authority: str) -> str:
    return f"{_sender(alert, authority)},{_identifier(alert, authority)},{_time(alert.sent)}"


def _quoted(name: str) -> str:
    """An incident as CAP lists them: in quotation marks where it has blanks."""
    return f'"{name.replace(chr(34), chr(39))}"' if " " in name else name


def _time(time: datetime) -> str:
    """As CAP has times: whole seconds and an offset in figures."""
    return time.astimezone(_ZONE).isoformat(timespec="seconds")


def _add(parent: Element, tag: str, text: str) -> None:
    """Add an element, unless there is nothing to say in it."""
    if text:
        SubElement(parent, tag).text = xml_text(text)
