"""A day of what other authorities say, played by the sandbox over real sockets: what becomes drafts and messages."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from broadcaster.plan import prepare
from broadcaster.sources.entries import Entry, Fate
from broadcaster.sources.following import follow_sources
from broadcaster.sources.polling import Polled, Poller
from broadcaster.store import sources as store
from broadcaster.store.threads import Said, thread
from channels.sandbox import Behaviour, Fault
from channels.sources.fetching import Fetcher
from channels.sources.item import Action, Area, Item, Status, Wording
from messages.model import Kind, Severity
from messages.problems import InputError
from tests.support.sourcing import FIRE, SWEDISH, vma
from tests.support.world import FAST, World, resident, world

STARTER = """# {{ item.headline }}

{{ item.text }}

{{ item.instruction }}

Källa: {{ item.source }}

## @sms

{{ municipality.name }}: {{ item.headline }}
"""
PUBLISHING = """
[sources.vma]
kind = "sr-vma"
url = "http://127.0.0.1:8070/sources/sr-vma"
least = "severe"
then = "publish"
channels = ["feed", "page", "facebook"]
starter = "vma.md"
"""
DRAFTING = """
[sources.vma]
kind = "sr-vma"
url = "http://127.0.0.1:8070/sources/sr-vma"
"""


def approve(folder: Path) -> None:
    """Put the starter into a new folder."""
    folder.mkdir()
    (folder / "vma.md").write_text(STARTER, encoding="utf-8")


@asynccontextmanager
async def following(folder: Path, database_url: str, section: str) -> AsyncIterator[World]:
    """A world that follows a source."""
    approve(folder)
    changes = FAST | {"[sandbox]\n": f"{section}\n[sandbox]\n"}
    async with world(folder, database_url, changes) as here:
        play(here)
        yield here


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with following(tmp_path / "here", database_url, PUBLISHING) as made:
        yield made


@pytest.fixture
async def drafting(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with following(tmp_path / "here", database_url, DRAFTING) as made:
        yield made


def play(here: World, *items: Item) -> None:
    here.sandbox.sources.play("sr-vma", vma(*items), content_type="application/json")


async def poll(here: World, *, forced: bool = True) -> Polled | None:
    """Poll as a process does that was started a moment ago, and ends at once."""
    async with here.database as database, aiohttp.ClientSession() as http:
        poller = Poller(here.config, database, Fetcher(http), here.clock, dice=lambda: 0.0)
        return await poller.poll(here.config.sources["vma"], forced=forced)


async def entries(here: World) -> Sequence[Entry]:
    async with here.database as database:
        return await store.entries(database)


async def said(here: World) -> Sequence[Said]:
    """What was sent about the fire."""
    incidents = dict.fromkeys(entry.incident for entry in await entries(here) if entry.incident)
    async with here.database as database:
        return [one for incident in incidents for one in await thread(database, incident)]


async def state(here: World) -> store.SourceState:
    async with here.database as database:
        return (await store.states(database))["vma"]


def drafts(here: World) -> dict[str, str]:
    """The drafts by the names of their files."""
    files = sorted((here.config.folder / "drafts").glob("*.md"))
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def starts(here: World) -> datetime:
    return here.clock.now.replace(minute=0, second=0, microsecond=0)


def fire(
    start: datetime, version: str = "SR1-1", action: Action = Action.ALERT, text: str = "Röken är farlig."
) -> Item:
    """The fire in Borgholm, as Sveriges Radio speaks of it."""
    return replace(
        FIRE,
        version=version,
        action=action,
        sent=start,
        expires=start + timedelta(hours=24),
        wordings=(replace(SWEDISH, text=text),),
        references=() if action is Action.ALERT else ("SR1-1",),
    )


@dataclass(frozen=True, slots=True)
class Hour:
    """What stands at the source in an hour of the day."""

    hour: int
    items: tuple[Item, ...]


def day(start: datetime) -> Sequence[Hour]:
    """A fire that spreads and is put out, and all that stands beside it: tests, other counties, old and mild news."""
    alert = fire(start)
    test = replace(alert, id="SR2", version="SR2-1", status=Status.TEST)
    exercise = replace(alert, id="SR3", version="SR3-1", status=Status.EXERCISE)
    elsewhere = replace(alert, id="SR4", version="SR4-1", areas=(Area(("14",), "Västra Götalands län"),))
    old = replace(alert, id="SR5", version="SR5-1", sent=start - timedelta(days=365), expires=None)
    mild = replace(alert, id="SR6", version="SR6-1", severity=Severity.MODERATE)
    twin = replace(alert, id="SR7", version="SR7-1", sent=start + timedelta(minutes=5))
    foreign = replace(alert, id="SR8", version="SR8-1", wordings=(Wording("en", "Fire", "Smoke.", "", "Fire"),))
    milder = replace(fire(start + timedelta(hours=2), "SR1-2", Action.UPDATE, "Röken driver bort."), web="")
    worse = replace(
        fire(start + timedelta(hours=4), "SR1-3", Action.UPDATE, "Det brinner igen."), severity=Severity.EXTREME
    )
    over = replace(fire(start + timedelta(hours=6), "SR1-4", Action.CANCEL), wordings=())
    beside = (test, exercise, elsewhere, old, mild, foreign)
    return (
        Hour(0, beside),
        Hour(1, (alert, *beside, twin)),
        Hour(2, (milder, alert, *beside, twin)),
        Hour(3, (milder, *beside)),
        Hour(4, (worse, milder)),
        Hour(6, (over, worse)),
        Hour(7, ()),
    )


async def live_through(here: World, start: datetime) -> None:
    """Poll in every hour of the day, each time as another process."""
    here.clock.ahead = timedelta()
    for hour in day(start):
        here.clock.move(start + timedelta(hours=hour.hour, minutes=10) - here.clock.now)
        play(here, *hour.items)
        await poll(here)
        await poll(here)


async def test_a_day_played_through_gives_the_same_drafts_and_messages_every_time(tmp_path: Path, here: World) -> None:
    start = starts(here)
    await live_through(here, start)
    async with following(tmp_path / "again", f"sqlite+aiosqlite:///{tmp_path}/again.db", PUBLISHING) as again:
        await live_through(again, start)
        assert [(one.id, one.source) for one in await said(again)] == [(one.id, one.source) for one in await said(here)]
        assert drafts(again) == drafts(here)
        about = [(one.item, one.version, one.decision, one.reason) for one in await entries(again)]
        assert about == [(one.item, one.version, one.decision, one.reason) for one in await entries(here)]

    alert, update = await said(here)
    assert (alert.kind, update.kind) == (Kind.ALERT, Kind.UPDATE)
    assert update.follows == alert.id
    assert "Röken är farlig." in alert.source
    assert "Röken driver bort." in update.source
    worse, over = (drafts(here)[name] for name in ("vma-SR1.md", "vma-SR1-2.md"))
    assert 'severity = "extreme"' in worse
    assert 'kind = "all-clear"' in over
    reasons = {entry.item: entry.reason for entry in await entries(here) if entry.decision is Fate.IGNORED}
    assert reasons == {
        "SR2": "not_real",
        "SR3": "not_real",
        "SR4": "not_for_us",
        "SR5": "old",
        "SR6": "too_mild",
        "SR7": "twin",
        "SR8": "other_language",
    }


async def test_a_message_made_of_an_item_reaches_the_named_channels_and_no_others(here: World) -> None:
    await here.subscribe([resident(0)])
    play(here, fire(starts(here)))
    await poll(here)
    async with here.running() as broadcaster:
        stop = asyncio.Event()
        engine = asyncio.create_task(broadcaster.engine.run(stop))
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.posts) == 1)
        stop.set()
        await engine
    assert here.sandbox.posts[0].message.startswith("Det brinner i hamnen\n\nRöken är farlig.")
    assert here.sandbox.texts == []


async def test_a_withdrawal_is_a_draft_that_cannot_be_sent_before_a_person_has_written_it(here: World) -> None:
    start = starts(here)
    play(here, fire(start))
    await poll(here)
    play(here, fire(start), replace(fire(start, "SR1-2", Action.CANCEL), wordings=()))
    await poll(here)
    [(name, text)] = drafts(here).items()
    assert name == "vma-SR1.md"
    with pytest.raises(InputError, match="placeholder"):
        prepare(text.encode(), name, here.config, here.clock.now.astimezone(here.config.zone))

    written = "\n".join(line for line in text.split("\n## @")[0].split("\n")).replace("[[", "").replace("]]", "")
    plan = prepare(written.encode(), name, here.config, here.clock.now.astimezone(here.config.zone))
    assert plan.message.kind is Kind.ALL_CLEAR
    await here.send(plan)
    alert, over = await said(here)
    assert (over.kind, over.follows) == (Kind.ALL_CLEAR, alert.id)


async def test_those_on_duty_are_told_of_what_a_machine_must_not_say_once(tmp_path: Path, database_url: str) -> None:
    on_duty = resident(90)
    section = f'{PUBLISHING}\n[duty]\nnumbers = ["{on_duty}"]\n'
    async with following(tmp_path / "here", database_url, section) as here:
        start = starts(here)
        play(here, fire(start))
        await poll(here)
        play(here, fire(start), replace(fire(start, "SR1-2", Action.CANCEL), wordings=()))
        await poll(here)
        await poll(here)
        async with here.running() as broadcaster:
            stop = asyncio.Event()
            engine = asyncio.create_task(broadcaster.engine.run(stop))
            await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 1)
            stop.set()
            await engine
        [text] = here.sandbox.texts
        assert text.to == on_duty
        assert "ett utkast väntar på granskning: Sveriges Radio: Det brinner i hamnen (SR1)" in text.body


async def test_what_a_person_has_ended_is_not_begun_again_by_a_source(here: World) -> None:
    await test_a_withdrawal_is_a_draft_that_cannot_be_sent_before_a_person_has_written_it(here)
    play(here, fire(starts(here), "SR1-3", Action.UPDATE, "Det ryker fortfarande."))
    await poll(here)
    assert [one.kind for one in await said(here)] == [Kind.ALERT, Kind.ALL_CLEAR]
    assert "we have ended or taken back what we said" in drafts(here)["vma-SR1-2.md"]


async def test_what_an_ended_process_left_behind_is_done_once_by_the_next(drafting: World) -> None:
    in_the_way = drafting.config.folder / "drafts"
    in_the_way.write_text("no folder", encoding="utf-8")
    play(drafting, fire(starts(drafting)))
    failed = await poll(drafting)
    assert failed is not None
    assert failed.failure == "a draft cannot be written: File exists"

    in_the_way.unlink()
    for _ in range(2):
        await poll(drafting)
    assert list(drafts(drafting)) == ["vma-SR1.md"]


async def test_what_was_begun_and_not_published_is_published_once_by_the_next(here: World) -> None:
    play(here, fire(starts(here)))
    await poll(here)
    [before] = await said(here)
    async with here.database as database:
        [entry] = await store.acts(database, "vma")
        await store.finish(database, replace(entry, message=None))  # as if the process had ended just before
        assert await store.unfinished(database, "vma")
    await poll(here)
    assert [one.id for one in await said(here)] == [before.id]
    assert [entry.message for entry in await entries(here)] == [before.id]


async def test_two_processes_at_the_same_moment_say_it_once(here: World) -> None:
    start = starts(here)
    for version in range(1, 4):
        action = Action.ALERT if version == 1 else Action.UPDATE
        play(here, fire(start + timedelta(minutes=version), f"SR1-{version}", action, f"Läge {version}."))
        await asyncio.gather(poll(here), poll(here))
    assert [one.kind for one in await said(here)] == [Kind.ALERT, Kind.UPDATE, Kind.UPDATE]
    assert drafts(here) == {}


async def test_only_one_of_two_processes_polls_when_it_is_time(here: World) -> None:
    polled = await asyncio.gather(poll(here, forced=False), poll(here, forced=False))
    assert sum(one is not None for one in polled) == 1


async def test_a_draft_that_somebody_has_changed_is_never_written_over(drafting: World) -> None:
    start = starts(drafting)
    play(drafting, fire(start))
    await poll(drafting)
    file = drafting.config.folder / "drafts/vma-SR1.md"
    file.write_text("mine", encoding="utf-8")
    play(drafting, fire(start + timedelta(minutes=1), "SR1-2", Action.UPDATE, "Nytt läge."))
    await poll(drafting)
    assert drafts(drafting)["vma-SR1.md"] == "mine"
    assert "Nytt läge." in drafts(drafting)["vma-SR1-2.md"]


async def test_what_cannot_be_published_is_a_draft_with_the_reason(here: World) -> None:
    endless = replace(fire(starts(here)), expires=starts(here) + timedelta(days=900))
    play(here, endless)
    await poll(here)
    [entry] = await entries(here)
    assert (entry.decision, entry.reason, entry.message) == (Fate.DRAFT, "failed", None)
    assert "more than 366 days" in (entry.details or "")
    assert "# A draft from the source vma: could not be published." in drafts(here)["vma-SR1.md"]


async def test_an_update_that_would_reach_nobody_waits_for_a_person(tmp_path: Path, database_url: str) -> None:
    section = PUBLISHING.replace('["feed", "page", "facebook"]', '["sms"]')
    async with following(tmp_path / "here", database_url, section) as here:
        for version, action in enumerate((Action.ALERT, Action.UPDATE), start=1):
            play(here, fire(starts(here), f"SR1-{version}", action, f"Läge {version}."))
            await poll(here)
        assert [one.kind for one in await said(here)] == [Kind.ALERT]
        assert "It would reach nobody." in drafts(here)["vma-SR1.md"]


async def test_what_is_unchanged_is_not_fetched_again_unless_the_rule_is_another(here: World) -> None:
    play(here, replace(fire(starts(here)), severity=Severity.MINOR))
    await poll(here)
    unchanged = await poll(here)
    assert unchanged == Polled()
    source = here.config.sources["vma"]
    looser = replace(source, rule=replace(source.rule, least=Severity.INFORMATION))
    async with here.database as database, aiohttp.ClientSession() as http:
        polled = await Poller(here.config, database, Fetcher(http), here.clock).poll(looser, forced=True)
    assert polled is not None
    assert [one.fate for one in polled.decided] == [Fate.PUBLISH]


@pytest.mark.parametrize(
    ("body", "behaviour", "reason"),
    [
        (b"<!DOCTYPE html><html><body>Logga in</body></html>", None, "it is HTML, not JSON"),
        (b'{"alerts": [', None, "it is something else or broken, not JSON"),
        (b"[]", Behaviour(Fault.ERROR), "it answers with an error (HTTP 500)"),
        (b"[]", Behaviour(Fault.DROP), "the connection broke before everything had arrived"),
    ],
)
async def test_a_source_that_answers_with_something_else_is_said_to_and_asked_less_often(
    here: World, body: bytes, behaviour: Behaviour | None, reason: str
) -> None:
    here.sandbox.sources.play("sr-vma", body, content_type="text/html")
    here.sandbox.behave("sources", *([behaviour] if behaviour else []))
    pauses = []
    for failures in range(1, 4):
        polled = await poll(here)
        assert polled == Polled(reason)
        now = await state(here)
        assert (now.failures, now.reason) == (failures, reason)
        pauses.append(round((now.next_poll - (now.failed or now.next_poll)).total_seconds()))
    assert pauses == [30, 60, 120]
    assert drafts(here) == {}

    here.sandbox.behave("sources")
    play(here, fire(starts(here)))
    await poll(here)
    assert (await state(here)).failures == 0
    assert [one.kind for one in await said(here)] == [Kind.ALERT]


async def test_a_source_that_asks_to_be_left_alone_is(here: World) -> None:
    here.sandbox.behave("sources", Behaviour(Fault.THROTTLE, retry_after=3600))
    await poll(here)
    now = await state(here)
    assert now.failed is not None
    assert now.next_poll - now.failed >= timedelta(hours=1)
    assert await poll(here, forced=False) is None


async def test_an_event_of_the_stream_is_followed_at_once(here: World) -> None:
    async with here.running() as broadcaster:
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(broadcaster.engine.run(stop)),
            asyncio.create_task(follow_sources(broadcaster, stop, here.clock)),
        ]
        asked = "/sources/sr-vma"
        await here.sandbox.wait_for(
            lambda sandbox: sandbox.sources.listeners == 1 and any(one.path == asked for one in sandbox.requests)
        )
        play(here, fire(starts(here)))
        here.clock.move(store.BETWEEN_HURRIED)
        here.sandbox.sources.add_event()
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.posts) == 1)
        stop.set()
        await asyncio.gather(*tasks)
    assert [one.kind for one in await said(here)] == [Kind.ALERT]


async def test_a_source_that_never_answers_keeps_nobody_from_stopping(here: World) -> None:
    here.sandbox.behave("sources", Behaviour(Fault.HANG))
    async with here.running() as broadcaster:
        stop = asyncio.Event()
        task = asyncio.create_task(follow_sources(broadcaster, stop, here.clock))
        await here.sandbox.wait_for(lambda sandbox: any(one.path == "/sources/sr-vma" for one in sandbox.requests))
        stop.set()
        async with asyncio.timeout(5):
            await task
    here.sandbox.behave("sources")
    assert await poll(here, forced=False) is not None


async def test_an_exercise_beside_it_does_not_lead_the_incident(here: World) -> None:
    start = starts(here)
    play(here, fire(start))
    await poll(here)
    [alert] = await said(here)
    practised = alert.source.replace("+++\n", "+++\nexercise = true\n", 1)
    await here.send(
        prepare(practised.encode(), "exercise.md", here.config, here.clock.now.astimezone(here.config.zone))
    )
    play(here, fire(start + timedelta(minutes=1), "SR1-2", Action.UPDATE, "Nytt läge."))
    await poll(here)
    assert [(one.kind, one.follows) for one in await said(here) if not one.is_exercise] == [
        (Kind.ALERT, None),
        (Kind.UPDATE, alert.id),
    ]


async def test_trying_out_does_nothing(here: World) -> None:
    play(here, fire(starts(here)))
    async with here.database as database, aiohttp.ClientSession() as http:
        tried = await Poller(here.config, database, Fetcher(http), here.clock).try_out(here.config.sources["vma"])
    assert [(one.fate, one.became) for one in tried.decided] == [(Fate.PUBLISH, "")]
    assert await entries(here) == []
    assert drafts(here) == {}


async def test_an_untidy_source_is_named_in_the_log_once_and_again_when_it_is_untidy_in_another_way(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    section = '[sources.vma]\nkind = "feed"\nurl = "http://127.0.0.1:8070/sources/feed"\n'
    async with following(tmp_path / "here", database_url, section) as here:
        for feed in ("\n<?xml version='1.0'?><rss><channel/></rss>", "<rss><channel/></rss> 0.2 s"):
            here.sandbox.sources.play("feed", feed.encode())
            await poll(here)
            await poll(here)
    logged = [one.message for one in caplog.records if "untidy" in one.message]
    assert logged == [
        "source vma is untidy and had to be mended: blank lines before its beginning",
        "source vma is untidy and had to be mended: something after its end",
    ]


STORM = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier>
<sender>vader@example.se</sender><sent>{sent}</sent><status>Actual</status><msgType>{type}</msgType><scope>Public</scope>{references}{infos}</alert>"""
PART = """<info><language>sv-SE</language><event>Vind</event><severity>{severity}</severity><expires>{ends}</expires>
<headline>{headline}</headline><description>Hårda byar.</description><area><areaDesc>{area}</areaDesc></area></info>"""


def storm(here: World, name: str, *parts: tuple[str, str, str], follows: str = "") -> None:
    """Play a warning of a storm: severity, headline and area of each of its parts. Without parts it is taken back."""
    sent = starts(here).isoformat()
    ends = (starts(here) + timedelta(hours=12)).isoformat()
    alert = STORM.format(
        name=name,
        sent=sent,
        type="Alert" if parts else "Cancel",
        references=f"<references>vader@example.se,{follows},{sent}</references>" if follows else "",
        infos="".join(PART.format(severity=how, headline=what, area=where, ends=ends) for how, what, where in parts),
    )
    here.sandbox.sources.play("cap", alert.encode())


async def test_each_part_of_a_warning_is_published_for_its_municipality_and_taken_back_as_a_draft_of_its_own(
    tmp_path: Path, database_url: str
) -> None:
    section = PUBLISHING.replace("sr-vma", "cap").replace('"severe"', '"moderate"')
    async with following(tmp_path / "here", database_url, section) as here:
        yellow, red = ("Moderate", "Gul varning", "Borgholms kommun"), ("Extreme", "Röd varning", "Mörbylånga kommun")
        storm(here, "v1", yellow, red, ("Severe", "Orange varning", "Gävleborgs län"))
        await poll(here)
        sent = await said(here)
        assert {(one.headline, one.severity, one.municipalities) for one in sent} == {
            ("Gul varning", Severity.MODERATE, ("borgholm",)),
            ("Röd varning", Severity.EXTREME, ("morbylanga",)),
        }
        storm(here, "v2", follows="v1")
        await poll(here)
        await poll(here)
        withdrawn = [entry for entry in await entries(here) if entry.reason == "withdrawn"]
        assert {(entry.incident, entry.municipalities) for entry in withdrawn} == {
            (one.incident, one.municipalities) for one in sent
        }
        assert len(await said(here)) == len(drafts(here)) == 2
