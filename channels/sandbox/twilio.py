"""Stands in for Twilio's Messages resource (API 2010-04-01): https://www.twilio.com/docs/messaging/api/message-resource.

Every text is delivered at once, whatever is reported of it.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from itertools import dropwhile, islice
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from aiohttp import web

from channels.sandbox.exchange import Call, Route
from channels.sandbox.faults import Behaviour
from channels.sandbox.receipts import Reporter
from channels.sandbox.records import Records, Text
from messages.segments import segment

_ACCOUNT = "/2010-04-01/Accounts/{account}"
_MESSAGES = f"{_ACCOUNT}/Messages"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")

# Code: HTTP status and message, as https://www.twilio.com/docs/api/errors has them.
_ERRORS: Mapping[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter"),
    20003: (401, "Authenticate"),
    20005: (403, "Account is not active"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Number"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' number is not a valid, SMS-capable Twilio number of your account"),
    21608: (400, "The number is unverified. Trial accounts cannot send messages to unverified numbers"),
    21609: (400, "The 'StatusCallback' URL is not a valid URL"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The message cannot be routed with this combination of 'To' and 'From'"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21705: (400, "The Messaging Service Sid is invalid"),
    30037: (400, "Outbound Messaging Disabled"),
    30450: (400, "Message delivery blocked by SMS Pumping Protection"),
    90007: (400, "Validity Period is out of range"),
}


class Twilio:
    """One account after another: any account sid with any password may pass.

    Attributes:
        at_once: how many requests may be in flight; None for any number.
    """

    name = "twilio"
    prefix = "/twilio"

    def __init__(self, records: Records, reporter: Reporter) -> None:
        self.at_once: int | None = None
        self._records = records
        self._reporter = reporter

    def routes(self) -> Sequence[Route]:
        """Send, list, read; everything else is not found."""
        return (
            Route("POST", _MESSAGES + ".json", self._create, lambda call: call.form.get("To", ""), sends=True),
            Route("GET", _MESSAGES + ".json", self._list, lambda call: call.query.get("To", "")),
            Route("GET", _MESSAGES + "/{sid}.json", self._read),
            Route("GET", _ACCOUNT + ".json", _account),
            Route("GET", _ACCOUNT + "/Balance.json", _balance),
            Route("*", "/{rest:.*}", lambda _: _error(20404)),
        )

    def turned_away(self, call: Call) -> web.Response | None:
        """Basic credentials are required, an account may only use its own path, and there are not too many at once."""
        user, _ = call.credentials or ("", "")
        known = user.startswith("SK") or user == call.path.get("account", user)
        if not user or not known:
            return self.unauthorised()
        return None if self.at_once is None or call.in_flight <= self.at_once else _error(20429)

    def headers(self, call: Call, /) -> Mapping[str, str]:
        """The name of the request, and how many there are at the moment."""
        return {
            "Twilio-Concurrent-Requests": str(call.in_flight),
            "Twilio-Request-Id": f"RQ{uuid4().hex}",
            "Twilio-Request-Duration": "0.001",
        }

    def throttled(self, behaviour: Behaviour) -> web.Response:
        """Error 20429: never processed, always safe to retry."""
        answer = _error(20429)
        if behaviour.retry_after is not None:
            answer.headers["Retry-After"] = str(math.ceil(behaviour.retry_after))
        return answer

    def failed(self, status: int) -> web.Response:
        """Error 20500, or 20503 and its like for other statuses."""
        return _error(20000 + status)

    def unauthorised(self) -> web.Response:
        """Error 20003."""
        return _error(20003)

    def refused(self, behaviour: Behaviour) -> web.Response:
        """By default error 21614, as for a landline."""
        return _error(behaviour.code or 21614)

    def _create(self, call: Call) -> web.Response:
        form = call.form
        if code := _problem(form):
            return _error(code)
        service = form.get("MessagingServiceSid", "")
        text = Text(
            provider=self.name,
            account=call.path["account"],
            sid=f"SM{uuid4().hex}",
            sender=form.get("From") or service,
            to=form["To"],
            body=form["Body"],
            callback=form.get("StatusCallback", ""),
            at=self._records.now(),
        )
        self._records.add_text(text)
        user, password = call.credentials or ("", "")
        self._reporter.report(text, password if user == text.account else None)
        fresh = {"status": "queued", "date_sent": None}
        if service:
            fresh |= {"status": "accepted", "from": None, "num_segments": "0"}
        return _answer(201, _resource(text) | fresh)

    def _read(self, call: Call) -> web.Response:
        text = self._records.text(self.name, call.path["account"], call.path["sid"])
        return _answer(200, _resource(text)) if text else _error(20404)

    def _list(self, call: Call) -> web.Response:
        query = call.query
        account = call.path["account"]
        try:
            size = min(max(int(query.get("PageSize", 50)), 1), 1000)
            page = max(int(query.get("Page", 0)), 0)
            texts = _filtered(reversed(self._records.texts_of(self.name, account, query.get("To"))), query)
        except ValueError:
            return _error(20001)
        # A page begins after the text that its token names, so that texts sent meanwhile do not shift it.
        if last := query.get("PageToken", "").removeprefix("PA"):
            texts = islice(dropwhile(lambda text: text.sid != last, texts), 1, None)
        else:
            texts = islice(texts, page * size, None)
        shown = list(islice(texts, size))
        more = next(texts, None) is not None
        here = _MESSAGES.format(account=account) + ".json"
        asked = {k: v for k, v in query.items() if k not in {"Page", "PageToken"}} | {"PageSize": str(size)}
        following = {**asked, "Page": str(page + 1), "PageToken": f"PA{shown[-1].sid}"} if more else None
        listing = {
            "messages": [_resource(text) for text in shown],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(len(shown) - 1, 0),
            "uri": call.request.path_qs.removeprefix(self.prefix),
            "first_page_uri": f"{here}?{urlencode(asked | {'Page': '0'})}",
            "next_page_uri": f"{here}?{urlencode(following)}" if following else None,
            "previous_page_uri": None,
        }
        return _answer(200, listing)


def _account(call: Call) -> web.Response:
    return _answer(200, {"sid": call.path["account"], "friendly_name": "Sandbox", "status": "active", "type": "Full"})


def _balance(call: Call) -> web.Response:
    return _answer(200, {"account_sid": call.path["account"], "balance": "1000.00", "currency": "SEK"})


def _problem(form: Mapping[str, str]) -> int | None:
    """Return the code of the first thing wrong with a message to be sent."""
    sender, service, to, body = (form.get(key, "") for key in ("From", "MessagingServiceSid", "To", "Body"))
    checks = (
        (21604, not to),
        (21211, not _E164.fullmatch(to)),
        (21603, not sender and not service),
        (21212, sender and not _SENDER.fullmatch(sender)),
        (21705, service and not _SERVICE.fullmatch(service)),
        (21602, not body),
        (21617, len(body) > 1600),
        (21609, not _is_url(form.get("StatusCallback", "http://unset"))),
        (90007, form.get("ValidityPeriod", "1") not in _VALIDITY_PERIODS),
    )
    return next((code for code, wrong in checks if wrong), None)


_VALIDITY_PERIODS = frozenset(map(str, range(1, 36001)))


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "_" not in parts.netloc


def _filtered(texts: Iterator[Text], query: Mapping[str, str]) -> Iterator[Text]:
    """Keep the texts from one sender, of one day (``DateSent``), from (``DateSent>``) or up to (``DateSent<``) a time.

    Raises:
        ValueError: a date is none.
    """
    sender = query.get("From")
    day = query.get("DateSent")
    on = datetime.fromisoformat(day).date() if day else None
    since = _time(query.get("DateSent>"), time.min)
    until = _time(query.get("DateSent<"), time.max)
    return (
        text
        for text in texts
        if (sender is None or text.sender == sender)
        and (on is None or text.at.date() == on)
        and (since is None or text.at >= since)
        and (until is None or text.at <= until)
    )


def _time(value: str | None, of_day: time) -> datetime | None:
    """Read a date, taken as that time of the day, or a date with a time; UTC unless it says otherwise."""
    if not value:
        return None
    at = datetime.combine(date.fromisoformat(value), of_day) if len(value) == 10 else datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _resource(text: Text) -> dict[str, object]:
    """Write a text as the API shows it once it has been delivered."""
    uri = f"{_MESSAGES.format(account=text.account)}/{text.sid}"
    at = format_datetime(text.at)
    by_service = text.sender.startswith("MG") and len(text.sender) == 34
    return {
        "account_sid": text.account,
        "api_version": "2010-04-01",
        "body": text.body,
        "date_created": at,
        "date_sent": at,
        "date_updated": at,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": text.sender,
        "messaging_service_sid": text.sender if by_service else None,
        "num_media": "0",
        "num_segments": str(segment(text.body).count),
        "price": None,
        "price_unit": None,
        "sid": text.sid,
        "status": "delivered",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.to,
        "uri": f"{uri}.json",
    }


def _error(code: int) -> web.Response:
    status, message = _ERRORS.get(code) or ((code - 20000, "Server Error") if 20500 <= code < 20600 else (400, "Error"))
    more = f"https://www.twilio.com/docs/errors/{code}"
    answer = _answer(status, {"code": code, "message": message, "more_info": more, "status": status})
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return answer


def _answer(status: int, payload: Mapping[str, object]) -> web.Response:
    return web.json_response(payload, status=status)
