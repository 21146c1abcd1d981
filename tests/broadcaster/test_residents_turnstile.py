"""A turnstile lets through one at a time, seldom, and lets nobody crowd the others out."""

import asyncio
from itertools import pairwise

import pytest

from broadcaster.residents.turnstile import MOST, OF_ONE, CrowdedError, Turnstile

WORK = 0.01  # seconds


async def test_it_is_open_for_a_tenth_of_the_time() -> None:
    turnstile, clock = Turnstile(), asyncio.get_running_loop().time
    came: list[float] = []

    async def come(place: int) -> None:
        async with turnstile.turn(f"place {place}"):
            came.append(clock())
            await asyncio.sleep(WORK)

    await asyncio.gather(*(come(place) for place in range(4)))
    assert all(later - earlier >= 10 * WORK * 0.99 for earlier, later in pairwise(came))


async def test_who_comes_in_crowds_is_refused_and_the_others_are_not() -> None:
    turnstile, full = Turnstile(), asyncio.Event()

    async def come(place: str) -> bool:
        try:
            async with turnstile.turn(place):
                await full.wait()
        except CrowdedError:
            return False
        return True

    flood = [asyncio.create_task(come("one")) for _ in range(OF_ONE + 5)]
    other = asyncio.create_task(come("another"))
    await asyncio.sleep(0)
    full.set()
    assert sum([await one for one in flood]) == OF_ONE
    assert await other


async def test_however_many_places_they_come_from_so_many_wait() -> None:
    turnstile, full = Turnstile(), asyncio.Event()

    async def come(place: int) -> None:
        async with turnstile.turn(f"place {place}"):
            await full.wait()

    flood = [asyncio.create_task(come(place)) for place in range(MOST)]
    await asyncio.sleep(0)
    with pytest.raises(CrowdedError):
        await come(MOST)
    full.set()
    await asyncio.gather(*flood)
    await come(MOST)  # and when they are gone, there is room
