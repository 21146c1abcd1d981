"""CAP 1.2 as a reader that trusts nobody: what the standard asks of a document, as tables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from lxml import etree

NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"

# Each element's children in their order; ? may be missing, * may be any number, + at least one, otherwise exactly one.
ORDER: Mapping[str, Sequence[str]] = {
    name: children.split()
    for name, children in {
        "alert": (
            "identifier sender sent status msgType source? scope restriction? addresses? code* note? references? "
            "incidents? info*"
        ),
        "info": (
            "language? category+ event responseType* urgency severity certainty audience? eventCode* effective? "
            "onset? expires? senderName? headline? description? instruction? web? contact? parameter* resource* area*"
        ),
        "area": "areaDesc polygon* circle* geocode* altitude? ceiling?",
        "geocode": "valueName value",
    }.items()
}

WORDS: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "status": "Actual Exercise System Test Draft",
        "msgType": "Alert Update Cancel Ack Error",
        "scope": "Public Restricted Private",
        "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
        "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
        "urgency": "Immediate Expected Future Past Unknown",
        "severity": "Extreme Severe Moderate Minor Unknown",
        "certainty": "Observed Likely Possible Unlikely Unknown",
    }.items()
}

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
_TIMES = {"sent", "effective", "onset", "expires"}
_NAMES = {"identifier", "sender"}


def problems(document: bytes) -> list[str]:
    """Everything that is wrong with a document; nothing for a good one."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(document, parser)
    if root.tag != f"{NAMESPACE}alert":
        return [f"the root is {root.tag}"]
    return [*_misplaced(root), *_misworded(root), *_unreferenced(root)]


def _misplaced(element: etree._Element) -> Iterator[str]:
    name = local(element)
    if name not in ORDER:
        return
    children = " ".join([local(child) for child in element]) + " "
    pattern = "".join(f"(?:{child.rstrip('?*+')} ){child[-1] if child[-1] in '?*+' else ''}" for child in ORDER[name])
    if not re.fullmatch(pattern, children):
        yield f"{name} has {children}"
    for child in element:
        yield from _misplaced(child)


def _misworded(root: etree._Element) -> Iterator[str]:
    for element in root.iter():
        name, text = local(element), element.text or ""
        if element.attrib:
            yield f"{name} has attributes"
        if name in WORDS and text not in WORDS[name]:
            yield f"{name} is {text}"
        if name in _TIMES and not TIME.fullmatch(text):
            yield f"{name} is {text}"
        if name in _NAMES and (not text or re.search(r"[\s,<&]", text)):
            yield f"{name} is {text!r}"
        if name not in ORDER and not text.strip():
            yield f"{name} is empty"
        if name == "web" and not re.match(r"https?://[^\s/]+", text):
            yield f"web is {text}"


def _unreferenced(root: etree._Element) -> Iterator[str]:
    references = root.findtext(f"{NAMESPACE}references")
    if (root.findtext(f"{NAMESPACE}msgType") in {"Update", "Cancel"}) != (references is not None):
        yield f"references are {references}"
    for reference in (references or "").split():
        sender, identifier, sent = reference.split(",")
        if not sender or not identifier or not TIME.fullmatch(sent):
            yield f"a reference is {reference}"


def local(element: etree._Element) -> str:
    """Name of an element of CAP; the whole tag of any other."""
    return str(element.tag).removeprefix(NAMESPACE)


def identity(document: bytes) -> str:
    """What a later document refers to this one by."""
    root = etree.fromstring(document)
    sender, identifier, sent = (root.findtext(f"{NAMESPACE}{name}") or "" for name in ("sender", "identifier", "sent"))
    datetime.fromisoformat(sent)
    return f"{sender},{identifier},{sent}"


def said(document: bytes, path: str) -> list[str]:
    """The texts at a path of names, ``info/headline``."""
    found = etree.fromstring(document).findall("/".join(NAMESPACE + name for name in path.split("/")))
    return [element.text or "" for element in found]
