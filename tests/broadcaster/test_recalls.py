"""What was called off after it had been claimed is known right before sending."""

import asyncio
from collections.abc import Mapping

import pytest

from broadcaster.engine.recalls import AHEAD, HOLDS_FOR, Recalls
from broadcaster.store.errors import StoreError

OFF = {7: "the subscriber left"}


class Office:
    """Answers looks as it is told to; its stopwatch goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looks = 0
        self.off: Mapping[int, str] = {}
        self.fails = False
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answered = asyncio.Event()
        self.recalls = Recalls(self._look, lambda: self.now)

    async def _look(self) -> Mapping[int, str]:
        self.looks += 1
        self.asked.set()
        self.answered.clear()
        try:
            await self.may_answer.wait()
            if self.fails:
                raise StoreError("the database is away")
            return self.off
        finally:
            self.answered.set()


async def test_who_sends_first_waits_for_the_look() -> None:
    office = Office()
    office.off = OFF

    assert await office.recalls.reason(7) == OFF[7]
    assert await office.recalls.reason(8) is None
    assert office.looks == 1


async def test_many_who_send_at_once_wait_for_one_look() -> None:
    office = Office()
    office.off = OFF

    assert await asyncio.gather(*(office.recalls.reason(7) for _ in range(64))) == [OFF[7]] * 64
    assert office.looks == 1


async def test_the_next_look_is_begun_ahead_and_nobody_waits_for_it() -> None:
    office = Office()
    await office.recalls.reason(7)
    office.may_answer.clear()
    office.answered.clear()
    office.off = OFF
    office.now += AHEAD

    assert await office.recalls.reason(7) is None  # as the last look had it, which still holds good
    assert await office.recalls.reason(7) is None

    office.may_answer.set()
    await office.answered.wait()
    assert await office.recalls.reason(7) == OFF[7]
    assert office.looks == 2


async def test_nothing_is_sent_on_a_look_that_is_too_old() -> None:
    office = Office()
    await office.recalls.reason(7)
    office.off = OFF
    office.now += HOLDS_FOR

    assert await office.recalls.reason(7) == OFF[7]


async def test_a_look_counts_from_when_it_began() -> None:
    office = Office()
    office.may_answer.clear()
    waiting = asyncio.create_task(office.recalls.reason(7))
    await office.asked.wait()
    office.now += HOLDS_FOR  # the first look takes so long that its answer is too old
    office.may_answer.set()

    assert await waiting is None
    assert office.looks == 2


async def test_while_nobody_can_tell_the_sender_hears_of_it_and_asks_again_later() -> None:
    office = Office()
    office.fails = True
    with pytest.raises(StoreError, match="away"):
        await office.recalls.reason(7)

    office.fails, office.off = False, OFF
    assert await office.recalls.reason(7) == OFF[7]


async def test_a_look_ahead_that_fails_troubles_nobody_as_long_as_the_last_one_holds_good() -> None:
    office = Office()
    await office.recalls.reason(7)
    office.fails = True
    office.now += AHEAD

    office.answered.clear()
    assert await office.recalls.reason(7) is None
    await office.answered.wait()
    assert await office.recalls.reason(7) is None

    office.now += AHEAD
    with pytest.raises(StoreError):
        await office.recalls.reason(7)


async def test_a_sender_that_is_called_off_leaves_the_look_to_the_others() -> None:
    office = Office()
    office.may_answer.clear()
    first, second = (asyncio.create_task(office.recalls.reason(7)) for _ in range(2))
    await office.asked.wait()
    first.cancel()
    await asyncio.wait([first])
    office.off = OFF
    office.may_answer.set()

    assert await second == OFF[7]
    assert office.looks == 1


async def test_who_closes_waits_for_no_answer() -> None:
    office = Office()
    await office.recalls.reason(7)
    office.may_answer.clear()
    office.asked.clear()
    office.now += AHEAD
    await office.recalls.reason(7)
    await office.asked.wait()

    async with asyncio.timeout(5):
        await office.recalls.close()
    assert office.answered.is_set()
    assert not office.may_answer.is_set()
