"""What is done with an item of a source: every case of the table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from broadcaster.sources.entries import Entry, Fate
from broadcaster.sources.placement import concerned, is_placed, placings, told_apart
from broadcaster.sources.rules import (
    Draft,
    Ignore,
    Publish,
    Reason,
    Standing,
    digest,
    ends,
    judge,
    matter,
)
from broadcaster.sources.settings import Rule, Then
from channels.sources.item import Action, Area, Item, Status
from channels.sources.shapes import polygon
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


def test_the_same_words_for_a_neighbour_are_news() -> None:
    twin = replace(FIRE, id="SR9", version="SR9-1", areas=area("0840"))
    assert judge(twin, PUBLISHES, (act(),), None, NOW) == Publish(Kind.ALERT, None, None, (MORBYLANGA,))


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
        (area("0885", "08"), (BORGHOLM,)),
        (area("SE213"), (BORGHOLM, MORBYLANGA)),
        (area(name="Kalmar län"), (BORGHOLM, MORBYLANGA)),
        (area(name="Hela landet"), (BORGHOLM, MORBYLANGA)),
        (area(name="Västra delarna"), (BORGHOLM, MORBYLANGA)),
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


UNKNOWN = area(name="Västra delarna")
STRAIT = polygon("56.8,16.5 56.81,16.5 56.81,16.7 56.8,16.7")


def test_whoever_cannot_place_an_item_does_not_drop_it() -> None:
    item = replace(FIRE, areas=UNKNOWN)
    draft = Draft(Reason.UNPLACED, Kind.ALERT, None, (BORGHOLM, MORBYLANGA))
    assert judge(item, DRAFTS, (), None, NOW) == judge(item, PUBLISHES, (), None, NOW) == draft
    assert placings(item, DRAFTS) == "Västra delarna: cannot be placed by its name"


def test_what_is_surely_placed_does_not_wait_for_what_is_not() -> None:
    mixed = replace(FIRE, areas=(*FIRE.areas, *area("14"), *UNKNOWN))
    (sure, first), (unsure, second) = told_apart(mixed, PUBLISHES, ())
    assert judge(sure, first, (), None, NOW) == Publish(Kind.ALERT, None, None, (BORGHOLM,))
    assert judge(unsure, second, (act(sure),), None, NOW) == Draft(Reason.UNPLACED, Kind.ALERT, None, (MORBYLANGA,))
    assert (sure.id, unsure.id) == (FIRE.id, f"{FIRE.id} @ ?")
    assert not is_placed(mixed, PUBLISHES)
    assert list(told_apart(FIRE, PUBLISHES, ())) == [(FIRE, PUBLISHES)]


def test_an_area_that_ends_on_the_other_side_of_a_strait_is_surely_for_one_and_perhaps_for_the_other() -> None:
    (beach, first), (_, second) = told_apart(replace(FIRE, areas=(Area((), "", (STRAIT,)),)), PUBLISHES, ())
    assert concerned(beach, first) == (BORGHOLM,)
    assert concerned(beach, second) == (MORBYLANGA,)


def test_it_is_told_where_each_area_lies_and_by_what() -> None:
    areas = (Area(("0885",), "Norr"), Area(("SE-X",), "Gävleborg"), Area(("DK003",), "Bornholm"))
    assert placings(replace(FIRE, areas=areas), DRAFTS) == (
        "Norr: borgholm by its code 0885; Gävleborg: elsewhere by its code SE-X; Bornholm: elsewhere by its code DK003"
    )


def test_what_had_to_be_mended_is_never_published_by_rule() -> None:
    mended = replace(FIRE, is_untidy=True)
    assert judge(mended, PUBLISHES, (), None, NOW) == Draft(Reason.UNTIDY, Kind.ALERT, None, (BORGHOLM,))
    assert judge(mended, DRAFTS, (), None, NOW) == Draft(Reason.RULE, Kind.ALERT, None, (BORGHOLM,))


def test_a_company_without_a_number_is_where_those_beside_it_are() -> None:
    company = replace(BORGHOLM, id="vatten", code="", variables=dict(BORGHOLM.variables, name="Ölands vatten"))
    beside = replace(DRAFTS, municipalities=(MORBYLANGA, company))
    assert concerned(replace(FIRE, areas=area("0840")), beside) == (MORBYLANGA, company)
    assert concerned(replace(FIRE, areas=area("0885")), beside) == ()
    assert concerned(replace(FIRE, areas=area(name="Ölands vatten")), beside)[-1] == company
    assert not is_placed(FIRE, replace(DRAFTS, municipalities=(company,)))


def test_a_municipality_whose_number_is_not_configured_is_known_by_its_name() -> None:
    rule = replace(DRAFTS, municipalities=(replace(BORGHOLM, code=""),))
    assert concerned(FIRE, rule) == rule.municipalities
    assert concerned(replace(FIRE, areas=area("0840")), rule) == ()
    assert is_placed(FIRE, rule)


def part(name: str, incident: str) -> Entry:
    return replace(act(replace(FIRE, id=f"SR1 @ {name}")), incident=incident)


def test_what_was_told_apart_is_taken_back_part_by_part() -> None:
    parts = (part("0885", "Gul"), part("0840", "Röd"))
    taken_back = [item for item, _ in told_apart(CANCEL, PUBLISHES, parts)]
    assert [matter(one, parts) for one in taken_back[:2]] == ["Gul", "Röd"]
    for one, incident in zip(taken_back, ("Gul", "Röd"), strict=False):
        decision = judge(one, PUBLISHES, parts, STANDING, NOW)
        assert isinstance(decision, Draft)
        assert (decision.reason, decision.incident) == (Reason.WITHDRAWN, incident)


def test_parts_that_are_told_together_now_or_a_whole_that_is_told_apart_are_for_a_person() -> None:
    parts = (part("0885", "Gul"), part("0840", "Röd"))
    together = judge(UPDATE, PUBLISHES, parts, STANDING, NOW)
    apart = judge(replace(UPDATE, id="SR1 @ 0885", references=("SR1",)), PUBLISHES, (act(),), STANDING, NOW)
    assert isinstance(together, Draft)
    assert isinstance(apart, Draft)
    assert together.reason is apart.reason is Reason.PARTED


def test_an_update_of_a_part_follows_that_part_alone() -> None:
    parts = (part("0885", "Gul"), part("0840", "Röd"))
    update = replace(UPDATE, id="SR1 @ 0840", references=("SR1",), areas=area("0840"))
    assert judge(update, PUBLISHES, parts, STANDING, NOW) == Publish(Kind.UPDATE, "Röd", MESSAGE, (MORBYLANGA,))
