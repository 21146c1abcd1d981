"""What the SMS providers share: the channel, and how phone numbers, senders and forms are written."""

from functools import lru_cache
from urllib.parse import quote

from pydantic import Field

from channels.contract import ChannelKind
from channels.settings import AccountSettings
from messages.model import Form, Limits, Markup

SMS = ChannelKind("sms", Form(Markup.SMS, Limits(characters=1600, segments=4)))
"""1600 characters is the most that Twilio takes (error 21617); four segments are our own limit, for they are paid."""

E164 = r"\+[1-9][0-9]{6,14}"
"""A phone number with its country code (ITU-T E.164), as a regular expression."""


class SmsSettings(AccountSettings):
    """What the accounts of all SMS providers have in common.

    Args:
        price: kronor for a segment, for estimates only; None when nobody has said.
    """

    price: float | None = Field(default=None, ge=0)


@lru_cache(maxsize=256)
def quoted_text(text: str) -> str:
    """Write a text as a form has it: once for all who get it, for this is most of the work of sending an SMS."""
    return quote(text, safe="")


def quoted_twice(key: str) -> str:
    """Write a parcel's key as it stands in an address that stands in a form."""
    return quote(key, safe="").replace("%", "%25")  # what was quoted once has no other character to be quoted
