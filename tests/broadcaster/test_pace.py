"""How fast a lane goes, and when it rests."""

import asyncio
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import accumulate, cycle, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.engine.pace import (
    DOUBTS_IN_A_ROW,
    DOWN_AFTER,
    EASED_FOR,
    LONGEST_PAUSE,
    MARGIN,
    REFUSED_IN_A_ROW,
    Health,
    Pace,
    allowed,
)
from broadcaster.engine.throttle import ROUND, SLOWEST
from broadcaster.engine.waiting import first_of, happened, pause
from broadcaster.engine.window import SAMPLE, SECOND
from channels.contract import Accepted, Deferred, Halted, InDoubt, Outcome, Rejected
from tests.support.skipping import SkippingLoop, run

DOWN = Deferred("nobody answers")


ALL = 1.0


@dataclass(frozen=True)
class Traffic:
    """What parcels meet on their way; each list is gone through again and again.

    Args:
        ways: seconds on the way to the provider, and on the way back.
        stalls: seconds for which the machine stands still, after a parcel has left.
        weights: of the parcels.
    """

    ways: Sequence[tuple[float, float]] = ((0.001, 0.001),)
    stalls: Sequence[float] = (0.0,)
    weights: Sequence[int] = (1,)


async def _arrivals(
    rate: float | None, parcels: int, workers: int, traffic: Traffic, share: float = ALL
) -> list[tuple[float, int]]:
    """When parcels arrive at the provider, and what they weigh, if there is always another one to be sent."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    pace, arrived = Pace(rate, workers, lambda _: share), list[tuple[float, int]]()
    ways, stalls, weights = cycle(traffic.ways), cycle(traffic.stalls), cycle(traffic.weights)
    waiting = iter(range(parcels))

    async def work() -> None:
        for _ in waiting:
            weight = next(weights)
            left = await pace.turn(weight)
            there, back = next(ways)
            loop.stall(next(stalls))
            await asyncio.sleep(there)
            arrived.append((loop.time(), weight))
            await asyncio.sleep(back)
            pace.back(weight, left)

    await asyncio.gather(*(work() for _ in range(workers)))
    return sorted(arrived)


def busiest_second(arrived: Sequence[tuple[float, int]]) -> int:
    """Most weight that arrives in any second, wherever it begins; a millionth of one is for rounding."""
    times, sums = [at for at, _ in arrived], [0, *accumulate(weight for _, weight in arrived)]
    return max(sums[bisect_left(times, at + 1 - 1e-6)] - sums[place] for place, at in enumerate(times))


def used(arrived: Sequence[tuple[float, int]], rate: float) -> float:
    """The share of the rate that was used between the first and the last arrival."""
    return sum(weight for _, weight in arrived[1:]) / (arrived[-1][0] - arrived[0][0]) / rate


ways = st.lists(st.tuples(st.floats(0.0, 0.8), st.floats(0.0, 0.8)), min_size=1, max_size=30)
stalls = st.lists(st.just(0.0) | st.floats(0.0, 2.0), min_size=1, max_size=30)


@settings(max_examples=25)
@given(
    rate=st.sampled_from([0.5, 1.5, 10.0, 100.0]),
    workers=st.integers(1, 20),
    traffic=st.builds(Traffic, ways=ways, stalls=stalls),
)
def test_no_second_at_the_provider_ever_holds_more_than_the_rate(rate: float, workers: int, traffic: Traffic) -> None:
    there, back = zip(*traffic.ways, strict=True)
    known = replace(traffic, ways=[(min(there), min(back)), *traffic.ways])  # now and then it goes as quickly as it can
    arrived = run(_arrivals(rate, SAMPLE + 200, workers, known))

    assert busiest_second(arrived) <= math.ceil(rate)


@settings(max_examples=25)
@given(weights=st.lists(st.integers(1, 4), min_size=1, max_size=20), workers=st.integers(1, 20))
def test_no_second_holds_more_segments_than_the_rate(weights: list[int], workers: int) -> None:
    arrived = run(_arrivals(10.0, 200, workers, Traffic(weights=weights)))

    assert busiest_second(arrived) <= 10


def test_a_text_of_more_segments_than_the_rate_goes_alone_and_takes_its_time() -> None:
    arrived = run(_arrivals(1.5, 20, 10, Traffic(weights=[4])))

    assert busiest_second(arrived) == 4
    assert used(arrived, 1.5) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("traffic", "workers"),
    [
        (Traffic(), 20),
        (Traffic(ways=[(0.05, 0.1), (0.06, 0.1), (0.05, 0.11)]), 40),
        (Traffic(stalls=[*[0.0] * 60, 0.05]), 20),
        (Traffic(stalls=[*[0.0] * 60, 0.05]), 2),
        (Traffic(stalls=[*[0.0] * 1000, 0.2]), 40),
        (Traffic(weights=[1, 2, 3]), 20),
    ],
    ids=["quick", "far away", "stalls often", "few workers", "stalls long", "segments"],
)
def test_nearly_all_of_the_rate_is_used_and_no_more(traffic: Traffic, workers: int) -> None:
    arrived = run(_arrivals(100.0, 3000, workers, traffic))

    assert used(arrived[SAMPLE + 100 :], 100) >= 0.98  # as soon as the quickest way is known
    assert busiest_second(arrived) <= 100


def test_parcels_are_evenly_spread() -> None:
    times = [at for at, _ in run(_arrivals(10.0, 50, 10, Traffic()))]

    assert [later - at for at, later in pairwise(times)] == pytest.approx([MARGIN / 10] * 49)


def test_an_account_that_was_idle_does_not_make_up_for_it() -> None:
    async def script() -> list[float]:
        pace, loop, went = Pace(10.0, 10, lambda _: ALL), asyncio.get_running_loop(), list[float]()
        for _ in range(3):
            pace.back(1, await pace.turn())
        await asyncio.sleep(60)
        for _ in range(3):
            pace.back(1, await pace.turn())
            went.append(loop.time())
        return went

    first, second, third = run(script())
    assert (second - first, third - second) == pytest.approx([MARGIN / 10] * 2)


def test_without_a_rate_nobody_waits() -> None:
    arrived = run(_arrivals(None, 100, 4, Traffic(ways=[(0.0, 0.0)])))

    assert {at for at, _ in arrived} == {0.0}


def test_an_eased_account_uses_less_of_its_rate_and_of_its_requests_in_flight() -> None:
    eased = run(_arrivals(100.0, 500, 20, Traffic(), share=0.5))
    slow = run(_arrivals(100.0, 500, 20, Traffic(ways=[(0.5, 0.5)]), share=0.5))

    assert used(eased, 100) == pytest.approx(0.5, abs=0.01)
    assert max(sum(at <= other < at + 1 - 1e-6 for other, _ in slow) for at, _ in slow) == 10


@pytest.mark.parametrize(("idle", "wait"), [(0.0, SECOND), (0.4, SECOND - 0.4), (SECOND, 0.0), (math.inf, 0.0)])
def test_who_follows_another_worker_lets_the_second_end_that_the_other_has_used(idle: float, wait: float) -> None:
    async def script() -> float:
        pace = Pace(100.0, 20, lambda _: ALL)
        pace.follow(idle)
        return await pace.turn()

    assert run(script()) == pytest.approx(wait)


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


@pytest.mark.parametrize(
    ("asked", "rests"), [(timedelta(seconds=7), 7), (timedelta(minutes=7), 30), (timedelta(hours=1), 30)]
)
@pytest.mark.parametrize("throttled", [False, True])
def test_an_account_rests_as_long_as_the_provider_asks_but_never_for_long(
    asked: timedelta, rests: float, *, throttled: bool
) -> None:
    health = Health()
    for _ in range(REFUSED_IN_A_ROW if throttled else 1):
        health.note(Deferred("too many requests", asked, throttled=throttled), now=0.0, dice=0.0)

    assert health.resting(0.0) == rests


def test_one_refusal_for_too_much_holds_up_nobody_else() -> None:
    health = Health()

    assert not health.note(Deferred("too much", timedelta(seconds=2), throttled=True), now=0.0, dice=0.5)
    assert health.resting(0.0) == 0
    assert health.share(0.0) == 1


def shares(refuses: Callable[[int, float], bool], rate: float = 25, seconds: float = 40) -> list[float]:
    """The shares of its rate at which an account goes, one for each parcel, where some are refused."""
    health, now, seen = Health(), 0.0, list[float]()
    while now < seconds:
        share = health.share(now)
        too_much = refuses(len(seen), share)
        health.note(Deferred("too much", timedelta(seconds=2), throttled=True) if too_much else Accepted("1"), now, 0.5)
        seen.append(share)
        now += max(1 / (rate * share), health.resting(now))
    return seen


def test_an_account_that_is_refused_now_and_then_at_any_pace_keeps_its_pace() -> None:
    dice = Random(1)  # noqa: S311 - it decides nothing but this test
    used = [len(shares(lambda _parcel, _share: dice.random() < 0.3)) / (25 * 40) for _ in range(20)]

    assert min(used) > 0.6
    assert sum(used) / len(used) > 0.85


@pytest.mark.parametrize("most", [0.25, 0.4, 0.7])
def test_an_account_that_is_refused_as_it_goes_too_fast_goes_slower_until_it_is_not(most: float) -> None:
    dice, refused = Random(1), list[bool]()  # noqa: S311 - it decides nothing but this test

    def refuses(_parcel: int, share: float) -> bool:
        """Take so much of what is asked for, whatever that is."""
        refused.append(dice.random() > most / share)
        return refused[-1]

    seen = shares(refuses, seconds=120)
    settled = slice(4 * ROUND, None)

    assert sum(refused[settled]) < 0.5 * len(refused[settled])
    assert sum(seen[settled]) < 2 * most * len(seen[settled])
    assert len(refused) - sum(refused) > 0.8 * most * 25 * 120


def test_an_account_that_another_process_was_told_to_leave_alone_is_tried_with_one_parcel() -> None:
    health = Health()
    health.begin_carefully()

    assert health.half_open
    assert health.note(Deferred("too much", timedelta(seconds=2), throttled=True), now=0.0, dice=0.5)
    assert health.resting(0.0) >= 2


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


@pytest.mark.parametrize(
    ("usage", "share"), [(0.0, 1.0), (0.5, 1.0), (0.8, 1.0), (0.9, 0.5), (0.95, 0.25), (0.99, SLOWEST), (1.7, SLOWEST)]
)
def test_the_nearer_an_account_is_to_its_limit_the_slower_it_goes(usage: float, share: float) -> None:
    assert allowed(usage) == pytest.approx(share)


def test_a_slowed_account_hears_no_more_of_it_and_comes_back_slowly() -> None:
    health = Health()
    health.note(Accepted("1_2", usage=0.9), now=0.0, dice=0.5)

    assert [health.share(now) for now in (0.0, EASED_FOR / 4, EASED_FOR)] == pytest.approx([0.5, 0.75, 1.0])

    health.note(Accepted("1_3", usage=0.2), now=1.0, dice=0.5)
    assert health.share(1.0) == pytest.approx(0.5 + 1 / EASED_FOR)


def test_what_is_too_much_halves_the_pace_once_for_all_that_meet_it_together_and_never_to_nothing() -> None:
    health, now, shares = Health(), 0.0, list[float]()
    for _ in range(5):
        for _ in range(20):
            health.note(Deferred("too much", throttled=True), now, dice=1.0)
        shares.append(health.share(now))
        health.note(Accepted("SM1"), now, dice=1.0)
        now += health.resting(now)

    assert shares[0] == 0.5
    assert shares[1] == pytest.approx(0.25, abs=0.02)
    assert min(shares) >= SLOWEST


def test_a_network_that_is_down_says_nothing_about_the_pace() -> None:
    health = Health()
    health.note(DOWN, now=0.0, dice=0.5)

    assert health.share(0.0) == 1


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
