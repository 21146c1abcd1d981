"""SMS by Twilio: the messages of its REST API (2010-04-01), and the receipts that it sends of them."""

from channels.twilio.channel import PROVIDER, SETTLE, TwilioSms
from channels.twilio.errors import ERRORS
from channels.twilio.listing import MOST
from channels.twilio.receipts import FAILURES, GONE, STATUSES, read_receipt
from channels.twilio.settings import TwilioSettings
from channels.twilio.signature import SIGNATURE_HEADER, is_signed

__all__ = [
    "ERRORS",
    "FAILURES",
    "GONE",
    "MOST",
    "PROVIDER",
    "SETTLE",
    "SIGNATURE_HEADER",
    "STATUSES",
    "TwilioSettings",
    "TwilioSms",
    "is_signed",
    "read_receipt",
]
