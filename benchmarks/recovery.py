"""How soon `broadcaster serve` sends again after it was killed in the middle of a large message."""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure, at_most
from benchmarks.provider import Provider, instant_provider
from benchmarks.scene import UNHURRIED, scene

PENDING = 100_000
RUNS = 3
_LONGEST = 60.0


def measure() -> list[Figure]:
    """Kill it a few times, and take the longest."""
    with instant_provider(written=True) as provider, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(_submitted(folder, provider.url))
        _serve_until_sending(folder, provider)
        longest = max(_serve_until_sending(folder, provider) for _ in range(RUNS))
    return [at_most(f"restart with {PENDING:,} pending to the first SMS, slowest of {RUNS} (s)", longest, 5)]


async def _submitted(folder: Path, provider_url: str) -> None:
    async with scene(folder, provider_url, changes=UNHURRIED | {"port = 8080": "port = 0"}) as stage:
        await stage.subscribe(range(PENDING + 5_000 * RUNS))  # some are sent before each kill
        await stage.submit(stage.plan(0))


def _serve_until_sending(folder: Path, provider: Provider) -> float:
    """Start it, kill it as soon as it sends, and tell how many seconds that took."""
    seen = _sms(provider)
    command = [str(Path(sys.executable).with_name("broadcaster")), "--config", str(folder / "config.toml"), "serve"]
    begin = time.monotonic()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while _sms(provider) == seen:
            if time.monotonic() - begin > _LONGEST or server.poll() is not None:
                raise RuntimeError("`broadcaster serve` sends nothing")
        return time.monotonic() - begin
    finally:
        server.kill()
        server.wait()


def _sms(provider: Provider) -> int:
    return sum(arrival.path.startswith("/twilio/") for arrival in provider.arrivals())
