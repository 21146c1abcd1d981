"""What is remembered of sources: whose turn it is to poll, and that each thing is taken up once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.sources.entries import Entry, Fate
from broadcaster.store import sources
from broadcaster.store.database import Database
from messages.model import Severity

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

ENTRY = Entry(
    source="vma",
    item="SR1",
    version="1",
    sent=NOW - MINUTE,
    digest="d" * 64,
    severity=Severity.SEVERE,
    expires=NOW + timedelta(hours=1),
    municipalities=("borgholm", "morbylanga"),
    withdrawn=False,
    seen=NOW,
    decision=Fate.DRAFT,
    reason="rule",
    incident="Sveriges Radio: Brand (SR1)",
    text="+++\n…",
)
IGNORED = replace(ENTRY, decision=Fate.IGNORED, reason="too_mild", incident=None, text=None)


async def turns(database: Database, *times: datetime, hurried: bool = False) -> list[bool]:
    """Whether it was our turn at each of the times; every poll is done within a minute."""
    return [await sources.claim(database, "vma", at, at + MINUTE, hurried=hurried) is not None for at in times]


async def test_a_source_is_polled_at_once_and_then_when_it_is_time(database: Database) -> None:
    assert await turns(database, NOW, NOW + MINUTE / 2, NOW + MINUTE) == [True, False, True]


async def test_of_two_processes_one_polls(database: Database) -> None:
    async with Database(database.url.render_as_string(hide_password=False)) as other:
        both = (sources.claim(one, "vma", NOW, NOW + MINUTE) for one in (database, other))
        assert sum(claimed is not None for claimed in await asyncio.gather(*both)) == 1


async def test_news_are_fetched_at_once_but_not_in_a_burst(database: Database) -> None:
    assert await turns(database, NOW) == [True]
    seconds = (NOW + timedelta(seconds=second) for second in (1, 5, 6))
    assert await turns(database, *seconds, hurried=True) == [False, True, False]


async def test_news_do_not_overrule_a_source_that_wants_to_be_left_alone(database: Database) -> None:
    assert await turns(database, NOW) == [True]
    await sources.fail(database, "vma", NOW, NOW + 10 * MINUTE, "it asks to be left alone")
    assert await turns(database, NOW + 5 * MINUTE, hurried=True) == [False]
    assert await turns(database, NOW + 10 * MINUTE) == [True]


async def test_a_clock_that_goes_back_does_not_keep_a_source_from_being_polled(database: Database) -> None:
    assert await turns(database, NOW, NOW - timedelta(days=30)) == [True, True]


async def test_a_person_need_not_wait(database: Database) -> None:
    assert await turns(database, NOW) == [True]
    assert await sources.claim(database, "vma", NOW, NOW + MINUTE, forced=True) is not None


async def test_failures_are_counted_until_it_works_again(database: Database) -> None:
    await turns(database, NOW)
    await sources.succeed(
        database, "vma", NOW, NOW + MINUTE, sources.Memory("rule", '"etag"', None, "control characters")
    )
    for _ in range(2):
        await sources.fail(database, "vma", NOW + MINUTE, NOW + 2 * MINUTE, "it is HTML, not JSON")
    state = (await sources.states(database))["vma"]
    assert (state.failures, state.reason, state.failed) == (2, "it is HTML, not JSON", NOW + MINUTE)
    assert (state.succeeded, state.etag) == (NOW, '"etag"')

    await sources.succeed(database, "vma", NOW + 2 * MINUTE, NOW + 3 * MINUTE, None)
    state = (await sources.states(database))["vma"]
    assert (state.failures, state.succeeded, state.etag) == (0, NOW + 2 * MINUTE, '"etag"')
    assert state.untidy == "control characters"


async def test_an_item_is_taken_up_once(database: Database) -> None:
    async with Database(database.url.render_as_string(hide_password=False)) as other:
        both = await asyncio.gather(sources.take_up(database, ENTRY), sources.take_up(other, ENTRY))
    assert sorted(both) == [False, True]
    assert list(await sources.acts(database, "vma")) == [ENTRY]


async def test_what_was_ignored_can_be_taken_up_when_the_rule_is_another(database: Database) -> None:
    await sources.note_ignored(database, [IGNORED])
    assert list(await sources.acts(database, "vma")) == []
    assert await sources.take_up(database, ENTRY)
    assert list(await sources.entries(database)) == [ENTRY]


async def test_what_was_taken_up_is_not_ignored_afterwards(database: Database) -> None:
    await sources.take_up(database, ENTRY)
    await sources.note_ignored(database, [IGNORED])
    assert list(await sources.entries(database, "vma")) == [ENTRY]


async def test_what_was_begun_and_not_done_is_known(database: Database) -> None:
    await sources.take_up(database, ENTRY)
    assert list(await sources.unfinished(database, "vma")) == [ENTRY]
    await sources.finish(database, replace(ENTRY, draft="vma-SR1.md"))
    assert list(await sources.unfinished(database, "vma")) == []


@pytest.mark.parametrize(("entry", "is_kept"), [(ENTRY, True), (IGNORED, False)])
async def test_only_what_was_made_of_items_is_kept_for_good(database: Database, entry: Entry, is_kept: bool) -> None:
    await turns(database, NOW)
    if entry.text is None:
        await sources.note_ignored(database, [entry])
    else:
        await sources.take_up(database, entry)
    later = NOW + sources.KEPT + MINUTE
    await sources.succeed(database, "vma", later, later + MINUTE, None)
    assert bool(await sources.entries(database)) is is_kept


async def test_decisions_are_counted_by_source(database: Database) -> None:
    await sources.take_up(database, ENTRY)
    await sources.note_ignored(database, [replace(IGNORED, item=str(number)) for number in range(3)])
    assert await sources.counts(database) == {("vma", Fate.DRAFT): 1, ("vma", Fate.IGNORED): 3}
