"""The page that leads to the feeds and the phone lines."""

import base64
import hashlib
from html import escape

import phonenumbers
from aiohttp import web

from broadcaster.web.feeds import FEEDS
from broadcaster.web.voice import VOICE
from channels.feed.document import JOINT

_STYLE = """
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 40rem; padding: 1rem }
ul { list-style: none; padding: 0 }
li { margin: 0 0 1rem }
a { display: inline-block; margin-right: 1rem; padding: .5rem 0 }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_HEADERS = {
    "Cache-Control": "public, max-age=60",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'",
}

_PAGE = """<!doctype html>
<html lang="sv">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Viktig information</title>
<style>{style}</style>
<h1>Viktig information</h1>
<h2>Flöden</h2>
{feeds}
<h2>Telefon</h2>
{lines}
</html>
"""


async def page(request: web.Request) -> web.Response:
    """List the feeds and the phone lines."""
    titles = await request.app[FEEDS].titles()
    numbers = sorted({line.number for line in request.app[VOICE].lines.values()})
    text = _PAGE.format(
        style=_STYLE,
        feeds=_list(
            [_feed(surface, title) for surface, title in sorted(titles.items(), key=_swedish_first)],
            "Det finns inga flöden än.",
        ),
        lines=_list([_line(number) for number in numbers], "Det finns inga telefonlinjer än."),
    )
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)


def _list(items: list[str], without: str) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else f"<p>{without}</p>"


def _swedish_first(feed: tuple[str, str]) -> tuple[bool, str, bool, str]:
    """The order of feeds: by language, in each the joint one first."""
    municipality, _, language = feed[0].partition("/")
    return language != "sv", language, municipality != JOINT, municipality


def _feed(surface: str, title: str) -> str:
    language = surface.rpartition("/")[2]
    return (
        f'<span lang="{language}">{title}</span><br>'
        f'<a href="feeds/{surface}.rss">RSS</a> <a href="feeds/{surface}.atom">Atom</a>'
    )


def _line(number: str) -> str:
    dialled = phonenumbers.format_out_of_country_calling_number(phonenumbers.parse(number), "SE")
    return f'<a href="tel:{escape(number)}">{escape(dialled)}</a>'
