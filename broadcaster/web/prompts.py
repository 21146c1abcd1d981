"""The prompts of phone lines over HTTP, for switchboards that fetch what they play.

The addresses never change, and neither does the answer until the prompt does. A known prompt is always answered with
sound: a switchboard that is refused its greeting may refuse the call.
"""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from broadcaster.web.documents import document, handed_out
from channels.prompts import Format, silent

PATH = r"/prompts/{name:[a-z0-9-]+\.[a-z]+}"
KEPT_PATH = r"/prompts/{digest:[0-9a-f]{32}}/{name:[a-z0-9-]+\.wav}"

_FOR_EVER = 365 * 24 * 3600  # seconds
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PromptFile:
    """Where a prompt stands on this machine, and how it is written."""

    path: Path
    form: Format


PROMPTS = web.AppKey("prompts", Mapping[str, PromptFile])
"""The prompts by their files' names."""


async def answer(request: web.Request) -> web.Response:
    """Hand out a prompt, or say that the switchboard has it already."""
    file = request.app[PROMPTS].get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound(text="There is no such prompt.\n", headers={"Cache-Control": "no-cache"})
    cached = "no-cache"  # which means: keep it, and ask each time whether it is still good
    try:
        body = await asyncio.to_thread(file.path.read_bytes)
    except OSError as error:
        _LOGGER.error("the prompt %s cannot be read (%s): its callers hear silence", file.path, error.strerror)
        body, cached = silent(file.form), "no-store"
    found = await asyncio.to_thread(document, body)
    return handed_out(request, found, {"Content-Type": file.form.media_type, "Cache-Control": cached})


async def kept_path(file: Path) -> str | None:
    """The path of what a file holds now, for those who keep for ever what they once got; None if it cannot be read."""
    try:
        body = await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        _LOGGER.error("the prompt %s cannot be read (%s): its callers do not hear it", file, error.strerror)
        return None
    return f"/prompts/{_digest(body)}/{file.name}"


async def answer_kept(request: web.Request) -> web.Response:
    """Hand out a prompt whose address names its content: whoever has it need never ask again."""
    file, digest = request.app[PROMPTS].get(request.match_info["name"]), request.match_info["digest"]
    try:
        body = b"" if file is None else await asyncio.to_thread(file.path.read_bytes)
    except OSError:
        body = b""
    if file is None or _digest(body) != digest:  # another one here would be played for this one from now on
        raise web.HTTPNotFound(text="There is no such prompt any more.\n", headers={"Cache-Control": "no-store"})
    cached = f"public, max-age={_FOR_EVER}, immutable"
    found = await asyncio.to_thread(document, body)
    return handed_out(request, found, {"Content-Type": file.form.media_type, "Cache-Control": cached})


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
