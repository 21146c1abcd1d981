"""How fast a lane goes, and when it rests."""

import asyncio
import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.engine.pace import DOUBTS_IN_A_ROW, DOWN_AFTER, LONGEST_PAUSE, Health, Pace
from broadcaster.engine.waiting import first_of, happened, pause
from channels.contract import Accepted, Deferred, Halted, InDoubt, Outcome, Rejected
from tests.support.skipping import run

DOWN = Deferred("nobody answers")


async def _times(rate: float | None, parcels: int, workers: int) -> list[float]:
    pace, went = Pace(rate), list[float]()

    async def work(share: int) -> None:
        for _ in range(share):
            await pace.turn()
            went.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(work(parcels // workers) for _ in range(workers)))
    return sorted(went)


@given(rate=st.sampled_from([0.5, 1.5, 10.0, 100.0]), workers=st.integers(1, 20))
def test_no_second_ever_holds_more_parcels_than_the_rate_allows(rate: float, workers: int) -> None:
    went = run(_times(rate, 200, workers))

    most = math.ceil(rate)
    for first, later in zip(went, went[most:], strict=False):
        assert later - first >= 1 - 1e-6


@given(workers=st.integers(1, 20))
def test_nearly_all_of_the_rate_is_used(workers: int) -> None:
    went = run(_times(100.0, 1000, workers))

    assert len(went) / (went[-1] - went[0]) >= 0.98 * 100


def test_without_a_rate_nobody_waits() -> None:
    assert set(run(_times(None, 100, 4))) == {0.0}


def test_an_account_that_puts_off_rests_longer_each_time_until_something_goes_well() -> None:
    health, rests, now = Health(), list[float](), 0.0
    for _ in range(10):
        health.note(DOWN, now, dice=1.0)
        rests.append(health.resting(now))
        now += health.resting(now)

    assert rests[:4] == [1, 2, 4, 8]
    assert rests[-1] == LONGEST_PAUSE.total_seconds()

    health.note(Accepted("SM1"), now, dice=1.0)
    health.note(DOWN, now, dice=1.0)
    assert health.resting(now) == 1


def test_many_parcels_that_meet_one_failure_count_as_one() -> None:
    health = Health()
    for _ in range(50):
        health.note(DOWN, now=0.0, dice=1.0)

    assert health.resting(0.0) == 1


def test_a_provider_that_says_how_long_to_wait_is_obeyed() -> None:
    health = Health()
    health.note(Deferred("too many requests", after=timedelta(minutes=7)), now=0.0, dice=0.0)

    assert health.resting(0.0) == 7 * 60
    assert health.resting(7 * 60.0) == 0


@pytest.mark.parametrize("outcome", [Accepted("SM1"), Rejected("no such number")])
def test_a_clear_answer_shows_that_a_halted_account_is_spoken_to_again(outcome: Outcome) -> None:
    health = Health()
    health.note(Halted("bad token"), now=0.0, dice=0.5)
    assert health.halted

    health.note(outcome, now=1.0, dice=0.5)
    assert not health.halted


def test_a_single_doubt_says_nothing_about_the_account_but_several_in_a_row_do() -> None:
    health, doubt = Health(), InDoubt("no answer")

    assert [health.note(doubt, now=0.0, dice=1.0) for _ in range(DOUBTS_IN_A_ROW)] == [False] * (
        DOUBTS_IN_A_ROW - 1
    ) + [True]
    assert health.resting(0.0) == 1

    health.note(Accepted("SM1"), now=1.0, dice=1.0)
    assert not health.note(doubt, now=1.0, dice=1.0)


def test_an_account_that_failed_twice_is_tried_with_one_parcel_and_after_more_it_is_down_until_one_goes_well() -> None:
    health, now, seen = Health(), 0.0, list[tuple[bool, bool]]()
    for _ in range(DOWN_AFTER):
        health.note(DOWN, now, dice=1.0)
        seen.append((health.half_open, health.down))
        now += health.resting(now)

    assert seen == [(False, False), (True, False), (True, True)]

    health.note(Rejected("no such number"), now, dice=1.0)
    assert (health.half_open, health.down) == (False, False)


def test_waiting_for_an_event_ends_when_it_happens_or_when_the_time_is_over() -> None:
    async def script() -> tuple[bool, bool, float]:
        event, loop = asyncio.Event(), asyncio.get_running_loop()
        too_late = await happened(event, within=2)
        loop.call_later(1, event.set)
        in_time = await happened(event, within=60)
        return too_late, in_time, loop.time()

    assert run(script()) == (False, True, 3.0)


def test_a_pause_is_cut_short_by_stop() -> None:
    async def script() -> float:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.call_later(5, stop.set)
        await pause(60, stop)
        return loop.time()

    assert run(script()) == 5


def test_of_two_events_that_have_both_happened_the_last_one_given_counts() -> None:
    async def script() -> bool:
        busy, stop = asyncio.Event(), asyncio.Event()
        busy.set()
        stop.set()
        return await first_of(busy, stop) is stop

    assert run(script())
