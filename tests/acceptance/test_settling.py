"""Scripts of what becomes of a doubt: the provider is asked, and only then something is done."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.delivery import State
from broadcaster.doubt import ANSWER_WITHIN
from broadcaster.sending import Sent
from broadcaster.store import doubts, reports
from channels.sandbox import Behaviour, Fault
from tests.support.world import World, resident, world

THREE = [resident(0), resident(1), resident(2)]
SETTLED = timedelta(minutes=2)
"""Longer than any provider needs to list what it took."""


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with world(tmp_path, database_url) as made:
        await made.subscribe(THREE)
        yield made


def texts(sent: Sent) -> dict[State, int]:
    found: Counter[State] = Counter()
    for tally in sent.progress.tallies:
        if tally.channel == "sms":
            found[tally.state] += tally.count
    return dict(found)


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBAGE, Fault.ERROR_AFTER])
async def test_what_the_provider_has_taken_is_found_and_not_sent_again(here: World, fault: Fault) -> None:
    here.sandbox.behave("twilio", Behaviour(fault, to=resident(1)))
    plan = here.plan()
    first = await here.send(plan, patience=1.5)
    here.sandbox.behave("twilio")

    here.clock.move(SETTLED)
    second = await here.send(plan)

    assert texts(first) == {State.ACCEPTED: 2, State.IN_DOUBT: 1}
    assert texts(second) == {State.ACCEPTED: 3}
    assert here.reached() == THREE


async def test_an_answer_that_is_not_the_providers_or_not_about_it_is_looked_up(here: World) -> None:
    everybody = [resident(place) for place in range(14)]
    strange = (
        Behaviour(Fault.STRANGER, code=400),
        Behaviour(Fault.STRANGER, code=403),
        Behaviour(Fault.STRANGER, code=511),
        Behaviour(Fault.STRANGER_AFTER, code=418),
        Behaviour(Fault.STALE),
        Behaviour(Fault.TWIN),
    )
    # Others in between, for several doubts in a row would make the account rest.
    here.sandbox.behave("twilio", *(replace(one, to=resident(2 * n + 2)) for n, one in enumerate(strange)))
    await here.subscribe(everybody)
    plan = here.plan()
    first = await here.send(plan, patience=1.5)
    here.sandbox.behave("twilio")

    here.clock.move(SETTLED)
    second = await here.send(plan)

    assert texts(first) == {State.ACCEPTED: 8, State.IN_DOUBT: 6}
    assert texts(second) == {State.ACCEPTED: 14}
    assert here.reached() == everybody


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.ERROR])
async def test_what_the_provider_surely_has_not_is_sent(here: World, fault: Fault) -> None:
    here.sandbox.behave("twilio", Behaviour(fault, to=resident(1)))
    plan = here.plan()
    first = await here.send(plan, patience=1.5)
    here.sandbox.behave("twilio")

    here.clock.move(SETTLED)
    second = await here.send(plan)

    assert texts(first) == {State.ACCEPTED: 2, State.IN_DOUBT: 1}
    assert texts(second) == {State.ACCEPTED: 3}
    assert here.reached() == THREE


async def test_a_post_that_facebook_has_is_found_and_not_posted_again(here: World) -> None:
    here.sandbox.behave("facebook", Behaviour(Fault.DROP, times=4))
    plan = here.plan()
    await here.send(plan, patience=1.5)

    here.clock.move(SETTLED)
    sent = await here.send(plan)

    assert sent.progress.count(State.ACCEPTED) == sent.progress.total
    assert len(here.sandbox.posts) == 4


async def test_before_its_settle_time_nobody_asks_and_nothing_is_concluded(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.RESET, to=resident(1)))
    plan = here.plan()
    await here.send(plan, patience=1.5)
    here.sandbox.behave("twilio")

    sent = await here.send(plan, patience=1.5)

    assert texts(sent) == {State.ACCEPTED: 2, State.IN_DOUBT: 1}
    assert not [request for request in here.sandbox.requests if request.method == "GET"]


async def test_while_the_provider_cannot_be_asked_the_doubt_stays(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.DROP, to=resident(1)))
    plan = here.plan()
    await here.send(plan, patience=1.5)
    here.sandbox.behave("twilio", Behaviour(Fault.THROTTLE))

    here.clock.move(SETTLED)
    sent = await here.send(plan, patience=1.5)

    assert texts(sent) == {State.ACCEPTED: 2, State.IN_DOUBT: 1}
    async with here.database as database:
        [doubt] = await doubts.listing(database)
    assert doubt.looks >= 1
    assert not doubt.held


async def test_lives_are_worth_one_text_more_when_the_provider_stays_silent_and_only_one(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.HANG, to="nobody"), Behaviour(Fault.DROP, to=resident(1)))
    plan = here.plan()  # severe
    await here.send(plan, patience=1.5)

    here.clock.move(ANSWER_WITHIN)
    here.sandbox.behave("twilio", Behaviour(Fault.ERROR, times=1), Behaviour(Fault.DROP, to=resident(1)))
    await here.send(plan, patience=1.5)
    here.clock.move(ANSWER_WITHIN)
    here.sandbox.behave("twilio", Behaviour(Fault.ERROR))
    await here.send(plan, patience=1.5)

    assert Counter(here.reached()) == {resident(0): 1, resident(1): 2, resident(2): 1}
    async with here.database as database:
        [doubt] = await doubts.listing(database)
        assert doubt.held
        reason = [r.reason for r in await reports.reasons(database, plan.id) if r.state is State.IN_DOUBT]
    assert "person" in reason[0]


@pytest.mark.parametrize(("decision", "reached"), [(State.ACCEPTED, 1), (State.ABANDONED, 1), (State.PENDING, 2)])
async def test_a_person_can_settle_a_doubt(here: World, decision: State, reached: int) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.DROP, to=resident(1)))
    plan = here.plan()
    await here.send(plan, patience=1.5)
    here.sandbox.behave("twilio")
    async with here.database as database:
        [doubt] = await doubts.listing(database)
        assert await doubts.resolve(database, doubt.id, decision, here.clock.now, "test")
        assert not await doubts.resolve(database, doubt.id, decision, here.clock.now, "test")

    sent = await here.send(plan)

    assert State.IN_DOUBT not in texts(sent)
    assert Counter(here.reached())[resident(1)] == reached
