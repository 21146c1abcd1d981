"""What the SMS providers share: the channel, and how phone numbers, senders and forms are written."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, Field

from channels import fiction
from channels.contract import ChannelKind, Nature
from channels.settings import AccountSettings
from messages.model import Form, Limits, Markup, Rendition
from messages.segments import segment

SMS = ChannelKind("sms", Nature.TEXT, Form(Markup.SMS, Limits(characters=1600, segments=4)))
"""1600 characters is the most that Twilio takes (error 21617); four segments are our own limit, for they are paid."""

E164 = r"\+[1-9][0-9]{6,14}"
"""A phone number with its country code (ITU-T E.164), as a regular expression."""


NOBODYS = "the number belongs to nobody: it is one of those that are kept for examples"


class RateUnit(StrEnum):
    """What an account's rate counts."""

    MESSAGES = "messages"
    SEGMENTS = "segments"


ALL = "all"
"""Stands where a municipality could, for a number that belongs to none of them alone."""


def _for_all(value: object) -> object:
    """Let one number stand for a table of one."""
    return {ALL: value} if isinstance(value, str) else value


def _recipient(text: str) -> str:
    if not re.fullmatch(rf"{E164}|[0-9]{{4,6}}", text):
        raise ValueError("residents text to a number such as +46… or a short one of 4 to 6 digits")
    return text


_Recipient = Annotated[str, AfterValidator(_recipient)]


class SmsSettings(AccountSettings):
    """What the accounts of all SMS providers have in common.

    Args:
        rate_unit: what is counted by ``rate``: whole messages, or the segments that providers and operators count.
        price: kronor for a segment, for estimates only; None when nobody has said.
        inbound: the numbers that residents text to, by the municipality that is meant where a text names none; ``all``
            for none of them.
    """

    rate_unit: RateUnit = RateUnit.MESSAGES
    price: float | None = Field(default=None, ge=0)
    inbound: Annotated[dict[str, _Recipient], BeforeValidator(_for_all)] = Field(default_factory=dict)

    def made_up(self) -> Iterator[tuple[str, str]]:
        """Add the numbers that residents text to."""
        yield from super().made_up()
        if any(map(fiction.is_number, self.inbound.values())):
            yield "inbound", NOBODYS

    def weight(self, rendition: Rendition) -> int:
        """Tell how many messages or segments a rendition is."""
        return 1 if self.rate_unit is RateUnit.MESSAGES else _segments(rendition.text)


@lru_cache(maxsize=256)
def _segments(text: str) -> int:
    """Count once for all who get it."""
    return segment(text).count


@lru_cache(maxsize=256)
def quoted_text(text: str) -> str:
    """Write a text as a form has it: once for all who get it, for this is most of the work of sending an SMS."""
    return quote(text, safe="")


def quoted_twice(key: str) -> str:
    """Write a parcel's key as it stands in an address that stands in a form."""
    return quote(key, safe="").replace("%", "%25")  # what was quoted once has no other character to be quoted
