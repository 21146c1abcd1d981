"""Scripts of whoever runs it: metrics, readiness, logs without anybody's data, headers on every answer, a good end."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from broadcaster import __version__
from broadcaster.metrics import Meters
from broadcaster.plan import Plan, submission
from broadcaster.runtime import Broadcaster
from broadcaster.sending import Watch, send
from broadcaster.serving import operators_app, web_app
from broadcaster.store.database import HEAD
from broadcaster.store.submissions import submit
from broadcaster.web.server import serving
from channels.sandbox import Behaviour, Fault
from tests.support.desk import PATIENCE, Desk, ended
from tests.support.storing import execute
from tests.support.texting import TwilioCarrier
from tests.support.warm import Ran
from tests.support.world import FAST, World, resident, world

METRICS = (Path(__file__).parents[2] / "docs/reference/metrics.md").read_text(encoding="utf-8")
THREE = [resident(0), resident(1), resident(2)]
PUBLIC_URL = "https://kris.example.se"
SID = "AC00000000000000000000000000000001"


@dataclass
class Watched:
    """A world that runs, and what it tells."""

    world: World
    address: str
    operators: str
    app: web.Application
    http: aiohttp.ClientSession
    broadcaster: Broadcaster
    stop: asyncio.Event
    engine: asyncio.Task[None]

    async def stopped(self) -> None:
        """Stop sending."""
        self.stop.set()
        await self.engine

    async def send(self, plan: Plan) -> None:
        """Send a message, and nothing else."""
        await send(
            self.broadcaster,
            plan,
            now=self.world.clock.now,
            actor="test",
            watch=Watch(asyncio.Event(), lambda _: None, PATIENCE),
        )

    async def metrics(self) -> Mapping[tuple[str, ...], float]:
        """Values by name and labels, such as ``("broadcaster_deliveries", "sms", "sms", "pending")``."""
        async with self.http.get(f"{self.operators}/metrics") as answer:
            assert answer.status == 200
            text = await answer.text()
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return {(sample.name, *sample.labels.values()): sample.value for sample in samples}

    async def ready(self, address: str) -> tuple[int, str | None]:
        async with self.http.get(f"{address}/ready") as answer:
            return answer.status, (await answer.json()).get("reason")


@asynccontextmanager
async def watched(folder: Path, database_url: str) -> AsyncIterator[Watched]:
    changes = FAST | {'"http://127.0.0.1:8080"': f'"{PUBLIC_URL}"'}
    async with AsyncExitStack() as opened:
        here = await opened.enter_async_context(world(folder, database_url, changes))
        await here.subscribe(THREE)
        meters = Meters(here.config)
        broadcaster = await opened.enter_async_context(here.running(meters.results))
        app = web_app(broadcaster, here.clock, meters)
        host, port = await opened.enter_async_context(serving(app, "127.0.0.1", 0, PUBLIC_URL))
        _, inner = await opened.enter_async_context(
            serving(operators_app(broadcaster, meters, here.clock), "127.0.0.1", 0)
        )
        http = await opened.enter_async_context(aiohttp.ClientSession())
        stop = asyncio.Event()
        engine = asyncio.create_task(broadcaster.engine.run(stop))
        made = Watched(here, f"http://{host}:{port}", f"http://{host}:{inner}", app, http, broadcaster, stop, engine)
        yield made
        await made.stopped()


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Watched]:
    async with watched(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db") as made:
        yield made


async def test_metrics_tell_what_came_of_a_message_and_when_the_next_is_promised(here: Watched) -> None:
    await here.stopped()
    here.world.sandbox.behave("twilio", Behaviour(Fault.REFUSE, to=THREE[0]))
    promise = (here.world.clock.now + timedelta(hours=2)).replace(microsecond=0)
    await here.send(here.world.plan())
    async with here.world.database as database:
        await execute(database, "UPDATE messages SET next_update = :at", at=round(promise.timestamp() * 1000))
    async with here.http.get(f"{here.address}/borgholm/") as page:
        assert page.status == 200

    found = await here.metrics()
    assert found["broadcaster_delivery_results_total", "sms", "sms", "accepted"] == 2
    assert found["broadcaster_delivery_results_total", "sms", "sms", "rejected"] == 1
    assert found["broadcaster_delivery_results_total", "facebook", "facebook-borgholm", "accepted"] > 0
    assert found["broadcaster_deliveries", "sms", "sms", "pending"] == 0
    assert found["broadcaster_oldest_pending_seconds", "sms", "sms"] == 0
    assert found["broadcaster_lane_state", "sms", "sms", "working"] == 1
    assert found["broadcaster_lane_state", "sms", "sms", "halted"] == 0
    assert found["broadcaster_next_update_timestamp_seconds", "borgholm"] == promise.timestamp()
    assert found["broadcaster_incident_next_update_timestamp_seconds", "Dataintrång"] == promise.timestamp()
    assert found["broadcaster_promises_overdue",] == 0
    assert found["broadcaster_database_up",] == 1
    assert found["broadcaster_info", "sandbox", __version__] == 1
    assert found["broadcaster_http_requests_total", "/{path}", "200"] == 1
    assert found["broadcaster_http_request_duration_seconds_count", "/{path}"] == 1
    assert found["process_resident_memory_bytes",] > 0


async def test_metrics_tell_what_waits_and_for_how_long(here: Watched) -> None:
    await here.stopped()
    await submit(here.broadcaster.store.database, submission(here.world.plan(), here.world.clock.now), "test")
    here.world.clock.move(timedelta(minutes=3))

    found = await here.metrics()
    assert found["broadcaster_deliveries", "sms", "sms", "pending"] == 3
    assert 180 <= found["broadcaster_oldest_pending_seconds", "sms", "sms"] < 200
    assert ("broadcaster_next_update_timestamp_seconds", "borgholm") not in found


async def test_metrics_tell_how_many_promises_are_late(here: Watched) -> None:
    await here.stopped()
    await submit(here.broadcaster.store.database, submission(here.world.plan(), here.world.clock.now), "test")
    late = round((here.world.clock.now - timedelta(minutes=1)).timestamp() * 1000)
    await execute(here.broadcaster.store.database, "UPDATE messages SET next_update = :at", at=late)

    found = await here.metrics()
    assert found["broadcaster_promises_overdue",] == 1
    assert found["broadcaster_incident_next_update_timestamp_seconds", "Dataintrång"] == late / 1000


async def test_the_reference_explains_every_metric_and_no_other(here: Watched) -> None:
    async with here.http.get(f"{here.operators}/metrics") as answer:
        told = re.findall(r"^# TYPE (\w+) (\w+)$", await answer.text(), re.MULTILINE)

    explained = re.findall(r"^\| `(\w+)` \| (\w+) \|", METRICS, re.MULTILINE)
    assert sorted(explained) == sorted(told)


async def test_no_metric_has_a_label_without_an_end(here: Watched) -> None:
    for place in range(20):
        async with here.http.get(f"{here.address}/feeds/nobody{place}/sv.rss") as answer:
            assert answer.status == 404
        async with here.http.post(f"{here.address}/webhooks/46elks/sms/{place}") as answer:
            assert answer.status == 404
        async with here.http.get(f"{here.address}/a/b/c/d{place}") as answer:
            assert answer.status == 404

    found = await here.metrics()
    requests = {key[1:]: value for key, value in found.items() if key[0] == "broadcaster_http_requests_total"}
    assert requests == {
        ("/feeds/{municipality}/{language}.{form}", "404"): 20,
        ("/webhooks/46elks/sms/{secret}", "404"): 20,
        ("unknown", "404"): 20,
    }


async def test_metrics_are_not_for_everybody(here: Watched) -> None:
    async with here.http.get(f"{here.address}/metrics") as answer:
        assert answer.status == 404
        assert "broadcaster_" not in await answer.text()


async def test_it_is_ready_while_it_sends_and_its_database_answers(here: Watched) -> None:
    assert await here.ready(here.address) == await here.ready(here.operators) == (200, None)

    await here.stopped()

    assert await here.ready(here.address) == (503, "engine_stopped")
    async with here.http.get(f"{here.address}/health") as answer:
        assert answer.status == 200


async def test_a_database_of_another_version_is_not_ready(here: Watched) -> None:
    async with here.world.database as database:
        await execute(database, "UPDATE alembic_version SET version_num = '9999'")
        assert await here.ready(here.address) == (503, "database_revision")
        await execute(database, "UPDATE alembic_version SET version_num = :head", head=HEAD)


REQUIRED = {
    "Content-Security-Policy": re.compile(r"default-src 'none'; .*frame-ancestors 'none'"),
    "Permissions-Policy": re.compile(r"camera=\(\), .*"),
    "Referrer-Policy": re.compile("no-referrer"),
    "Server": re.compile("broadcaster"),
    "Strict-Transport-Security": re.compile("max-age=31536000"),
    "X-Content-Type-Options": re.compile("nosniff"),
}


def requests(app: web.Application) -> Iterator[tuple[str, str]]:
    """Something to ask of every route, and of none, in right and wrong ways."""
    for route in app.router.routes():
        assert route.resource is not None
        path = re.sub(r"\{form\}", "rss", route.resource.canonical)
        path = re.sub(r"\{(municipality|path)\}", "borgholm", path)
        path = re.sub(r"\{language\}", "sv", path)
        yield route.method, re.sub(r"\{\w+\}", "a", path)
        yield "PUT", re.sub(r"\{\w+\}", "a", path)
    yield "GET", "/"
    yield "GET", "/borgholm/"
    yield "GET", "/borgholm"
    yield "GET", "/nobody.php"
    yield "GET", "/%ff%00"


async def test_every_answer_of_every_route_carries_the_headers_that_protect_residents(here: Watched) -> None:
    asked = sorted(set(requests(here.app)))
    lacking: list[str] = []
    statuses = set()
    for method, path in asked:
        async with here.http.request(method, f"{here.address}{path}", allow_redirects=False) as answer:
            statuses.add(answer.status)
            lacking += [
                f"{method} {path} ({answer.status}): {name}"
                for name, right in REQUIRED.items()
                if not right.search(answer.headers.get(name, ""))
            ]
    async with here.http.post(f"{here.address}/webhooks/twilio/sms", data=BytesIO(b"a" * 10_000_000)) as answer:
        statuses.add(answer.status)
        lacking += [f"413: {name}" for name in REQUIRED if name not in answer.headers]

    assert lacking == []
    assert {200, 403, 404, 405, 413} <= statuses
    assert len(asked) > 20


@dataclass
class Service:
    """A process whose log is JSON."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def says(self, words: str) -> str:
        """Wait for a line of the log; returns what it says."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            while True:
                line = (await self.process.stderr.readline()).decode()
                assert line, f"it ended without {words!r}: {self.lines}"
                self.lines.append(line)
                message: str = json.loads(line)["message"]
                if words in message:
                    return message

    async def stop(self) -> Ran:
        self.process.send_signal(signal.SIGTERM)
        ran = await ended(self.process)
        self.lines += ran.err.splitlines()
        return ran


@asynccontextmanager
async def service(desk: Desk, command: str) -> AsyncIterator[Service]:
    desk.configure('log = "text"', 'log = "json"')
    desk.configure("[sandbox]", "[metrics]\nport = 0\n\n[sandbox]")
    async with desk.started(command) as process:
        yield Service(process)


def address_in(message: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", message)
    assert found
    return found[0]


async def test_a_day_in_json_names_no_number_text_or_secret_and_ends_well(desk: Desk) -> None:
    await desk.subscribe(THREE)
    for name in ("twilio", "facebook-borgholm", "facebook-morbylanga"):
        desk.write(f"secrets/{name}", "geheim-and-long")
    desk.sandbox.behave("facebook", Behaviour(Fault.UNAUTHORISED))
    desk.sandbox.behave("twilio", Behaviour(Fault.REFUSE, to=THREE[0]), Behaviour(Fault.DROP, to=THREE[1]))

    async with service(desk, "serve") as served, aiohttp.ClientSession() as http:
        operators = address_in(await served.says("metrics on"))
        address = address_in(await served.says("serving on"))
        await desk.run("send", desk.message(), "--yes", "--wait", "0")
        await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 2, timeout=30)
        anna = TwilioCarrier(address, "http://127.0.0.1:8080", SID, "geheim-and-long", http)
        joined = await anna.text("START BORGHOLM", resident(7), "SM1")
        await served.says("halted")  # whichever process met it first, this one tries it once
        forged = await anna.post(anna.form("STOPP geheim", resident(7), "SM2"), {"X-Twilio-Signature": "no"})
        async with http.get(f"{operators}/metrics") as answer:
            metrics = await answer.text()
        stopped = await served.stop()

    assert (joined.status, forged.status) == (200, 403)
    assert (stopped.code, stopped.out) == (0, "")
    said = [json.loads(line) for line in served.lines]
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in said))
    assert said[-1]["message"] == "stopped; what is left goes on when it is started again."
    for told in ("".join(served.lines), metrics):
        assert "geheim" not in told
        assert "om du behöver oss" not in told
        assert "avstängda" not in told
        assert [number for number in (*THREE, resident(7)) if number[3:] in told] == []
    assert 'broadcaster_inbound_texts_total{answer="reply",provider="twilio"} 1.0' in metrics
    assert 'broadcaster_lane_state{channel="facebook",lane="facebook-borgholm",state="halted"} 1.0' in metrics


async def test_a_worker_tells_how_it_goes_too(desk: Desk) -> None:
    async with service(desk, "worker") as worker, aiohttp.ClientSession() as http:
        operators = address_in(await worker.says("metrics on"))
        await worker.says("working")
        async with http.get(f"{operators}/ready") as answer:
            status = answer.status
        stopped = await worker.stop()

    assert status == 200
    assert (stopped.code, stopped.out) == (0, "")


async def test_a_taken_port_for_metrics_keeps_nothing_from_going_out(desk: Desk) -> None:
    async with service(desk, "worker") as first:
        port = address_in(await first.says("metrics on")).rpartition(":")[2]
        desk.configure("[metrics]\nport = 0", f"[metrics]\nport = {port}")
        async with desk.started("worker") as process:
            second = Service(process)
            refused = await second.says("cannot serve metrics")
            await second.says("working")
            stopped = await second.stop()

    assert f"port {port} is taken" in refused
    assert "[metrics]" in refused
    assert stopped.code == 0
