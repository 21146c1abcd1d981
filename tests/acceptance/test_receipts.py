"""Scripts of what providers report later, over real sockets: they call us as they do, and we find out who got what."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from twilio.request_validator import RequestValidator

from broadcaster.cli.running import listening
from broadcaster.delivery import State
from broadcaster.plan import Plan
from broadcaster.store import doubts, reports
from broadcaster.web.receipts import CONFIRMED_WITHIN
from channels.sandbox import Behaviour, Fault, Receipts, Text
from channels.twilio import TwilioSettings
from tests.support.desk import Desk
from tests.support.world import FAST, World, resident, world

THREE = [resident(0), resident(1), resident(2)]
BY_ELKS = {
    'provider = "twilio" ': 'provider = "46elks" ',
    'account_sid = "AC00000000000000000000000000000001"': 'username = "u00000000000000000000000000000001"',
    'auth_token = { file = "secrets/twilio" }\nsender': 'password = { file = "secrets/twilio" }\nsender',
    "http://127.0.0.1:8070/twilio": "http://127.0.0.1:8070/46elks",
}
PROVIDERS = {"twilio": FAST, "46elks": FAST | BY_ELKS}


@asynccontextmanager
async def serving(folder: Path, database_url: str, provider: str) -> AsyncIterator[World]:
    """A world whose web side listens where providers are told to report."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    changes = {"http://127.0.0.1:8080": f"http://127.0.0.1:{port}", "port = 8080": f"port = {port}"}
    changes |= PROVIDERS[provider]
    async with world(folder, database_url, changes) as here:
        await here.subscribe(THREE)
        async with here.running() as broadcaster, listening(broadcaster):
            yield here


@pytest.fixture(params=PROVIDERS)
async def here(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with serving(tmp_path, database_url, request.param) as made:
        yield made


@pytest.fixture
async def with_twilio(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with serving(tmp_path, database_url, "twilio") as made:
        yield made


@pytest.fixture
async def with_elks(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with serving(tmp_path, database_url, "46elks") as made:
        yield made


async def texts(here: World, plan: Plan) -> dict[State, int]:
    """What became of the SMS of a message."""
    found: Counter[State] = Counter()
    async with here.database as database:
        for tally in (await reports.progress(database, plan.id)).tallies:
            if tally.channel == "sms":
                found[tally.state] += tally.count
    return dict(found)


def provider_of(here: World) -> str:
    return here.config.accounts["sms"].provider.name


async def reported(here: World, count: int, answers: set[int | None] | None = None) -> None:
    """Wait until so many receipts were sent and answered."""
    await here.sandbox.wait_for(lambda sandbox: len(sandbox.reports) >= count)
    assert len(here.sandbox.reports) == count
    assert {report.answer for report in here.sandbox.reports} == (answers or {204})


async def report(here: World, text: Text, status: str) -> int:
    """Report on a text as its provider does, at a time of the test's choosing."""
    [settings] = [a.settings for a in here.config.accounts.values() if isinstance(a.settings, TwilioSettings)]
    form = {"AccountSid": settings.account_sid, "MessageSid": text.sid, "MessageStatus": status, "To": text.to}
    validator = RequestValidator(settings.auth_token.get_secret_value())
    headers = {"X-Twilio-Signature": validator.compute_signature(text.callback, form)}
    async with aiohttp.ClientSession() as http, http.post(text.callback, data=form, headers=headers) as answer:
        return answer.status


async def test_what_arrived_is_delivered(here: World) -> None:
    here.sandbox.receipts = Receipts()
    plan = here.plan()
    await here.send(plan)
    await here.sandbox.wait_for(lambda sandbox: [r.status for r in sandbox.reports].count("delivered") == len(THREE))
    assert {report.answer for report in here.sandbox.reports} == {204}
    assert await texts(here, plan) == {State.DELIVERED: 3}


async def test_what_did_not_arrive_is_not_and_the_reason_is_known(here: World) -> None:
    here.sandbox.receipts = Receipts(("sent", "undelivered"), 30003, to=resident(1))
    plan = here.plan()
    await here.send(plan)
    await reported(here, 2)
    assert await texts(here, plan) == {State.ACCEPTED: 2, State.UNDELIVERED: 1}
    async with here.database as database:
        [reason] = await reports.reasons(database, plan.id)
    assert reason.state is State.UNDELIVERED
    assert resident(1) not in reason.reason


async def test_out_of_order_and_repeated_receipts_change_nothing_more(here: World) -> None:
    here.sandbox.receipts = Receipts(("delivered", "sent", "undelivered", "delivered", "sent"))
    plan = here.plan()
    await here.send(plan)
    await reported(here, 15)
    found = await texts(here, plan)
    if here.config.accounts["sms"].provider.name == "twilio":
        assert found == {State.DELIVERED: 3}
    else:  # what is not signed and comes before the answer is asked about, and may so be the second one to count
        assert sum(found.get(state, 0) for state in (State.DELIVERED, State.UNDELIVERED)) == 3


async def test_forged_receipts_change_nothing(here: World) -> None:
    here.sandbox.receipts = Receipts(("sent", "undelivered"), forged=True)
    plan = here.plan()
    await here.send(plan)
    await reported(here, 6, {403} if here.sandbox.texts[0].provider == "twilio" else {404})
    assert await texts(here, plan) == {State.ACCEPTED: 3}


async def test_receipts_that_we_know_nothing_of_change_nothing(with_twilio: World) -> None:
    """Those of another broadcaster on the same account, or of a database that was lost."""
    here = with_twilio
    here.sandbox.receipts = None
    plan = here.plan()
    await here.send(plan)
    [one, *_] = here.sandbox.texts
    base = one.callback.partition("?")[0]
    for query in ("?d=0123456789-1", f"?d={plan.id}-999999", f"?d={plan.id}", "?d=", ""):
        assert await report(here, replace(one, callback=base + query), "delivered") == 204
    assert await report(here, replace(one, sid=f"SM{'0' * 32}"), "undelivered") == 204
    assert await texts(here, plan) == {State.ACCEPTED: 3}
    assert await report(here, one, "delivered") == 204
    assert await texts(here, plan) == {State.ACCEPTED: 2, State.DELIVERED: 1}


async def test_a_receipt_may_be_quicker_than_the_answer(here: World) -> None:
    here.sandbox.behave(provider_of(here), *(Behaviour(Fault.SLOW, seconds=2, to=number) for number in THREE))
    here.sandbox.receipts = Receipts(("sent", "delivered"))
    plan = here.plan()
    sending = asyncio.create_task(here.send(plan))
    await reported(here, 6)
    assert await texts(here, plan) == {State.SENDING: 3}
    await sending
    assert await texts(here, plan) == {State.DELIVERED: 3}


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBAGE, Fault.ERROR_AFTER])
async def test_a_receipt_settles_a_doubt_before_anybody_has_to_ask(here: World, fault: Fault) -> None:
    here.sandbox.behave(provider_of(here), Behaviour(fault, to=resident(1)))
    here.sandbox.receipts = Receipts(("sent",), to=resident(1))
    plan = here.plan()
    await here.send(plan)
    await reported(here, 1)
    assert await texts(here, plan) == {State.ACCEPTED: 3}
    assert here.reached() == THREE
    # Nobody had to look for it. 46elks, which does not sign, was asked whether that very text was sent.
    asked = [request.path for request in here.sandbox.requests if request.method == "GET"]
    [text] = [text for text in here.sandbox.texts if text.to == resident(1)]
    assert asked == ([f"/46elks/a1/sms/{text.sid}"] if text.provider == "46elks" else [])


async def hint(here: World, form: dict[str, str], key: str) -> int:
    """Say something as 46elks does, by the address that only it should know; returns the answer's status."""
    base = here.sandbox.texts[0].callback.partition("?")[0]
    async with aiohttp.ClientSession() as http, http.post(base, params={"d": key}, data=form) as answer:
        return answer.status


async def in_doubt(here: World, fault: Fault) -> tuple[Plan, str]:
    """A message of which one SMS is in doubt; returns it with the key of that delivery."""
    here.sandbox.receipts = None
    here.sandbox.behave("46elks", Behaviour(fault, to=resident(1)))
    plan, stop = here.plan(), asyncio.Event()
    sending = asyncio.create_task(here.send(plan, stop=stop))
    while await texts(here, plan) != {State.ACCEPTED: 2, State.IN_DOUBT: 1}:
        assert not sending.done()  # every look gives way to the sending
    stop.set()
    await sending
    here.sandbox.behave("46elks")
    async with here.database as database:
        [doubt] = await doubts.listing(database)
    return plan, f"{plan.id}-{doubt.id}"


@pytest.mark.parametrize("status", ["sent", "delivered", "failed"])
async def test_who_has_learnt_the_secret_of_46elks_cannot_keep_a_doubt_from_being_settled(
    with_elks: World, status: str
) -> None:
    here = with_elks
    plan, key = await in_doubt(here, Fault.RESET)
    to_another = here.sandbox.texts[0].sid  # a text that 46elks does have
    for name in (to_another, f"s{'0' * 32}", "../me"):
        for _ in range(2):
            assert await hint(here, {"id": name, "status": status}, key) == 204
    assert await texts(here, plan) == {State.ACCEPTED: 2, State.IN_DOUBT: 1}

    here.clock.move(timedelta(minutes=2))
    await here.send(plan)

    assert await texts(here, plan) == {State.ACCEPTED: 3}
    assert here.reached() == THREE


async def test_a_46elks_that_hangs_when_asked_about_a_receipt_is_told_to_come_again(with_elks: World) -> None:
    here = with_elks
    plan, key = await in_doubt(here, Fault.DROP)
    [text] = [text for text in here.sandbox.texts if text.to == resident(1)]
    report_on_it = {"id": text.sid, "status": "delivered"}

    here.sandbox.behave("46elks", Behaviour(Fault.HANG))
    async with asyncio.timeout(CONFIRMED_WITHIN + 2):
        assert await hint(here, report_on_it, key) == 503
    assert await texts(here, plan) == {State.ACCEPTED: 2, State.IN_DOUBT: 1}

    here.sandbox.behave("46elks")
    assert [await hint(here, report_on_it, key) for _ in range(3)] == [204] * 3
    assert await texts(here, plan) == {State.ACCEPTED: 2, State.DELIVERED: 1}
    asked = [request for request in here.sandbox.requests if request.method == "GET"]
    assert len(asked) == 2
    assert here.reached() == THREE


async def test_a_late_receipt_keeps_what_a_person_sends_once_more_from_going_out_twice(with_twilio: World) -> None:
    here = with_twilio
    here.sandbox.behave("twilio", Behaviour(Fault.DROP, to=resident(1)))
    plan = here.plan()
    await here.send(plan, patience=0.5)
    here.sandbox.behave("twilio")
    async with here.database as database:
        [doubt] = await doubts.listing(database)
        await doubts.resolve(database, doubt.id, State.PENDING, here.clock.now, "test")

    [text] = [text for text in here.sandbox.texts if text.to == resident(1)]
    assert await report(here, text, "delivered") == 204
    await here.send(plan)

    assert await texts(here, plan) == {State.ACCEPTED: 2, State.DELIVERED: 1}
    assert here.reached() == THREE


async def test_a_number_that_a_receipt_says_is_gone_gets_no_further_message(with_twilio: World) -> None:
    here = with_twilio
    here.sandbox.receipts = Receipts(("sent", "undelivered"), 30005, to=resident(1))
    await here.send(here.plan())
    await reported(here, 2)
    here.sandbox.reset()

    further = here.plan("Vi återkommer.")
    await here.send(further)

    assert await texts(here, further) == {State.ACCEPTED: 2}
    assert here.reached() == [resident(0), resident(2)]


async def test_who_opted_out_is_listed_counted_left_out_and_back_when_asking_anew(desk: Desk) -> None:
    await desk.subscribe(THREE)
    desk.sandbox.behave("twilio", Behaviour(Fault.REFUSE, to=resident(1), code=21610))
    first = await desk.run("send", desk.message(), "--yes", "--json")
    desk.sandbox.reset()
    listed, as_json, counted, counted_json, second = [
        await desk.run(*arguments)
        for arguments in (
            ("subscribers", "list"),
            ("subscribers", "list", "--json"),
            ("subscribers", "count"),
            ("subscribers", "count", "--json"),
            ("send", desk.message(old="avstängda", new="avstängda än"), "--yes", "--json"),
        )
    ]
    reached = desk.reached()
    back = await desk.run("subscribers", "add", resident(1), "-m", "borgholm")
    after = await desk.run("subscribers", "list")

    assert first.data["deliveries"]["sms"]["rejected"] == 1
    assert listed.out.splitlines()[0].split()[-3:] == ["gone", "since", "reason"]
    [line] = [line for line in listed.out.splitlines() if "opted out" in line]
    assert line.startswith("+4670•••••06")
    assert [entry["gone"] is None for entry in as_json.data["subscriptions"]] == [True, False, True]
    assert "21610" in as_json.data["subscriptions"][1]["gone_reason"]
    assert counted.out.endswith("3 people\n1 of the numbers is gone and left out: `broadcaster subscribers list`\n")
    assert (counted_json.data["people"], counted_json.data["gone"]) == (3, 1)
    assert second.data["deliveries"]["sms"]["accepted"] == 2
    assert reached == [resident(0), resident(2)]
    assert back.code == 0
    assert "gone" not in after.out
