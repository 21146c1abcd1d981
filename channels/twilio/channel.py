"""Sends SMS by Twilio, on the session that all adapters share, and looks up what Twilio has taken.

Twilio's own client is not used for it: it ignores its timeout, posts again after every 5xx, which may be a second
SMS to the same resident, and logs headers.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote_plus, urlencode

import aiohttp
from yarl import URL

from channels.contract import Balance, Condition, Doubt, Finding, Outcome, Parcel, Rejected
from channels.finding import look_up
from channels.identity import NOT_ABOUT_IT, accepted, names_another
from channels.provider import Wiring
from channels.providers.twilio import TwilioSettings
from channels.sms import quoted_text, quoted_twice
from channels.twilio.errors import failure
from channels.twilio.listing import MOST, messages, text_of
from channels.wire import Response, Wire

LONGEST_QUEUE = 36_000
"""Seconds that Twilio may keep a message in its queue, at most (``ValidityPeriod``)."""

SETTLE = timedelta(seconds=30)
"""Twilio documents no time. What it took is listed within a second or two; the rest is for a request that it was still
working on when we gave it up.
"""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TwilioSms:
    """Sends SMS from one Twilio account.

    Args:
        public_url: where Twilio can report what became of a message; None asks for no reports.
        now: the clock, for how long Twilio may keep a message waiting, and by which doubts arise.
        page_size: messages on a page of those that are looked through.
    """

    settle = SETTLE

    def __init__(
        self,
        settings: TwilioSettings,
        wire: Wire,
        *,
        public_url: str | None = None,
        now: Callable[[], datetime] = _utc_now,
        page_size: int = MOST,
    ) -> None:
        self._account = f"{settings.base_url}/2010-04-01/Accounts/{settings.account_sid}"
        self._url = URL(f"{self._account}/Messages.json")
        token = settings.auth_token.get_secret_value()
        self._wire = wire.authorized(aiohttp.encode_basic_auth(settings.account_sid, token))
        self._messages = messages(self._wire, self._url, page_size)
        self._now = now
        sender = {"From": settings.sender, "MessagingServiceSid": settings.messaging_service}
        self._from = settings.sender or ""
        self._sender = urlencode({name: value for name, value in sender.items() if value is not None})
        # Twilio has no idempotency key; a receipt tells whose it is even when the answer is lost.
        self._callback = public_url and f"&StatusCallback={quote_plus(f'{public_url}/webhooks/twilio/status?d=')}"

    async def send(self, parcel: Parcel) -> Outcome:
        """Hand the text to Twilio, which queues it for the resident's phone."""
        return await self._wire.ask("POST", self._url, partial(self._outcome, parcel), form=self._form(parcel))

    async def find(self, doubts: Sequence[Doubt]) -> Mapping[str, Finding]:
        """Look among the account's messages for those that have the parcels' numbers and texts."""
        return await look_up(self._messages, doubts, self._now)

    async def examine(self) -> Condition:
        """Ask for the account, and for the money that is left on it."""
        condition = await self._wire.ask("GET", URL(f"{self._account}.json"), _condition)
        if not isinstance(condition, Condition):
            return Condition(condition.reason)
        if condition.trouble:
            return condition
        balance = await self._wire.ask("GET", URL(f"{self._account}/Balance.json"), _balance)
        return Condition(balance=balance if isinstance(balance, Balance) else None)

    def _outcome(self, parcel: Parcel, response: Response) -> Outcome:
        told = response.json()
        match told:
            case {"sid": str(sid), "to": str(to)} if response.ok and sid:
                return accepted(parcel, sid, to, text_of(told.get("body")))
        refused = failure(response)
        about_another = names_another(str(told.get("message")), parcel.target, self._from)
        return NOT_ABOUT_IT if isinstance(refused, Rejected) and about_another else refused

    def _form(self, parcel: Parcel) -> bytes:
        left = int((parcel.expires - self._now()).total_seconds())
        callback = self._callback + quoted_twice(parcel.key) if self._callback else ""
        return (
            f"{self._sender}&To={parcel.target.replace('+', '%2B')}&Body={quoted_text(parcel.rendition.text)}"
            f"&ValidityPeriod={min(max(left, 1), LONGEST_QUEUE)}{callback}"
        ).encode()


def _condition(response: Response) -> Condition:
    match response.json():
        case {"status": "active"} if response.ok:
            return Condition()
        case {"status": "suspended" | "closed" as status} if response.ok:
            return Condition(f"the Twilio account is {status}: see its console")
    return Condition(failure(response).reason)


def _balance(response: Response) -> Balance | None:
    """Read the balance; a subaccount, or a key without the right to it, is told none."""
    match response.json():
        case {"balance": str(amount), "currency": str(currency)} if response.ok:
            with suppress(ValueError):
                return Balance(float(amount), currency)
    return None


def build(settings: TwilioSettings, wiring: Wiring) -> TwilioSms:
    """Make the adapter of an account."""
    return TwilioSms(settings, Wire(wiring.http), public_url=wiring.public_url)
