"""The sandbox as a resident on the phone, against a voice webhook on a real socket."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from channels.sandbox import CallError, Sandbox
from channels.sandbox.heard import Heard, Spoken, listen

LINE = "+46701740699"
TOKEN = "auth-token"
MENU = """<?xml version="1.0" encoding="UTF-8"?><Response><Gather action="keys?from=menu" numDigits="1">
<Say language="en-GB">For English, press 2.</Say>
<Say language="sv-SE">Ring växeln,  0 4 8 5, 8 8 0 0 0.</Say><Pause length="1"/>
<Say language="sv-SE">Ring växeln, 0 4 8 5, <break time="1s"/>8 8 0 0 0.</Say></Gather>
<Say language="sv-SE">Du kopplas nu.</Say><Dial timeout="60"><Number>+4648588000</Number></Dial></Response>"""
ENGLISH = '<Response><Say language="en-GB">Call the switchboard.</Say><Dial>+4648588000</Dial></Response>'


@dataclass
class Line:
    """A voice webhook that answers as told and keeps what it was asked."""

    url: str = ""
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    status: int = 200
    twiml: str = MENU
    headers: dict[str, str] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        signature = request.headers["X-Twilio-Signature"]
        assert RequestValidator(TOKEN).validate(str(request.url), form, signature)
        self.calls.append((request.path_qs, form))
        twiml = ENGLISH if form.get("Digits") == "2" else self.twiml
        return web.Response(text=twiml, status=self.status, content_type="text/xml", headers=self.headers)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line()
    app = web.Application()
    app.router.add_post("/{path:.*}", line.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    line.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ivr/voice?line=1"
    yield line
    await runner.cleanup()


@pytest.fixture
async def sandbox(line: Line) -> AsyncIterator[Sandbox]:
    async with Sandbox(lines={LINE: line.url}, twilio_auth_token=TOKEN) as sandbox:
        yield sandbox


async def test_a_call_is_a_signed_webhook_with_what_twilio_says_of_a_call(sandbox: Sandbox, line: Line) -> None:
    assert await sandbox.call(LINE, "+46701740606") == MENU
    ((path, form),) = line.calls
    assert path == "/ivr/voice?line=1"
    expected = {"From": "+46701740606", "To": LINE, "CallStatus": "ringing", "Direction": "inbound"}
    assert expected.items() <= form.items()
    assert form["CallSid"].startswith("CA")
    assert form["AccountSid"].startswith("AC")
    assert "Digits" not in form


async def test_a_pressed_key_goes_where_the_menu_says_in_the_same_call(sandbox: Sandbox, line: Line) -> None:
    assert await sandbox.call(LINE, digits="2") == ENGLISH
    (_, ringing), (path, pressing) = line.calls
    assert path == "/ivr/keys?from=menu"
    assert (pressing["Digits"], pressing["CallStatus"]) == ("2", "in-progress")
    assert pressing["CallSid"] == ringing["CallSid"]


async def test_a_menu_without_an_action_gets_its_keys_at_the_same_address(sandbox: Sandbox, line: Line) -> None:
    line.twiml = "<Response><Gather/></Response>"
    assert await sandbox.call(LINE, digits="2") == ENGLISH
    assert [path for path, _ in line.calls] == ["/ivr/voice?line=1"] * 2


async def test_an_action_can_be_followed_directly(sandbox: Sandbox, line: Line) -> None:
    assert await sandbox.call(LINE, digits="2", action="/elsewhere") == ENGLISH
    assert [path for path, _ in line.calls] == ["/elsewhere"]


async def test_keys_for_a_line_that_asks_for_none_are_an_error(sandbox: Sandbox, line: Line) -> None:
    line.twiml = "<Response/>"
    with pytest.raises(CallError, match="asks for no keys"):
        await sandbox.call(LINE, digits="2")


async def test_a_number_that_is_no_line_is_an_error_that_names_the_lines(sandbox: Sandbox) -> None:
    with pytest.raises(CallError, match=r"\+46701740601: there are \+46701740699"):
        await sandbox.call("+46701740601")


@pytest.mark.parametrize(
    ("status", "twiml", "reason"),
    [
        (500, MENU, "answered 500"),
        (403, MENU, "answered 403"),
        (302, MENU, "answered 302"),
        (200, "<Response>", "not XML"),
        (200, '<?xml version="1.0" encoding="nonsense"?><Response/>', "not XML"),
        (200, "<html/>", "not TwiML"),
    ],
)
async def test_a_line_that_does_not_answer_with_twiml_is_dead(
    sandbox: Sandbox, line: Line, status: int, twiml: str, reason: str
) -> None:
    line.status, line.twiml = status, twiml
    if status == 302:
        line.headers = {"Location": "/elsewhere"}
    with pytest.raises(CallError, match=reason):
        await sandbox.call(LINE)
    assert len(line.calls) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/voice", "not a url"])
async def test_a_line_that_nobody_answers_is_dead(url: str) -> None:
    async with Sandbox(lines={LINE: url}) as sandbox:
        with pytest.raises(CallError, match="cannot be reached: is serve running"):
            await sandbox.call(LINE)


def test_a_caller_hears_what_is_said_how_often_and_where_the_call_goes() -> None:
    assert listen(MENU) == Heard(
        spoken=(
            Spoken("en-GB", "For English, press 2.", 1),
            Spoken("sv-SE", "Ring växeln, 0 4 8 5, 8 8 0 0 0.", 2),
            Spoken("sv-SE", "Du kopplas nu.", 1),
        ),
        keys=("2",),
        connected="+4648588000",
    )


@pytest.mark.parametrize(
    "said",
    ["Nästa besked kommer onsdag den fjortonde december klockan 9.", "Ring växeln och tryck 2.", "Stanna inne i 3 h."],
)
def test_an_announcement_that_ends_in_a_digit_offers_no_key(said: str) -> None:
    offer = "För att höra meddelandet igen, tryck 9."
    assert listen(f"<Response><Gather><Say>{said}</Say><Say>{offer}</Say></Gather></Response>").keys == ("9",)
    assert listen(f"<Response><Gather><Say>{said}</Say></Gather></Response>").keys == ()


def test_a_call_that_says_nothing_ends() -> None:
    assert listen("<Response/>") == Heard(spoken=(), keys=(), connected="")
