"""Consent as evidence, and what a departure frees: on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from broadcaster.store import counts, duty, inbound, lanes, news
from broadcaster.store.consents import Consent, How
from broadcaster.store.database import Database
from broadcaster.store.ledger import LEFT, Ledger, Report
from broadcaster.store.submissions import Submission, submit
from broadcaster.store.subscribers import Departure, Subscribers, Subscription
from messages.model import Kind
from tests.support.storing import (
    BORGHOLM,
    BORGHOLM_EN,
    HOUR,
    MORBYLANGA,
    NOW,
    SEAL,
    SECOND,
    TO_BORGHOLM,
    TO_MORBYLANGA,
    execute,
    fetch,
    states,
    submission,
    subscribe,
)

ONE, TWO = "+46701740605", "+46701740606"
TO_ONE = Subscription(ONE, "borgholm", "sv")


@pytest.fixture
def subscribers(database: Database) -> Subscribers:
    return Subscribers(database, SEAL)


async def test_consent_says_when_how_and_to_which_words(subscribers: Subscribers) -> None:
    await subscribers.add([TO_ONE], NOW, "test", Consent(How.WEB, "Du får sms."))
    await subscribers.remove(ONE, None, NOW + HOUR, "test", How.SMS)
    await subscribers.add([TO_ONE], NOW + 2 * HOUR, "test", Consent(How.IMPORT))
    first, second = await subscribers.evidence(ONE)
    assert (first.given, first.how, first.shown) == (NOW, How.WEB, "Du får sms.")
    assert (first.withdrawn, first.withdrawn_how) == (NOW + HOUR, How.SMS)
    assert (second.given, second.how, second.version, second.withdrawn) == (NOW + 2 * HOUR, How.IMPORT, None, None)
    assert [entry.consent async for entry in subscribers.all()] == [How.IMPORT]
    assert await subscribers.evidence(TWO) == []


async def test_the_same_words_have_one_version_and_others_another(database: Database, subscribers: Subscribers) -> None:
    for number, words in ((ONE, "Du får sms."), (TWO, "Du får sms."), ("+46701740607", "Du får sms!")):
        await subscribers.add([Subscription(number, "borgholm", "sv")], NOW, "test", Consent(How.SMS, words))
    assert await fetch(database, "SELECT count(*) FROM consent_texts") == [(2,)]


async def test_consent_that_stands_is_not_given_twice(subscribers: Subscribers) -> None:
    await subscribers.add([TO_ONE], NOW, "test", Consent(How.SMS))
    await subscribers.add([TO_ONE], NOW + HOUR, "test", Consent(How.IMPORT))
    [evidence] = await subscribers.evidence(ONE)
    assert (evidence.given, evidence.how) == (NOW, How.SMS)


async def test_who_left_one_municipality_still_agrees_to_the_other(subscribers: Subscribers) -> None:
    await subscribers.add([TO_ONE, Subscription(ONE, "morbylanga", "sv")], NOW, "test")
    await subscribers.remove(ONE, "morbylanga", NOW + HOUR, "test")
    assert {one.municipality: one.withdrawn for one in await subscribers.evidence(ONE)} == {
        "borgholm": None,
        "morbylanga": NOW + HOUR,
    }


async def test_a_list_does_not_bring_back_who_said_stop_until_they_come_back_themselves(
    subscribers: Subscribers,
) -> None:
    to_two = Subscription(TWO, "borgholm", "sv")
    await subscribers.add([TO_ONE, to_two], NOW, "test", Consent(How.IMPORT))
    await subscribers.remove(ONE, None, NOW, "test", How.SMS)
    await subscribers.remove(TWO, None, NOW, "test", How.CLI)
    in_english = replace(TO_ONE, language="en")
    assert await subscribers.add_listed([in_english, TO_ONE, to_two], NOW, "test") == (1, 1)
    assert [entry.subscription async for entry in subscribers.all()] == [to_two]
    await subscribers.add([TO_ONE], NOW, "test", Consent(How.SMS))
    assert await subscribers.add_listed([TO_ONE, to_two], NOW, "test") == (0, 0)


async def test_what_a_lane_has_claimed_loses_its_number_and_the_lane_finds_that_out(
    database: Database, subscribers: Subscribers
) -> None:
    await subscribe(database, (ONE, "borgholm", "sv"), (TWO, "borgholm", "sv"))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    ledger, lease = Ledger(database), await lanes.acquire(database, "sms-borgholm", "us")
    assert lease is not None
    turn = await ledger.turn(lease, Report({}, room=8), NOW)
    departure = await subscribers.remove(ONE, None, NOW, "test", How.SMS)
    assert departure == Departure((turn.claimed[0].id,))
    assert await ledger.called_off("sms-borgholm") == {turn.claimed[0].id: LEFT}
    assert await ledger.called_off("sms-morbylanga") == {}


async def test_who_leaves_one_of_two_still_gets_what_the_other_says(
    database: Database, subscribers: Subscribers
) -> None:
    await subscribe(database, (ONE, "borgholm", "sv"), (ONE, "morbylanga", "sv"))
    joint = submission(renditions=[BORGHOLM, MORBYLANGA], routes=[TO_BORGHOLM, TO_MORBYLANGA])
    await submit(database, joint, "test")
    await submit(database, submission("1a1b2c3d4e", routes=[TO_BORGHOLM]), "test")
    ledger, lease = Ledger(database), await lanes.acquire(database, "sms-borgholm", "us")
    assert lease is not None
    turn = await ledger.turn(lease, Report({}, room=8), NOW)
    assert len(turn.claimed) == 2
    assert await subscribers.remove(ONE, "borgholm", NOW, "test", How.SMS) == Departure((turn.claimed[1].id,))
    assert await states(database) == ["sending", "sending"]


async def test_leaving_is_quiet_once_what_was_claimed_is_done_with(
    database: Database, subscribers: Subscribers
) -> None:
    await subscribe(database, (ONE, "borgholm", "sv"))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    ledger, lease = Ledger(database), await lanes.acquire(database, "sms-borgholm", "us")
    assert lease is not None
    await ledger.turn(lease, Report({}, room=8), NOW)
    departure = await subscribers.remove(ONE, None, NOW, "test", How.SMS)
    assert departure is not None
    waiting = asyncio.create_task(subscribers.quiet(departure))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    await ledger.disown(lease, [], NOW)
    await waiting
    await subscribers.quiet(Departure())  # nothing was underway: it is quiet already


async def test_a_text_is_new_once_and_its_reply_is_kept(database: Database) -> None:
    async with database.write() as connection:
        assert await inbound.is_new(connection, database, "twilio", "SM1", NOW)
        await inbound.keep_reply(connection, "twilio", "SM1", "Hej")
    async with database.write() as connection:
        assert not await inbound.is_new(connection, database, "twilio", "SM1", NOW)
        assert await inbound.reply_to(connection, "twilio", "SM1") == "Hej"
        assert await inbound.is_new(connection, database, "46elks", "SM1", NOW)
        assert await inbound.is_new(connection, database, "twilio", "SM2", NOW + inbound.KEPT + SECOND)
    assert await fetch(database, "SELECT id FROM inbound") == [("SM2",)]


async def test_things_are_counted_by_the_day(database: Database) -> None:
    async with database.write() as connection:
        counted = [await counts.count(connection, database, who, NOW) for who in ("a", "a", "b")]
        later = [await counts.count(connection, database, "a", NOW + timedelta(days=days)) for days in (1, 7)]
    assert (counted, later) == ([1, 2, 1], [1, 1])
    assert await fetch(database, "SELECT day, count FROM daily_counts") == [("2026-03-08", 1)]


async def current(database: Database, *municipalities: str, ahead: timedelta = SECOND) -> list[tuple[str, str, str]]:
    async with database.read() as connection:
        found = await news.current(connection, municipalities, NOW + ahead)
    return [(one.municipality, one.message, one.headlines["sv"]) for one in found]


def said(id_: str, minutes: int, title: str, kind: Kind = Kind.ALERT, incident: str = "Ström") -> Submission:
    texts = [replace(BORGHOLM, title=title), replace(BORGHOLM_EN, title=f"{title} (en)"), MORBYLANGA]
    made = submission(id_, renditions=texts, issued=NOW + timedelta(minutes=minutes))
    return replace(made, kind=kind, incident=incident)


EXERCISE = """+++
incident = "Ström"
kind = "alert"
severity = "severe"
municipalities = ["borgholm"]
exercise = true
+++
# Strömmen är borta
"""


async def test_an_exercise_in_a_real_incident_hides_no_real_word(database: Database) -> None:
    ten, exercise = timedelta(minutes=10), "ÖVNING: Strömmen är borta i norr"
    real, practised = ("borgholm", "a" * 10, "Strömmen är borta"), ("borgholm", "b" * 10, exercise)
    await submit(database, said("a" * 10, 0, "Strömmen är borta"), "test")
    await submit(database, replace(said("b" * 10, 1, exercise), source=EXERCISE), "test")
    assert await current(database, "borgholm", ahead=ten) == [practised, real]
    assert await current(database, "borgholm", ahead=24 * HOUR) == [real]  # an exercise ends by itself
    ended = said("c" * 10, 2, "ÖVNING: Strömmen är tillbaka", Kind.ALL_CLEAR)
    await submit(database, replace(ended, source=EXERCISE), "test")
    assert await current(database, "borgholm", ahead=ten) == [real]


async def test_news_is_told_in_no_words_of_a_former_message(database: Database) -> None:
    await submit(database, said("a" * 10, 0, "Strömmen är borta"), "test")
    update = said("b" * 10, 1, "Strömmen är borta i söder", Kind.UPDATE)
    swedish = tuple(one for one in update.renditions if one.language == "sv")
    await submit(database, replace(update, renditions=swedish), "test")
    await execute(
        database,
        "INSERT INTO renditions (id, message, municipality, channel, language, title, text, operation) SELECT "
        "id + 1000, 'bbbbbbbbbb', municipality, channel, language, title, text, 'withdraw' FROM renditions "
        "WHERE message = 'aaaaaaaaaa' AND language = 'en'",
    )
    async with database.read() as connection:
        [told] = await news.current(connection, ["borgholm"], NOW + timedelta(minutes=10))
    assert told.headlines == {"sv": "Strömmen är borta i söder"}


async def test_news_is_the_last_word_of_each_incident_that_goes_on(database: Database) -> None:
    ten = timedelta(minutes=10)
    await submit(database, said("a" * 10, 0, "Strömmen är borta"), "test")
    assert await current(database, "borgholm") == [("borgholm", "a" * 10, "Strömmen är borta")]
    await submit(database, said("b" * 10, 1, "Strömmen är borta i söder", Kind.UPDATE), "test")
    await submit(database, said("c" * 10, 2, "Koka vattnet", incident="Vatten"), "test")
    both = [("borgholm", "c" * 10, "Koka vattnet"), ("borgholm", "b" * 10, "Strömmen är borta i söder")]
    assert await current(database, "borgholm", ahead=ten) == both
    assert {one[0] for one in await current(database, "borgholm", "morbylanga", ahead=ten)} == {
        "borgholm",
        "morbylanga",
    }
    assert await current(database, "kalmar", ahead=ten) == []
    await submit(database, said("d" * 10, 3, "Strömmen är tillbaka", Kind.ALL_CLEAR), "test")
    assert await current(database, "borgholm", ahead=ten) == [("borgholm", "c" * 10, "Koka vattnet")]
    assert await current(database, "borgholm", ahead=2 * HOUR) == [("borgholm", "c" * 10, "Koka vattnet")]


@pytest.mark.parametrize(
    ("change", "goes_on"),
    [
        ("UPDATE messages SET severity = severity", True),  # an expiry is no end
        ("UPDATE incidents SET closed = opened", False),
        ("UPDATE messages SET retracted = issued", False),
        ("UPDATE messages SET kind = 'all-clear'", False),
        ("UPDATE messages SET severity = 'information'", False),  # a notice
        ("UPDATE messages SET severity = 'information', next_update = issued", True),  # which promises more
        (
            "INSERT INTO source_items (source, item, version, sent, digest, severity, municipalities, seen, decision, "
            "reason, incident) SELECT 'smhi', '1', '1', issued, '', '', '', issued, 'publish', '', incident "
            "FROM messages",
            False,
        ),
    ],
)
async def test_an_incident_goes_on_when_its_last_word_expires_unless_that_ends_it(
    database: Database, change: str, goes_on: bool
) -> None:
    await submit(database, said("a" * 10, 0, "Strömmen är borta"), "test")
    await execute(database, change)
    assert bool(await current(database, "borgholm", ahead=24 * HOUR)) is goes_on
    assert bool(await duty.last_words(database, ["borgholm"], NOW)) is goes_on
