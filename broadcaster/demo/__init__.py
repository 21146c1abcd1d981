"""``broadcaster demo``: the whole path at work on one machine, with the facts of Borgholm and Mörbylånga, 2022."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from string import Template

from rich.console import Console
from rich.text import Text

from broadcaster.audience import estimate
from broadcaster.cli import context
from broadcaster.cli.delivering import print_plan
from broadcaster.cli.errors import NOT_DELIVERED
from broadcaster.cli.output import console
from broadcaster.cli.progress import progress_table, summary
from broadcaster.cli.reporting import print_reasons
from broadcaster.cli.running import listening
from broadcaster.cli.watching import watched
from broadcaster.clock import utc_now
from broadcaster.config import Config, load
from broadcaster.delivery import REACHED, State
from broadcaster.demo.harvest import show_one_of_each
from broadcaster.engine.waiting import pause
from broadcaster.feeding import refresh_feeds
from broadcaster.plan import prepare
from broadcaster.rehearsal import sandbox_of
from broadcaster.runtime import Broadcaster, assembled
from broadcaster.scaffold import template, write_missing
from broadcaster.sending import GLANCE, Sent, Watch, send
from broadcaster.store import reports
from broadcaster.store.database import Database
from broadcaster.store.reports import Progress, Tally
from broadcaster.store.subscribers import Subscription

PEOPLE = 48
_FIRST_NUMBER = 46_701_740_605
"""The first of the mobile numbers that are reserved for fiction (070-174 06 05 to 070-174 06 99)."""

LINE = "+46846500400"
"""The phone line of the configuration that the demo calls in the end."""

PATIENCE = 30.0
"""Seconds without any movement after which the demo gives up."""

RECEIPTS = 5.0
"""Seconds without a receipt after which the demo waits for no more of them."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """Everything that the demo needs, up and listening.

    Args:
        sandbox: address of the sandbox.
        serve: address of the web side.
    """

    broadcaster: Broadcaster
    sandbox: str
    serve: str


async def run(*, stay: bool) -> int:
    """Run the demo; returns the exit code.

    Args:
        stay: keep everything up afterwards, until a signal comes.
    """
    out = console()
    stop = context.stopped_by_signals()
    async with _stage(out) as stage:
        sent = await _send(out, stage.broadcaster, stop)
        database = stage.broadcaster.store.database
        progress = await _after_receipts(database, sent, stop)
        _step(out, 5, "what became of it:\n")
        out.print(progress_table(progress))
        await print_reasons(out, stage.broadcaster.config, database, sent.message)
        out.print(f"{summary(progress)}\n")
        well = progress.count(*REACHED) == progress.total
        if well:
            _step(out, 6, "asked of those who got it, one of each:")
            await show_one_of_each(out, stage.sandbox, stage.serve, LINE)
        if stay and not stop.is_set():
            what = "phones, posts, feeds, phone lines"
            out.print(f"\nLook around: {stage.sandbox} ({what}) and {stage.serve} (public page). Ctrl-C ends it.")
            await stage.broadcaster.engine.run(stop)
    return 0 if well else NOT_DELIVERED


@asynccontextmanager
async def _stage(out: Console) -> AsyncIterator[_Stage]:
    with tempfile.TemporaryDirectory(prefix="broadcaster-demo-") as folder:
        config = _configured(Path(folder))
        _step(out, 1, f"a new database and configuration in {folder}")
        async with Database(config.database_url.get_secret_value()) as database:
            await database.upgrade()
        async with sandbox_of(config) as sandbox, assembled(config) as broadcaster:
            await refresh_feeds(broadcaster)
            async with listening(broadcaster) as address:
                _step(out, 2, f"the sandbox stands in for Twilio and Facebook on {sandbox.url}")
                yield _Stage(broadcaster, sandbox.url, address)


async def _send(out: Console, broadcaster: Broadcaster, stop: asyncio.Event) -> Sent:
    actor = context.actor()
    new = await broadcaster.store.subscribers.add(subscriptions(), utc_now(), actor)
    _step(out, 3, f"{PEOPLE} residents with {new} subscriptions; some to both municipalities")
    now = datetime.now(broadcaster.config.zone)
    plan = prepare(message(now).encode(), "message.md", broadcaster.config, now)
    _step(out, 4, "one joint message, in Swedish with English parts:\n")
    print_plan(out, plan, await estimate(plan, broadcaster.config, broadcaster.store.database, now), now)
    out.print()
    with watched(out, broadcaster.config.zone) as tell:
        watch = Watch(stop, tell, PATIENCE)
        return await send(broadcaster, plan, now=utc_now(), actor=actor, watch=watch)


async def _after_receipts(database: Database, sent: Sent, stop: asyncio.Event) -> Progress:
    """How the message stands once the phones have said that they have it, or no more of them say so."""
    progress, quiet = sent.progress, 0.0
    while quiet < RECEIPTS and not stop.is_set() and any(map(_awaits_receipt, progress.tallies)):
        await pause(GLANCE, stop)
        seen, progress = progress, await reports.progress(database, sent.message)
        quiet = quiet + GLANCE if progress == seen else 0.0
    return progress


def _awaits_receipt(tally: Tally) -> bool:
    return tally.channel == "sms" and tally.state is State.ACCEPTED


def subscriptions() -> list[Subscription]:
    """Residents of two municipalities: every third reads English, every fourth subscribes to both."""
    wanted = []
    for place in range(PEOPLE):
        number = f"+{_FIRST_NUMBER + place}"
        language = "en" if place % 3 == 2 else "sv"
        home, other = ("borgholm", "morbylanga") if place % 2 else ("morbylanga", "borgholm")
        wanted.append(Subscription(number, home, language))
        if place % 4 == 0:
            wanted.append(Subscription(number, other, language))
    return wanted


def message(now: datetime) -> str:
    """The demo's message, with times that lie ahead."""
    # The next noon that is not too near: a time that people would choose.
    update = (now + timedelta(hours=13)).replace(hour=12, minute=0, second=0, microsecond=0)
    text = (files("broadcaster.demo") / "message.md").read_text(encoding="utf-8")
    times = {
        "next_update": update.isoformat(),
        "expires": (update + timedelta(hours=24)).isoformat(),
    }
    return Template(text).substitute(times)


def _step(out: Console, number: int, text: str) -> None:
    out.print(Text.assemble((f"{number}. ", "bold"), text))


def _configured(folder: Path) -> Config:
    file = folder / "config.toml"
    write_missing(file)
    text = template()
    for port in ("8070", "8080"):
        text = text.replace(port, str(_free_port(int(port))))
    file.write_text(text, encoding="utf-8")
    return load(file)


def _free_port(wanted: int) -> int:
    """The wanted port if nobody has it, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was left a moment ago will do
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free on this machine")
