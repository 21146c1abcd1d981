"""A call that goes on: what a provider makes of what the line answers, round after round and key after key."""

import json
from collections.abc import Awaitable, Callable, Mapping

import pytest

from channels.sandbox.heard import CallError
from channels.sandbox.ongoing import ElksCall, TwilioCall

LINE, CALLER, URL = "+46846500400", "+46701740605", "http://127.0.0.1/voice"
ENQUEUE = '<Response><Enqueue waitUrl="voice/wait?language=sv" action="voice/left">kris</Enqueue></Response>'
ROUND = (
    '<Response><Gather action="/keys"><Say>För att kopplas till växeln i stället, tryck 0.</Say></Gather></Response>'
)
LEAVE = "<Response><Leave/></Response>"
DIAL = "<Response><Dial>+4648588000</Dial></Response>"
MENU = {
    "ivr": f"{URL}/choice.wav",
    "2": {"play": f"{URL}/en.wav", "next": {"connect": "+4648588000"}},
    "9": URL,
    "next": {"play": f"{URL}/sv.wav", "next": f"{URL}?next"},
}


class Line:
    """Answers as told, by address, and keeps what it was asked."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = {url: said if isinstance(said, str) else json.dumps(said) for url, said in answers.items()}
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def ask(self, url: str, form: Mapping[str, str]) -> str:
        self.asked.append((url, form))
        return self.answers[url]


async def fetched(_url: str) -> str:
    return "audio/wav, 12 kB"


def by_twilio(line: Line) -> TwilioCall:
    return TwilioCall(LINE, CALLER, URL, line.ask, "AC0")


def by_elks(line: Line) -> ElksCall:
    return ElksCall(LINE, CALLER, URL, line.ask, fetched)


async def test_a_round_is_asked_for_with_the_place_in_the_queue() -> None:
    line = Line({URL: ENQUEUE, f"{URL}/wait?language=sv": ROUND})
    call = by_twilio(line)
    await call.start()
    assert call.heard.queue == "kris"
    await call.wait()
    await call.wait()
    (_, ringing), (_, first), (url, second) = line.asked
    assert url == f"{URL}/wait?language=sv"
    assert "QueuePosition" not in ringing
    assert first["QueuePosition"] == second["QueuePosition"] == "1"
    assert first["CallSid"] == ringing["CallSid"]
    assert call.heard.keys == ("0",)


async def test_whoever_leaves_the_queue_goes_where_its_action_says() -> None:
    line = Line({URL: ENQUEUE, f"{URL}/wait?language=sv": ROUND, "http://127.0.0.1/keys": LEAVE, f"{URL}/left": DIAL})
    call = by_twilio(line)
    await call.start()
    await call.wait()
    await call.press("0")
    assert line.asked[-1][1]["QueueResult"] == "leave"
    assert "QueuePosition" not in line.asked[-1][1]
    assert call.heard.connected == "+4648588000"


@pytest.mark.parametrize("make", [by_twilio, by_elks])
async def test_what_a_line_does_not_offer_cannot_be_done(make: Callable[[Line], TwilioCall | ElksCall]) -> None:
    call = make(Line({URL: DIAL if make is by_twilio else {"connect": "+4648588000"}}))
    await call.start()
    attempts: list[Callable[[], Awaitable[None]]] = [call.wait, lambda: call.press("1")]
    for attempt in attempts:
        with pytest.raises(CallError, match=r"no queue|no keys"):
            await attempt()
    assert call.heard.connected == "+4648588000"


async def test_actions_are_followed_to_the_end_also_over_the_network() -> None:
    line = Line({URL: MENU, f"{URL}?next": {"connect": "+4648588000"}})
    call = by_elks(line)
    await call.start()
    assert call.heard.played == ("choice.wav: audio/wav, 12 kB", "sv.wav: audio/wav, 12 kB")
    assert (call.heard.keys, call.heard.connected) == (("2", "9"), "+4648588000")
    assert [form["result"] for _, form in line.asked] == ["newincoming", "success"]


@pytest.mark.parametrize(("key", "played"), [("2", "en.wav"), ("9", "choice.wav"), ("5", "sv.wav")])
async def test_a_key_takes_its_branch_and_any_other_goes_on(key: str, played: str) -> None:
    call = by_elks(Line({URL: MENU, f"{URL}?next": {"connect": "+4648588000"}}))
    await call.start()
    await call.press(key)
    assert call.heard.played[0].startswith(played)
    assert call.heard.connected == "+4648588000"


@pytest.mark.parametrize("answer", [{}, {"hangup": "busy"}, {"play": 7}, {"play": "http://127.0.0.1/a.wav"}])
async def test_what_leads_nowhere_ends_the_call(answer: object) -> None:
    call = by_elks(Line({URL: answer}))
    await call.start()
    assert call.heard.connected == ""


@pytest.mark.parametrize(
    ("answer", "told"),
    [("<Response/>", "not JSON"), ("[]", "no JSON object"), ({"play": "a.wav", "next": URL}, "in a circle")],
)
async def test_a_line_that_46elks_cannot_follow_is_dead(answer: object, told: str) -> None:
    with pytest.raises(CallError, match=told):
        await by_elks(Line({URL: answer})).start()
