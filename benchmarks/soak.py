"""Let the program soak: many accounts and processes on one SQLite file, faults, and commands that are called off.

Nobody is killed here: whatever holds the file up for longer than it should is a lock that somebody has forgotten.
"""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from benchmarks.crew import FAULTS, PROVIDERS, Crew, track
from benchmarks.figure import Figure
from channels.sandbox import Behaviour

_LOCKED = "database is locked"

_MORE = """
[accounts.sms-{number}]
provider = "twilio"
account_sid = "AC0000000000000000000000000000000{number}"
auth_token = {{ file = "secrets/twilio" }}
sender = "Kommunen"
rate = 100
concurrency = 8
base_url = "http://127.0.0.1:8070/twilio"
"""

_HUB = """
[accounts.hub]
provider = "websub"
base_url = "http://127.0.0.1:8070/hub"
"""

SETTINGS = {
    "[accounts.feeds]": "".join(_MORE.format(number=number) for number in (2, 3, 4)) + _HUB + "\n[accounts.feeds]",
    'facebook = "facebook-borgholm", sms = "sms"': (
        'facebook = "facebook-borgholm", websub = "hub", sms = ["sms", "sms-2"]'
    ),
    'facebook = "facebook-morbylanga", sms = "sms"': (
        'facebook = "facebook-morbylanga", websub = "hub", sms = ["sms-3", "sms-4"]'
    ),
}
"""Eleven accounts: four for SMS, two pages, two phone lines, feeds, a hub, public pages."""

LONGEST = 4.0
"""Seconds between two steps, at most."""

BACKLOG = 1000
"""With more than so many texts and posts to come there is no new message."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing after another that happens.

    Args:
        provider: who changes its behaviour.
        fault: to what; None for well.
        pause: seconds until a command is called off.
        signals: how often: twice is at once, in the middle of whatever it does.
        changes: which of those that serve is started again; None for neither.
    """

    provider: str
    fault: Behaviour | None
    pause: float
    signals: int
    changes: str | None


def script(seed: int) -> Iterator[Step]:
    """What happens, step by step, without an end."""
    dice = random.Random(seed)  # noqa: S311 - it is to be foreseen
    while True:
        yield Step(
            provider=dice.choice(PROVIDERS),
            fault=dice.choice((*FAULTS, None, None)),
            pause=dice.uniform(0.2, LONGEST),
            signals=dice.choice((0, 1, 2, 2)),
            changes=dice.choice(("serve", "worker", None, None, None, None)),
        )


class Soak:
    """A ``serve``, a ``worker``, and one ``send`` and ``status`` after the other."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._called_off = 0

    async def run(self, seed: int, seconds: float) -> list[Figure]:
        """Do it for so long, let it settle, and count."""
        self._crew.write()
        serving = {command: self._crew.start(command) for command in ("serve", "worker")}
        began = monotonic()
        with track("soaking", seconds) as told:
            for step in script(seed):
                self._crew.sandbox.behave(step.provider, *([step.fault] if step.fault else []))
                if step.changes is not None:
                    serving[step.changes].terminate()
                    await self._crew.joined(serving[step.changes])
                    serving[step.changes] = self._crew.start(step.changes)
                await self._send(step)
                if await self._crew.is_out(but=BACKLOG):
                    self._crew.write()
                told(monotonic() - began)
                if monotonic() - began >= seconds:
                    break
        for process in serving.values():
            process.terminate()
            await self._crew.joined(process)
        tally = await self._crew.reckoned()
        locked = self._crew.said.count(_LOCKED)
        return [
            Figure("soaked for (s)", round(monotonic() - began), f"≥ {seconds:g}", monotonic() - began >= seconds),
            Figure("commands called off", self._called_off, "≥ 1", self._called_off >= 1),
            Figure(f'"{_LOCKED}"', locked, "0", locked == 0),
            *tally.figures(),
        ]

    async def _send(self, step: Step) -> None:
        """Let somebody send and another one look, and call both off."""
        commands = [self._crew.start("send", "--yes", "--wait", "10"), self._crew.start("status")]
        await asyncio.sleep(step.pause)
        for process in commands:
            for _ in range(step.signals):
                if process.is_alive() and process.pid is not None:
                    os.kill(process.pid, signal.SIGINT)
                    self._called_off += 1
                    await asyncio.sleep(0)
            await self._crew.joined(process)
