"""Twilio in the configuration: the account, and the sender that residents see."""

import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from channels import fiction
from channels.address import BaseUrl
from channels.provider import Firm, Provider, built_by
from channels.settings import Secret
from channels.sms import E164, NOBODYS, SMS, SmsSettings


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

    def made_up(self) -> Iterator[tuple[str, str]]:
        """Add the account, and the number in the sender's place."""
        yield from super().made_up()
        if fiction.is_name(self.account_sid):
            yield "account_sid", "no account at Twilio is called that"
        if fiction.is_number(self.sender or ""):
            yield "sender", NOBODYS

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if (self.sender is None) == (self.messaging_service is None):
            raise ValueError("write either sender or messaging_service, and not both")
        return self


PROVIDER = Provider(
    name="twilio",
    channel=SMS,
    settings=TwilioSettings,
    build=built_by("channels.twilio"),
    target=None,
    concurrency=20,
    rate=10.0,
    firm=Firm("Twilio", in_eu=False),
)
"""Twilio sends ten a second from a name or a Swedish number; its limit of requests in flight is not published."""
