"""Kill the program again and again while providers misbehave, then count what every resident got.

``make torture``, or ``python -m benchmarks.torture --seed 1 --kills 200``. What is done when follows from the seed; how
far the program has come by then is up to the machine. Writes build/torture.json. Exit code 1: a goal is not met.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
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
from benchmarks.report import publish
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

LONGEST_LIFE = 2.5
"""Seconds that a process gets before it is killed, at most; those with the shortest never get to the database."""

SETTLED_WITHIN = 120
GIVE_UP_AFTER = 240
"""Seconds after the end of all faults."""

AT_ONCE = 2
"""Processes on the one database at most."""

GLANCE = 0.5
"""Seconds between two looks at how far the settling is."""

# Processes are forked from one that has imported the program, and are otherwise their own: to import takes a second.
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["broadcaster.cli.app", "broadcaster.cli.delivering", "broadcaster.cli.running"])


@dataclass(frozen=True, slots=True)
class Step:
    """One thing after another that happens.

    Args:
        serve: whether a ``serve`` is started; else a ``send`` of the message of the hour.
        provider: who changes its behaviour.
        fault: to what; None for well.
        life: seconds until a process is killed.
        victim: which one of those that run, as a share of their number.
    """

    serve: bool
    provider: str
    fault: Behaviour | None
    life: float
    victim: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of it: ``lost`` and ``twice`` by the count of the sandbox, the doubts by that of the ledger.

    Args:
        kills: processes that were killed.
        sent: texts and posts that were to reach somebody.
        lost: those that nobody got.
        twice: those that somebody got more than once.
        doubts: most deliveries in doubt after the end of the faults.
        late: those of them that were so still after :data:`SETTLED_WITHIN` seconds.
        left: those that were so to the end, or that something was still to happen to.
        seconds: from the end of the faults until all was settled.
    """

    kills: int
    sent: int
    lost: int
    twice: int
    doubts: int
    late: int
    left: int
    seconds: float

    def figures(self, kills: int) -> list[Figure]:
        """The tally beside its goals."""
        share = 100 * (1 - self.late / self.doubts) if self.doubts else 100.0
        return [
            Figure("kill -9", self.kills, f"≥ {kills}", self.kills >= kills),
            Figure(f"lost, of {self.sent} texts and posts", self.lost, "0", self.lost == 0),
            Figure("sent twice", self.twice, "0", self.twice == 0),
            Figure(f"of {self.doubts} doubts, settled within {SETTLED_WITHIN} s (%)", share, "≥ 99.9", share >= 99.9),
            Figure(f"open or in doubt after {self.seconds:.0f} s", self.left, "0", self.left == 0),
        ]


def script(seed: int) -> Iterator[Step]:
    """What happens, step by step, without an end."""
    dice = random.Random(seed)  # noqa: S311 - it is to be foreseen
    while True:
        yield Step(
            serve=dice.random() < 0.3,
            provider=dice.choice(PROVIDERS),
            fault=dice.choice((*FAULTS, None, None)),
            life=dice.uniform(0.05, LONGEST_LIFE),
            victim=dice.random(),
        )


class Torture:
    """A sandbox, a configuration that leads to it, and processes that come and go."""

    def __init__(self, sandbox: Sandbox, config: Config, database: Database) -> None:
        self._sandbox = sandbox
        self._config = config
        self._database = database
        self._running: list[ForkServerProcess] = []
        self._messages: list[tuple[Path, str]] = []
        self._kills = 0

    async def run(self, seed: int, kills: int) -> Tally:
        """Kill that often, let it settle, and count."""
        self._write()
        with track(kills) as told:
            for step in script(seed):
                await self._take(step)
                told(self._kills)
                if self._kills >= kills:
                    break
        while self._running:
            await self._kill(self._running[-1])
        for provider in PROVIDERS:
            self._sandbox.behave(provider)
        doubts, late, left, seconds = await self._settle()
        texts = Counter((text.to, text.body) for text in self._sandbox.texts)
        posts = Counter((post.page, post.message) for post in self._sandbox.posts)
        sent = len(self._messages) * (len(RESIDENTS) + POSTS)
        return Tally(
            kills=self._kills,
            sent=sent,
            lost=sent - len(texts) - len(posts),
            twice=sum(times > 1 for times in (*texts.values(), *posts.values())),
            doubts=doubts,
            late=late,
            left=left,
            seconds=seconds,
        )

    async def _take(self, step: Step) -> None:
        self._sandbox.behave(step.provider, *([step.fault] if step.fault else []))
        if await self._is_out():
            self._write()
        if len(self._running) < AT_ONCE:
            self._start(serve=step.serve)
        victim = self._running[int(step.victim * len(self._running))]
        await asyncio.to_thread(victim.join, step.life)
        await self._kill(victim)

    def _start(self, *, serve: bool) -> None:
        file, _ = self._messages[-1]
        command = ["serve"] if serve else ["send", "--yes", str(file)]
        process = _forks.Process(target=_become, args=(["--config", str(self._config.file), *command],), daemon=True)
        process.start()
        self._running.append(process)

    async def _kill(self, process: ForkServerProcess) -> None:
        process.kill()
        await asyncio.to_thread(process.join)
        self._running.remove(process)
        self._kills += process.exitcode == -signal.SIGKILL

    def _write(self) -> None:
        """Write the next message."""
        number = len(self._messages) + 1
        expires = (datetime.now(UTC) + timedelta(hours=6)).replace(microsecond=0).isoformat()
        file = self._config.folder / f"message-{number}.md"
        file.write_text(MESSAGE.format(number=number, expires=expires), encoding="utf-8")
        self._messages.append((file, message_id(read(file.read_bytes(), file.name))))

    async def _is_out(self) -> bool:
        """Whether the last message was submitted, and nothing of it is still to be sent."""
        progress = await reports.progress(self._database, self._messages[-1][1])
        return progress.total > 0 and progress.done

    async def _settle(self) -> tuple[int, int, int, float]:
        """Serve to the end; returns as :class:`Tally` has them: doubts, those late, what is left, and the seconds."""
        began = monotonic()
        self._start(serve=False)  # the last message may not have been submitted yet
        self._start(serve=True)
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
        for process in self._running:
            process.terminate()
            await asyncio.to_thread(process.join)
        return doubts, late, in_doubt + still_open, seconds

    async def _count(self, *states: State) -> int:
        wanted = select(func.count()).where(deliveries.c.state.in_(states))
        async with self._database.read() as connection:
            return (await connection.execute(wanted)).scalar_one()


def _become(arguments: Sequence[str]) -> None:
    """Turn a fresh fork into the command."""
    for stream in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    sys.argv = ["broadcaster", *arguments]
    broadcaster()


@contextmanager
def track(kills: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    with Progress(*Progress.get_default_columns(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("killing", total=kills)
        yield lambda so_far: bar.update(task, completed=so_far)


def configured(folder: Path, sandbox: Sandbox) -> Config:
    """The shipped configuration, leading to the sandbox."""
    file = folder / "config.toml"
    write_missing(file)
    text = template()
    for old, new in {**SETTINGS, "http://127.0.0.1:8070": sandbox.url}.items():
        if old not in text:
            raise LookupError(f"the shipped configuration does not say {old!r}")
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return load(file)


@asynccontextmanager
async def tortured() -> AsyncIterator[Torture]:
    """Everything that it takes, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="broadcaster-torture-") as folder:
        async with Sandbox() as sandbox:
            config = configured(Path(folder), sandbox)
            async with Database(config.database_url.get_secret_value()) as database:
                await database.upgrade()
            async with opened(config) as store:
                everybody = [Subscription(number, "borgholm", "sv") for number in RESIDENTS]
                await store.subscribers.add(everybody, datetime.now(UTC), "torture")
                yield Torture(sandbox, config, store.database)


async def _run(seed: int, kills: int) -> list[Figure]:
    async with tortured() as torture:
        return (await torture.run(seed, kills)).figures(kills)


def main() -> int:
    """Do it, and show the tally."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200)
    options = parser.parse_args()
    return publish(asyncio.run(_run(options.seed, options.kills)), Path("build/torture.json"))


if __name__ == "__main__":
    sys.exit(main())
