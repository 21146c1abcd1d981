"""Scripts of what happens to a message: over real sockets, for each way in which a provider can behave."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.delivery import State
from broadcaster.store import lanes, reports
from broadcaster.store.reports import Progress
from channels.sandbox import Behaviour, Fault
from tests.support.world import FAST, World, resident, world

THREE = [resident(0), resident(1), resident(2)]


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with world(tmp_path, database_url) as made:
        await made.subscribe(THREE)
        yield made


def of(progress: Progress, channel: str) -> dict[State, int]:
    """What became of a message on a channel."""
    found: Counter[State] = Counter()
    for tally in progress.tallies:
        if tally.channel == channel:
            found[tally.state] += tally.count
    return dict(found)


async def test_a_joint_message_reaches_every_page_phone_feed_and_line_in_the_words_of_each(here: World) -> None:
    await here.subscribe([resident(3)], "morbylanga", "en")

    sent = await here.send(here.plan())

    assert sent.progress.count(State.ACCEPTED) == sent.progress.total == 4 + 4 + 4 + 4 + 4
    assert here.reached() == [*THREE, resident(3)]
    by_phone = {text.to: text.body for text in here.sandbox.texts}
    assert "0485-880 00" in by_phone[resident(0)]
    assert by_phone[resident(3)].startswith("Our systems are shut down")
    assert "0485-470 00" in by_phone[resident(3)]
    assert Counter(post.page for post in here.sandbox.posts) == {"100000000000001": 2, "100000000000002": 2}
    async with here.running() as broadcaster:
        for line, phone in (("+46846500400", "noll fyra åtta fem, åtta åtta noll"), ("+46846500401", "fyra sju noll")):
            texts = [shown.parcel.rendition for shown in await broadcaster.surfaces.showing("ivr", line)]
            said = {text.language: text.text for text in texts}
            assert phone in said["sv"]
            assert set(said) == {"sv", "en"}
        for feed in ("borgholm/sv", "borgholm/en", "morbylanga/sv", "morbylanga/en"):
            assert len(await broadcaster.surfaces.showing("feed", feed)) == 1
            assert len(await broadcaster.surfaces.showing("page", feed)) == 1
        assert len(await broadcaster.surfaces.showing("feed", "all/sv")) == 2


async def test_the_same_message_again_sends_nothing_twice(here: World) -> None:
    plan = here.plan()
    first = await here.send(plan)

    second = await here.send(plan)

    assert second.progress == first.progress
    assert here.reached() == THREE
    assert len(here.sandbox.posts) == 4


async def test_a_throttled_text_is_sent_later_and_once(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.THROTTLE, times=2, retry_after=0.1))

    sent = await here.send(here.plan())

    assert here.reached() == THREE
    assert of(sent.progress, "sms") == {State.ACCEPTED: 3}


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBAGE, Fault.ERROR_AFTER, Fault.ERROR, Fault.RESET])
async def test_what_may_have_been_sent_is_in_doubt_and_never_sent_again_blindly(here: World, fault: Fault) -> None:
    here.sandbox.behave("twilio", Behaviour(fault, to=resident(1)))
    plan = here.plan()

    sent = await here.send(plan, patience=0.5)
    here.sandbox.behave("twilio")
    again = await here.send(plan, patience=0.5)

    assert of(sent.progress, "sms") == {State.ACCEPTED: 2, State.IN_DOUBT: 1}
    assert again.progress == sent.progress
    asked = [r for r in here.sandbox.requests if r.provider == "twilio" and r.method == "POST"]
    assert len(asked) == 3
    assert max(Counter(here.reached()).values()) == 1


async def test_a_refused_number_is_rejected_and_delays_nobody(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.REFUSE, to=resident(1), code=21614))

    sent = await here.send(here.plan())

    assert of(sent.progress, "sms") == {State.ACCEPTED: 2, State.REJECTED: 1}
    assert here.reached() == [resident(0), resident(2)]
    async with here.database as database:
        [reason] = [r for r in await reports.reasons(database, sent.message) if r.state is State.REJECTED]
    assert "21614" in reason.reason
    assert resident(1) not in reason.reason


async def test_bad_credentials_halt_their_lane_only_burn_nothing_and_mending_them_sends_the_rest(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.UNAUTHORISED))
    plan = here.plan()

    sent = await here.send(plan)

    assert of(sent.progress, "sms") == {State.PENDING: 3}
    assert of(sent.progress, "facebook") == {State.ACCEPTED: 4}
    assert list(sent.halted) == ["sms"]
    assert here.reached() == []

    here.sandbox.behave("twilio")
    mended = await here.send(plan)

    assert mended.progress.count(State.ACCEPTED) == mended.progress.total
    assert here.reached() == THREE
    async with here.database as database:
        assert await lanes.halted(database) == {}


async def test_a_page_with_a_bad_token_does_not_keep_the_other_page_from_posting(here: World) -> None:
    here.sandbox.behave("facebook", Behaviour(Fault.UNAUTHORISED, to="100000000000001"))

    sent = await here.send(here.plan())

    assert {post.page for post in here.sandbox.posts} == {"100000000000002"}
    assert list(sent.halted) == ["facebook-borgholm"]
    assert of(sent.progress, "sms") == {State.ACCEPTED: 3}


async def test_a_message_that_expires_while_its_lane_is_halted_is_never_sent(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.UNAUTHORISED))
    plan = here.plan(lifetime=timedelta(hours=1))
    await here.send(plan)

    here.sandbox.behave("twilio")
    here.clock.move(timedelta(hours=1))
    late = await here.send(plan)

    assert of(late.progress, "sms") == {State.EXPIRED: 3}
    assert here.reached() == []


async def test_stopping_in_the_middle_leaves_no_doubt_and_the_next_run_sends_the_rest(
    tmp_path: Path, database_url: str
) -> None:
    everybody = [resident(place) for place in range(60)]
    async with world(tmp_path, database_url, FAST) as here:
        await here.subscribe(everybody)
        here.sandbox.behave("twilio", Behaviour(Fault.SLOW, seconds=0.05))
        plan = here.plan()
        stop = asyncio.Event()
        sending = asyncio.create_task(here.send(plan, stop=stop))
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 10)

        stop.set()
        stopped = await sending

        assert stopped.progress.count(State.SENDING, State.IN_DOUBT) == 0
        assert of(stopped.progress, "sms")[State.ACCEPTED] == len(here.sandbox.texts) < len(everybody)
        async with here.database as database:
            assert {lane.holder for lane in await lanes.states(database)} == {None}

        finished = await here.send(plan)

        assert of(finished.progress, "sms") == {State.ACCEPTED: len(everybody)}
        assert here.reached() == everybody
