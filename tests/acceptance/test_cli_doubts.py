"""``doubts`` as a person at a terminal uses it."""

import pytest

from channels.sandbox import Behaviour, Fault
from tests.support.desk import Desk
from tests.support.world import resident

THREE = [resident(0), resident(1), resident(2)]


@pytest.fixture
async def doubt(desk: Desk) -> int:
    """The number of a delivery in doubt."""
    await desk.subscribe(THREE)
    desk.sandbox.behave("twilio", Behaviour(Fault.DROP, to=THREE[1], times=1))
    await desk.run("send", desk.message(), "--yes", "--wait", "0.5")
    [found] = (await desk.run("doubts", "list", "--json")).data["doubts"]
    return int(found["id"])


async def test_a_doubt_is_listed_and_shown_without_its_number(desk: Desk, doubt: int) -> None:
    listed = await desk.run("doubts", "list")
    shown = await desk.run("doubts", "show", str(doubt))

    for ran in (listed, shown):
        assert ran.code == 0
        assert "+4670•••••" in ran.out
        assert THREE[1] not in ran.out
    assert "the provider" in listed.out
    assert "tried once" in shown.out


@pytest.mark.parametrize(
    ("decision", "state"), [("arrived", "accepted"), ("abandon", "abandoned"), ("again", "pending")]
)
async def test_a_decision_settles_it_and_cannot_be_made_twice(
    desk: Desk, doubt: int, decision: str, state: str
) -> None:
    decided = await desk.run("doubts", "resolve", str(doubt), decision)
    status = await desk.run("status", "--json")
    twice = await desk.run("doubts", "resolve", str(doubt), decision)

    assert decided.code == 0
    assert status.data["deliveries"]["sms"][state] == 1 + 2 * (state == "accepted")
    assert twice.code == 2
    assert f"there is no doubt {doubt}" in twice.err


async def test_where_nothing_is_in_doubt_it_says_so(desk: Desk) -> None:
    assert (await desk.run("doubts", "list")).out == "Nothing is in doubt.\n"
    assert (await desk.run("doubts", "show", "7")).code == 2
