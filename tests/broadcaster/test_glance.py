"""Looks that are shared: however many ask, one asks the database, and nobody waits for long."""

import asyncio

from broadcaster.glance import Glance

FOR_EVER = 1000.0


class Source:
    """Something to look at, that answers when it is told to."""

    def __init__(self) -> None:
        self.looks = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def read(self) -> int:
        self.looks += 1
        await self.answers.wait()
        return self.looks


async def test_all_who_ask_at_once_share_a_look() -> None:
    source = Source()
    glance = Glance(source.read, lasts=FOR_EVER, patience=FOR_EVER)

    assert await asyncio.gather(*(glance() for _ in range(50))) == [1] * 50
    assert await glance() == 1


async def test_a_look_that_is_no_good_any_more_is_followed_by_another() -> None:
    source = Source()
    glance = Glance(source.read, lasts=0, patience=FOR_EVER)
    assert await glance() == 1

    async with asyncio.timeout(20):
        while await glance() == 1:
            continue


async def test_nobody_waits_longer_than_the_patience_and_the_look_goes_on() -> None:
    source = Source()
    source.answers.clear()
    glance = Glance(source.read, lasts=FOR_EVER, patience=0.01)

    assert await glance() is None
    source.answers.set()
    assert await glance() == 1


async def test_closing_ends_the_look() -> None:
    source = Source()
    source.answers.clear()
    glance = Glance(source.read, lasts=FOR_EVER, patience=0.01)
    await glance()

    await glance.close()

    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
