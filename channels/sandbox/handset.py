"""Texts our numbers as a resident does, and Twilio or 46elks for them: the webhook goes out, the reply comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from channels.address import is_loopback
from channels.sandbox.records import Records, Text, Written
from channels.sandbox.xml import NotXmlError, parse
from messages.segments import segment

_PATIENCE = aiohttp.ClientTimeout(total=15)
"""After this long without an answer Twilio gives up on a webhook (error 11200)."""


class TextError(Exception):
    """The text got nowhere; says why."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """A number that residents can text to.

    Args:
        provider: whose number it is: ``twilio`` or ``46elks``.
        url: its webhook.
        account: the account's SID, at Twilio.
        auth_token: what Twilio signs the webhook with.
    """

    number: str
    provider: str
    url: str
    account: str = ""
    auth_token: str = field(default="", repr=False)


class Handset:
    """Every resident's phone.

    Args:
        inboxes: the numbers that can be texted.
    """

    def __init__(self, http: aiohttp.ClientSession, inboxes: Sequence[Inbox], records: Records) -> None:
        self._http = http
        self._inboxes = {inbox.number: inbox for inbox in inboxes}
        self._records = records

    async def text(
        self, to: str, sender: str, body: str, *, sid: str | None = None, opt_out: str | None = None
    ) -> str | None:
        """Send a text; returns the reply, which is then on the resident's phone, or None if there is none.

        Args:
            sid: the provider's name for the text; None for a new one. The same again is the same webhook again.
            opt_out: what Twilio says it has answered itself: START, STOP or HELP.

        Raises:
            TextError: nobody has this number, or its webhook does not answer as one has to.
        """
        inbox = self._inboxes.get(to)
        if inbox is None:
            raise TextError(f"nobody can be texted at {to}: there are {', '.join(self._inboxes) or 'no numbers'}")
        by_twilio = inbox.provider == "twilio"
        name = sid or (f"SM{uuid4().hex}" if by_twilio else f"s{uuid4().hex}")
        self._records.add_written(Written(inbox.provider, sender, to, body, self._records.now()))
        self._records.announce()
        url = URL(inbox.url)
        if by_twilio:
            form = _of_twilio(inbox, name, sender, body, opt_out)
            signature = RequestValidator(inbox.auth_token).compute_signature(str(url), form)
            reply = _twiml(await self._ask(url, form, {"X-Twilio-Signature": signature}))
        else:
            reply = await self._ask(url, _of_elks(inbox, name, sender, body), {}) or None
        if reply is not None:
            self._deliver(inbox, sender, reply)
        return reply

    def _deliver(self, inbox: Inbox, sender: str, reply: str) -> None:
        text = Text(
            provider=inbox.provider,
            account=inbox.account,
            sid=f"SM{uuid4().hex}",
            sender=inbox.number,
            to=sender,
            body=reply,
            callback="",
            at=self._records.now(),
        )
        self._records.add_text(text)
        self._records.announce()

    async def _ask(self, url: URL, form: Mapping[str, str], headers: Mapping[str, str]) -> str:
        if not is_loopback(url.host or ""):
            raise TextError(f"{url.host} is not this machine: the sandbox calls nobody else")
        try:
            # A provider follows a redirect without the form, so that to a webhook it is as good as an error.
            async with self._http.post(
                url, data=form, headers=headers, timeout=_PATIENCE, allow_redirects=False
            ) as answer:
                said = (await answer.read()).decode(errors="replace")
        except TimeoutError:
            raise TextError(f"{url.path} did not answer within {_PATIENCE.total} seconds") from None
        except (aiohttp.ClientError, ValueError):
            raise TextError(f"{url.origin()} cannot be reached: is serve running?") from None
        if answer.status not in {200, 204}:
            raise TextError(f"the webhook answered {answer.status} {answer.reason}")
        return said


def _of_twilio(inbox: Inbox, sid: str, sender: str, body: str, opt_out: str | None) -> dict[str, str]:
    form = {
        "AccountSid": inbox.account,
        "ApiVersion": "2010-04-01",
        "Body": body,
        "From": sender,
        "FromCountry": "SE",
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": str(max(1, segment(body).count)),
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": inbox.number,
        "ToCountry": "SE",
    }
    return form if opt_out is None else form | {"OptOutType": opt_out}


def _of_elks(inbox: Inbox, id_: str, sender: str, body: str) -> dict[str, str]:
    created = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return {
        "direction": "incoming",
        "id": id_,
        "from": sender,
        "to": inbox.number,
        "created": created,
        "message": body,
    }


def _twiml(said: str) -> str | None:
    """Read the reply out of TwiML.

    Raises:
        TextError: it is none.
    """
    try:
        root = parse(said.encode())
    except NotXmlError as error:
        raise TextError(f"the answer is not XML: {error}") from None
    if root.tag != "Response":
        raise TextError(f"the answer is not TwiML: its root is {root.tag}, not Response")
    replies = ["".join(message.itertext()) for message in root.iter("Message")]
    return "\n".join(replies) if replies else None
