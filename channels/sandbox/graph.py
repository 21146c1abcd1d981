"""Stands in for the posts of Facebook pages in the Graph API: https://developers.facebook.com/docs/pages-api/posts."""

import hmac
import json
import math
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from time import monotonic
from uuid import uuid4

from aiohttp import web

from channels.sandbox.exchange import Call, Route
from channels.sandbox.faults import Behaviour
from channels.sandbox.records import Post, Records

_VERSION = r"/{version:v\d+\.\d+}"
_OBJECT = _VERSION + r"/{post:[^/]+_\d+}"
_FEED = _VERSION + r"/{page}/feed"
_PUBLISHED = _VERSION + r"/{page}/published_posts"
_FIELDS = ("created_time", "message", "id")
_LONGEST = 63_206

_MISSING = (
    "Unsupported {} request. Object with ID '{}' does not exist, cannot be loaded due to missing permissions, "
    "or does not support this operation"
)

# Code: HTTP status, type and message; https://developers.facebook.com/docs/graph-api/guides/error-handling
_ERRORS: Mapping[int, tuple[int, str, str]] = {
    1: (500, "OAuthException", "An unknown error has occurred."),
    2: (503, "OAuthException", "An unexpected error has occurred. Please retry your request later."),
    4: (403, "OAuthException", "(#4) Application request limit reached"),
    10: (403, "OAuthException", "(#10) Application does not have permission for this action"),
    17: (400, "OAuthException", "(#17) User request limit reached"),
    32: (403, "OAuthException", "(#32) Page request limit reached"),
    100: (400, "OAuthException", "(#100) Invalid parameter"),
    102: (400, "OAuthException", "Session key invalid or no longer valid"),
    104: (400, "OAuthException", "An access token is required to request this resource."),
    190: (400, "OAuthException", "Error validating access token: The session has been invalidated."),
    200: (403, "OAuthException", "(#200) The permission pages_manage_posts is not available."),
    341: (400, "OAuthException", "(#341) Feed action request limit reached"),
    368: (400, "OAuthException", "(#368) The action attempted has been deemed abusive or is otherwise disallowed"),
    506: (400, "OAuthException", "(#506) Duplicate status message"),
    613: (400, "OAuthException", "(#613) Calls to this api have exceeded the rate limit."),
    2500: (400, "OAuthException", "Unknown path components"),
    80001: (400, "OAuthException", "(#80001) There have been too many calls to this Page account."),
}
_TRANSIENT = frozenset({1, 2, 4, 17, 32, 341, 613, 80001})

_BUSINESS = "100000000000001"


class Graph:
    """Any page exists, and any token may post on it.

    Args:
        secrets: of apps that require ``appsecret_proof``; with none, proofs are not looked at.

    Attributes:
        most_calls: how many an app may make in any second, which stands for Graph's hour; None for any number.
    """

    name = "facebook"
    prefix = "/graph"

    def __init__(self, records: Records, secrets: Sequence[str]) -> None:
        self._records = records
        self._secrets = secrets
        self.most_calls: int | None = None
        self._calls: deque[float] = deque()  # when those of the last second came

    def routes(self) -> Sequence[Route]:
        """Publish, list, read, edit, delete, and the check of a token; everything else is an unknown path."""
        return (
            Route("POST", _FEED, self._publish, _page, sends=True),
            Route("GET", _FEED, self._list, _page),
            Route("GET", _PUBLISHED, self._list, _page),
            Route("POST", _OBJECT, self._edit, _page, sends=True),
            Route("DELETE", _OBJECT, self._delete, _page, sends=True),
            Route("GET", _OBJECT, self._read, _page),
            Route("GET", _VERSION + "/debug_token", _debug_token),
            Route("POST", _VERSION + "/debug_token", _debug_token),  # with "method=get"
            Route("GET", _VERSION + r"/{page:\d+}", _show_page, lambda call: call.path["page"]),
            Route("*", "/{rest:.*}", lambda _: _error(2500)),
        )

    def turned_away(self, call: Call) -> web.Response | None:
        """A token is required, its proof where an app secret is known, and some of the budget."""
        token = _argument(call, "access_token") or _bearer(call)
        if not token:
            return _error(104)
        if self._secrets and not _argument(call, "appsecret_proof"):
            return _error(100, message="API calls from the server require an appsecret_proof argument")
        if self._secrets and not self._app(call):
            return _error(100, message="Invalid appsecret_proof provided in the API argument")
        if self._used() >= 100:
            return _error(4)
        self._calls.append(monotonic())
        return None

    def headers(self, call: Call, /) -> Mapping[str, str]:
        """The version that was used, and the percentage of the app's budget that is used up."""
        usage = json.dumps({"call_count": self._used(), "total_cputime": 0, "total_time": 0})
        return {"facebook-api-version": call.path.get("version", "v26.0"), "X-App-Usage": usage}

    def throttled(self, behaviour: Behaviour) -> web.Response:
        """By default error 32; the time to wait is said in whole minutes, as Graph does."""
        answer = _error(behaviour.code or 32)
        if behaviour.retry_after is not None:
            minutes = math.ceil(behaviour.retry_after / 60)
            usage = {"call_count": 100, "total_cputime": 25, "total_time": 25}
            regain = {"type": "pages", **usage, "estimated_time_to_regain_access": minutes}
            answer.headers["X-Business-Use-Case-Usage"] = json.dumps({_BUSINESS: [regain]})
        return answer

    def failed(self, status: int) -> web.Response:
        """Error 1, or 2 where the service is said to be away."""
        answer = _error(1 if status == 500 else 2)
        answer.set_status(status)
        return answer

    def unauthorised(self) -> web.Response:
        """Error 190, of a session that a new password ended."""
        answer = _error(190, subcode=460)
        answer.headers["WWW-Authenticate"] = 'OAuth "Facebook Platform" "invalid_token"'
        return answer

    def refused(self, behaviour: Behaviour) -> web.Response:
        """By default error 100."""
        return _error(behaviour.code or 100)

    def _used(self) -> int:
        """Return how much of the budget is used up, in percent."""
        while self._calls and self._calls[0] <= monotonic() - 1:
            self._calls.popleft()
        return 0 if self.most_calls is None else 100 * len(self._calls) // self.most_calls

    def _publish(self, call: Call) -> web.Response:
        page, message = call.path["page"], _argument(call, "message")
        if problem := _unfit(message):
            return problem
        latest = self._records.latest_post(page)
        if latest and latest.message == message:
            return _error(506)
        return _answer(200, {"id": self._records.add_post(page, message, self._app(call)).id})

    def _edit(self, call: Call) -> web.Response:
        post, message = self._post(call), _argument(call, "message")
        if post is None:
            return _missing(call)
        if post.app != self._app(call):
            return _error(200, message="(#200) App cannot edit non-app posts")
        if problem := _unfit(message):
            return problem
        self._records.edit_post(post, message)
        return _answer(200, {"success": True})

    def _delete(self, call: Call) -> web.Response:
        post = self._post(call)
        if post is None:
            return _missing(call)
        if post.app != self._app(call):
            return _error(200, message="(#200) App cannot delete non-app posts")
        self._records.withdraw_post(post)
        return _answer(200, {"success": True})

    def _read(self, call: Call) -> web.Response:
        post = self._post(call)
        return _answer(200, _resource(post, _fields(call))) if post else _missing(call)

    def _list(self, call: Call) -> web.Response:
        posts = self._records.posts_on(call.path["page"])
        places = {_cursor(post): place for place, post in enumerate(posts)}
        try:
            limit = min(max(int(call.query.get("limit", 25)), 1), 100)
            first = places[call.query["after"]] + 1 if call.query.get("after") else 0
        except (ValueError, KeyError):
            return _error(100)
        shown = posts[first : first + limit]
        listing: dict[str, object] = {"data": [_resource(post, _fields(call)) for post in shown]}
        if shown:
            paging: dict[str, object] = {"cursors": {"before": _cursor(shown[0]), "after": _cursor(shown[-1])}}
            if posts[first + limit :]:
                paging["next"] = str(call.request.url.update_query(after=_cursor(shown[-1])))
            listing["paging"] = paging
        return _answer(200, listing)

    def _post(self, call: Call) -> Post | None:
        return self._records.post(call.path["post"])

    def _app(self, call: Call) -> str:
        """Whose call it is, by the secret that proves it: a digest of that. Where none is known, all are one app's."""
        token = (_argument(call, "access_token") or _bearer(call)).encode()
        proof = _argument(call, "appsecret_proof")
        proven = (secret for secret in self._secrets if _proof(secret, token) == proof)
        return next((sha256(secret.encode()).hexdigest()[:8] for secret in proven), "")


def _proof(secret: str, token: bytes) -> str:
    return hmac.new(secret.encode(), token, sha256).hexdigest()


def _argument(call: Call, name: str) -> str:
    """Return an argument, which Graph takes from the form and from the query alike."""
    return call.form.get(name) or call.query.get(name, "")


def _bearer(call: Call) -> str:
    """Return the token of the header, which Graph takes as well."""
    scheme, _, token = call.request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _page(call: Call) -> str:
    return call.path["page"] if "page" in call.path else call.path["post"].rpartition("_")[0]


def _unfit(message: str) -> web.Response | None:
    if not message:
        return _error(100, message="(#100) Missing message or attachment")
    if len(message) > _LONGEST:
        return _error(100, message="(#100) Param message is too long")
    return None


def _fields(call: Call) -> Sequence[str]:
    return call.query["fields"].split(",") if call.query.get("fields") else _FIELDS


def _resource(post: Post, fields: Sequence[str]) -> dict[str, object]:
    """Write the fields of a post that were asked for and that it has; its id is always among them."""
    known = {
        "created_time": _stamp(post.created),
        "message": post.message,
        "updated_time": _stamp(post.updated),
        "permalink_url": f"https://www.facebook.com/{post.id.replace('_', '/posts/')}",
        "is_published": True,
    }
    return {field: known[field] for field in fields if field in known} | {"id": post.id}


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S%z")


def _cursor(post: Post) -> str:
    return urlsafe_b64encode(post.id.encode()).decode()


def _show_page(call: Call) -> web.Response:
    return _answer(200, {"id": call.path["page"], "name": "Sandbox"})


def _debug_token(call: Call) -> web.Response:
    if not _argument(call, "input_token"):
        return _error(100, message="(#100) The parameter input_token is required")
    scopes = ["pages_manage_posts", "pages_read_engagement"]
    return _answer(200, {"data": {"is_valid": True, "type": "PAGE", "expires_at": 0, "scopes": scopes}})


def _missing(call: Call) -> web.Response:
    message = _MISSING.format(call.request.method.lower(), call.path["post"])
    return _error(100, message=message, subcode=33, kind="GraphMethodException")


def _error(code: int, *, message: str = "", subcode: int | None = None, kind: str = "") -> web.Response:
    status, usual_kind, usual_message = _ERRORS.get(code, (400, "OAuthException", f"(#{code}) Error"))
    error: dict[str, object] = {"message": message or usual_message, "type": kind or usual_kind, "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    error |= {"is_transient": code in _TRANSIENT, "fbtrace_id": f"A{uuid4().hex[:22]}"}
    return _answer(status, {"error": error})


def _answer(status: int, payload: Mapping[str, object]) -> web.Response:
    return web.json_response(payload, status=status)
