"""What Twilio's errors mean: https://www.twilio.com/docs/api/errors."""

from collections.abc import Mapping
from dataclasses import replace

from channels.contract import Deferred, Halted, Rejected
from channels.wire import Failure, Response, by_status, cite, refusal

ERRORS: Mapping[int, Deferred | Rejected | Halted] = {
    20003: Halted("Twilio does not accept the credentials: check account_sid and auth_token"),
    20005: Halted("the Twilio account is not active: see its console"),
    20404: Halted("Twilio knows no such account: check account_sid and base_url"),
    20429: Deferred("too much traffic for the Twilio account", throttled=True),
    21211: Rejected("the number does not exist", gone=True),
    21212: Halted("Twilio does not accept the sender: check sender"),
    21408: Halted("the Twilio account may not send to this country: allow it under Geo Permissions"),
    21602: Rejected("the text is empty"),
    21603: Halted("Twilio says that the sender is missing: check sender or messaging_service"),
    21604: Rejected("the number is missing"),
    21606: Halted("the sender is no SMS number of this Twilio account: check sender"),
    21608: Halted("a Twilio trial account only sends to verified numbers: upgrade it"),
    21609: Halted("Twilio does not accept the address for receipts: check public_url"),
    21610: Rejected("the resident has opted out of messages from this sender", gone=True),
    21611: Deferred("the sender's queue at Twilio is full", throttled=True),
    21612: Rejected("Twilio has no way from this sender to this number"),
    21614: Rejected("the number is not a mobile number", gone=True),
    21617: Rejected("the text is longer than 1600 characters"),
    21619: Rejected("the text is empty"),
    21620: Rejected("the message names a picture that cannot be fetched"),
    21703: Halted("the messaging service has no senders: add one in Twilio's console"),
    21705: Halted("Twilio knows no such messaging service: check messaging_service"),
    30037: Halted("the Twilio account may not send messages: see its console"),
    30450: Rejected("Twilio's SMS Pumping Protection blocks the number: put it on the Safe List"),
    63017: Deferred("the Twilio account sends more than 2000 messages a second", throttled=True),
    63038: Deferred("the Twilio account has reached its limit for today"),
    90007: Halted("Twilio does not accept the time a message may wait"),
}
"""What Twilio's error codes mean, as far as they are given in answer to a new message.

Where Twilio refuses the account, the sender or the settings, every parcel would meet the same fate: ``Halted``. A code
that is not here is judged by the status of the answer.
"""


_CODES = range(10_000, 100_000)
"""Twilio's codes have five digits. A status in their place is a gateway's, which knows the same words."""


def failure(response: Response) -> Failure:
    """Say what an answer means that is not a success. Only Twilio's own error document refuses."""
    match response.json():
        case {"code": int(code), **more} if (
            response.refused and code in _CODES and more.get("status", response.status) == response.status
        ):
            known = cite(ERRORS.get(code) or refusal(response), f"Twilio error {code}{_in_flight(response)}")
            return replace(known, after=response.retry_after()) if isinstance(known, Deferred) else known
    return by_status(response)


def _in_flight(response: Response) -> str:
    """Say how many requests were in flight when it was too many: Twilio publishes no limit."""
    requests = response.headers.get("Twilio-Concurrent-Requests", "")
    plausible = response.status == 429 and requests.isascii() and requests.isdigit() and len(requests) <= 6
    return f", {requests} requests in flight" if plausible else ""
