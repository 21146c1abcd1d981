"""Stands in for 46elks (API a1): https://46elks.se/docs. Every text is delivered at once, whatever it says of it."""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import uuid4

from aiohttp import web

from channels.sandbox.exchange import Call, Route
from channels.sandbox.faults import Behaviour
from channels.sandbox.receipts import ELKS, Reporter
from channels.sandbox.records import Records, Text
from messages.segments import segment

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|[A-Za-z][A-Za-z0-9]{2,10}")
_PRICE = 3500
"""Of one segment, in 1/10000 SEK."""


class Elks:
    """Any username with any password may pass."""

    name = "46elks"
    prefix = "/46elks"

    def __init__(self, records: Records, reporter: Reporter) -> None:
        self._records = records
        self._reporter = reporter

    def routes(self) -> Sequence[Route]:
        """Send, list, read, and the account itself; everything else is not found."""
        return (
            Route("POST", "/a1/sms", self._send, lambda call: call.form.get("to", ""), sends=True),
            Route("GET", "/a1/sms", self._list, lambda call: call.query.get("to", "")),
            Route("GET", "/a1/sms/{id}", self._read),
            Route("GET", "/a1/me", _account),
            Route("*", "/{rest:.*}", lambda _: _refusal(404, "Not found")),
        )

    def turned_away(self, call: Call) -> web.Response | None:
        """Basic credentials are required."""
        return None if call.credentials else self.unauthorised()

    def headers(self, _: Call, /) -> Mapping[str, str]:
        """None of its own."""
        return {}

    def throttled(self, behaviour: Behaviour) -> web.Response:
        """Status 429, in plain text as every error."""
        answer = _refusal(429, "Too many requests")
        if behaviour.retry_after is not None:
            answer.headers["Retry-After"] = str(math.ceil(behaviour.retry_after))
        return answer

    def failed(self, status: int) -> web.Response:
        """Plain text of a web server."""
        return _refusal(status, "Internal Server Error")

    def unauthorised(self) -> web.Response:
        """Status 401."""
        answer = _refusal(401, "API access requires Basic HTTP authentication")
        answer.headers["WWW-Authenticate"] = 'Basic realm="46elks"'
        return answer

    def refused(self, behaviour: Behaviour) -> web.Response:
        """By default as for a number that is none; the code is the HTTP status, as there are no others."""
        return _refusal(behaviour.code or 403, behaviour.text or "Invalid to number")

    def _send(self, call: Call) -> web.Response:
        form = call.form
        if problem := _problem(form):
            return _refusal(403, problem)
        text = Text(
            provider=self.name,
            account=_user(call),
            sid=f"s{uuid4().hex}",
            sender=form["from"],
            to=form["to"],
            body=form["message"],
            callback=form.get("whendelivered", ""),
            at=self._records.now(),
        )
        fresh = _resource(text, "created")
        if form.get("dryrun") == "yes":
            fresh["estimated_cost"] = fresh.pop("cost")
            del fresh["id"]
        else:
            self._records.add_text(text)
            self._reporter.report(text)
        return web.json_response(fresh)

    def _read(self, call: Call) -> web.Response:
        text = self._records.text(self.name, _user(call), call.path["id"])
        return web.json_response(self._as_it_stands(text)) if text else _refusal(404, "Not found")

    def _list(self, call: Call) -> web.Response:
        """Newest first, so ``start`` is the later end: texts before it, after ``end``; ``next`` is the next start."""
        query = call.query
        texts = self._records.texts_of(self.name, _user(call), query.get("to"))
        try:
            limit = min(max(int(query.get("limit", 100)), 1), 100)
            before = bisect_left(texts, _time(query["start"]), key=_at) if "start" in query else len(texts)
            after = bisect_right(texts, _time(query["end"]), key=_at) if "end" in query else 0
        except ValueError:
            return _refusal(403, "Invalid start, end or limit")
        shown = [texts[place] for place in islice(range(before - 1, after - 1, -1), limit)]
        listing: dict[str, object] = {"data": [self._as_it_stands(text) for text in shown]}
        if before - after > limit:
            listing["next"] = _stamp(shown[-1].at)
        return web.json_response(listing)

    def _as_it_stands(self, text: Text) -> dict[str, object]:
        """Write a text as the API shows it once it has been delivered, or as was reported of it."""
        return _resource(text, ELKS[self._records.told.get(text.sid, "delivered")])


def _account(call: Call) -> web.Response:
    return web.json_response(
        {
            "id": _user(call),
            "displayname": "Sandbox",
            "email": "sandbox@localhost",
            "mobilenumber": "+46701740605",
            "currency": "SEK",
            "balance": 10_000_000,
        }
    )


def _user(call: Call) -> str:
    return call.credentials[0] if call.credentials else ""


def _problem(form: Mapping[str, str]) -> str | None:
    """Return the words for the first thing wrong with an SMS to be sent."""
    missing = next((key for key in ("from", "to", "message") if not form.get(key)), None)
    if missing:
        return f"Missing key {missing}"
    if not _E164.fullmatch(form["to"]):
        return "Invalid to number"
    if not _SENDER.fullmatch(form["from"]):
        return "Invalid from number"
    return None


def _resource(text: Text, status: str) -> dict[str, object]:
    parts = segment(text.body).count
    delivered = {"delivered": _stamp(text.at)} if status == "delivered" else {}
    return delivered | {
        "id": text.sid,
        "created": _stamp(text.at),
        "direction": "outgoing",
        "from": text.sender,
        "to": text.to,
        "message": text.body,
        "status": status,
        "cost": _PRICE * parts,
        "parts": parts,
    }


def _at(text: Text) -> datetime:
    return text.at


def _stamp(at: datetime) -> str:
    """Write a time as 46elks does: UTC without saying so."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds")


def _time(stamp: str) -> datetime:
    time = datetime.fromisoformat(stamp)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _refusal(status: int, words: str) -> web.Response:
    return web.Response(status=status, text=words)
