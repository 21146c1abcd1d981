"""A process that sends one message to everybody in a configuration, and says on standard output what that took."""

import asyncio
import json
import sys
import time
from pathlib import Path

from benchmarks.scene import Scene
from broadcaster.config import load


async def main(file: Path) -> None:
    """Warm up with a small message, send the large one, and tell processor seconds and the peak of memory in bytes."""
    stage = Scene(load(file))
    small, large = stage.plan(1, "morbylanga"), stage.plan(2)
    await stage.submit(small)
    await stage.send(small.id)
    begin = time.process_time()
    await stage.submit(large)
    await stage.send(large.id)
    print(json.dumps({"seconds": time.process_time() - begin, "peak": _peak()}))  # noqa: T201 (for its parent)


def _peak() -> int:
    # Not getrusage: it also counts what the parent had when this process was born.
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
