"""What is done with an item of a source: every case of the table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from broadcaster.sources.entries import Entry, Fate
from broadcaster.sources.rules import (
    Draft,
    Ignore,
    Publish,
    Reason,
    Standing,
    concerned,
    digest,
    ends,
    judge,
    matter,
)
from broadcaster.sources.settings import Rule, Then
from channels.sources.item import Action, Area, Item, Status
from messages.model import Kind, Severity
from tests.support.sourcing import BORGHOLM, ENGLISH, FIRE, MORBYLANGA, SENT, SWEDISH

NOW = SENT + timedelta(minutes=10)
DRAFTS = Rule((BORGHOLM, MORBYLANGA), ("sv", "en"))
PUBLISHES = replace(DRAFTS, then=Then.PUBLISH, channels=("feed", "page"))
MESSAGE = "0123456789"
INCIDENT = "Sveriges Radio: Det brinner i hamnen (SR1)"
STANDING = Standing(MESSAGE, Severity.SEVERE, ended=False)
UPDATE = replace(
    FIRE,
    version="SR1-2",
    action=Action.UPDATE,
    references=("SR1-1",),
    wordings=(replace(SWEDISH, text="Det brinner mindre."), ENGLISH),
)
CANCEL = replace(FIRE, version="SR1-3", action=Action.CANCEL, wordings=())


def act(item: Item = FIRE, message: str | None = MESSAGE, decision: Fate = Fate.PUBLISH) -> Entry:
    """What was made of an item before."""
    return Entry(
        source="vma",
        item=item.id,
        version=item.version,
        sent=item.sent,
        digest=digest(item, "sv"),
        severity=item.severity,
        expires=ends(item),
        municipalities=("borgholm",),
        withdrawn=False,
        seen=SENT,
        decision=decision,
        reason="approved",
        incident=INCIDENT,
        text="…",
        message=message,
    )


def area(*codes: str, name: str = "") -> tuple[Area, ...]:
    return (Area(codes, name),)


@pytest.mark.parametrize(
    ("item", "rule", "reason"),
    [
        (replace(FIRE, status=Status.TEST), PUBLISHES, Reason.NOT_REAL),
        (replace(FIRE, status=Status.EXERCISE), DRAFTS, Reason.NOT_REAL),
        (replace(CANCEL, status=Status.EXERCISE), PUBLISHES, Reason.NOT_REAL),
        (replace(FIRE, sent=SENT - timedelta(days=365), expires=None), PUBLISHES, Reason.OLD),
        (replace(FIRE, sent=NOW - timedelta(hours=24, seconds=1)), DRAFTS, Reason.OLD),
        (replace(FIRE, expires=NOW), PUBLISHES, Reason.OLD),
        (replace(FIRE, areas=area("14")), PUBLISHES, Reason.NOT_FOR_US),
        (replace(FIRE, areas=area("0180")), DRAFTS, Reason.NOT_FOR_US),
        (replace(FIRE, areas=area(name="Norra Östersjön")), DRAFTS, Reason.NOT_FOR_US),
        (replace(FIRE, severity=Severity.MODERATE), replace(PUBLISHES, least=Severity.SEVERE), Reason.TOO_MILD),
        (replace(FIRE, wordings=(ENGLISH,)), DRAFTS, Reason.OTHER_LANGUAGE),
        (CANCEL, PUBLISHES, Reason.NOTHING_TO_FOLLOW),
    ],
)
def test_an_item_is_ignored_for_a_named_reason(item: Item, rule: Rule, reason: Reason) -> None:
    assert judge(item, rule, (), None, NOW) == Ignore(reason)


@pytest.mark.parametrize(
    ("item", "acts", "standing", "reason"),
    [
        (FIRE, (act(),), STANDING, Reason.SEEN),
        (replace(FIRE, version="SR1-2"), (act(),), STANDING, Reason.NOTHING_NEW),
        (CANCEL, (act(message=None, decision=Fate.DRAFT),), None, Reason.NOTHING_TO_FOLLOW),
        (CANCEL, (act(),), replace(STANDING, ended=True), Reason.NOTHING_TO_FOLLOW),
        (CANCEL, (act(), replace(act(UPDATE), withdrawn=True)), STANDING, Reason.NOTHING_NEW),
    ],
)
def test_what_says_nothing_more_than_before_is_ignored(
    item: Item, acts: tuple[Entry, ...], standing: Standing | None, reason: Reason
) -> None:
    assert judge(item, PUBLISHES, acts, standing, NOW) == Ignore(reason)


def test_the_same_words_under_another_id_are_the_same_item_and_belong_to_its_incident() -> None:
    twin = replace(FIRE, id="SR9", version="SR9-1", wordings=(replace(SWEDISH, headline="DET  BRINNER i hamnen"),))
    assert judge(twin, PUBLISHES, (act(),), None, NOW) == Ignore(Reason.TWIN, INCIDENT)


def test_the_same_words_a_day_later_are_another_item() -> None:
    later = replace(FIRE, id="SR9", version="SR9-1", sent=SENT + timedelta(hours=25), expires=None)
    assert isinstance(judge(later, PUBLISHES, (act(),), None, SENT + timedelta(hours=25)), Publish)


def test_a_later_version_of_a_twin_follows_the_first_message() -> None:
    known = replace(act(replace(FIRE, id="SR9", version="SR9-1"), None, Fate.IGNORED), seen=NOW)
    news = replace(UPDATE, id="SR9", version="SR9-2", references=())
    assert matter(news, (act(), known)) == INCIDENT
    assert judge(news, PUBLISHES, (act(), known), STANDING, NOW) == Publish(Kind.UPDATE, INCIDENT, MESSAGE, (BORGHOLM,))


@pytest.mark.parametrize(
    ("areas", "ours"),
    [
        ((), (BORGHOLM, MORBYLANGA)),
        (area("00"), (BORGHOLM, MORBYLANGA)),
        (area("08"), (BORGHOLM, MORBYLANGA)),
        (area("0885"), (BORGHOLM,)),
        (area("14") + area("0840"), (MORBYLANGA,)),
        (area(name="Delar av Mörbylånga kommun"), (MORBYLANGA,)),
        (area("0180", name="Borgholms kommun"), ()),
    ],
)
def test_an_item_is_for_those_that_lie_in_its_areas(areas: tuple[Area, ...], ours: tuple[object, ...]) -> None:
    assert concerned(replace(FIRE, areas=areas), DRAFTS) == ours


def test_a_first_item_becomes_an_alert_as_the_rule_says() -> None:
    assert judge(FIRE, DRAFTS, (), None, NOW) == Draft(Reason.RULE, Kind.ALERT, None, (BORGHOLM,))
    assert judge(FIRE, PUBLISHES, (), None, NOW) == Publish(Kind.ALERT, None, None, (BORGHOLM,))


def test_an_update_of_what_we_never_heard_of_is_an_alert_to_us() -> None:
    assert judge(UPDATE, PUBLISHES, (), None, NOW) == Publish(Kind.ALERT, None, None, (BORGHOLM,))


@pytest.mark.parametrize("severity", [Severity.SEVERE, Severity.MINOR])
def test_an_update_follows_the_message_before_it_also_when_it_is_milder(severity: Severity) -> None:
    rule = replace(PUBLISHES, least=Severity.SEVERE)
    decision = judge(replace(UPDATE, severity=severity), rule, (act(),), STANDING, NOW)
    assert decision == Publish(Kind.UPDATE, INCIDENT, MESSAGE, (BORGHOLM,))


@pytest.mark.parametrize(
    ("item", "acts", "standing", "reason", "kind"),
    [
        (replace(UPDATE, severity=Severity.EXTREME), (act(),), STANDING, Reason.MORE_SEVERE, Kind.UPDATE),
        (UPDATE, (act(message=None, decision=Fate.DRAFT),), None, Reason.DRAFTED_BEFORE, Kind.ALERT),
        (UPDATE, (act(),), replace(STANDING, message="9876543210"), Reason.LED_BY_A_PERSON, Kind.UPDATE),
        (UPDATE, (act(),), replace(STANDING, ended=True), Reason.ENDED_HERE, Kind.ALERT),
        (CANCEL, (act(),), STANDING, Reason.WITHDRAWN, Kind.ALL_CLEAR),
        (replace(UPDATE, areas=area("14")), (act(),), STANDING, Reason.NO_LONGER_FOR_US, Kind.ALL_CLEAR),
    ],
)
def test_what_a_machine_must_not_say_waits_for_a_person(
    item: Item, acts: tuple[Entry, ...], standing: Standing | None, reason: Reason, kind: Kind
) -> None:
    assert judge(item, PUBLISHES, acts, standing, NOW) == Draft(reason, kind, INCIDENT, (BORGHOLM,))


def test_the_end_that_a_cancel_names_does_not_keep_it_from_us() -> None:
    decision = judge(replace(CANCEL, expires=SENT), PUBLISHES, (act(),), STANDING, NOW)
    assert isinstance(decision, Draft)
    assert decision.reason is Reason.WITHDRAWN
