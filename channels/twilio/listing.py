"""The list of an account's messages, newest first."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from yarl import URL

from channels.finding import Listing, Page, Taken, by_get
from channels.twilio.errors import failure
from channels.wire import Response, Wire, internet_date

MOST = 1000
"""Messages on a page, at most."""

_TRIAL = "Sent from your Twilio trial account - "
"""What Twilio puts before the texts of an account that nobody pays for."""


def messages(wire: Wire, url: URL, page_size: int = MOST) -> Listing:
    """Return the list at an address.

    It is not asked for by date: a message that waits in Twilio's queue has no ``DateSent``, and is not found by one.
    """
    return Listing(by_get(wire, url), {"PageSize": str(page_size)}, "To", _page, failure)


def _page(response: Response, query: Mapping[str, str]) -> Page:
    match response.json():
        case {"uri": str(uri)} if "?" in uri and _query(uri).get("To") != query.get("To"):
            raise ValueError("this is a page of other messages than were asked for")
        case {"messages": list(entries), "next_page_uri": str() | None as following}:
            taken = tuple(_taken(entry) for entry in entries if not _is_inbound(entry))
            # Only the query of the address: where the credentials go is for nobody else to say.
            return Page(taken, _query(following) if following else None)
        case _:
            raise ValueError("this is not a page of messages")


def _query(uri: str) -> Mapping[str, str]:
    return dict(parse_qsl(urlsplit(uri).query))


def _is_inbound(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("direction") == "inbound"


def _taken(entry: object) -> Taken:
    """Read a message. It counts even if it never arrived: Twilio has taken it."""
    match entry:
        case {"sid": str(sid), "to": str(to), "body": str() | None as body, "date_created": str(created)} if sid:
            return Taken(sid, to, text_of(body), internet_date(created))
    raise ValueError("this is not a message")


def text_of(body: object) -> str | None:
    """Return the text that was handed over, by the body that is told; None where Twilio does not keep it."""
    return body.removeprefix(_TRIAL) or None if isinstance(body, str) else None
