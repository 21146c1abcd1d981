"""Every kind of source that can be followed. A new one is a line here and a module with ``parse``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from channels.sources.parsing import Parsed


@dataclass(frozen=True, slots=True)
class SourceKind:
    """What there is to know of a kind of source.

    Args:
        name: as the configuration writes it: ``sr-vma``.
        default_url: where it is, None where each user has one of their own.
        least_interval: the shortest time between two polls that is still polite.
        parse: reads what was fetched from an address; raises SourceError when it is nothing of this kind, and nothing
            else whatever the bytes are.
        more: addresses of further documents that one leads to, never many: to be fetched with ``led_by`` and parsed
            each. Raises as ``parse``.
        stream_url: where it tells at once that there is news (Server-Sent Events), None where it does not.
    """

    name: str
    default_url: str | None
    least_interval: timedelta
    parse: "Callable[[bytes, str], Parsed]"
    more: Callable[[bytes, str], Sequence[str]] = lambda _body, _url: ()
    stream_url: str | None = None


def _parsed_by(module: str) -> "Callable[[bytes, str], Parsed]":
    """Name the module that parses; it is only imported when there is something to parse, as lxml takes its time."""

    def parse(body: bytes, url: str) -> "Parsed":
        parsed: Parsed = import_module(module).parse(body, url)
        return parsed

    return parse


def _alerts_of(body: bytes, url: str) -> Sequence[str]:
    documents: Sequence[str] = import_module("channels.sources.cap").more(body, url)
    return documents


SOURCES: Mapping[str, SourceKind] = {
    kind.name: kind
    for kind in (
        SourceKind(
            name="krisinformation",
            default_url="https://api.krisinformation.se/v3/news",
            least_interval=timedelta(minutes=1),
            parse=_parsed_by("channels.sources.krisinformation"),
        ),
        SourceKind(
            name="sr-vma",
            default_url="https://vmaapi.sr.se/api/v3/alerts",
            least_interval=timedelta(seconds=30),
            parse=_parsed_by("channels.sources.sr_vma"),
            stream_url="https://vmaapi.sr.se/api/v3/subscribe",
        ),
        SourceKind(
            name="smhi",
            default_url="https://opendata-download-warnings.smhi.se/ibww/api/version/1/warning.json",
            least_interval=timedelta(minutes=5),  # it is made again about every five
            parse=_parsed_by("channels.sources.smhi"),
        ),
        SourceKind(
            name="cap",
            default_url=None,
            least_interval=timedelta(minutes=1),
            parse=_parsed_by("channels.sources.cap"),
            more=_alerts_of,
        ),
        SourceKind(
            name="feed",
            default_url=None,
            least_interval=timedelta(minutes=1),
            parse=_parsed_by("channels.sources.feed"),
        ),
    )
}
"""Kinds of sources by the name that the configuration gives them."""
