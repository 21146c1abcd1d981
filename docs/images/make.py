"""Takes the pictures of this folder again, of the real thing: ``make pictures``. Needs Chromium."""

import asyncio
import fcntl
import itertools
import os
import pty
import re
import shutil
import signal
import struct
import sys
import tempfile
import termios
from asyncio import StreamReader, StreamReaderProtocol
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parent
COLUMNS, LINES = 100, 80
WINDOW = "1120,600"
PHONE = "390,1500"  # as wide as a common phone, and longer, so that there is something to see
UP = b"Ctrl-C ends it."
"""What the demo says last, when everything has arrived and can be looked at."""


async def main() -> None:
    """Run the demo in a terminal of our own, and take its picture and that of the sandbox's page."""
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "broadcaster", "demo", "--stay"),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env=environment | {"TERM": "xterm-256color", "LANG": "C.UTF-8"},
    )
    try:
        with os.fdopen(terminal, "rb", buffering=0) as outside:
            reader = StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(lambda: StreamReaderProtocol(reader), outside)
            async with asyncio.timeout(60):
                said = (await reader.readuntil(UP)).decode()
            (FOLDER / "terminal.svg").write_text(drawn(shown(said)), encoding="utf-8")
            await photograph(sandbox_of(said), FOLDER / "sandbox.png", WINDOW)
            for scheme in ("light", "dark"):
                await photograph(f"{serve_of(said)}/borgholm/", FOLDER / f"page-{scheme}.png", PHONE, scheme)
            demo.send_signal(signal.SIGINT)
            await demo.wait()
    finally:
        if demo.returncode is None:
            demo.kill()
        os.close(inside)


def sandbox_of(said: str) -> str:
    """Find the address of the sandbox's page, which the demo names first of all addresses."""
    address = re.search(r"http://127\.0\.0\.1:\d+", said)
    if address is None:
        raise ValueError("the demo names no address")
    return address[0]


def serve_of(said: str) -> str:
    """Find the address of the public pages, which the demo names last of all addresses."""
    return re.findall(r"http://127\.0\.0\.1:\d+", said)[-1]


def shown(said: str) -> str:
    """Return what is still to be seen above the first frame, with its colours: a progress bar erases what it wrote."""
    lines = [""]
    for piece in re.split(r"(\r?\n|\r|\x1b\[1A|\x1b\[2K|\x1b\[\?25[lh])", said):
        match piece:
            case "\n" | "\r\n":
                lines.append("")
            case "\x1b[1A":
                lines.pop()
            case "\x1b[2K":
                lines[-1] = ""
            case "\r" | "\x1b[?25l" | "\x1b[?25h":
                pass
            case text:
                lines[-1] += text
    return "\n".join(itertools.takewhile(lambda line: "╭" not in line, lines))


def drawn(text: str) -> str:
    """Draw a terminal that shows the text. Its letters are the viewer's own: nothing is fetched from anywhere."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi("$ make demo\n" + text.rstrip()))
    picture = console.export_svg(title="make demo", unique_id="demo")
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)


async def photograph(address: str, picture: Path, window: str, scheme: str = "light") -> None:
    """Take a picture of a page as a browser with a window of that size shows it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise FileNotFoundError("There is no Chromium on this machine: install it (on Debian: chromium).")
    with tempfile.TemporaryDirectory() as profile:
        process = await asyncio.create_subprocess_exec(
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-lcd-text"),
            *("--hide-scrollbars", f"--window-size={window}", f"--user-data-dir={profile}"),
            f"--blink-settings=preferredColorScheme={int(scheme == 'light')}",
            *(f"--screenshot={picture}", address),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        if await process.wait() != 0:
            raise ChildProcessError(f"{browser} ended with {process.returncode} and took no picture.")


if __name__ == "__main__":
    asyncio.run(main())
