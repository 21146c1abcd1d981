"""What is done with an item of a source, and why. Pure.

Nothing here ever ends an incident or makes anything more severe than it was: that is a person's decision, for which
there is then a draft.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from broadcaster.sources.entries import Entry
from broadcaster.sources.placement import concerned, is_placed
from broadcaster.sources.settings import Rule, Then
from channels.sources.item import PART, Action, Item, Status, Wording
from messages.model import Kind, Municipality, Severity

OLD = timedelta(hours=24)
"""What was issued longer ago is no news: it was seen then, or is in a list for another reason."""

TWINS_WITHIN = timedelta(hours=24)
"""How long the same words under another id count as the same item."""

_WORST_FIRST = tuple(Severity)


class Reason(StrEnum):
    """Why an item is ignored, or waits as a draft for a person."""

    # ignored
    SEEN = "seen before"
    NOT_REAL = "an exercise or a test"
    OLD = "old or expired"
    NOT_FOR_US = "not for us"
    TOO_MILD = "too mild"
    OTHER_LANGUAGE = "in another language"
    TWIN = "the same under another id"
    NOTHING_NEW = "says nothing new"
    NOTHING_TO_FOLLOW = "nothing to follow"
    # drafts
    RULE = "the rule says so"
    UNPLACED = "nobody can tell whether it is for us"
    UNTIDY = "what its source sends had to be mended"
    WITHDRAWN = "the source has withdrawn it"
    NO_LONGER_FOR_US = "no longer for us"
    MORE_SEVERE = "more severe than what was said"
    PARTED = "its parts were told together before, or its whole in parts"
    DRAFTED_BEFORE = "its first message is a draft"
    LED_BY_A_PERSON = "a person has spoken since"
    ENDED_HERE = "we have ended or taken back what we said"
    FAILED = "could not be published"
    # published
    APPROVED = "the rule and its starter are approved"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the incident that an item belongs to: the last message that was sent in it.

    Args:
        ended: it is an all-clear, was taken back, or the incident is closed.
    """

    message: str
    severity: Severity
    ended: bool


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing is made of it.

    Args:
        incident: what its later versions belong to all the same; None for nothing.
    """

    reason: Reason
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A message is written for a person to look at and send.

    Args:
        incident: what it belongs to; None for one of its own.
        municipalities: those it is for.
    """

    reason: Reason
    kind: Kind
    incident: str | None
    municipalities: tuple[Municipality, ...]


@dataclass(frozen=True, slots=True)
class Publish:
    """A message is sent.

    Args:
        incident, municipalities: as those of :class:`Draft`.
        follows: id of the message that it follows; None for an alert.
    """

    kind: Kind
    incident: str | None
    follows: str | None
    municipalities: tuple[Municipality, ...]


Decision = Ignore | Draft | Publish
"""What is done with an item."""


def judge(item: Item, rule: Rule, acts: Sequence[Entry], standing: Standing | None, now: datetime) -> Decision:
    """Decide about an item.

    Args:
        acts: what was made of earlier items of the source, oldest first.
        standing: what stands in the incident of :func:`matter`; None if nothing was sent in it.
    """
    former = _former(item, acts)
    if (reason := _no_news(item, former, now)) is not None:
        return Ignore(reason)
    municipalities = concerned(item, rule)
    if item.action is Action.CANCEL or not municipalities:
        return _withdrawn(item, rule, former, standing)
    if not former and _is_milder(item.severity, rule.least):
        return Ignore(Reason.TOO_MILD)
    if wording_in(item, rule.languages[0]) is None:
        return Ignore(Reason.OTHER_LANGUAGE)
    return _spoken(item, rule, municipalities, acts, standing, now)


def matter(item: Item, acts: Sequence[Entry]) -> str | None:
    """The incident that an item belongs to because of what was made of it before, if anything was."""
    former = _former(item, acts)
    return former[0].incident if former else None


def wording_in(item: Item, language: str) -> Wording | None:
    """What an item says in a language."""
    return next((wording for wording in item.wordings if wording.language == language), None)


def digest(item: Item, language: str) -> str:
    """Tell an item's words in a language from any others, whatever its id is."""
    said = wording_in(item, language)
    words = (said.headline, said.text, said.instruction) if said else (item.id,)
    return sha256("\0".join(" ".join(part.split()).casefold() for part in words).encode()).hexdigest()


def ends(item: Item) -> datetime | None:
    """When an item ends on its own, to the second."""
    return item.expires and item.expires.replace(microsecond=0)


def _former(item: Item, acts: Sequence[Entry]) -> Sequence[Entry]:
    """What was made of what an item belongs to: of its earlier versions, its parts, and the same under other ids."""
    names = {item.id, *item.references}
    parts = tuple(f"{name}{PART}" for name in names if PART not in item.id)
    incidents = {act.incident for act in acts if act.item in names or (parts and act.item.startswith(parts))}
    return [act for act in acts if act.incident in incidents]


def _no_news(item: Item, former: Sequence[Entry], now: datetime) -> Reason | None:
    """Why an item is nothing to think about, whoever it is for."""
    if any((act.item, act.version) == (item.id, item.version) for act in former):
        return Reason.SEEN
    if item.status is not Status.ACTUAL:
        return Reason.NOT_REAL
    return Reason.OLD if _is_old(item, now) else None


def _is_old(item: Item, now: datetime) -> bool:
    is_over = item.action is not Action.CANCEL and item.expires is not None and item.expires <= now
    return is_over or now - item.sent > OLD


def _is_milder(severity: Severity, than: Severity) -> bool:
    return _WORST_FIRST.index(severity) > _WORST_FIRST.index(than)


def _withdrawn(item: Item, rule: Rule, former: Sequence[Entry], standing: Standing | None) -> Ignore | Draft:
    """Decide about what ends a matter, or no longer concerns us."""
    is_cancel = item.action is Action.CANCEL
    if not former and not is_cancel:
        return Ignore(Reason.NOT_FOR_US)
    if standing is None or standing.ended:
        return Ignore(Reason.NOTHING_TO_FOLLOW)
    if former[-1].withdrawn:
        return Ignore(Reason.NOTHING_NEW)
    told = {name for act in former for name in act.municipalities}
    municipalities = tuple(one for one in rule.municipalities if one.id in told)
    reason = Reason.WITHDRAWN if is_cancel else Reason.NO_LONGER_FOR_US
    return Draft(reason, Kind.ALL_CLEAR, former[0].incident, municipalities or rule.municipalities)


def _spoken(
    item: Item,
    rule: Rule,
    municipalities: tuple[Municipality, ...],
    acts: Sequence[Entry],
    standing: Standing | None,
    now: datetime,
) -> Decision:
    """Decide about what has something to say to us."""
    former = _former(item, acts)
    if former and _says_the_same(item, rule, municipalities, former[-1]):
        return Ignore(Reason.NOTHING_NEW)
    if not former and (twin := _twin(digest(item, rule.languages[0]), municipalities, acts, now)):
        return Ignore(Reason.TWIN, twin.incident)
    incident = former[0].incident if former else None
    kind = Kind.ALERT if standing is None or standing.ended else Kind.UPDATE
    reason = _drafted_for(item, rule) or _needs_a_person(item, former, standing)
    if reason is not None:
        return Draft(reason, kind, incident, municipalities)
    return Publish(kind, incident, standing.message if standing else None, municipalities)


def _says_the_same(item: Item, rule: Rule, municipalities: Sequence[Municipality], act: Entry) -> bool:
    return (act.digest, act.severity, act.expires, act.municipalities, act.withdrawn) == (
        digest(item, rule.languages[0]),
        item.severity,
        ends(item),
        tuple(one.id for one in municipalities),
        False,
    )


def _twin(words: str, municipalities: Sequence[Municipality], acts: Sequence[Entry], now: datetime) -> Entry | None:
    """What said the same to the same: words that were for a neighbour are news."""
    asked = {one.id for one in municipalities}
    fresh = (act for act in acts if act.digest == words and now - act.seen <= TWINS_WITHIN)
    return next((act for act in fresh if asked <= set(act.municipalities)), None)


def _drafted_for(item: Item, rule: Rule) -> Reason | None:
    """Why an item is a draft whatever was said before; None if it is not."""
    if not is_placed(item, rule):
        return Reason.UNPLACED
    if rule.then is Then.DRAFT:
        return Reason.RULE
    return Reason.UNTIDY if item.is_untidy else None


def _needs_a_person(item: Item, former: Sequence[Entry], standing: Standing | None) -> Reason | None:
    """Why an item cannot be published by rule; None if it can."""
    if _is_parted(item, former):
        return Reason.PARTED
    if not former and standing is None:
        return None
    if standing is None:
        return Reason.DRAFTED_BEFORE
    if standing.ended:
        return Reason.ENDED_HERE
    if standing.message not in {act.message for act in former}:
        return Reason.LED_BY_A_PERSON
    return Reason.MORE_SEVERE if _is_milder(standing.severity, item.severity) else None


def _is_parted(item: Item, former: Sequence[Entry]) -> bool:
    """Whether what belongs to an item is told apart in another way than it is: then no single message is its next."""
    is_new_part = bool(former) and PART in item.id and all(act.item != item.id for act in former)
    return is_new_part or len({act.incident for act in former}) > 1
