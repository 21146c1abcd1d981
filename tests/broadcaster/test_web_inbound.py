"""Webhooks for texts over HTTP: who may bring them, and what is refused, whatever it is."""

from collections.abc import AsyncIterator
from io import BytesIO
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from broadcaster.residents.offices import Numbers
from broadcaster.residents.replies import Office
from broadcaster.store.errors import StoreError
from broadcaster.web import Texts, TwilioTexts, create_app
from channels.contract import Inbound, OptOut
from messages.model import Municipality
from tests.fakes.surfaces import MemorySurfaces
from tests.support.storing import NOW
from tests.support.texting import INBOX, Answered, Carrier, ElksCarrier, TwilioCarrier, elks_secret

PUBLIC_URL = "https://kris.example.se"
ACCOUNT, TOKEN = f"AC{'1' * 32}", "0123456789abcdef0123456789abcdef"
USER, PASSWORD = "u0000", "secret"
ANNA = "+46701740605"
OFFICE = Office({"borgholm": Municipality("borgholm", ("sv",), (), {"name": "Borgholm"})}, None, ZoneInfo("UTC"))


class Desk:
    """Answers with what it was told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.heard: list[Inbound] = []
        self.reply: str | None = "Hej <du> & ni, åäö"
        self.trouble: Exception | None = None

    async def answer(self, text: Inbound, provider: str, office: Office) -> str | None:
        assert provider in {"twilio", "46elks"}
        assert office is OFFICE
        self.heard.append(text)
        if self.trouble is not None:
            raise self.trouble
        return self.reply


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def url(desk: Desk) -> AsyncIterator[str]:
    numbers = Numbers({}, OFFICE)
    app = create_app(
        feed_files=None,
        lines={},
        surfaces=MemorySurfaces(lambda: NOW),
        now=lambda: NOW,
        public_url=PUBLIC_URL,
        texts=Texts(
            twilio={ACCOUNT: TwilioTexts(SecretStr(TOKEN), numbers)},
            elks={elks_secret(USER, PASSWORD): numbers},
            answer=desk.answer,
        ),
    )
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def twilio(url: str, http: aiohttp.ClientSession) -> TwilioCarrier:
    return TwilioCarrier(url, PUBLIC_URL, ACCOUNT, TOKEN, http)


@pytest.fixture
def elks(url: str, http: aiohttp.ClientSession) -> ElksCarrier:
    return ElksCarrier(url, USER, PASSWORD, http)


@pytest.fixture(params=["twilio", "elks"])
def carrier(request: pytest.FixtureRequest, twilio: TwilioCarrier, elks: ElksCarrier) -> Carrier:
    return twilio if request.param == "twilio" else elks


async def test_a_text_is_read_and_its_reply_carried_as_it_is(carrier: Carrier, desk: Desk) -> None:
    assert await carrier.text("Hjälp & <stöd>\nåäö 😀", ANNA, "id-1") == Answered(200, "Hej <du> & ni, åäö")
    assert desk.heard == [Inbound("id-1", ANNA, INBOX, "Hjälp & <stöd>\nåäö 😀")]


async def test_where_no_reply_is_due_none_is_sent(carrier: Carrier, desk: Desk) -> None:
    desk.reply = None
    answered = await carrier.text("STOPP", ANNA, "id-1")
    assert answered.reply is None
    assert answered.status in {200, 204}


async def test_twilio_says_what_it_has_answered_itself(twilio: TwilioCarrier, desk: Desk) -> None:
    for said in ("STOP", "START", "HELP", "SOMETHING NEW", ""):
        await twilio.text("x", ANNA, "id", OptOutType=said)
    assert [text.opt_out for text in desk.heard] == [OptOut.STOP, OptOut.START, OptOut.HELP, None, None]


async def test_whoever_is_not_twilio_is_refused(
    twilio: TwilioCarrier, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    form = twilio.form("STOPP", ANNA, "SM1")
    signed = twilio.signature(form)
    refused = Answered(403, None)
    assert await twilio.post(form, {}) == refused
    assert await twilio.post(form, {"X-Twilio-Signature": "å"}) == refused
    assert await twilio.post(form | {"Body": "START BORGHOLM"}, signed) == refused
    stranger = form | {"AccountSid": f"AC{'9' * 32}"}
    assert await twilio.post(stranger, twilio.signature(stranger)) == refused
    twilio.token = "another token"
    assert await twilio.post(form, twilio.signature(form)) == refused
    assert desk.heard == []
    assert "A text's webhook was refused" in caplog.text
    for private in (ANNA, TOKEN, "STOPP"):
        assert private not in caplog.text


@pytest.mark.parametrize("secret", ["0", "0" * 32, "%C3%A5", "%ff", "%00"])
async def test_another_secret_is_no_account_of_46elks(elks: ElksCarrier, desk: Desk, secret: str) -> None:
    elks.url = elks.url.rpartition("/")[0] + f"/{secret}"
    assert await elks.text("STOPP", ANNA, "s1") == Answered(404, None)
    assert desk.heard == []


MANY = urlencode({f"a{n}": "" for n in range(10_000)}).encode()


@pytest.mark.parametrize(
    ("body", "twilio_says", "elks_says"),
    [
        (b"", 403, 400),
        ("Body=h\u00e5llstopp".encode("latin-1"), 403, 400),
        (MANY[:60_000], 403, 400),
        (MANY, 413, 413),
        (b"Body=" + b"x" * 10_000_000, 413, 413),
        (b'{"Body": "STOPP"}', 403, 400),
        (b"id=&message=STOPP", 403, 400),
        (b"id=s1&direction=outgoing&message=STOPP", 403, 400),
    ],
    ids=["empty", "latin-1", "many", "10 000", "10 MB", "json", "no id", "outgoing"],
)
async def test_what_is_no_text_is_refused_in_a_word(
    twilio: TwilioCarrier, elks: ElksCarrier, desk: Desk, body: bytes, twilio_says: int, elks_says: int
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"}
    assert await twilio.post(BytesIO(body), headers) == Answered(twilio_says, None)
    assert await elks.post(BytesIO(body)) == Answered(elks_says, None)
    assert desk.heard == []


async def test_a_signed_form_that_is_no_text_is_refused(twilio: TwilioCarrier) -> None:
    for form in ({"AccountSid": ACCOUNT}, {"AccountSid": ACCOUNT, "MessageSid": "", "Body": "x"}):
        assert await twilio.post(form, twilio.signature(form)) == Answered(400, None)


@pytest.mark.parametrize(
    "trouble", [StoreError("broadcaster.db: it does not answer."), ZeroDivisionError("x")], ids=str
)
async def test_with_twilio_the_resident_hears_that_it_did_not_work(
    twilio: TwilioCarrier, desk: Desk, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    desk.trouble = trouble
    answered = await twilio.text("STOPP", ANNA, "SM1")
    assert answered == Answered(200, "Något gick fel hos oss. Försök igen om en stund. Vid fara för liv, ring 112.")
    assert "could not be carried out" in caplog.text
    assert ANNA not in caplog.text


@pytest.mark.parametrize(
    ("trouble", "status"), [(StoreError("broadcaster.db: it does not answer."), 503), (ZeroDivisionError("x"), 500)]
)
async def test_46elks_is_asked_to_come_again(
    elks: ElksCarrier, desk: Desk, trouble: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    desk.trouble = trouble
    assert await elks.text("STOPP", ANNA, "s1") == Answered(status, None)
    assert elks.secret not in caplog.text
    assert ANNA not in caplog.text
