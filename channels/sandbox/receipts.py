"""Reports on texts, as Twilio and 46elks do: in order or not, once or more often, true or forged."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from channels.address import is_loopback
from channels.sandbox.records import Records, Report, Text

_AT_ONCE = 16
_PATIENCE = aiohttp.ClientTimeout(total=15)
ELKS: Mapping[str, str] = {"sent": "sent", "delivered": "delivered", "undelivered": "failed", "failed": "failed"}
"""What 46elks calls the statuses that it reports."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """What is reported of a text. It is never tried again, and never holds up the answer to who sent the text.

    Args:
        statuses: in Twilio's words and the order in which they are sent, which may be any, and any of them repeatedly.
            46elks reports sent, delivered and failed (undelivered as well), and nothing else.
        code: the error code that Twilio gives with undelivered and failed.
        forged: as by somebody who knows the address and not the secret: the signature is wrong, or for 46elks the
            secret in the address.
        to: only of texts to this number; None for all.
    """

    statuses: tuple[str, ...] = ("queued", "sent", "delivered")
    code: int | None = None
    forged: bool = False
    to: str | None = None


@dataclass(frozen=True, slots=True)
class _Callback:
    """A request to tell somebody a status."""

    url: URL
    form: Mapping[str, str]
    headers: Mapping[str, str]


class Reporter:
    """Sends receipts of texts to where they asked for them, a few at a time, and to this machine only.

    Args:
        receipts: what is reported; None for nothing.
        auth_token: what Twilio signs with, unless the text was sent with the account's own token.
    """

    def __init__(self, records: Records, receipts: Receipts | None, auth_token: str) -> None:
        self.receipts = receipts
        self._records = records
        self._auth_token = auth_token
        self._waiting: asyncio.Queue[tuple[Text, str, Receipts]] = asyncio.Queue()

    def report(self, text: Text, auth_token: str | None = None) -> None:
        """Report on a text, soon."""
        receipts = self.receipts
        if text.callback and receipts is not None and receipts.to in {None, text.to}:
            self._waiting.put_nowait((text, auth_token or self._auth_token, receipts))

    def clear(self) -> None:
        """Drop what has not been reported yet."""
        while not self._waiting.empty():
            self._waiting.get_nowait()

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Send what there is to send, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._work(http))

    async def _work(self, http: aiohttp.ClientSession) -> None:
        while True:
            text, auth_token, receipts = await self._waiting.get()
            for status in receipts.statuses:
                callback = _callback(text, status, receipts, auth_token)
                if callback is not None:
                    if not receipts.forged:
                        self._records.told[text.sid] = status
                    answer = await _send(http, callback)
                    self._records.reports.append(Report(text.provider, text.sid, status, answer))
                    self._records.announce()


def _callback(text: Text, status: str, receipts: Receipts, auth_token: str) -> _Callback | None:
    """Return how the status is told; None if the provider does not tell it, or the address is none."""
    try:
        if text.provider == "twilio":
            return _of_twilio(text, status, receipts, auth_token)
        return _of_elks(text, status, receipts)
    except ValueError:
        return None


def _of_twilio(text: Text, status: str, receipts: Receipts, auth_token: str) -> _Callback:
    form = {
        "AccountSid": text.account,
        "ApiVersion": "2010-04-01",
        "From": text.sender,
        "MessageSid": text.sid,
        "MessageStatus": status,
        "SmsSid": text.sid,
        "SmsStatus": status,
        "To": text.to,
    }
    if status in {"delivered", "undelivered"}:
        form["RawDlrDoneDate"] = f"{datetime.now(UTC):%y%m%d%H%M}"
    if status in {"undelivered", "failed"} and receipts.code is not None:
        form["ErrorCode"] = str(receipts.code)
    url = text.callback.partition("#")[0]
    signature = RequestValidator("forged" if receipts.forged else auth_token).compute_signature(url, form)
    headers = {"X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": str(uuid4())}
    return _Callback(URL(url, encoded=True), form, headers)


def _of_elks(text: Text, status: str, receipts: Receipts) -> _Callback | None:
    if status not in ELKS:
        return None
    url = URL(text.callback)
    form = {"id": text.sid, "status": ELKS[status]}
    if status == "delivered":
        form["delivered"] = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return _Callback(url.with_name("forged", keep_query=True) if receipts.forged else url, form, {})


async def _send(http: aiohttp.ClientSession, callback: _Callback) -> int | None:
    """Return the status that it is answered with; None if it cannot be sent or is not answered."""
    if not is_loopback(callback.url.host or ""):
        return None
    try:
        async with http.post(
            callback.url, data=callback.form, headers=callback.headers, timeout=_PATIENCE, allow_redirects=False
        ) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return None
