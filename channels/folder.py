"""A folder of files that others read: one writer at a time, and readers see the old file or the new, never half."""

import asyncio
import errno
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

T = TypeVar("T")

_PATIENCE = 30.0  # seconds to wait for another process that writes; one rewrite takes milliseconds
_OWN = ".own"
"""Lists the files that ``hold`` has put into the folder, one a line."""

_POLL = 0.01  # seconds between looks at another process's lock


_PASSING = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


class FolderError(Exception):
    """The folder cannot be written; says why and what to do.

    Args:
        passing: whether it may be better the next time without anybody having mended the folder.
    """

    def __init__(self, message: str, *, passing: bool) -> None:
        super().__init__(message)
        self.passing = passing


class Folder:
    """The files, shared with the other processes of this machine."""

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

    def trouble(self) -> str:
        """Why nothing can be written here; empty where something can."""
        place = self._directory if self._directory.exists() else self._directory.parent
        if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
            return ""
        return f"the folder {self._directory} cannot be written: create it, and let this program write there"

    async def missing(self, names: Iterable[str]) -> set[str]:
        """Which files are not there, by their paths in the folder.

        Raises:
            FolderError: nobody can tell.
        """
        wanted = list(names)

        def look() -> set[str]:
            return {name for name in wanted if not (self._directory / name).exists()}

        try:
            return await _to_the_end(look)
        except OSError as error:
            raise self._failure(error) from error

    async def hold(self, files: Mapping[str, bytes]) -> None:
        """Put these files in place and take away those that an earlier call put there and this one does not name.

        What others have put into the folder is left alone. Only inside ``exclusive``.

        Raises:
            FolderError: a file cannot be written or taken away; the next call sees to the rest.
        """

        def hold_only() -> None:
            list_ = self._directory / _OWN
            own = set(list_.read_text(encoding="utf-8").splitlines()) if list_.exists() else set()
            # Listed before it is there, and until it is gone: what a crash leaves is still known to be ours.
            _put(list_, _lines(own | files.keys()))
            for name, content in files.items():
                _put(self._directory / name, content)
            for name in own - files.keys():
                _take_away(self._directory / name, self._directory)
            _put(list_, _lines(files.keys()))

        try:
            await _to_the_end(hold_only)
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
                f"another process has kept the folder {self._directory} locked for {_PATIENCE:.0f} seconds: "
                "end the one that hangs",
                passing=True,
            ) from None

    def _failure(self, error: OSError) -> FolderError:
        return FolderError(
            f"the folder {self._directory} cannot be written ({error.strerror}): "
            "check that it exists, may be written and has space left",
            passing=error.errno in _PASSING,
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
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")  # one name: what a crash leaves is overwritten, not kept
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    keep(path.parent)


def _take_away(path: Path, top: Path) -> None:
    """Remove a file, and the folders below the top that it leaves empty."""
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == top:
            break
        try:
            folder.rmdir()
        except OSError:  # something is in it, or it is gone already
            break


def _lines(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(names)).encode()


def keep(path: Path) -> None:
    """Let a file, or what was put into a folder or renamed there, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
