"""Webhooks for receipts over HTTP: only providers are believed, and they hear of it once it is on disk."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from twilio.request_validator import RequestValidator
from yarl import URL

from broadcaster.store.errors import StoreError
from broadcaster.web import Desk, Reporters, create_app
from broadcaster.web.receipts import AT_ONCE
from channels.contract import Arrival, Confirmation, Parcel, Receipt, Unclear, Unfounded
from messages.model import Kind, Rendition, Severity
from tests.fakes.surfaces import MemorySurfaces
from tests.support.storing import NOW

PUBLIC_URL = "https://kris.example.se"
KEY = "0a1b2c3d4e-7"
TWILIO = f"/webhooks/twilio/status?d={KEY}"
ACCOUNT, TOKEN = f"AC{'1' * 32}", "0123456789abcdef0123456789abcdef"
OTHER_ACCOUNT, OTHER_TOKEN = f"AC{'2' * 32}", "fedcba9876543210fedcba9876543210"
SECRET, OTHER_SECRET = "0a" * 16, "0b" * 16
ELKS = f"/webhooks/46elks/status/{SECRET}?d={KEY}"
RESIDENT = "+46701740605"
SID = f"SM{'3' * 32}"
STATUS = {
    "AccountSid": ACCOUNT,
    "MessageSid": SID,
    "MessageStatus": "delivered",
    "To": RESIDENT,
    "Empty": "",
    "Å": "ö&=",
}
REPORT = {"id": "s70df59406a1b4643b96f3f91e0bfb7b0", "status": "delivered", "delivered": "2026-03-01T08:00:00.123456"}


PARCEL = Parcel(
    key=KEY,
    target=RESIDENT,
    rendition=Rendition("borgholm", "sms", "sv", "", "Växeln fungerar."),
    message="0a1b2c3d4e",
    kind=Kind.ALERT,
    severity=Severity.SEVERE,
    issued=NOW,
    expires=NOW,
)


class Store:
    """Keeps what it is told to believe, while its database is there.

    Attributes:
        is_strict: it believes no hint.
    """

    def __init__(self) -> None:
        self.batches: list[list[Receipt]] = []
        self.is_strict = False
        self.away = False
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    @property
    def believed(self) -> list[Receipt]:
        return [receipt for batch in self.batches for receipt in batch]

    async def believe(self, receipts: Sequence[Receipt]) -> Mapping[Receipt, Parcel]:
        self.begun.set()
        await self.open.wait()
        if self.away:
            raise StoreError("broadcaster.db: it does not answer.")
        doubted = {receipt: PARCEL for receipt in receipts if receipt.hint and self.is_strict}
        self.batches.append([receipt for receipt in receipts if receipt not in doubted])
        return doubted


class Elks:
    """An account at 46elks that says of every message what it is told to say, or nothing for ever."""

    def __init__(self) -> None:
        self.says: Confirmation | None = Unfounded()
        self.asked: list[tuple[Parcel, str]] = []
        self.answering = asyncio.Event()
        self.now = self.most = 0

    async def confirm(self, parcel: Parcel, remote_id: str) -> Confirmation:
        self.asked.append((parcel, remote_id))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if self.says is None:
                await self.answering.wait()
            return self.says or Unclear("never")
        finally:
            self.now -= 1


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def account() -> Elks:
    return Elks()


@pytest.fixture
async def client(store: Store, account: Elks) -> AsyncIterator[aiohttp.ClientSession]:
    accounts = {ACCOUNT: SecretStr(TOKEN), OTHER_ACCOUNT: SecretStr(OTHER_TOKEN)}
    app = create_app(
        feed_files=None,
        lines={},
        surfaces=MemorySurfaces(lambda: NOW),
        now=lambda: NOW,
        public_url=PUBLIC_URL,
        reporters=Reporters(accounts, {SECRET: account, OTHER_SECRET: Elks()}, Desk(store.believe, patience=0.3)),
    )
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as session:
        yield session


def signed(form: Mapping[str, str], path: str = TWILIO, token: str = TOKEN, url: str = PUBLIC_URL) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url + path, form)}


async def post(
    client: aiohttp.ClientSession, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> int:
    url = URL(f"{str(client._base_url).rstrip('/')}{path}", encoded=True)
    async with client.post(url, data=form, headers=headers) as response:
        assert await response.read() in {b"", b"There is no such account.\n"}
        return response.status


async def test_what_twilio_signs_is_believed(client: aiohttp.ClientSession, store: Store) -> None:
    assert await post(client, TWILIO, STATUS, signed(STATUS)) == 204
    assert store.believed == [Receipt(KEY, SID, Arrival.DELIVERED)]


async def test_each_account_signs_with_its_own_token(client: aiohttp.ClientSession, store: Store) -> None:
    form = STATUS | {"AccountSid": OTHER_ACCOUNT, "MessageStatus": "undelivered", "ErrorCode": "30005"}
    assert await post(client, TWILIO, form, signed(form)) == 403
    assert await post(client, TWILIO, form, signed(form, token=OTHER_TOKEN)) == 204
    [receipt] = store.believed
    assert (receipt.arrival, receipt.gone) == (Arrival.UNDELIVERED, True)
    assert "30005" in (receipt.reason or "")


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        (STATUS, {}),
        (STATUS, {"X-Twilio-Signature": ""}),
        (STATUS, {"X-Twilio-Signature": "å"}),
        (STATUS, signed(STATUS, token="another token")),
        (STATUS, signed(STATUS | {"MessageStatus": "sent"})),
        (STATUS, signed(STATUS, path=TWILIO + "8")),
        (STATUS, signed(STATUS, url="http://kris.example.se")),
        (STATUS | {"AccountSid": f"AC{'9' * 32}"}, signed(STATUS | {"AccountSid": f"AC{'9' * 32}"})),
        ({}, signed({})),
    ],
    ids=["none", "empty", "no ascii", "token", "form", "delivery", "address", "account", "no form"],
)
async def test_whoever_is_not_twilio_is_refused_and_believed_in_nothing(
    client: aiohttp.ClientSession,
    store: Store,
    caplog: pytest.LogCaptureFixture,
    form: dict[str, str],
    headers: dict[str, str],
) -> None:
    assert await post(client, TWILIO, form, headers) == 403
    assert store.batches == []
    assert "A receipt was refused" in caplog.text
    for private in (RESIDENT, TOKEN, KEY, SID):
        assert private not in caplog.text


async def test_46elks_is_known_by_the_secret_in_the_address(client: aiohttp.ClientSession, store: Store) -> None:
    assert await post(client, ELKS, REPORT) == 204
    assert await post(client, ELKS.replace(SECRET, OTHER_SECRET), REPORT | {"status": "failed"}) == 204
    assert [receipt.arrival for receipt in store.believed] == [Arrival.DELIVERED, Arrival.UNDELIVERED]
    assert {(receipt.key, receipt.remote_id) for receipt in store.believed} == {(KEY, REPORT["id"])}


async def test_what_the_store_believes_as_it_is_is_asked_about_nowhere(
    client: aiohttp.ClientSession, store: Store, account: Elks
) -> None:
    assert await post(client, ELKS, REPORT) == 204
    assert (len(store.believed), account.asked) == (1, [])


async def test_what_would_do_harm_is_asked_about_and_the_answer_counts(
    client: aiohttp.ClientSession, store: Store, account: Elks
) -> None:
    store.is_strict = True
    account.says = Receipt(KEY, REPORT["id"], Arrival.UNDELIVERED, "46elks does not say why")
    assert await post(client, ELKS, REPORT) == 204
    assert account.asked == [(PARCEL, REPORT["id"])]
    assert store.believed == [account.says]


async def test_what_was_made_up_is_told_of_without_what_it_said(
    client: aiohttp.ClientSession, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.is_strict = True
    assert await post(client, ELKS, REPORT) == 204
    assert store.believed == []
    assert "A receipt was made up" in caplog.text
    for private in (RESIDENT, SECRET, KEY, REPORT["id"]):
        assert private not in caplog.text


async def test_while_46elks_cannot_be_asked_it_is_told_to_come_again(
    client: aiohttp.ClientSession, store: Store, account: Elks
) -> None:
    store.is_strict = True
    account.says = Unclear("the provider failed")
    assert await post(client, ELKS, REPORT) == 503
    assert store.believed == []
    account.says = Receipt(KEY, REPORT["id"], Arrival.DELIVERED)
    assert await post(client, ELKS, REPORT) == 204
    assert store.believed == [account.says]


async def test_a_46elks_that_hangs_holds_nobody_up_and_is_asked_little(
    client: aiohttp.ClientSession, store: Store, account: Elks
) -> None:
    store.is_strict = True
    account.says = None
    reports = [post(client, ELKS, REPORT | {"id": f"s{place}"}) for place in range(4 * AT_ONCE)]
    async with asyncio.timeout(5):
        statuses = await asyncio.gather(*reports)
        assert await post(client, TWILIO, STATUS, signed(STATUS)) == 204
    assert set(statuses) == {503}
    assert account.most == AT_ONCE
    assert [receipt.remote_id for receipt in store.believed] == [SID]


@pytest.mark.parametrize(
    "secret", ["0", SECRET[:-1], SECRET + "0", SECRET.upper(), "%C3%A5", "%ff", "%ED%A0%80", "%00"]
)
async def test_another_secret_is_no_account(client: aiohttp.ClientSession, store: Store, secret: str) -> None:
    assert await post(client, ELKS.replace(SECRET, secret), REPORT) == 404
    assert store.batches == []


@pytest.mark.parametrize("form", [{}, {"id": "s1"}, {"id": "s1", "status": "read"}, {"status": "delivered"}], ids=str)
async def test_what_tells_nothing_is_thanked_for_so_that_it_is_not_told_again(
    client: aiohttp.ClientSession, store: Store, form: dict[str, str]
) -> None:
    assert await post(client, ELKS, form) == 204
    assert store.batches == []


async def test_a_body_that_is_no_form_is_refused(client: aiohttp.ClientSession, store: Store) -> None:
    for body in (b"\xff\xfe", urlencode({f"a{n}": "" for n in range(300)}).encode()):
        async with client.post(ELKS, data=body) as response:
            assert response.status == 400
        async with client.post(TWILIO, data=body, headers=signed(STATUS)) as response:
            assert response.status == 403
    assert store.batches == []


async def test_a_body_that_is_far_too_large_is_refused_unread(client: aiohttp.ClientSession) -> None:
    for path in (TWILIO, ELKS):
        async with client.post(path, data=b"a=" + b"x" * 70_000) as response:
            assert response.status == 413


async def test_a_webhook_is_not_for_looking_at(client: aiohttp.ClientSession) -> None:
    for path in (TWILIO, ELKS):
        async with client.get(path) as response:
            assert response.status == 405


async def test_while_the_database_is_away_providers_are_asked_to_come_again(
    client: aiohttp.ClientSession, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.away = True
    assert await post(client, TWILIO, STATUS, signed(STATUS)) == 503
    assert await post(client, ELKS, REPORT) == 503
    store.away = False
    assert await post(client, ELKS, REPORT) == 204
    assert len(store.believed) == 1
    assert "Receipts that could not be written: 1. broadcaster.db: it does not answer." in caplog.text
    assert SECRET not in caplog.text


class BrokenStore(Store):
    """A store with a bug."""

    async def believe(self, receipts: Sequence[Receipt]) -> Mapping[Receipt, Parcel]:
        raise ZeroDivisionError(len(receipts))


@pytest.mark.parametrize("store", [BrokenStore()], ids=["broken"])
async def test_a_bug_is_logged_without_the_secret(
    client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with client.post(ELKS, data=REPORT) as response:
        assert response.status == 500
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "POST /webhooks/46elks/status/… could not be answered"
    assert SECRET not in caplog.text


# The desk, where receipts wait for each other.


def numbered(place: int) -> Receipt:
    return Receipt(f"0a1b2c3d4e-{place}", f"SM{place}", Arrival.DELIVERED)


async def test_what_comes_together_is_written_together(store: Store) -> None:
    desk = Desk(store.believe)
    received = [numbered(place) for place in range(50)]
    await asyncio.gather(*(desk.take(receipt) for receipt in received))
    assert store.batches == [received]


async def test_nobody_is_thanked_before_it_is_written_and_what_comes_meanwhile_makes_the_next_batch(
    store: Store,
) -> None:
    store.open.clear()
    desk = Desk(store.believe)
    first = asyncio.create_task(desk.take(numbered(0)))
    await store.begun.wait()
    others = asyncio.gather(*(desk.take(numbered(place)) for place in (1, 2, 3)))
    assert not first.done()

    store.open.set()
    await first
    await others

    assert store.batches == [[numbered(0)], [numbered(1), numbered(2), numbered(3)]]


async def test_a_provider_that_hangs_up_has_been_heard(store: Store) -> None:
    store.open.clear()
    desk = Desk(store.believe)
    heard = asyncio.create_task(desk.take(numbered(0)))
    await store.begun.wait()
    heard.cancel()
    with pytest.raises(asyncio.CancelledError):
        await heard
    store.open.set()
    await desk.take(numbered(1))
    assert store.believed == [numbered(0), numbered(1)]


async def test_everybody_in_a_batch_that_cannot_be_written_hears_of_it_and_nobody_else(store: Store) -> None:
    store.away = True
    desk = Desk(store.believe)
    said = await asyncio.gather(*(desk.take(numbered(place)) for place in range(3)), return_exceptions=True)
    assert [type(error) for error in said] == [StoreError] * 3
    store.away = False
    await desk.take(numbered(3))
    assert store.believed == [numbered(3)]
