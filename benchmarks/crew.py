"""What the torture and the soak have in common: a sandbox, processes that come and go, and what residents got of it."""

import asyncio
import multiprocessing
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func, select

from benchmarks.figure import Figure
from broadcaster.cli import main as broadcaster
from broadcaster.config import Config, load
from broadcaster.delivery import OPEN, State
from broadcaster.opening import opened
from broadcaster.plan import read
from broadcaster.scaffold import template, write_missing
from broadcaster.store import reports
from broadcaster.store.database import Database
from broadcaster.store.schema import deliveries
from broadcaster.store.subscribers import Subscription
from channels.sandbox import Behaviour, Fault, Sandbox
from messages.document import message_id

PROVIDERS = ("twilio", "facebook")
RESIDENTS = tuple(f"+460{place:09}" for place in range(500))
"""Numbers that nobody can have: no Swedish number begins with 0 after the country code."""

POSTS = 4
"""Of each message: two pages, two languages."""

SETTINGS = {
    "port = 8080": "port = 0",
    "rate = 10 ": "rate = 100\nconcurrency = 8 ",
    'provider = "facebook"': 'provider = "facebook"\nrate = 20',
}

MESSAGE = """+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
expires = {expires}
+++
# Meddelande {number}

Ring {{{{ municipality.phone }}}} om du behöver oss.

## @en
# Message {number}

Call {{{{ municipality.phone }}}} if you need us.
"""

SEVERAL = 20
FAULTS = (
    Behaviour(Fault.SLOW, seconds=0.3),
    Behaviour(Fault.DROP, times=SEVERAL),
    Behaviour(Fault.ERROR_AFTER, times=SEVERAL),
    Behaviour(Fault.ERROR, times=SEVERAL),
    Behaviour(Fault.GARBAGE, times=SEVERAL),
    Behaviour(Fault.RESET, times=SEVERAL),
    Behaviour(Fault.THROTTLE, times=5, retry_after=1),
)

SETTLED_WITHIN = 120
GIVE_UP_AFTER = 240
"""Seconds after the end of all faults."""

GLANCE = 0.5
"""Seconds between two looks at how far the settling is."""

# Processes are forked from one that has imported the program, and are otherwise their own: to import takes a second.
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["broadcaster.cli.app", "broadcaster.cli.delivering", "broadcaster.cli.running"])


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of it: ``lost`` and ``twice`` by the count of the sandbox, the doubts by that of the ledger.

    Args:
        sent: texts and posts that were to reach somebody.
        lost: those that nobody got.
        twice: those that somebody got more than once.
        doubts: most deliveries in doubt after the end of the faults.
        late: those of them that were so still after :data:`SETTLED_WITHIN` seconds.
        left: those that were so to the end, or that something was still to happen to.
        seconds: from the end of the faults until all was settled.
    """

    sent: int
    lost: int
    twice: int
    doubts: int
    late: int
    left: int
    seconds: float

    def figures(self) -> list[Figure]:
        """The tally beside its goals."""
        share = 100 * (1 - self.late / self.doubts) if self.doubts else 100.0
        return [
            Figure(f"lost, of {self.sent} texts and posts", self.lost, "0", self.lost == 0),
            Figure("sent twice", self.twice, "0", self.twice == 0),
            Figure(f"of {self.doubts} doubts, settled within {SETTLED_WITHIN} s (%)", share, "≥ 99.9", share >= 99.9),
            Figure(f"open or in doubt after {self.seconds:.0f} s", self.left, "0", self.left == 0),
        ]


class Crew:
    """A sandbox, a configuration that leads to it, and processes that come and go."""

    def __init__(self, sandbox: Sandbox, config: Config, database: Database) -> None:
        self.sandbox = sandbox
        self.running: list[ForkServerProcess] = []
        self._config = config
        self._database = database
        self._messages: list[tuple[Path, str]] = []
        self._log = config.folder / "said"

    @property
    def said(self) -> str:
        """All that the processes have said so far."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def start(self, *command: str) -> ForkServerProcess:
        """Start a command; ``send`` sends the last message."""
        file = (str(self._messages[-1][0]),) if command[0] == "send" else ()
        process = start(self._config, self._log, *command, *file)
        self.running.append(process)
        return process

    async def joined(self, process: ForkServerProcess) -> None:
        """Wait for a process's end."""
        await asyncio.to_thread(process.join)
        self.running.remove(process)

    def write(self) -> None:
        """Write the next message."""
        number = len(self._messages) + 1
        expires = (datetime.now(UTC) + timedelta(hours=6)).replace(microsecond=0).isoformat()
        file = self._config.folder / f"message-{number}.md"
        file.write_text(MESSAGE.format(number=number, expires=expires), encoding="utf-8")
        self._messages.append((file, message_id(read(file.read_bytes(), file.name))))

    async def is_out(self, *, but: int = 0) -> bool:
        """Whether the last message was submitted, and no more than so many texts and posts are still to come."""
        progress = await reports.progress(self._database, self._messages[-1][1])
        return progress.total > 0 and await self._count(*OPEN) <= but

    async def reckoned(self) -> Tally:
        """End all faults, let everything settle, and count what residents got."""
        for provider in PROVIDERS:
            self.sandbox.behave(provider)
        doubts, late, left, seconds = await self._settle()
        texts = Counter((text.to, text.body) for text in self.sandbox.texts)
        posts = Counter((post.page, post.message) for post in self.sandbox.posts)
        sent = len(self._messages) * (len(RESIDENTS) + POSTS)
        return Tally(
            sent=sent,
            lost=sent - len(texts) - len(posts),
            twice=sum(times > 1 for times in (*texts.values(), *posts.values())),
            doubts=doubts,
            late=late,
            left=left,
            seconds=seconds,
        )

    async def _settle(self) -> tuple[int, int, int, float]:
        """Serve to the end; returns as :class:`Tally` has them: doubts, those late, what is left, and the seconds."""
        began = monotonic()
        self.start("send", "--yes")  # the last message may not have been submitted yet
        self.start("serve")
        doubts = late = 0
        while True:
            in_doubt, still_open = await self._count(State.IN_DOUBT), await self._count(*OPEN)
            seconds = monotonic() - began
            submitted = bool((await reports.progress(self._database, self._messages[-1][1])).total)
            doubts = max(doubts, in_doubt)
            late = in_doubt if seconds <= SETTLED_WITHIN else late
            if (submitted and not in_doubt and not still_open) or seconds > GIVE_UP_AFTER:
                break
            await asyncio.sleep(GLANCE)
        for process in list(self.running):
            process.terminate()
            await self.joined(process)
        return doubts, late, in_doubt + still_open, seconds

    async def _count(self, *states: State) -> int:
        wanted = select(func.count()).where(deliveries.c.state.in_(states))
        async with self._database.read() as connection:
            return (await connection.execute(wanted)).scalar_one()


def start(config: Config, log: Path, *command: str) -> ForkServerProcess:
    """Start a command in a process of its own; what it says goes into the log."""
    arguments = ("--config", str(config.file), *command)
    process = _forks.Process(target=_become, args=(arguments, log), daemon=True)
    process.start()
    return process


def _become(arguments: Sequence[str], log: Path) -> None:
    """Turn a fresh fork into the command."""
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    sys.argv = ["broadcaster", *arguments]
    broadcaster()


@contextmanager
def track(what: str, total: float) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    with Progress(*Progress.get_default_columns(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda so_far: bar.update(task, completed=so_far)


def configured(folder: Path, sandbox: Sandbox, settings: Mapping[str, str]) -> Config:
    """The shipped configuration, leading to the sandbox."""
    file = folder / "config.toml"
    write_missing(file)
    text = template()
    for old, new in {**SETTINGS, **settings, "http://127.0.0.1:8070": sandbox.url}.items():
        if old not in text:
            raise LookupError(f"the shipped configuration does not say {old!r}")
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return load(file)


@asynccontextmanager
async def crew(settings: Mapping[str, str]) -> AsyncIterator[Crew]:
    """Everything that it takes, in a folder that is gone afterwards.

    Args:
        settings: words of the shipped configuration, and what takes their place.
    """
    with tempfile.TemporaryDirectory(prefix="broadcaster-torture-") as folder:
        async with Sandbox() as sandbox:
            config = configured(Path(folder), sandbox, settings)
            async with Database(config.database_url.get_secret_value()) as database:
                await database.upgrade()
            async with opened(config) as store:
                municipalities = tuple(config.municipalities)
                everybody = [
                    Subscription(number, municipalities[place % len(municipalities)], "sv")
                    for place, number in enumerate(RESIDENTS)
                ]
                await store.subscribers.add(everybody, datetime.now(UTC), "torture")
                yield Crew(sandbox, config, store.database)
