"""What Twilio reports of a message later: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status.

Receipts come out of order, more than once, or never. A receipt is worth reading only if it is signed (``is_signed``).
"""

from collections.abc import Mapping

from channels.contract import Arrival, Receipt, Rejected
from channels.twilio.errors import ERRORS

STATUSES: Mapping[str, Arrival] = {
    "scheduled": Arrival.ACCEPTED,
    "accepted": Arrival.ACCEPTED,
    "queued": Arrival.ACCEPTED,
    "sending": Arrival.ACCEPTED,
    "sent": Arrival.ACCEPTED,
    "delivered": Arrival.DELIVERED,
    "read": Arrival.DELIVERED,
    "undelivered": Arrival.UNDELIVERED,
    "failed": Arrival.UNDELIVERED,
    "canceled": Arrival.UNDELIVERED,
}
"""What the statuses of outgoing messages mean."""

FAILURES: Mapping[int, str] = {
    30001: "Twilio's queue was full",
    30002: "the Twilio account is suspended: see its console",
    30003: "the phone is off or out of reach",
    30004: "the resident or the operator blocks the message",
    30005: "the number is unknown or no longer in use",
    30006: "the number is a landline, or no operator reaches it",
    30007: "an operator takes the message for spam",
    30008: "the operator does not say why",
    30010: "the message costs more than the account allows",
    30034: "the operator wants the sender to be registered",
    30036: "the message expired in Twilio's queue",
    63018: "the operator takes no more messages for now",
} | {code: outcome.reason for code, outcome in ERRORS.items()}
"""What Twilio's error codes mean for a message that it took and that did not arrive. Others are only cited."""

GONE = frozenset({30005, 30006}) | {
    code for code, outcome in ERRORS.items() if isinstance(outcome, Rejected) and outcome.gone
}
"""Codes that say that the number is surely no good any more."""


def read_receipt(form: Mapping[str, str], query: Mapping[str, str]) -> Receipt | None:
    """Read a status callback; None if it tells nothing about one of our messages.

    Args:
        form: what Twilio sent; what we do not know in it is of no matter.
        query: of the address it was sent to, which is ours and names the delivery as ``d``.
    """
    arrival = STATUSES.get(form.get("MessageStatus", ""))
    sid = form.get("MessageSid", "")
    if arrival is None or not sid:
        return None
    key = query.get("d") or None
    if arrival is not Arrival.UNDELIVERED:
        return Receipt(key, sid, arrival)
    digits = form.get("ErrorCode", "")
    code = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 6 else 0
    words = FAILURES.get(code, f"not delivered: {form['MessageStatus']}")
    return Receipt(key, sid, arrival, f"{words} (Twilio error {code})" if code else words, gone=code in GONE)
