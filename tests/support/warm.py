"""Commands as processes that need not import the program: each is forked from one that has, and is otherwise its own.

Importing takes a second of each command's time; a hundred of them would make a test run of minutes.
"""

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import broadcaster.cli.app
import broadcaster.cli.checking
import broadcaster.cli.delivering
import broadcaster.cli.running
import broadcaster.cli.starting
import broadcaster.cli.subscribing
import broadcaster.demo  # noqa: F401 - these are what commands import late
from broadcaster.cli import main

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """What it printed, which must be one JSON object and nothing else."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


async def run(arguments: Sequence[str], folder: Path, env: Mapping[str, str], patience: float) -> Ran:
    """Run a command to its end, with nothing to read.

    Raises:
        TimeoutError: it took longer than ``patience``, in seconds.
    """
    return await asyncio.to_thread(_run, arguments, folder, dict(env), patience)


def _run(arguments: Sequence[str], folder: Path, env: Mapping[str, str], patience: float) -> Ran:
    with tempfile.TemporaryDirectory(prefix="broadcaster-test-") as streams:
        out, err = Path(streams, "out"), Path(streams, "err")
        process = _forks.Process(target=_command, args=(arguments, folder, env, out, err))
        process.start()
        process.join(patience)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"broadcaster {' '.join(arguments)} took more than {patience} seconds")
        return Ran(process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def _command(arguments: Sequence[str], folder: Path, env: Mapping[str, str], out: Path, err: Path) -> None:
    """Become the command: with its folder, environment and streams."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for number, file, mode in ((0, Path(os.devnull), os.O_RDONLY), (1, out, os.O_WRONLY), (2, err, os.O_WRONLY)):
        os.dup2(os.open(file, mode | os.O_CREAT), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - a number, open to the end
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    sys.argv = ["broadcaster", *arguments]
    main()
