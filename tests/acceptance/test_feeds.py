"""Scripts of the feeds: who follows them is told at once, and other systems can read the chain of alerts."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import feedparser
from aiohttp import web

from broadcaster.delivery import State
from broadcaster.feeding import follow_feeds
from broadcaster.plan import Plan, prepare
from broadcaster.sending import Sent
from broadcaster.serving import web_app
from broadcaster.store import reports
from channels.sandbox import Behaviour, Fault
from tests.support import cap, json_feed
from tests.support.world import FAST, World, world

HUB = {
    'feed = "feeds"': 'feed = "feeds", websub = "hub"',
    '# [accounts.hub]\n# provider = "websub"\n# base_url': '[accounts.hub]\nprovider = "websub"\nbase_url',
}
"""Both municipalities tell the sandbox's hub."""

MESSAGE = """+++
incident = "Dataintrång"
kind = "{kind}"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
expires = {expires}
{exercise}+++
# {title}

Ring {{{{ municipality.phone }}}}.

## @en
# {title} (in English)

Call {{{{ municipality.phone }}}}.
"""


@asynccontextmanager
async def served(folder: Path, database_url: str, changes: dict[str, str]) -> AsyncIterator[World]:
    """A world whose feeds are handed out where they say they are found."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        here_changes = {**FAST, **changes, 'public_url = "http://127.0.0.1:8080"': f'public_url = "{address}"'}
        async with world(folder, database_url, here_changes) as here, here.running() as broadcaster:
            runner = web.AppRunner(web_app(broadcaster, here.clock), access_log=None)
            await runner.setup()
            await web.SockSite(runner, bound).start()
            stop = asyncio.Event()
            following = asyncio.create_task(follow_feeds(broadcaster, stop, here.clock))
            try:
                yield here
            finally:
                stop.set()
                await following
                await runner.cleanup()


def plan(here: World, title: str, kind: str = "alert", *, exercise: bool = False) -> Plan:
    expires = (here.clock.now + timedelta(hours=6)).replace(microsecond=0).isoformat()
    text = MESSAGE.format(kind=kind, expires=expires, title=title, exercise="exercise = true\n" if exercise else "")
    return prepare(text.encode(), "message.md", here.config, here.clock.now)


async def say(here: World, title: str, kind: str = "alert", *, exercise: bool = False) -> Plan:
    """Send a message, see it arrive, and let an hour go by."""
    planned = plan(here, title, kind, exercise=exercise)
    sent = await here.send(planned)
    assert states(sent) == {State.ACCEPTED}
    here.clock.move(timedelta(hours=1))
    return planned


def states(sent: Sent) -> set[State]:
    return {tally.state for tally in sent.progress.tallies}


def sqlite(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/broadcaster.db"


async def standing(here: World) -> None:
    """Wait until the feeds are there."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(10):
        status = 404
        while status != 200:
            async with http.get(f"{here.config.serve.public_url}/feeds/borgholm/cap.atom") as answer:
                status = answer.status


async def fetched(here: World, path: str) -> bytes:
    async with aiohttp.ClientSession() as http, http.get(f"{here.config.serve.public_url}/feeds/{path}") as answer:
        assert answer.status == 200, path
        return await answer.read()


async def test_whoever_follows_a_feed_finds_the_message_as_soon_as_the_hub_is_told(
    tmp_path: Path, database_url: str
) -> None:
    async with served(tmp_path, database_url, HUB) as here:
        await say(here, "Allt är nere")
        topics = set(here.sandbox.pings)
        assert {topic.removeprefix(f"{here.config.serve.public_url}/feeds/") for topic in topics} == {
            *(
                f"{place}/{code}.{form}"
                for place in ("borgholm", "morbylanga", "all")
                for code in ("sv", "en")
                for form in ("rss", "atom", "json")
            ),
            *(f"{place}/cap.atom" for place in ("borgholm", "morbylanga", "all")),
        }
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.fetches) == len(sandbox.pings))
        assert {fetch.status for fetch in here.sandbox.fetches} == {200}
        for fetch in here.sandbox.fetches:
            assert "Allt är nere" in fetch.body.decode()
            if fetch.topic.endswith(".json"):
                assert json_feed.problems(fetch.body) == []
                assert json.loads(fetch.body)["hubs"][0]["url"] == here.sandbox.base_url("websub")
            else:
                hubs = [link.href for link in feedparser.parse(fetch.body).feed.links if link.rel == "hub"]
                assert hubs == [here.sandbox.base_url("websub")]


async def test_a_hub_that_fails_is_told_later_and_delays_nobody_else(tmp_path: Path) -> None:
    async with served(tmp_path, sqlite(tmp_path), HUB) as here:
        here.sandbox.behave("websub", Behaviour(Fault.ERROR, times=3))
        sent = await here.send(plan(here, "Allt är nere"))
        assert states(sent) == {State.ACCEPTED}
        assert len(set(here.sandbox.pings)) == 21
        assert len(here.sandbox.posts) == 4


async def test_nothing_is_told_of_a_feed_that_cannot_be_written_until_it_is(tmp_path: Path) -> None:
    async with served(tmp_path, sqlite(tmp_path), HUB) as here:
        await standing(here)
        parents = [tmp_path / f"feeds/borgholm/.sv.{form}.unfinished" for form in ("rss", "atom", "json")]
        for blocked in parents:
            blocked.mkdir()
        sending = asyncio.create_task(here.send(plan(here, "Allt är nere"), patience=30))
        await here.sandbox.wait_for(lambda sandbox: any("/en.rss" in topic for topic in sandbox.pings), timeout=20)
        assert not any("borgholm/sv.rss" in topic for topic in here.sandbox.pings)
        for blocked in parents:
            blocked.rmdir()
        assert states(await sending) == {State.ACCEPTED}
        assert any("borgholm/sv.rss" in topic for topic in here.sandbox.pings)


async def test_a_chain_of_alerts_resolves_and_only_the_last_is_in_force(tmp_path: Path, database_url: str) -> None:
    async with served(tmp_path, database_url, {}) as here:
        chain = [
            (await say(here, title, kind)).id
            for title, kind in (
                ("Allt är nere", "alert"),
                ("Telefonerna fungerar", "update"),
                ("Bara växeln fungerar", "correction"),
                ("Allt fungerar", "all-clear"),
            )
        ]
        drill = await say(here, "Vi övar", exercise=True)
        for municipality, name in (("borgholm", "Borgholms kommun"), ("morbylanga", "Mörbylånga kommun")):
            documents = [await fetched(here, f"{municipality}/cap/{id_}.xml") for id_ in (*chain, drill.id)]
            assert [cap.problems(document) for document in documents] == [[]] * 5
            identities = [cap.identity(document) for document in documents]
            references = [(cap.said(document, "references") or [""])[0].split() for document in documents]
            assert references == [identities[:n] for n in range(4)] + [[]]
            types = [cap.said(document, "msgType")[0] for document in documents]
            assert types == ["Alert", "Update", "Update", "Cancel", "Alert"]
            assert [cap.said(document, "status")[0] for document in documents] == ["Actual"] * 4 + ["Exercise"]
            assert cap.said(documents[4], "info/headline") == ["ÖVNING: Vi övar", "EXERCISE: Vi övar (in English)"]
            assert cap.said(documents[0], "info/senderName")[0] == name
            in_force = feedparser.parse(await fetched(here, f"{municipality}/cap.atom")).entries
            assert [entry.title for entry in in_force] == ["ÖVNING: Vi övar", "Allt fungerar"]
        for form in ("rss", "atom"):
            titles = [entry.title for entry in feedparser.parse(await fetched(here, f"borgholm/sv.{form}")).entries]
            assert titles == [
                "ÖVNING: Vi övar",
                "Allt fungerar",
                "RÄTTELSE: Bara växeln fungerar",
                "Allt är nere",
            ]


async def test_what_has_expired_leaves_the_feed_of_alerts_by_itself(tmp_path: Path) -> None:
    async with served(tmp_path, sqlite(tmp_path), {}) as here:
        await say(here, "Allt är nere")
        assert len(feedparser.parse(await fetched(here, "borgholm/cap.atom")).entries) == 1
        here.clock.move(timedelta(hours=6))
        async with asyncio.timeout(10):
            while feedparser.parse(await fetched(here, "borgholm/cap.atom")).entries:
                continue  # every look gives way to the others


async def test_the_hub_has_a_line_of_its_own_in_the_report(tmp_path: Path) -> None:
    async with served(tmp_path, sqlite(tmp_path), HUB) as here:
        here.sandbox.behave("websub", Behaviour(Fault.UNAUTHORISED))
        sent = await here.send(plan(here, "Allt är nere"), patience=2)
        async with here.database as database:
            progress = await reports.progress(database, sent.message)
        waiting = {(t.channel, t.state): t.count for t in progress.tallies if t.state is State.PENDING}
        assert set(waiting) == {("websub", State.PENDING)}
        assert sent.halted == {}  # a hub never refuses: it is told again later
