"""Messages on their way in: all or nothing, each once, and to every resident once."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, text

from broadcaster.store.audiences import Route
from broadcaster.store.database import Database
from broadcaster.store.schema import deliveries, messages, renditions, subscribers, subscriptions
from broadcaster.store.submissions import Posting, submit
from broadcaster.store.subscribers import Subscribers
from messages.model import Rendition
from tests.support.storing import (
    BORGHOLM,
    BORGHOLM_EN,
    MORBYLANGA,
    NOW,
    PAGE,
    SEAL,
    TO_BORGHOLM,
    TO_MORBYLANGA,
    audience,
    blocked,
    execute,
    fetch,
    posts,
    submission,
    subscribe,
    upgraded,
)

ONE, TWO, THREE = "+46701740605", "+46701740606", "+46701740607"

TABLES = ("messages", "renditions", "deliveries", "audit")


async def counts(database: Database) -> list[int]:
    statement = "SELECT count(*) FROM "
    return [(await fetch(database, statement + table))[0][0] for table in TABLES]


async def planned(database: Database) -> list[tuple[str, str, str, str]]:
    """Who gets an SMS: number, municipality and language of the text, lane."""
    found = await fetch(
        database,
        "SELECT subscribers.number, renditions.municipality, renditions.language, deliveries.lane FROM deliveries "
        "JOIN subscribers ON subscribers.id = deliveries.subscriber "
        "JOIN renditions ON renditions.id = deliveries.rendition ORDER BY deliveries.id",
    )
    return sorted((SEAL.open(number), *rest) for number, *rest in found)


async def test_a_message_is_written_with_its_renditions_its_deliveries_and_who_sent_it(database: Database) -> None:
    await subscribe(database, (ONE, "borgholm", "sv"))
    page = Posting(PAGE, "facebook-borgholm", "1234567890")
    sent = submission(renditions=[BORGHOLM, PAGE], postings=[page], routes=[TO_BORGHOLM])
    assert await submit(database, sent, "anna")

    assert await fetch(database, "SELECT id, content_hash, kind, severity, headline, source FROM messages") == [
        (sent.id, sent.content_hash, "alert", "severe", "Telefonerna är nere", sent.source)
    ]
    assert await fetch(database, "SELECT municipality, channel, language, title, text FROM renditions ORDER BY id") == [
        (r.municipality, r.channel, r.language, r.title, r.text) for r in (BORGHOLM, PAGE)
    ]
    assert await fetch(database, "SELECT lane, target, state, attempts, reason FROM deliveries ORDER BY id") == [
        ("facebook-borgholm", "1234567890", "pending", 0, None),
        ("sms-borgholm", None, "pending", 0, None),
    ]
    assert await planned(database) == [(ONE, "borgholm", "sv", "sms-borgholm")]
    assert await fetch(database, "SELECT actor, action, subject, details FROM audit ORDER BY id DESC LIMIT 1") == [
        ("anna", "message.submit", sent.id, sent.content_hash)
    ]


async def test_an_error_in_the_middle_leaves_nothing(database: Database) -> None:
    no_such_text = Posting(BORGHOLM_EN, "facebook-borgholm", "1234567890")
    with pytest.raises(KeyError):
        await submit(database, submission(renditions=[BORGHOLM], postings=[no_such_text]), "test")
    assert await counts(database) == [0, 0, 0, 0]


async def test_an_error_at_the_very_end_leaves_nothing(database: Database) -> None:
    await execute(database, "ALTER TABLE audit RENAME COLUMN details TO remarks")
    with pytest.raises(Exception, match="details"):
        await submit(database, posts(3), "test")
    await execute(database, "ALTER TABLE audit RENAME COLUMN remarks TO details")
    assert await counts(database) == [0, 0, 0, 0]


async def test_the_same_message_again_writes_nothing(database: Database) -> None:
    assert await submit(database, posts(3), "test")
    assert not await submit(database, replace(posts(3), issued=posts(3).expires), "somebody else")
    assert await counts(database) == [1, 1, 3, 1]
    assert await submit(database, posts(3, "ffffffffff"), "test")
    assert await counts(database) == [2, 2, 6, 2]


async def test_two_who_send_the_same_message_at_once_send_it_once(database_url: str) -> None:
    async with upgraded(database_url) as one, Database(database_url) as other:
        written = await asyncio.gather(*(submit(database, posts(50), "test") for database in (one, other, one, other)))
        assert sorted(written) == [False, False, False, True]
        assert await counts(one) == [1, 1, 50, 1]


async def test_a_resident_of_two_municipalities_gets_one_text_by_the_first_that_the_message_names(
    database: Database,
) -> None:
    await subscribe(database, (ONE, "borgholm", "sv"), (ONE, "morbylanga", "sv"), (TWO, "morbylanga", "sv"))
    texts = [BORGHOLM, MORBYLANGA]
    await submit(database, submission("000000000a", renditions=texts, routes=[TO_BORGHOLM, TO_MORBYLANGA]), "test")
    of_morbylanga = (TWO, "morbylanga", "sv", "sms-morbylanga")
    assert await planned(database) == [(ONE, "borgholm", "sv", "sms-borgholm"), of_morbylanga]

    await execute(database, "DELETE FROM deliveries")
    await submit(database, submission("000000000b", renditions=texts, routes=[TO_MORBYLANGA, TO_BORGHOLM]), "test")
    assert await planned(database) == [(ONE, "morbylanga", "sv", "sms-morbylanga"), of_morbylanga]


async def test_a_resident_reads_the_own_language_where_it_is_written_and_else_the_municipalitys(
    database: Database,
) -> None:
    await subscribe(database, (ONE, "borgholm", "en"), (TWO, "borgholm", "fi"), (THREE, "borgholm", "sv"))
    await submit(database, submission(renditions=[BORGHOLM, BORGHOLM_EN], routes=[TO_BORGHOLM]), "test")
    assert [(number, language) for number, _, language, _ in await planned(database)] == [
        (ONE, "en"),
        (TWO, "sv"),
        (THREE, "sv"),
    ]


async def test_only_the_municipalities_of_the_message_reach_their_residents(database: Database) -> None:
    await subscribe(database, (ONE, "borgholm", "sv"), (TWO, "kalmar", "sv"))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    assert [number for number, *_ in await planned(database)] == [ONE]
    assert await audience(database, [TO_BORGHOLM]) == [("borgholm", "sv", 1)]
    assert await audience(database, []) == []


MUNICIPALITIES = ("a", "b", "c", "d")
LANGUAGES = ("sv", "en", "fi")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    residents=st.lists(st.dictionaries(st.sampled_from(MUNICIPALITIES), st.sampled_from(LANGUAGES)), max_size=12),
    order=st.lists(st.sampled_from(MUNICIPALITIES), min_size=1, unique=True),
    written=st.dictionaries(
        st.sampled_from(MUNICIPALITIES), st.lists(st.sampled_from(LANGUAGES), min_size=1, unique=True)
    ),
)
async def test_recipients_are_those_that_a_slow_and_obvious_loop_finds(
    database: Database, residents: list[dict[str, str]], order: list[str], written: dict[str, list[str]]
) -> None:
    languages = {name: written.get(name, ["sv"]) for name in order}  # a municipality's first language comes first
    expected = []
    for place, wishes in enumerate(residents, start=1):
        reached_by = next((name for name in order if name in wishes), None)
        if reached_by is not None:
            wish = wishes[reached_by]
            read = wish if wish in languages[reached_by] else languages[reached_by][0]
            expected.append((place, reached_by, read, f"lane {reached_by}"))

    async with database.write() as connection:
        for table in (subscriptions, deliveries, subscribers, renditions, messages):
            await connection.execute(delete(table))
        for place, wishes in enumerate(residents, start=1):
            row = {"id": place, "number": "sealed", "lookup": str(place), "since": NOW}
            await connection.execute(insert(subscribers).values(row))
            for name, wish in wishes.items():
                wanted = {"subscriber": place, "municipality": name, "language": wish, "since": NOW}
                await connection.execute(insert(subscriptions).values(wanted))

    texts = [Rendition(name, "sms", code, "", "") for name in order for code in languages[name]]
    routes = [Route(name, f"lane {name}", languages[name][0]) for name in order]
    estimate = await audience(database, routes)
    await submit(database, submission(renditions=texts, routes=routes), "test")

    found = await fetch(
        database,
        "SELECT d.subscriber, r.municipality, r.language, d.lane FROM deliveries d "
        "JOIN renditions r ON r.id = d.rendition ORDER BY d.subscriber",
    )
    assert found == expected
    assert sum(count for _, _, count in estimate) == len(expected)


async def test_a_hundred_thousand_residents_are_planned_each_once(database: Database) -> None:
    count_up = {
        "sqlite": "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 100000) SELECT i FROM g",
        "postgresql": "SELECT i FROM generate_series(1, 100000) AS g(i)",
    }[database.dialect]
    into = "INSERT INTO subscribers (id, number, lookup, since) SELECT i, 'sealed', CAST(i AS TEXT), 0 FROM "
    await execute(database, f"{into} ({count_up}) AS counted")
    wish = "INSERT INTO subscriptions SELECT id, :name, 'sv', 0 FROM subscribers WHERE id % :every = 0"
    await execute(database, wish, name="borgholm", every=1)
    await execute(database, wish, name="morbylanga", every=3)

    routes = [TO_MORBYLANGA, TO_BORGHOLM]
    assert await audience(database, routes) == [("borgholm", "sv", 66_667), ("morbylanga", "sv", 33_333)]
    await submit(database, submission(renditions=[BORGHOLM, MORBYLANGA], routes=routes), "test")
    summed = "SELECT lane, count(*), count(DISTINCT subscriber) FROM deliveries GROUP BY lane ORDER BY lane"
    assert await fetch(database, summed) == [("sms-borgholm", 66_667, 66_667), ("sms-morbylanga", 33_333, 33_333)]


async def test_a_resident_who_leaves_in_that_very_moment_is_waited_for_and_left_out(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as database, Database(postgresql_url) as other:
        await subscribe(database, (ONE, "borgholm", "sv"), (TWO, "borgholm", "sv"))
        async with other.write() as connection:
            await connection.execute(text("DELETE FROM subscriptions WHERE subscriber = 1"))
            await connection.execute(text("DELETE FROM subscribers WHERE id = 1"))
            submitting = asyncio.create_task(submit(database, submission(routes=[TO_BORGHOLM]), "test"))
            await blocked(database)
        assert await submitting
        assert [number for number, *_ in await planned(database)] == [TWO]


async def test_a_resident_who_leaves_right_afterwards_is_cancelled(database: Database) -> None:
    await subscribe(database, (ONE, "borgholm", "sv"))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    assert await Subscribers(database, SEAL).remove(ONE, None, NOW, "test")
    assert await fetch(database, "SELECT state, subscriber FROM deliveries") == [("cancelled", None)]
