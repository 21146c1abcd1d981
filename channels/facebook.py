"""Posts on a Facebook page: Graph API, by facebook-sdk behind a small subclass.

The SDK knows paths and verbs, and what it asks of Graph goes through ``GraphAPI.request``. That one method is ours: the
SDK's blocks, follows redirects, waits for ever where a server drips, hides status and headers, and writes the token
into addresses, from where it finds its way into every log between here and there.
"""

import hashlib
import hmac
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeGuard
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from yarl import URL

from channels.contract import (
    Accepted,
    Condition,
    Deferred,
    Doubt,
    Finding,
    Halted,
    InDoubt,
    Outcome,
    Parcel,
    Rejected,
    Unclear,
)
from channels.finding import Listing, Page, Read, Taken, look_up
from channels.identity import NOT_ABOUT_IT
from channels.provider import Wiring
from channels.providers.facebook import FacebookSettings
from channels.wire import LONGEST_LISTING, Failure, Response, Silence, Wire, by_status, cite, iso_date, refusal

with warnings.catch_warnings():
    # Its source has an escape ("\d") that Python >= 3.12 warns of when it first compiles it; it means what it did.
    warnings.simplefilter("ignore", SyntaxWarning)
    warnings.simplefilter("ignore", DeprecationWarning)  # the same, before 3.12
    import facebook

_NO_RIGHT = Halted("the page's token lacks a permission: grant it and make a new token")

ERRORS: Mapping[int, Failure] = {
    1: InDoubt("Facebook had an unknown error"),
    2: InDoubt("Facebook is temporarily out of service"),
    3: Halted("the app lacks a capability: see its dashboard"),
    4: Deferred("too much traffic for the app", throttled=True),
    10: _NO_RIGHT,
    17: Deferred("too much traffic for the token's user", throttled=True),
    32: Deferred("too much traffic for the page", throttled=True),
    100: Rejected("Facebook does not accept the post, or the proof made with app_secret"),
    102: Halted("the page's token is no longer valid: make a new one"),
    190: Halted("the page's token is no longer valid: make a new one"),
    **dict.fromkeys(range(200, 300), _NO_RIGHT),
    341: Deferred("the app has reached its limit", throttled=True),
    368: Halted("Facebook blocks the page for now, for what it takes for misuse: see the page's support inbox"),
    506: InDoubt("Facebook says the same text was already posted: look at the page"),
    613: Deferred("too much traffic for this kind of request", throttled=True),
    803: Halted("there is no such page: check page"),
    2500: Halted("Facebook knows no such path: check version and base_url"),
    80001: Deferred("too much traffic for the page", throttled=True),
    1609005: Rejected("Facebook cannot fetch a link in the post"),
}
"""What Graph's error codes mean for a post. A code that is not here is judged by the status of the answer."""

SUBCODES: Mapping[tuple[int, int], Halted] = {
    (100, 33): Halted("there is no such page, or the token has no right to it: check page and token"),
    (190, 458): Halted("the app was removed from the page: add it and make a new token"),
    (190, 459): Halted("Facebook wants the token's user to log in and confirm who they are"),
    (190, 460): Halted("the token's user changed password: make a new token"),
    (190, 463): Halted("the page's token has expired: make a new one"),
    (190, 464): Halted("the token's user is not confirmed: see their account"),
    (190, 467): Halted("the token's user has logged out: make a new token"),
    (190, 492): Halted("the token's user has no role on the page any more: make a token of a user who has one"),
}
"""Errors whose subcode tells more."""


_PUBLISH = "pages_manage_posts"

_GONE = Rejected("the post is no longer on the page, or the token has no right to it: look at the page")
_NOT_OURS = Rejected(
    "Facebook does not let the app change the post, as if it had been published by another app or by a person: "
    "do it by hand on the page"
)

SETTLE = timedelta(seconds=60)
"""Facebook documents no time; a page shows a new post within seconds."""

MOST = 100
"""Posts on a page of the list, at most."""


class PageGraph(facebook.GraphAPI):  # type: ignore[misc]  # the SDK has no types
    """The SDK with a network of our own: its methods make one request and return an awaitable of what the answer means.

    Args:
        read: says what an answer means.
    """

    def __init__(self, settings: FacebookSettings, wire: Wire, read: Callable[[Response], Any]) -> None:
        self._read = read
        token = settings.token.get_secret_value()
        super().__init__(access_token=token, session=wire)
        self.version = settings.version  # the SDK's own parameter knows none later than 3.1
        self._base_url = settings.base_url
        self._credentials = {"access_token": token}
        if settings.app_secret is not None:
            secret = settings.app_secret.get_secret_value()
            proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            self._credentials["appsecret_proof"] = proof

    async def request(
        self,
        path: str,
        args: Mapping[str, str] | None = None,
        *,
        post_args: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Any:  # noqa: ANN401 - what `read` returns, or silence; the SDK hands it through
        """Ask for something below ``base_url``, or change it where there is a form or a method.

        The token is never in the address: what changes something has everything secret in a form, DELETE as well as
        POST; what only asks has the token in a header, and the proof, which is worth nothing without it, in the query.
        """
        url = f"{self._base_url}/{path}"
        if post_args is None and method is None:
            proof = {name: value for name, value in self._credentials.items() if name == "appsecret_proof"}
            wire: Wire = self.session.authorized(f"Bearer {self.access_token}")
            asked = URL(url).with_query({**(args or {}), **proof})
            return await wire.ask("GET", asked, self._read, longest=LONGEST_LISTING)
        form = urlencode({**(post_args or {}), **self._credentials}).encode()
        return await self.session.ask(method or "POST", url, self._read, form=form)


class FacebookPage:
    """Publishes on one Facebook page, and changes and deletes what it published there.

    Args:
        page_size: posts on a page of those that are looked through.
    """

    settle = SETTLE

    def __init__(self, settings: FacebookSettings, wire: Wire, *, page_size: int = MOST) -> None:
        self._settings = settings
        self._wire = wire
        self._page_size = page_size

    async def send(self, parcel: Parcel) -> Outcome:
        """Publish the text as a new post on the page."""
        page = quote(parcel.target, safe="")
        graph = self._graph(partial(_published, parcel.target))
        outcome: Outcome = await graph.put_object(page, "feed", message=parcel.rendition.text)
        return outcome

    async def find(self, doubts: Sequence[Doubt]) -> Mapping[str, Finding]:
        """Look among the posts that the page itself has published for those that have the parcels' texts."""
        first = {"fields": "id,message,created_time", "limit": str(self._page_size)}
        return await look_up(Listing(self._published, first, None, _page, _failure), doubts)

    async def _published(self, query: Mapping[str, str], read: Read) -> Page | Unclear | Silence:
        # Not the page's `feed`, on which visitors write as well, and which needs one more permission.
        graph = self._graph(read)
        page: Page | Unclear | Silence = await graph.get_connections(self._settings.page, "published_posts", **query)
        return page

    async def replace(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Change the text of a post that this app published; Facebook shows that it was edited.

        A post that it must not touch is no reason to hold back all others, so nothing is halted by that.
        """
        graph = self._graph(partial(_replaced, remote_id))
        path = f"{graph.version}/{quote(remote_id, safe='')}"
        outcome: Outcome = await graph.request(path, post_args={"message": parcel.rendition.text})
        return outcome

    async def withdraw(self, parcel: Parcel, remote_id: str) -> Outcome:  # noqa: ARG002 - the contract's parameter
        """Delete a post. One that a person has deleted is as good as withdrawn."""
        graph = self._graph(partial(_withdrawn, remote_id))
        outcome: Outcome = await graph.delete_object(quote(remote_id, safe=""))
        return outcome

    async def examine(self) -> Condition:
        """Ask for the page, and then what the token may and when it ends."""
        page = quote(self._settings.page, safe="")
        graph = self._graph(partial(_page_condition, self._settings.page))
        condition: Condition | Silence = await graph.request(f"{graph.version}/{page}", {"fields": "id,name"})
        if not isinstance(condition, Condition):
            return Condition(condition.reason)
        if condition.trouble:
            return condition
        graph = self._graph(_token_condition)
        asked = {"method": "get", "input_token": self._settings.token.get_secret_value()}  # never in an address
        told: Condition | Silence = await graph.request(f"{graph.version}/debug_token", post_args=asked)
        return told if isinstance(told, Condition) else Condition()

    def _graph(self, read: Callable[[Response], Outcome | Page | Unclear | Condition]) -> PageGraph:
        return PageGraph(self._settings, self._wire, read)


def _page_condition(page: str, answer: Response) -> Condition:
    match answer.json():
        case {"id": str(id_)} if answer.ok and id_ == page:
            return Condition()
    return Condition(_failure(answer).reason)


def _token_condition(answer: Response) -> Condition:
    """Read what Graph tells of a token; nothing where it does not tell: the page itself has answered already."""
    match answer.json():
        case {"data": {"is_valid": False}} if answer.ok:
            return Condition("the page's token is no longer valid: make a new one")
        case {"data": {"scopes": list(scopes)}} if answer.ok and _PUBLISH not in scopes:
            return Condition(f"the page's token lacks the permission {_PUBLISH}: grant it and make a new token")
        case {"data": {**data}} if answer.ok:
            ends = [data.get(name) for name in ("expires_at", "data_access_expires_at")]
            return Condition(ends=min((datetime.fromtimestamp(at, UTC) for at in ends if _is_time(at)), default=None))
    return Condition()


def _is_time(at: object) -> TypeGuard[int]:
    """Tell whether it is a moment: 0 stands for none."""
    return isinstance(at, int) and 0 < at < 2**40


def _published(page: str, answer: Response) -> Outcome:
    """Say what an answer means for a new post, whose id begins with the page's."""
    match answer.json():
        case {"id": str(post)} if answer.ok and post:
            return Accepted(post, _used(answer)) if post.startswith(f"{page}_") else NOT_ABOUT_IT
    return _failure(answer)


def _replaced(remote_id: str, answer: Response) -> Outcome:
    return _GONE if _is_gone(answer) else _changed(answer, remote_id)


def _withdrawn(remote_id: str, answer: Response) -> Outcome:
    return Accepted(remote_id) if _is_gone(answer) else _changed(answer, remote_id)


def _changed(answer: Response, remote_id: str) -> Outcome:
    """Say what an answer means for a post that was to be edited or deleted."""
    if answer.ok and answer.json().get("success") is True:
        return Accepted(remote_id, _used(answer))
    error = _error(answer)
    if answer.refused and error is not None and ERRORS.get(error[0]) is _NO_RIGHT:
        return cite(_NOT_OURS, _name(*error))  # Graph has no other code for it
    return _failure(answer)


def _is_gone(answer: Response) -> bool:
    return answer.refused and _error(answer) in {(100, 33), (803, None)}


def _error(response: Response) -> tuple[int, int | None] | None:
    """Return Graph's error code and subcode, if the answer is an error of Graph's."""
    match response.json():
        case {"error": {"code": int(code), "error_subcode": int(subcode)}}:
            return code, subcode
        case {"error": {"code": int(code)}}:
            return code, None
        case _:
            return None


def _name(code: int, subcode: int | None) -> str:
    return f"Facebook error {code}" + (f"/{subcode}" if subcode is not None else "")


def _failure(answer: Response) -> Failure:
    """Say what an answer means that is not a success. Only Graph's own error document refuses."""
    error = _error(answer)
    if error is None or not answer.refused:
        return by_status(answer)
    code, subcode = error
    known = SUBCODES.get((code, subcode or 0)) or ERRORS.get(code) or refusal(answer)
    failure = cite(known, _name(code, subcode))
    return replace(failure, after=_regained(answer)) if isinstance(failure, Deferred) else failure


def _page(response: Response, query: Mapping[str, str]) -> Page:
    following: Mapping[str, str] | None = None
    match response.json():
        case {"data": list(posts), "paging": {"next": str(), "cursors": {"after": str(cursor)}}}:
            following = {**query, "after": cursor}  # `next` is an address, with the token in it
        case {"data": list(posts)}:
            pass
        case _:
            raise ValueError("this is not a page of posts")
    return Page(tuple(map(_taken, posts)), following)


def _taken(post: object) -> Taken:
    match post:
        case {"id": str(remote_id), "created_time": str(created), **more} if remote_id:
            text = str(more.get("message", ""))  # missing for a picture without words
            return Taken(remote_id, remote_id.partition("_")[0], text, iso_date(created))
    raise ValueError("this is not a post")


class _Usage(BaseModel):
    """What Graph tells of a budget: how much is used up, in percent of it, and the minutes until calls pass again."""

    call_count: float = Field(default=0, ge=0, allow_inf_nan=False)
    total_time: float = Field(default=0, ge=0, allow_inf_nan=False)
    total_cputime: float = Field(default=0, ge=0, allow_inf_nan=False)
    estimated_time_to_regain_access: int = Field(default=0, ge=0, le=10_000)

    @property
    def share(self) -> float:
        return max(self.call_count, self.total_time, self.total_cputime) / 100


_BY_PAGE: TypeAdapter[dict[str, list[_Usage]]] = TypeAdapter(dict[str, list[_Usage]])


def _usages(response: Response) -> Iterator[_Usage]:
    """Read the budgets that an answer tells of: of the app, of the page, and per page and kind of call."""
    for header in ("X-App-Usage", "X-Page-Usage"):
        with suppress(ValidationError):
            yield _Usage.model_validate_json(response.headers.get(header, "{}"))
    with suppress(ValidationError):
        for kinds in _BY_PAGE.validate_json(response.headers.get("X-Business-Use-Case-Usage", "{}")).values():
            yield from kinds


def _used(response: Response) -> float:
    """Return how much of the tightest budget is used up."""
    return max((usage.share for usage in _usages(response)), default=0.0)


def _regained(response: Response) -> timedelta | None:
    """Return the longest wait that Graph asks for, be it for a budget or as ``Retry-After``."""
    minutes = max((usage.estimated_time_to_regain_access for usage in _usages(response)), default=0)
    return timedelta(minutes=minutes) if minutes else response.retry_after()


def build(settings: FacebookSettings, wiring: Wiring) -> FacebookPage:
    """Make the adapter of an account."""
    return FacebookPage(settings, Wire(wiring.http))
