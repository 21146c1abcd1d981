"""A time limit for many things at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from channels.limit import TimeLimit


async def limited(limit: TimeLimit, work: Callable[[], Awaitable[object]]) -> str:
    try:
        with limit:
            await work()
    except TimeoutError:
        return "too late"
    return "done"


async def never() -> None:
    await asyncio.Event().wait()


async def test_what_ends_in_time_is_left_alone() -> None:
    assert await limited(TimeLimit(5), lambda: asyncio.sleep(0)) == "done"


async def test_what_takes_too_long_is_ended() -> None:
    assert await limited(TimeLimit(0.01), never) == "too late"


async def test_each_of_many_has_the_whole_time_from_when_it_began() -> None:
    limit = TimeLimit(0.1)
    loop = asyncio.get_running_loop()
    began: list[float] = []
    ended: list[float] = []

    async def one() -> None:
        began.append(loop.time())
        assert await limited(limit, never) == "too late"
        ended.append(loop.time())

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(one())
            await asyncio.wait([tasks.create_task(never_for(0.03))])
    taken = [end - begin for begin, end in zip(began, ended, strict=True)]
    assert all(seconds >= 0.1 for seconds in taken)
    assert ended == sorted(ended)


async def never_for(seconds: float) -> None:
    assert await limited(TimeLimit(seconds), never) == "too late"


async def test_who_ended_early_takes_nothing_from_the_others() -> None:
    limit = TimeLimit(0.05)
    late = asyncio.create_task(limited(limit, never))
    early = [asyncio.create_task(limited(limit, lambda: asyncio.sleep(0))) for _ in range(3)]
    assert [await task for task in early] == ["done"] * 3
    assert await late == "too late"


async def test_a_task_may_be_limited_again_and_again() -> None:
    limit = TimeLimit(0.02)
    assert [await limited(limit, work) for work in (never, lambda: asyncio.sleep(0), never)] == [
        "too late",
        "done",
        "too late",
    ]


async def test_an_error_of_the_work_itself_comes_through() -> None:
    async def fail() -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        await limited(TimeLimit(5), fail)


async def test_who_is_called_off_by_somebody_else_is_not_too_late() -> None:
    task = asyncio.create_task(limited(TimeLimit(5), never))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_is_called_off_at_the_very_end_as_well_obeys() -> None:
    limit = TimeLimit(0.01)
    ending = asyncio.Event()

    async def slow_to_end() -> None:
        try:
            await never()
        finally:
            ending.set()
            await never()

    task = asyncio.create_task(limited(limit, slow_to_end))
    await ending.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_a_called_off_task_still_does_is_limited_too() -> None:
    tidied: list[str] = []

    async def tidy_up() -> None:
        try:
            await never()
        finally:
            tidied.append(await limited(TimeLimit(0.01), never))

    task = asyncio.create_task(tidy_up())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tidied == ["too late"]
