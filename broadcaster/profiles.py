"""How senders present themselves, as the configuration has it: the mark and their own texts are read from files."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from channels.provider import Profile, Topic
from channels.settings import FilePath
from messages import languages
from messages.markdown import to_html

LARGEST_MARK = 6_000
"""Bytes: a page has 30,000 in all, and the mark stands in it."""

LARGEST_STATEMENT = 20_000
"""Bytes of a text of a sender's own."""

_KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}

Complain = Callable[[str, str, str], None]
"""Says what is wrong: with which key, what, and what to do."""


def _colour(value: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError('is not a colour: write it as "#00567a"')
    return value.lower()


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError('is not a web address: write it as "https://www.facebook.com/borgholmskommun"')
    return value


class ProfileSettings(BaseModel):
    """How a sender presents itself on its page and its sign-up."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    facebook: Annotated[str, AfterValidator(_address)] | None = None
    press: str | None = None
    email: str | None = None
    data_officer: str | None = None
    mark: FilePath | None = None
    colour: Annotated[str, AfterValidator(_colour)] | None = None
    accessibility: dict[str, FilePath] = Field(default_factory=dict)
    data_protection: dict[str, FilePath] = Field(default_factory=dict)


def read_profile(settings: ProfileSettings, complain: Complain) -> Profile:
    """Read what the settings name."""
    own = {Topic.ACCESSIBILITY: settings.accessibility, Topic.DATA_PROTECTION: settings.data_protection}
    return Profile(
        facebook=settings.facebook or "",
        press=settings.press or "",
        email=settings.email or "",
        officer=settings.data_officer or "",
        mark=_mark(settings.mark, complain) if settings.mark is not None else "",
        colour=settings.colour or "",
        statements={
            (topic, code): _statement(topic, code, file, complain)
            for topic, files in own.items()
            for code, file in files.items()
        },
    )


def _mark(file: Path, complain: Complain) -> str:
    kind = _KINDS.get(file.suffix.lower())
    if kind is None:
        complain("mark", f"{file.name} is not a picture that a page can show.", "Use an .svg, .png or .webp.")
        return ""
    content = _read("mark", file, LARGEST_MARK, complain)
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _statement(topic: Topic, code: str, file: Path, complain: Complain) -> str:
    if code not in languages.KNOWN:
        complain(topic, f"{code!r} is not a known language.", f"Known: {', '.join(languages.KNOWN)}.")
        return ""
    try:
        return to_html(_read(topic, file, LARGEST_STATEMENT, complain).decode("utf-8-sig"))
    except UnicodeDecodeError:
        complain(topic, f"{file.name} is not UTF-8 text.", "Save it as UTF-8.")
        return ""


def _read(key: str, file: Path, most: int, complain: Complain) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        complain(key, f"{file} cannot be read: {error.strerror}.", "Check the name; it is relative to this folder.")
        return b""
    if len(content) > most:
        complain(key, f"{file.name} has {len(content):,} bytes, and a page has room for {most:,}.", "Make it smaller.")
    return content
