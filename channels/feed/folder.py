"""The folder that holds the feeds' files: one writer at a time, and readers see the old file or the new, never half."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

T = TypeVar("T")

_PATIENCE = 30.0  # seconds to wait for another process that writes; one rewrite takes milliseconds
_POLL = 0.01  # seconds between looks at another process's lock


class FolderError(Exception):
    """The folder cannot be written; says why and what to do."""


class Folder:
    """The feeds' files, shared with the other processes of this machine."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._turn = asyncio.Lock()  # tasks of this process queue here, so only other processes are looked out for

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Hold the folder alone among all tasks and processes, making it if only the folder itself is missing.

        What is read and written meanwhile cannot be overtaken by an older reading.

        Raises:
            FolderError: it cannot be made or locked.
        """
        async with self._turn:
            with ExitStack() as held:  # closing the file lets go of it
                try:
                    lock = await _to_the_end(lambda: held.enter_context(self._open_lock()))
                except OSError as error:
                    raise self._failure(error) from error
                await self._locked(lock)
                yield

    async def write(self, files: Mapping[str, bytes]) -> None:
        """Put each file in place, by its path in the folder, where its bytes differ. Only inside ``exclusive``.

        Raises:
            FolderError: a file cannot be written; those before it are in place, it and those after it as they were.
        """

        def put_all() -> None:
            for name, content in files.items():
                _put(self._directory / name, content)

        try:
            await _to_the_end(put_all)
        except OSError as error:
            raise self._failure(error) from error

    def _open_lock(self) -> BinaryIO:
        self._directory.mkdir(exist_ok=True)
        return (self._directory / ".lock").open("ab")

    async def _locked(self, lock: BinaryIO) -> None:
        """Wait by looking again and again: a thread that waits in the system could not be called back."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not _try_lock(lock):  # noqa: ASYNC110 - who lets go is another process
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise FolderError(
                f"another process has kept the feed folder {self._directory} locked for {_PATIENCE:.0f} seconds: "
                "end the one that hangs"
            ) from None

    def _failure(self, error: OSError) -> FolderError:
        return FolderError(
            f"the feed folder {self._directory} cannot be written ({error.strerror}): "
            "see that it exists, may be written and has space left"
        )


def _try_lock(lock: BinaryIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _to_the_end(work: Callable[[], T]) -> T:
    """Do blocking work in a thread and stay until it is done, even when cancelled: the lock outlasts the writing."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _put(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")  # one name: what a crash leaves is overwritten, not kept
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """Make a renaming outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
