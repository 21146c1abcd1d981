"""How long something may take, for many at once."""

import asyncio
from types import TracebackType
from typing import Any


class TimeLimit:
    """Ends what takes too long with a ``TimeoutError``, as ``asyncio.timeout`` does: ``with limit:`` around each.

    All have the same limit, so who began first is the first to run out of it: one timer, for the oldest, does for all.
    A timer for each is set and taken back thousands of times a second, and hardly any ever rings.

    Args:
        seconds: what each may take. A task may have one thing at a time that is limited.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: dict[asyncio.Task[Any], tuple[float, int]] = {}  # until when, and how often called off before
        self._overdue: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        loop, task = asyncio.get_running_loop(), _current_task()
        until = loop.time() + self._seconds
        self._running[task] = until, task.cancelling()
        if self._timer is None:
            self._timer = loop.call_at(until, self._ring)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        task = _current_task()
        called_off_before = self._running.pop(task)[1]
        if task in self._overdue:
            self._overdue.remove(task)
            # Somebody else may have called it off as well, and is to be obeyed.
            if task.uncancel() <= called_off_before and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _ring(self) -> None:
        loop, self._timer = asyncio.get_running_loop(), None
        for task, (until, _) in self._running.items():
            if until > loop.time():
                self._timer = loop.call_at(until, self._ring)
                return
            if task not in self._overdue:
                self._overdue.add(task)
                task.cancel()


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("only what a task does can be limited")
    return task
