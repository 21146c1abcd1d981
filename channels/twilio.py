"""SMS by Twilio: ``Messages.json`` of its REST API (2010-04-01), on the session that all adapters share.

Twilio's own client is not used for sending: it ignores its timeout, posts again after every 5xx, which may be a second
SMS to the same resident, and logs headers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Self
from urllib.parse import quote

import aiohttp
from pydantic import AfterValidator, Field, model_validator

from channels.contract import Accepted, Deferred, Halted, Outcome, Parcel, Rejected
from channels.provider import Provider, Wiring
from channels.settings import Secret
from channels.sms import E164, SMS, SmsSettings
from channels.wire import BaseUrl, Response, Wire, by_status, cite

LONGEST_QUEUE = 36_000
"""Seconds that Twilio may keep a message in its queue, at most (``ValidityPeriod``)."""

ERRORS: Mapping[int, Deferred | Rejected | Halted] = {
    20003: Halted("Twilio does not accept the credentials: check account_sid and auth_token"),
    20005: Halted("the Twilio account is not active: see its console"),
    20404: Halted("Twilio knows no such account: check account_sid and base_url"),
    20429: Deferred("too much traffic for the Twilio account"),
    21211: Rejected("the number does not exist"),
    21212: Halted("Twilio does not accept the sender: check sender"),
    21408: Halted("the Twilio account may not send to this country: allow it under Geo Permissions"),
    21602: Rejected("the text is empty"),
    21603: Halted("Twilio misses the sender: check sender or messaging_service"),
    21604: Rejected("the number is missing"),
    21606: Halted("the sender is no SMS number of this Twilio account: check sender"),
    21608: Halted("a Twilio trial account only sends to verified numbers: upgrade it"),
    21609: Halted("Twilio does not accept the address for receipts: check public_url"),
    21610: Rejected("the resident has opted out of messages from this sender"),
    21611: Deferred("the sender's queue at Twilio is full"),
    21612: Rejected("Twilio has no way from this sender to this number"),
    21614: Rejected("the number is not a mobile number"),
    21617: Rejected("the text is longer than 1600 characters"),
    21619: Rejected("the text is empty"),
    21620: Rejected("the message names a picture that cannot be fetched"),
    21703: Halted("the messaging service has no senders: add one in Twilio's console"),
    21705: Halted("Twilio knows no such messaging service: check messaging_service"),
    30037: Halted("the Twilio account may not send messages: see its console"),
    30450: Deferred("Twilio's SMS Pumping Protection blocks the number for now: put it on the Safe List"),
    63017: Deferred("the Twilio account sends more than 2000 messages a second"),
    63038: Deferred("the Twilio account has reached its limit for today"),
    90007: Halted("Twilio does not accept the time a message may wait"),
}
"""What Twilio's error codes mean, as far as they are given in answer to a new message.

Where Twilio refuses the account, the sender or the settings, every parcel would meet the same fate: ``Halted``. A code
that is not here is judged by the status of the answer.
"""


def _sender(text: str) -> str:
    if not re.fullmatch(rf"{E164}|(?=.*[A-Za-z])[A-Za-z0-9 ]{{1,11}}", text):
        raise ValueError(
            "a sender is a number such as +46… or a name of at most 11 letters a-z, digits and spaces, "
            "with at least one letter"
        )
    return text


class TwilioSettings(SmsSettings):
    """A Twilio account and the sender that residents see: either ``sender`` or ``messaging_service``.

    Args:
        account_sid: the account's name at Twilio: AC and 32 hexadecimal digits.
        auth_token: its password.
        sender: an E.164 number of the account, or a name of at most 11 characters.
        messaging_service: MG and 32 hexadecimal digits; Twilio then chooses among its senders.
        base_url: where Twilio's paths begin.
    """

    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    auth_token: Secret
    sender: Annotated[str, AfterValidator(_sender)] | None = None
    messaging_service: str | None = Field(default=None, pattern=r"^MG[0-9a-f]{32}$")
    base_url: BaseUrl = "https://api.twilio.com"

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if (self.sender is None) == (self.messaging_service is None):
            raise ValueError("write either sender or messaging_service, and not both")
        return self


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TwilioSms:
    """Sends SMS from one Twilio account.

    Args:
        public_url: where Twilio can report what became of a message; None asks for no reports.
        now: the clock, for how long Twilio may keep a message waiting.
    """

    def __init__(
        self,
        settings: TwilioSettings,
        wire: Wire,
        *,
        public_url: str | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._settings = settings
        self._wire = wire
        self._public_url = public_url
        self._now = now

    async def send(self, parcel: Parcel) -> Outcome:
        """Hand the text to Twilio, which queues it for the resident's phone."""
        settings = self._settings
        answer = await self._wire.request(
            "POST",
            f"{settings.base_url}/2010-04-01/Accounts/{settings.account_sid}/Messages.json",
            authorization=aiohttp.encode_basic_auth(settings.account_sid, settings.auth_token.get_secret_value()),
            form=self._form(parcel),
        )
        return _outcome(answer) if isinstance(answer, Response) else answer

    def _form(self, parcel: Parcel) -> dict[str, str]:
        settings = self._settings
        left = int((parcel.expires - self._now()).total_seconds())
        form = {
            "To": parcel.target,
            "Body": parcel.rendition.text,
            "ValidityPeriod": str(min(max(left, 1), LONGEST_QUEUE)),
        }
        if settings.sender is not None:
            form["From"] = settings.sender
        if settings.messaging_service is not None:
            form["MessagingServiceSid"] = settings.messaging_service
        if self._public_url is not None:
            # Twilio has no idempotency key; a receipt tells whose it is even when this answer is lost.
            form["StatusCallback"] = f"{self._public_url}/webhooks/twilio/status?d={quote(parcel.key, safe='')}"
        return form


def _outcome(response: Response) -> Outcome:
    match response.json():
        case {"sid": str(sid)} if response.ok and sid:
            return Accepted(sid)
        case {"code": int(code)} if response.refused:
            failure = cite(ERRORS.get(code) or by_status(response), f"Twilio error {code}")
            return replace(failure, after=response.retry_after()) if isinstance(failure, Deferred) else failure
    return by_status(response)


def _build(settings: TwilioSettings, wiring: Wiring) -> TwilioSms:
    return TwilioSms(settings, Wire(wiring.http), public_url=wiring.public_url)


PROVIDER = Provider(
    name="twilio", channel=SMS, settings=TwilioSettings, build=_build, target=None, concurrency=20, rate=10.0
)
"""Twilio sends ten a second from a name or a Swedish number; its limit of requests in flight is not published."""
