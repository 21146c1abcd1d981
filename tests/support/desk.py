"""The command line as its users have it: a process in a folder of its own, on a terminal or in a pipe."""

import asyncio
import fcntl
import os
import pty
import re
import shutil
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from broadcaster.config import load
from broadcaster.opening import opened
from broadcaster.store.subscribers import Subscription
from channels.sandbox import Sandbox
from tests.support import warm
from tests.support.warm import Ran
from tests.support.world import FAST

PROGRAM = (sys.executable, "-m", "broadcaster")
PATIENCE = 40
"""Seconds that a command may take before the test fails."""

MESSAGE = """\
+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
next_update = {next_update}
expires = {expires}
+++
# Våra system är avstängda

Ring {{{{ municipality.phone }}}} om du behöver oss.

## @en
# Our systems are shut down

Call {{{{ municipality.phone }}}} if you need us.
"""


class Terminal:
    """A command on a terminal."""

    def __init__(self, process: asyncio.subprocess.Process, keyboard: int) -> None:
        self._process = process
        self._keyboard = keyboard
        self._written = bytearray()
        self._is_open = True
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(keyboard, self._look)

    @property
    def shown(self) -> str:
        """All that it has shown so far."""
        return self._written.decode(errors="replace").replace("\r\n", "\n")

    async def until(self, words: str) -> str:
        """Wait until it shows these words; returns all that it has shown."""
        async with asyncio.timeout(PATIENCE):
            while words not in self.shown:
                assert self._is_open, f"it ended without {words!r}:\n{self.shown}"
                await self._change()
        return self.shown

    def type(self, keys: str) -> None:
        """Press keys; ``\\x03`` is Ctrl-C."""
        os.write(self._keyboard, keys.encode())

    async def end(self) -> int:
        """Wait for its end; returns the exit code."""
        async with asyncio.timeout(PATIENCE):
            while self._is_open:
                await self._change()
            return await self._process.wait()

    def close(self) -> None:
        """Look away."""
        asyncio.get_running_loop().remove_reader(self._keyboard)
        os.close(self._keyboard)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _look(self) -> None:
        try:
            more = os.read(self._keyboard, 65_536)
        except OSError:  # EIO is how Linux says that nobody holds the other end any more
            more = b""
        if not more:
            self._is_open = False
            asyncio.get_running_loop().remove_reader(self._keyboard)
        self._written += more
        self._changed.set()


@dataclass(frozen=True)
class Desk:
    """A folder with a configuration that leads to a sandbox of this test's own."""

    folder: Path
    sandbox: Sandbox

    async def run(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes | None = None) -> Ran:
        """Run a command to its end.

        Args:
            env: what to add to its environment; it may change how Python starts, which then takes its time.
            stdin: what it can read; like that, too.
        """
        if env is not None or stdin is not None:
            async with self.started(*arguments, env=env, stdin=stdin is not None) as process:
                return await ended(process, stdin)
        return planned(await warm.run(arguments, self.folder, environment(), PATIENCE))

    @asynccontextmanager
    async def started(
        self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bool = False
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Start a command in pipes; it is gone afterwards."""
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *arguments,
            cwd=self.folder,
            env=environment() | dict(env or {}),
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    @asynccontextmanager
    async def terminal(
        self, *arguments: str, columns: int = 100, env: Mapping[str, str] | None = None
    ) -> AsyncIterator[Terminal]:
        """Start a command on a terminal; it is gone afterwards."""
        keyboard, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *arguments,
            cwd=self.folder,
            env=environment() | {"TERM": "xterm-256color"} | dict(env or {}),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(inside)
        terminal = Terminal(process, keyboard)
        try:
            yield terminal
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            terminal.close()

    def write(self, name: str, content: str | bytes) -> str:
        """Put a file into the folder; returns its name."""
        (self.folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def message(self, name: str = "message.md", old: str = "", new: str = "") -> str:
        """Put a message that can be sent into the folder, with its first ``old`` replaced; returns its name."""
        text = message()
        assert old in text, f"the message does not say {old!r}"
        return self.write(name, text.replace(old, new, 1))

    def configure(self, old: str, new: str) -> None:
        """Replace words of the configuration."""
        file = self.folder / "config.toml"
        text = file.read_text(encoding="utf-8")
        assert old in text, f"the configuration does not say {old!r}"
        file.write_text(text.replace(old, new), encoding="utf-8")

    async def subscribe(self, numbers: list[str], municipality: str = "borgholm") -> None:
        """Let residents subscribe."""
        wanted = [Subscription(number, municipality, "sv") for number in numbers]
        async with opened(load(self.folder / "config.toml")) as store:
            await store.subscribers.add(wanted, datetime.now(UTC), "test")

    def reached(self) -> list[str]:
        """Every phone that got an SMS, as often as it did."""
        return sorted(text.to for text in self.sandbox.texts)


def message() -> str:
    """A message whose times lie ahead."""
    now = datetime.now(ZoneInfo("Europe/Stockholm")).replace(microsecond=0)
    times = {"next_update": now + timedelta(hours=4), "expires": now + timedelta(hours=8)}
    return MESSAGE.format(**{name: time.isoformat() for name, time in times.items()})


def environment() -> dict[str, str]:
    """What a command finds around it: nothing of the test's own but where programs are."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"LANG": "C.UTF-8"}


async def ended(process: asyncio.subprocess.Process, stdin: bytes | None = None) -> Ran:
    """Wait for a command's end, which must be one that we planned."""
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return planned(Ran(process.returncode, out.decode(), err.decode()))


def planned(ran: Ran) -> Ran:
    """Make sure that a command ended in a way that somebody has thought of."""
    assert "Traceback" not in ran.err + ran.out
    assert "Exception ignored" not in ran.err
    return ran


def _take_terminal() -> None:
    """Make standard input the controlling terminal of the new session, so that Ctrl-C in it is a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@asynccontextmanager
async def desk_at(folder: Path, prepared: Path) -> AsyncIterator[Desk]:
    """A desk in a copy of a folder that ``broadcaster init`` has prepared."""
    shutil.copytree(prepared, folder, dirs_exist_ok=True)
    async with Sandbox() as sandbox:
        desk = Desk(folder, sandbox)
        desk.configure("http://127.0.0.1:8070", sandbox.url)
        desk.configure("port = 8070", "port = 0")
        desk.configure("port = 8080", "port = 0")
        for old, new in FAST.items():
            desk.configure(old, new)
        yield desk


def plain(shown: str) -> str:
    """What a terminal shows without colours and movements of the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
