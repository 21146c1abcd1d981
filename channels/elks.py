"""SMS by 46elks: ``POST /a1/sms``, a Swedish provider whose errors are words instead of codes."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote, quote_plus

import aiohttp
from pydantic import AfterValidator, Field, SecretStr
from yarl import URL

from channels.contract import Accepted, Arrival, Doubt, Finding, Halted, Outcome, Parcel, Receipt, Rejected
from channels.finding import Listing, Page, Taken, by_get, look_up
from channels.provider import Provider, Wiring
from channels.settings import Secret
from channels.sms import E164, SMS, SmsSettings, quoted_text, quoted_twice
from channels.wire import BaseUrl, Failure, Response, Wire, by_status, cite, iso_date

ERRORS: Sequence[tuple[str, Rejected | Halted]] = (
    ("Invalid to number", Rejected("46elks does not accept the number", gone=True)),
    ("Invalid from number", Halted("46elks does not accept the sender: check sender")),
    ("Not enough credits", Halted("the 46elks account is out of money: fill it up")),
    ("Too long", Rejected("the text is longer than 46elks takes")),
    ("Missing key", Rejected("46elks misses a part of the message")),
    ("Key", Rejected("46elks misses a part of the message")),
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

MOST = 100
"""Messages on a page of the list, at most."""


def _sender(text: str) -> str:
    if not re.fullmatch(rf"{E164}|[A-Za-z][A-Za-z0-9]{{2,10}}", text):
        raise ValueError(
            "a sender is a number such as +46… or a name of 3 to 11 letters a-z and digits, a letter first"
        )
    return text


class ElksSettings(SmsSettings):
    """A 46elks account and the sender that residents see.

    Args:
        username: API username; begins with u, or a for a subaccount.
        password: API password.
        sender: an E.164 number of the account, or a name of 3 to 11 letters and digits.
        base_url: where the paths of 46elks begin.
    """

    username: str = Field(pattern=r"^[ua][0-9A-Za-z]+$")
    password: Secret
    sender: Annotated[str, AfterValidator(_sender)]
    base_url: BaseUrl = "https://api.46elks.com"


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
        password = settings.password.get_secret_value()
        self._wire = wire.authorized(aiohttp.encode_basic_auth(settings.username, password))
        first = {"limit": str(page_size)}
        self._history = Listing(by_get(self._wire, self._url), first, "to", _page, _failure)
        self._sender = f"from={quote_plus(settings.sender)}"
        reports = f"{public_url}/webhooks/46elks/status/{receipt_secret(settings)}?d="
        self._callback = SecretStr(f"&whendelivered={quote_plus(reports)}" if public_url else "")

    async def send(self, parcel: Parcel) -> Outcome:
        """Hand the text to 46elks, which queues it for the resident's phone."""
        answer = await self._wire.request("POST", self._url, form=self._form(parcel))
        return _outcome(answer) if isinstance(answer, Response) else answer

    async def find(self, doubts: Sequence[Doubt]) -> Mapping[str, Finding]:
        """Look in the account's history for messages that have the parcels' numbers and texts."""
        return await look_up(self._history, doubts)

    def _form(self, parcel: Parcel) -> bytes:
        to, text = quote(parcel.target, safe=""), quoted_text(parcel.rendition.text)
        callback = self._callback.get_secret_value() + quoted_twice(parcel.key) if self._callback else ""
        return f"{self._sender}&to={to}&message={text}{callback}".encode()


def _outcome(response: Response) -> Outcome:
    if response.ok:
        match response.json():
            case {"id": str(remote_id)} if remote_id:
                return Accepted(remote_id)
    return _failure(response)


def _failure(response: Response) -> Failure:
    """Say what an answer means that is not a success."""
    if not response.refused:
        return by_status(response)
    text = response.body.decode(errors="replace").strip()
    for beginning, known in ERRORS:
        if text.startswith(beginning):
            return cite(known, f"46elks: {beginning}")
    if response.status == 403:
        # 46elks says 403 to bad input as well, so that only 401 speaks of the account.
        return Rejected("refused for a reason that is not known (HTTP 403)")
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
            raise ValueError("this is no page of the history")
    return Page(tuple(_taken(entry) for entry in entries if not _is_incoming(entry)), following)


def _is_incoming(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("direction") == "incoming"


def _taken(entry: object) -> Taken:
    match entry:
        case {"id": str(remote_id), "to": str(to), "created": str(created), **more} if remote_id:
            text = more.get("message")  # missing where it was kept out of the log
            return Taken(remote_id, to, text if isinstance(text, str) else None, iso_date(created))
    raise ValueError("this is no message")


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
    arrival = STATUSES.get(form.get("status", ""))
    remote_id = form.get("id", "")
    if arrival is None or not remote_id:
        return None
    reason = "46elks does not say why" if arrival is Arrival.UNDELIVERED else None
    return Receipt(query.get("d") or None, remote_id, arrival, reason)


def _build(settings: ElksSettings, wiring: Wiring) -> ElksSms:
    return ElksSms(settings, Wire(wiring.http), public_url=wiring.public_url)


PROVIDER = Provider(
    name="46elks", channel=SMS, settings=ElksSettings, build=_build, target=None, concurrency=10, rate=1.5
)
"""46elks lets an account send about 100 SMS a minute unless it agrees to more; 90 leaves some for others."""
