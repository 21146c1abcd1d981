"""Documents over HTTP, made for readers that come back: most of them are told that nothing is new.

Conditional requests follow RFC 9110, sections 8.8 and 13; the choice of encoding follows its section 12.5.3.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from aiohttp import ETag, web
from aiohttp.helpers import ETAG_ANY


@dataclass(frozen=True, slots=True)
class Document:
    """Something as it is handed out.

    Args:
        digest: of ``body``, for strong entity tags.
    """

    body: bytes
    compressed: bytes
    digest: str


def document(body: bytes) -> Document:
    """Prepare bytes for being handed out many times."""
    return Document(body, gzip.compress(body, mtime=0), hashlib.sha256(body).hexdigest())


def handed_out(
    request: web.Request, found: Document, headers: Mapping[str, str], changed: datetime | None = None
) -> web.Response:
    """Hand a document out, or say that the reader has it already.

    Args:
        headers: the answer's own, ``Content-Type`` among them.
        changed: when it last changed, in whole seconds (UTC); None where a date could not tell two changes apart.
    """
    zipped = _takes_gzip(request.headers.get("Accept-Encoding", ""))
    tag = f"{found.digest}-gzip" if zipped else found.digest
    response = web.Response(headers={"Vary": "Accept-Encoding", **headers})
    response.etag = tag
    if changed is not None:
        response.headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    if _has_it(request, tag, changed):
        response.set_status(304)
        del response.headers["Content-Type"]
        return response
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.body = found.compressed if zipped else found.body
    return response


def _has_it(request: web.Request, tag: str, changed: datetime | None) -> bool:
    tags: tuple[ETag, ...] | None = request.if_none_match
    if tags is not None:  # the tags win over the date
        return any(known.value in {tag, ETAG_ANY} for known in tags)
    since = request.if_modified_since
    return changed is not None and since is not None and changed <= since


def _takes_gzip(accepted: str) -> bool:
    weights = {}
    for choice in accepted.lower().split(","):
        coding, _, weight = choice.partition(";")
        weights[coding.strip()] = weight.replace(" ", "")
    weight = weights.get("gzip", weights.get("*", "q=0"))
    return re.fullmatch(r"q=0(\.0*)?", weight) is None
