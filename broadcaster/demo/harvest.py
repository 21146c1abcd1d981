"""What arrived, asked of those who got it and not of our own ledger."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

import aiohttp
from rich.console import Console

from broadcaster.cli.output import show_text
from messages.html_text import plain


async def show_one_of_each(out: Console, sandbox: str, serve: str, line: str) -> None:
    """Fetch and show a page's post, a phone's SMS, a feed's entry and a phone line's announcement.

    Args:
        sandbox: address of the sandbox.
        serve: address of the web side.
        line: the phone line to call.
    """
    feed = f"{serve}/feeds/morbylanga/sv.rss"
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{sandbox}/sandbox/received") as answer:
            received = await answer.json()
        async with http.get(feed) as answer:
            entry = _entry(await answer.text())
        async with http.post(f"{sandbox}/sandbox/call", json={"line": line}) as answer:
            call = (await answer.json())["twiml"]
    posts, texts = received["posts"], received["texts"]
    phones = {text["to"] for text in texts}
    out.print(
        f"   {len(posts)} posts on {len({post['page'] for post in posts})} pages, {len(texts)} SMS on "
        f"{len(phones)} phones\n"
    )
    show_text(out, "Facebook page", posts[0]["message"])
    show_text(out, "SMS", texts[0]["body"])
    show_text(out, "feed", entry, feed)
    show_text(out, "phone line", "\n\n".join(_heard(call)), line)


def _entry(rss: str) -> str:
    item = ET.fromstring(rss).find("channel/item")  # noqa: S314 (written by ourselves)
    if item is None:
        return "The feed is empty."
    return f"{item.findtext('title')}\n\n{plain(item.findtext('description') or '')}"


def _heard(twiml: str) -> Iterator[str]:
    """What a caller hears, line by line; what is said twice is shown once."""
    shown: set[str] = set()
    for verb in ET.fromstring(twiml).iter():  # noqa: S314 (written by ourselves)
        words = "".join(verb.itertext())
        if verb.tag == "Say" and words not in shown:
            shown.add(words)
            yield words
        elif verb.tag == "Dial":
            yield f"[ringing {words}]"
