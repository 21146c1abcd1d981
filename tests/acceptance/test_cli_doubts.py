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
    await desk.run("send", desk.message(), "--yes", "--wait", "2")
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
    assert "ended" not in shown.out


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


async def test_a_doubt_that_ended_is_not_forgotten(desk: Desk, doubt: int) -> None:
    before = await desk.run("doubts", "list", "--settled")
    await desk.run("doubts", "resolve", str(doubt), "abandon")
    listed, as_json, shown, shown_as_json, status = [
        await desk.run(*arguments)
        for arguments in (
            ("doubts", "list", "--settled"),
            ("doubts", "list", "--settled", "--json"),
            ("doubts", "show", str(doubt)),
            ("doubts", "show", str(doubt), "--json"),
            ("status",),
        )
    ]

    assert before.out == "No doubt has been settled.\n"
    for ran in (listed, shown):
        assert ran.code == 0
        assert "a person let it be" in ran.out
        assert "+4670•••••06" in ran.out
        assert THREE[1] not in ran.out
    [settled] = as_json.data["settled"]
    assert (settled["id"], settled["state"], settled["became"]) == (doubt, "abandoned", "abandoned")
    assert settled["because"] == "a person let it be"
    assert shown_as_json.data == settled
    of_message = f"broadcaster doubts list --settled --message {settled['message']}"
    assert f"In doubt before, and settled: 1. See `{of_message}`" in status.out
    assert (await desk.run(*of_message.split()[1:])).out == listed.out
    assert (await desk.run("doubts", "list", "--settled", "--message", "0000000000")).out == before.out


async def test_where_nothing_is_in_doubt_it_says_so(desk: Desk) -> None:
    assert (await desk.run("doubts", "list")).out == "Nothing is in doubt.\n"
    assert (await desk.run("doubts", "show", "7")).code == 2
