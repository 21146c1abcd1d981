"""SMS by Twilio: the messages of its REST API (2010-04-01), the receipts that it sends of them, and what comes back."""

from channels.providers.twilio import TwilioSettings
from channels.twilio.channel import SETTLE, TwilioSms, build
from channels.twilio.errors import ERRORS
from channels.twilio.inbound import read_inbound, reply_document
from channels.twilio.listing import MOST
from channels.twilio.receipts import FAILURES, GONE, STATUSES, read_receipt
from channels.twilio.signature import SIGNATURE_HEADER, is_signed

__all__ = [
    "ERRORS",
    "FAILURES",
    "GONE",
    "MOST",
    "SETTLE",
    "SIGNATURE_HEADER",
    "STATUSES",
    "TwilioSettings",
    "TwilioSms",
    "build",
    "is_signed",
    "read_inbound",
    "read_receipt",
    "reply_document",
]
