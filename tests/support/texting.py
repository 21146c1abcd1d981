"""How providers bring us what residents text: each in its own form, over real sockets, as one table for the tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

import aiohttp
from pydantic import SecretStr
from twilio.request_validator import RequestValidator
from yarl import URL

from channels.elks_inbound import inbound_secret
from channels.providers.elks import ElksSettings
from channels.sandbox.xml import parse

INBOX = "+46701740698"
"""The number that residents text to, as the shipped configuration has it."""


@dataclass(frozen=True)
class Answered:
    """What a webhook was answered: the status, and the words of the reply, if there is one."""

    status: int
    reply: str | None


class Carrier(Protocol):
    """A provider that brings texts."""

    name: str

    async def text(self, body: str, sender: str, id_: str, to: str = INBOX, **more: str) -> Answered:
        """Bring one."""
        ...


class TwilioCarrier:
    """Signs what it brings, with the SDK of the provider."""

    name = "twilio"

    def __init__(self, url: str, public_url: str, account: str, token: str, http: aiohttp.ClientSession) -> None:
        self._url, self._signed, self._account, self._http = url, f"{public_url}/webhooks/twilio/sms", account, http
        self.token = token

    def form(self, body: str, sender: str, id_: str, to: str = INBOX) -> dict[str, str]:
        return {"AccountSid": self._account, "MessageSid": id_, "From": sender, "To": to, "Body": body, "NumMedia": "0"}

    def signature(self, form: Mapping[str, str]) -> dict[str, str]:
        return {"X-Twilio-Signature": RequestValidator(self.token).compute_signature(self._signed, form)}

    async def text(self, body: str, sender: str, id_: str, to: str = INBOX, **more: str) -> Answered:
        form = self.form(body, sender, id_, to) | more
        return await self.post(form, self.signature(form))

    async def post(self, form: Mapping[str, str] | BytesIO, headers: Mapping[str, str]) -> Answered:
        async with self._http.post(f"{self._url}/webhooks/twilio/sms", data=form, headers=headers) as response:
            if response.status != 200:
                assert await response.text() == "" or response.status == 413
                return Answered(response.status, None)
            assert response.content_type == "text/xml"
            root = parse(await response.read())
            assert root.tag == "Response"
            return Answered(200, next((message.text for message in root.iter("Message")), None))


def elks_secret(username: str, password: str) -> str:
    """What stands in the address of an account's texts."""
    settings = ElksSettings(provider="46elks", username=username, password=SecretStr(password), sender="Kommunen")
    return inbound_secret(settings)


class ElksCarrier:
    """Brings texts to an address that only it knows."""

    name = "46elks"

    def __init__(self, url: str, username: str, password: str, http: aiohttp.ClientSession) -> None:
        self.secret = elks_secret(username, password)
        self.url, self._http = f"{url}/webhooks/46elks/sms/{self.secret}", http

    async def text(self, body: str, sender: str, id_: str, to: str = INBOX, **more: str) -> Answered:
        form = {"direction": "incoming", "id": id_, "from": sender, "to": to, "message": body}
        return await self.post(form | {"created": "2026-03-01T08:00:00.123456"} | more)

    async def post(self, form: Mapping[str, str] | BytesIO) -> Answered:
        async with self._http.post(URL(self.url, encoded=True), data=form) as response:
            said = await response.text()
            if response.status != 200:
                return Answered(response.status, None)
            assert response.content_type == "text/plain"
            return Answered(200, said)
