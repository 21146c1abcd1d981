"""SMS by 46elks: ``POST /a1/sms``, a Swedish provider whose errors are words instead of codes."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, quote_plus

import aiohttp
from pydantic import SecretStr
from yarl import URL

from channels.contract import (
    Arrival,
    Balance,
    Condition,
    Confirmation,
    Deferred,
    Doubt,
    Finding,
    Halted,
    InDoubt,
    Outcome,
    Parcel,
    Receipt,
    Rejected,
    Unclear,
    Unfounded,
)
from channels.finding import Listing, Page, Taken, by_get, clock_ahead, earliest, is_of, look_up
from channels.identity import accepted
from channels.provider import Wiring
from channels.providers.elks import ElksSettings
from channels.sms import quoted_text, quoted_twice
from channels.wire import Failure, Response, Wire, by_status, cite, iso_date

ERRORS: Sequence[tuple[str, Rejected | Halted]] = (
    ("Invalid to number", Rejected("46elks does not accept the number", gone=True)),
    ("Invalid from number", Halted("46elks does not accept the sender: check sender")),
    ("Not enough credits", Halted("the 46elks account is out of money: fill it up")),
    ("Too long", Rejected("the text is longer than 46elks takes")),
    ("Missing key", Rejected("46elks says that a part of the message is missing")),
    ("Key", Rejected("46elks says that a part of the message is missing")),
    ("API access requires", Halted("46elks does not accept the credentials: check username and password")),
)
"""What the beginnings of 46elks' errors mean: its answers are plain text, and the rest of it may name the number."""

STATUSES: Mapping[str, Arrival] = {
    "created": Arrival.ACCEPTED,
    "sent": Arrival.ACCEPTED,
    "delivered": Arrival.DELIVERED,
    "failed": Arrival.UNDELIVERED,
}
"""What the statuses of a message mean: https://46elks.se/docs/sms-delivery-reports."""

SETTLE = timedelta(seconds=60)
"""46elks documents no time, and is asked with more patience than Twilio, of whose list more is known."""

MONEY = 10_000
"""What 46elks counts one unit of its account's currency as."""

MOST = 100
"""Messages on a page of the list, at most."""

_UNKNOWN = b"Not found"
"""What is said (404) of a name that no message has. Nobody else's 404 shows that a receipt was made up."""

_NAME = re.compile(r"[0-9A-Za-z]{1,64}")
"""What 46elks may call a message: nothing that leads anywhere else in an address."""


class ElksSms:
    """Sends SMS from one 46elks account.

    Args:
        public_url: where 46elks can report what became of a message; None asks for no reports.
        page_size: messages on a page of those that are looked through.
    """

    settle = SETTLE

    def __init__(
        self, settings: ElksSettings, wire: Wire, *, public_url: str | None = None, page_size: int = MOST
    ) -> None:
        self._url = URL(f"{settings.base_url}/a1/sms")
        self._account = URL(f"{settings.base_url}/a1/me")
        password = settings.password.get_secret_value()
        self._wire = wire.authorized(aiohttp.encode_basic_auth(settings.username, password))
        first = {"limit": str(page_size)}
        self._history = Listing(by_get(self._wire, self._url), first, "to", _page, _failure)
        self._sender = f"from={quote_plus(settings.sender)}"
        reports = f"{public_url}/webhooks/46elks/status/{receipt_secret(settings)}?d="
        self._callback = SecretStr(f"&whendelivered={quote_plus(reports)}" if public_url else "")

    async def send(self, parcel: Parcel) -> Outcome:
        """Hand the text to 46elks, which queues it for the resident's phone."""
        return await self._wire.ask("POST", self._url, partial(_outcome, parcel), form=self._form(parcel))

    async def find(self, doubts: Sequence[Doubt]) -> Mapping[str, Finding]:
        """Look in the account's history for messages that have the parcels' numbers and texts."""
        return await look_up(self._history, doubts)

    async def confirm(self, parcel: Parcel, remote_id: str) -> Confirmation:
        """Read the message of that name in the account's history, which says to whom and when it went, and how far."""
        if not _NAME.fullmatch(remote_id):
            return Unfounded()
        confirmation = await self._wire.ask("GET", self._url / remote_id, partial(_confirmation, parcel, remote_id))
        return Unclear(confirmation.reason) if isinstance(confirmation, Deferred | InDoubt) else confirmation

    async def examine(self) -> Condition:
        """Ask for the account, which tells the money that is left."""
        condition = await self._wire.ask("GET", self._account, _condition)
        return condition if isinstance(condition, Condition) else Condition(condition.reason)

    def _form(self, parcel: Parcel) -> bytes:
        to, text = quote(parcel.target, safe=""), quoted_text(parcel.rendition.text)
        callback = self._callback.get_secret_value() + quoted_twice(parcel.key) if self._callback else ""
        return f"{self._sender}&to={to}&message={text}{callback}".encode()


def _condition(response: Response) -> Condition:
    match response.json():
        case {"balance": int(balance), "currency": str(currency)} if response.ok:
            left = Balance(balance / MONEY, currency)
            return Condition("" if left.amount > 0 else "the 46elks account is out of money: fill it up", left)
        case {"id": str()} if response.ok:  # an account that is invoiced may have no balance
            return Condition()
    return Condition(_failure(response).reason)


def _outcome(parcel: Parcel, response: Response) -> Outcome:
    if response.ok:
        match response.json():
            case {"id": str(remote_id), "to": str(to), **more} if remote_id:
                return accepted(parcel, remote_id, to, _text(more))
    return _failure(response)


def _failure(response: Response) -> Failure:
    """Say what an answer means that is not a success. Only 46elks' own words refuse, whatever the status."""
    text = response.body.decode(errors="replace").strip()
    if response.refused:
        for beginning, known in ERRORS:
            if text.startswith(beginning):
                return cite(known, f"46elks: {beginning}")
    return by_status(response)


def _page(response: Response, query: Mapping[str, str]) -> Page:
    """Read a page of the history, newest first: https://46elks.se/docs/sms-history."""
    following: Mapping[str, str] | None = None
    match response.json():
        case {"data": list(entries), "next": str(before)}:
            following = {**query, "start": before}  # the list runs backwards, so it starts with what came last
        case {"data": list(entries)}:
            pass
        case _:
            raise ValueError("this is not a page of the history")
    return Page(tuple(_taken(entry) for entry in entries if not _is_incoming(entry)), following)


def _is_incoming(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("direction") == "incoming"


def _taken(entry: object) -> Taken:
    match entry:
        case {"id": str(remote_id), "to": str(to), "created": str(created), **more} if remote_id:
            return Taken(remote_id, to, _text(more), iso_date(created))
    raise ValueError("this is not a message")


def _text(entry: Mapping[Any, object]) -> str | None:
    text = entry.get("message")  # missing where it was kept out of the log
    return text if isinstance(text, str) else None


def _confirmation(parcel: Parcel, remote_id: str, response: Response) -> Confirmation:
    """Read what the history says of one message: https://46elks.se/docs/show-sms-id.

    It is the parcel if it went to its number, with its text, after its message was submitted.
    """
    if response.status == 404 and response.body.strip() == _UNKNOWN:
        return Unfounded()
    if response.ok:
        with suppress(ValueError):
            return _confirmed(response, parcel, remote_id)
    return Unclear(_failure(response).reason)


def _confirmed(response: Response, parcel: Parcel, remote_id: str) -> Confirmation:
    entry = response.json()
    taken = _taken(entry)
    if taken.remote_id != remote_id:
        raise ValueError("this is not what was asked for")
    ahead = clock_ahead(response, datetime.now(UTC))
    if _is_incoming(entry) or not is_of(taken, parcel) or taken.at < earliest(parcel.issued, ahead):
        return Unfounded()
    receipt = _receipt(parcel.key, taken.remote_id, str(entry.get("status")))
    if receipt is None:
        raise ValueError("this status is not known")
    return receipt


def receipt_secret(settings: ElksSettings) -> str:
    """Return what stands in the address of an account's receipts, which 46elks does not sign: nobody else knows it.

    It is made from the account's credentials, so that there is nothing to configure, and does not tell them.
    """
    key, account = settings.password.get_secret_value(), f"46elks receipts {settings.username}"
    return hmac.new(key.encode(), account.encode(), hashlib.sha256).hexdigest()[:32]


def read_receipt(form: Mapping[str, str], query: Mapping[str, str]) -> Receipt | None:
    """Read a delivery report; None if it tells nothing about one of our messages. It is a hint: it is not signed.

    Args:
        form: what 46elks sent; what we do not know in it is of no matter.
        query: of the address it was sent to, which is ours and names the delivery as ``d``.
    """
    receipt = _receipt(query.get("d") or None, form.get("id", ""), form.get("status", ""))
    return receipt and replace(receipt, hint=True)


def _receipt(key: str | None, remote_id: str, status: str) -> Receipt | None:
    arrival = STATUSES.get(status)
    if arrival is None or not remote_id:
        return None
    return Receipt(key, remote_id, arrival, "46elks does not say why" if arrival is Arrival.UNDELIVERED else None)


def build(settings: ElksSettings, wiring: Wiring) -> ElksSms:
    """Make the adapter of an account."""
    return ElksSms(settings, Wire(wiring.http), public_url=wiring.public_url)
