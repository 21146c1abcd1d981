"""Texting from the sandbox: webhooks as the providers build them, replies on the phone, and what goes wrong said."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from twilio.request_validator import RequestValidator

from channels.sandbox import Inbox, Sandbox, TextError

OURS, ELKS, ANNA = "+46701740698", "+46701740697", "+46701740605"
ACCOUNT, TOKEN = f"AC{'1' * 32}", "token"
Answer = Callable[[dict[str, str]], web.Response]


class Hook:
    """A webhook that answers as it is told, and keeps what came."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.signatures: list[str] = []
        self.answer: Answer = lambda _: web.Response(text="<Response/>", content_type="text/xml")
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        self.signatures.append(request.headers.get("X-Twilio-Signature", ""))
        return self.answer(form)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook, app = Hook(), web.Application()
    app.router.add_post("/sms", hook.take)
    async with TestServer(app) as server:
        hook.url = str(server.make_url("/sms"))
        yield hook


@pytest.fixture
async def sandbox(hook: Hook) -> AsyncIterator[Sandbox]:
    inboxes = [Inbox(OURS, "twilio", hook.url, ACCOUNT, TOKEN), Inbox(ELKS, "46elks", hook.url)]
    async with Sandbox(inboxes=inboxes) as made:
        yield made


def twiml(words: str) -> Answer:
    return lambda _: web.Response(text=f"<Response><Message>{words}</Message></Response>", content_type="text/xml")


async def test_twilios_webhook_is_signed_with_its_own_rule_and_says_what_twilio_says(
    sandbox: Sandbox, hook: Hook
) -> None:
    hook.answer = twiml("Du f&#229;r nu sms &amp; mer")
    assert await sandbox.text(OURS, "START", ANNA, sid="SM1", opt_out="START") == "Du får nu sms & mer"
    [form], [signature] = hook.forms, hook.signatures
    assert RequestValidator(TOKEN).validate(hook.url, form, signature)
    said = {name: form[name] for name in ("AccountSid", "MessageSid", "From", "To", "Body", "OptOutType")}
    assert said == {
        "AccountSid": ACCOUNT,
        "MessageSid": "SM1",
        "From": ANNA,
        "To": OURS,
        "Body": "START",
        "OptOutType": "START",
    }


async def test_46elks_sends_its_own_form_and_takes_the_body_for_the_reply(sandbox: Sandbox, hook: Hook) -> None:
    hook.answer = lambda _: web.Response(text="Hej å")
    assert await sandbox.text(ELKS, "STATUS", ANNA) == "Hej å"
    hook.answer = lambda _: web.Response(status=204)
    assert await sandbox.text(ELKS, "STOPP", ANNA, sid="s1") is None
    assert {name: hook.forms[1][name] for name in ("direction", "id", "from", "to", "message")} == {
        "direction": "incoming",
        "id": "s1",
        "from": ANNA,
        "to": ELKS,
        "message": "STOPP",
    }


async def test_the_reply_is_an_sms_on_the_phone(sandbox: Sandbox, hook: Hook) -> None:
    hook.answer = twiml("Hej")
    await sandbox.text(OURS, "STATUS", ANNA)
    assert await sandbox.text(OURS, "x", "Kommunen") == "Hej"
    assert [(text.sender, text.to, text.body) for text in sandbox.texts] == [
        (OURS, ANNA, "Hej"),
        (OURS, "Kommunen", "Hej"),
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: web.Response(status=403), "the webhook answered 403 Forbidden"),
        (lambda _: web.Response(status=302, headers={"Location": "/x"}), "the webhook answered 302 Found"),
        (lambda _: web.Response(text="<Response>"), "the answer is not XML"),
        (lambda _: web.Response(text="<html/>"), "the answer is not TwiML: its root is html, not Response"),
    ],
)
async def test_what_is_no_answer_is_said(sandbox: Sandbox, hook: Hook, answer: Answer, said: str) -> None:
    hook.answer = answer
    with pytest.raises(TextError, match=said):
        await sandbox.text(OURS, "STATUS")


async def test_a_number_that_nobody_has_and_a_webhook_that_is_not_there_are_said() -> None:
    inboxes = [Inbox(OURS, "46elks", "http://127.0.0.1:1/sms"), Inbox(ELKS, "46elks", "https://kris.example.se/sms")]
    async with Sandbox(inboxes=inboxes) as sandbox:
        with pytest.raises(TextError, match=r"nobody can be texted at \+46: there are \+46701740698, \+46701740697"):
            await sandbox.text("+46", "x")
        with pytest.raises(TextError, match=r"http://127\.0\.0\.1:1 cannot be reached: is serve running"):
            await sandbox.text(OURS, "x")
        with pytest.raises(TextError, match=r"kris\.example\.se is not this machine"):
            await sandbox.text(ELKS, "x")


async def test_one_texts_as_a_resident_from_the_page_and_reads_the_answer_there(sandbox: Sandbox, hook: Hook) -> None:
    hook.answer = twiml("Du får nu sms")
    async with aiohttp.ClientSession(sandbox.url) as http:
        written = {"from": ANNA, "to": OURS, "text": "START <b>BORGHOLM</b>"}
        async with http.post("/text", data=written) as shown:  # follows the redirect to the page
            page = await shown.text()
            assert (shown.status, shown.url.path) == (200, "/")
        assert "START &lt;b&gt;BORGHOLM&lt;/b&gt;" in page
        assert "Du får nu sms" in page
        assert f"<option>{OURS}</option><option>{ELKS}</option>" in page

        hook.answer = lambda _: web.Response(status=403)
        async with http.post("/text", data=written) as shown:
            assert shown.status == 502
            assert "Not sent: the webhook answered 403 Forbidden." in await shown.text()
        async with http.post("/text", data=b"\xff") as shown:
            assert shown.status == 502


async def test_another_process_can_text_by_the_sandboxs_control(sandbox: Sandbox, hook: Hook) -> None:
    hook.answer = twiml("Hej")
    async with aiohttp.ClientSession(sandbox.url) as http:
        async with http.post("/sandbox/text", json={"to": OURS, "text": "STATUS", "from": ANNA}) as answered:
            assert await answered.json() == {"reply": "Hej"}
        async with http.post("/sandbox/text", json={"to": "+46", "text": "STATUS"}) as answered:
            assert (answered.status, list(await answered.json())) == (502, ["error"])
        async with http.post("/sandbox/text", json={"text": "STATUS"}) as answered:
            assert answered.status == 400
