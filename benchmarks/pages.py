"""How many residents and feed readers a single ``serve`` answers in a second, beside nginx with the same bytes.

Both answer the same client, a loop of keep-alive connections on the same machine, one after the other. The client
shares the machine with them and is slower than nginx, so nginx could do more than is seen here.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import nginx
from benchmarks.figure import Figure, at_least
from benchmarks.scene import scene
from broadcaster.cli.exporting import export_site

CONNECTIONS = 64
SECONDS = 5.0
GOAL = 333
"""Requests a second: 20,000 residents who all look within a minute."""

SHARE = 0.01
"""Of what nginx answers. To come near is not asked for: where it matters, nginx or a CDN stands in front."""

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)

_STATIC = """
        gzip_static on;
        etag on;
        charset utf-8;
        types {{ text/html html; application/atom+xml atom; }}
        root {folder};
"""


def measure() -> list[Figure]:
    """Measure a page and a feed, compressed, as browsers and readers ask for them."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as out:
        folder, files = Path(name), Path(out)
        files.chmod(0o755)  # nginx gives up its rights, where it has any, before it reads
        return asyncio.run(_measure(folder, files))


async def _measure(folder: Path, files: Path) -> list[Figure]:
    figures = []
    async with scene(folder, "http://127.0.0.1:9", changes={"port = 8080": "port = 0"}) as stage:
        await stage.submit(stage.plan(0, "borgholm", "morbylanga"))
        async with _serving(folder) as serve:
            await export_site(stage.config, files)
            with nginx.running(_STATIC.format(folder=files)) as static:
                for what, path in (("page", "/borgholm/"), ("feed", "/feeds/borgholm/sv.atom")):
                    ours, theirs = await _rate(serve + path), await _rate(static.url + path)
                    figures += [
                        at_least(f"requests for the {what} a second", ours, GOAL),
                        at_least(f"the same as a share of nginx's {theirs:,.0f}", ours / theirs, SHARE),
                    ]
    return figures


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[str]:
    """``serve`` as a process of its own; gives its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "broadcaster", "serve"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said = await process.stdout.readline() if process.stdout else b""
        found = re.search(rb"http://\S+\d", said)
        if found is None:
            raise RuntimeError("serve did not start")
        yield found[0].decode()
    finally:
        process.terminate()
        await process.communicate()


async def _rate(url: str) -> float:
    """How many requests are answered in a second, the whole answer counted."""
    parts = urlsplit(url)
    request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    callers = [_Caller(request) for _ in range(CONNECTIONS)]
    calls = [asyncio.create_task(caller.call(parts.hostname or "", parts.port or 80)) for caller in callers]
    loop = asyncio.get_running_loop()
    try:
        await asyncio.wait(calls, timeout=1, return_when=asyncio.FIRST_EXCEPTION)  # until everything is warm
        before, began = sum(caller.answers for caller in callers), loop.time()
        await asyncio.wait(calls, timeout=SECONDS, return_when=asyncio.FIRST_EXCEPTION)
        answers, passed = sum(caller.answers for caller in callers) - before, loop.time() - began
        for call in calls:
            if call.done():
                call.result()
        return answers / passed
    finally:
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


class _Caller:
    """Asks again as soon as it has the whole answer. No client library is as quick as what is measured."""

    def __init__(self, request: bytes) -> None:
        self.answers = 0
        self._request = request

    async def call(self, host: str, port: int) -> None:
        """Ask until somebody ends it."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            while True:
                writer.write(self._request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                if length is None or not head.startswith(b"HTTP/1.1 200 ") or b"gzip" not in head:
                    raise RuntimeError(f"an answer that is none: {head[:80]!r}")
                await reader.readexactly(int(length[1]))
                self.answers += 1
        finally:
            writer.close()
