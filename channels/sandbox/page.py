"""The sandbox's web page: what residents see, side by side, as HTML that looks after itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from channels.sandbox.feeds import Entry, FeedError
from channels.sandbox.heard import CallError, Heard, Spoken
from channels.sandbox.records import Post, Text, Written
from channels.sandbox.view import ShownFeed, ShownLine, View

MOST_PHONES = 30
_MOST_TEXTS = 5  # of one phone
_MOST_POSTS = 20  # of one page
_MOST_ENTRIES = 10  # of one feed

_STYLE = """
:root {
  color-scheme: light dark;
  --ground: #eef1f4; --card: #fff; --ink: #18212b; --faint: #5b6876; --line: #d8dee5;
  --bubble: #e4eefb; --accent: #1d5ea8; --warn: #8a4b00; --warn-ground: #fff1dc; --gone: #a3273b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12171d; --card: #1b222a; --ink: #e6ebf0; --faint: #97a4b2; --line: #2d3742;
    --bubble: #21364f; --accent: #86b8f2; --warn: #f2c07d; --warn-ground: #3a2b14; --gone: #f08a9a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
body > header { padding: 20px 24px 4px; }
h1, h2, h3, p { margin: 0; }
h1 { font-size: 22px; letter-spacing: -.01em; }
body > header p, .faint, time, footer { color: var(--faint); }
main { display: grid; gap: 24px; padding: 16px 24px 40px; align-items: start; }
@media (min-width: 700px) { main { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (min-width: 1100px) { main { grid-template-columns: 1.25fr repeat(3, minmax(0, 1fr)); } }
@media (min-width: 1700px) { main { grid-template-columns: 2.2fr repeat(3, minmax(0, 1fr)); } }
section { min-width: 0; display: grid; gap: 12px; }
h2 { font-size: 15px; font-weight: 600; display: flex; gap: 8px; align-items: baseline; }
h2 span { color: var(--faint); font-weight: 400; font-size: 13px; }
.phones { display: flex; gap: 12px; overflow-x: auto; scroll-snap-type: x proximity; padding-bottom: 6px; }
.phones article { flex: 0 0 min(84%, 300px); scroll-snap-align: start; }
@media (min-width: 1100px) {
  .phones { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr)); overflow: visible; }
}
article { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 14px;
  display: grid; gap: 10px; align-content: start; overflow-wrap: anywhere; }
h3 { font-size: 14px; font-variant-numeric: tabular-nums; }
h3 a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 3px; }
.words { white-space: pre-line; }
.sites { margin: 12px 24px 0; overflow-wrap: anywhere; }
form { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: end; margin: 12px 24px 0; }
label { display: grid; gap: 2px; font-size: 13px; color: var(--faint); }
input, select, button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: 7px 10px; min-width: 0; }
label.long { flex: 1 1 16em; }
button { background: var(--accent); border-color: var(--accent); color: var(--card); font-weight: 600; }
.trouble { margin: 12px 24px 0; }
.bubble.own { background: none; border: 1px solid var(--line); border-radius: 14px 14px 4px 14px; margin-left: 20%; }
.bubble { background: var(--bubble); border-radius: 14px 14px 14px 4px; padding: 9px 12px; }
footer, time { font-size: 12px; }
.entry { border-top: 1px solid var(--line); padding-top: 10px; display: grid; gap: 3px; }
.entry strong { font-weight: 600; }
.mark { font-weight: 600; color: var(--accent); }
.withdrawn .words { text-decoration: line-through; color: var(--faint); }
.withdrawn .mark { color: var(--gone); }
details { font-size: 13px; color: var(--faint); }
summary { cursor: pointer; }
details p { padding: 6px 0 0 12px; }
.notice { background: var(--warn-ground); color: var(--warn); border-radius: 10px; padding: 9px 12px; font-size: 13px; }
.empty { border: 1px dashed var(--line); border-radius: 14px; padding: 18px 14px; color: var(--faint); }
.key { font-size: 13px; color: var(--faint); border-top: 1px solid var(--line); padding-top: 10px; }
kbd { font: inherit; border: 1px solid var(--line); border-radius: 5px; padding: 0 6px; color: var(--ink); }
.connect { font-weight: 600; font-size: 13px; color: var(--accent); }
#gone { display: none; margin: 12px 24px 0; }
.gone #gone { display: block; }
"""

# Refreshes the page every three seconds without losing the place: what is open or scrolled stays so.
_SCRIPT = """
const refresh = async () => {
  try {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const opened = [...document.querySelectorAll("details[open]")].map((details) => details.id);
    const scrolled = document.querySelector(".phones")?.scrollLeft ?? 0;
    document.querySelector("main").replaceWith(page.querySelector("main"));
    opened.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    document.querySelector(".phones")?.scrollTo(scrolled, 0);
    document.body.classList.remove("gone");
  } catch { document.body.classList.add("gone"); }
  setTimeout(refresh, 3000);
};
setTimeout(refresh, 3000);
"""


_E164 = r'pattern="\+[0-9]+" title="As the providers write it: +46701740605"'
"""Providers name a resident in no other way: what people type otherwise would be nobody's number."""


@dataclass(frozen=True, slots=True)
class ShownCall:
    """The call that one has from the page.

    Args:
        heard: what was heard last; None where the line is dead.
        trouble: why what was done last came to nothing.
    """

    line: str
    caller: str
    heard: Heard | None
    trouble: str = ""


def render(
    view: View,
    numbers: Sequence[str] = (),
    trouble: str = "",
    call: ShownCall | None = None,
    sites: Sequence[str] = (),
) -> str:
    """Write the page. Nothing in it comes from anywhere but the page itself.

    Args:
        numbers: what residents can text to.
        trouble: why the text that was just written got nowhere.
        call: the one that goes on, if there is one.
        sites: what residents can open in their browsers.
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox</title>
<link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>Sandbox</h1>
<p>What residents would get. Nothing here has left this computer.</p>
</header>
<p id="gone" class="notice" role="status">The sandbox no longer answers. This is the last it showed.</p>
{_trouble(trouble)}{_form(numbers)}{_calling([line.number for line in view.lines], call)}{_browsing(sites)}
<main>
{_phones(view)}
{_pages(view)}
{_feeds(view)}
{_lines(view)}
</main>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _phones(view: View) -> str:
    count = f"{view.phone_count}, with {view.text_count} {'text' if view.text_count == 1 else 'texts'}"
    phones = "".join(_phone(number, texts) for number, texts in view.phones)
    rest = view.phone_count - len(view.phones)
    shown = [f'<div class="phones">{phones}</div>'] if phones else []
    if rest:
        shown.append(f'<p class="faint">and {rest} more that got theirs earlier</p>')
    return _section("Phones", count, shown, "No phone has got a text yet.")


def _pages(view: View) -> str:
    pages = [_page(page, posts) for page, posts in view.pages.items()]
    return _section("Facebook pages", str(len(pages)), pages, "No page has a post yet.")


def _feeds(view: View) -> str:
    feeds = [_feed(shown) for shown in view.feeds]
    return _section("Feeds", str(len(feeds)), feeds, "The sandbox was given no feed to show.")


def _lines(view: View) -> str:
    lines = [_line(shown) for shown in view.lines]
    return _section("Phone lines", str(len(lines)), lines, "The sandbox was given no phone line to call.")


def _section(title: str, count: str, articles: Sequence[str], empty: str) -> str:
    content = "".join(articles) or f'<p class="empty">{empty}</p>'
    return f"<section><h2>{title} <span>{count}</span></h2>{content}</section>"


def _trouble(trouble: str) -> str:
    return f'<p class="notice trouble" role="alert">Not sent: {escape(trouble)}.</p>' if trouble else ""


def _form(numbers: Sequence[str]) -> str:
    """Where one texts as a resident; outside of what is refreshed, so that half a text is not lost."""
    if not numbers:
        return ""
    options = "".join(f"<option>{escape(number)}</option>" for number in numbers)
    return f"""<form method="post" action="/text" aria-label="Text as a resident">
<label>Resident <input name="from" type="tel" value="+46701740605" {_E164} required></label>
<label>Texts to <select name="to">{options}</select></label>
<label class="long">Text <input name="text" maxlength="1600" autocomplete="off"></label>
<button>Send</button>
</form>"""


def _browsing(sites: Sequence[str]) -> str:
    """Where a resident goes in a browser of one's own."""
    links = " ".join(f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(url)}</a>' for url in sites)
    return f'<nav class="sites" aria-label="Sign-up">As a resident, open {links}</nav>' if sites else ""


def _calling(lines: Sequence[str], call: ShownCall | None) -> str:
    """Where one calls as a resident, or goes on with a call; outside of what is refreshed, as above."""
    if call is None:
        if not lines:
            return ""
        options = "".join(f"<option>{escape(number)}</option>" for number in lines)
        return f"""<form method="post" action="/call" aria-label="Call as a resident">
<label>Resident <input name="from" type="tel" value="+46701740605" {_E164}></label>
<label>Calls <select name="line">{options}</select></label>
<button name="do" value="call">Call</button>
</form>"""
    heard = (_notice(call.trouble) if call.trouble else "") + (_heard(call.heard) if call.heard else "")
    keys = "".join(f'<button name="key" value="{key}">{key}</button>' for key in "123456789*0#")
    more = f'{keys}<button name="do" value="wait">Wait a round</button>' if call.heard else ""
    return f"""<form method="post" action="/call" aria-label="Call" id="call">
<article><h2>{escape(call.caller)} to {escape(call.line)}</h2><div role="status">{heard}</div></article>
{more}<button name="do" value="end">Hang up</button>
</form>"""


def _phone(number: str, texts: Sequence[Text | Written]) -> str:
    bubbles = "".join(_bubble(text) for text in reversed(texts[-_MOST_TEXTS:]))
    return f"<article><h3>{escape(number)}</h3>{bubbles}{_earlier(len(texts) - _MOST_TEXTS)}</article>"


def _bubble(text: Text | Written) -> str:
    if isinstance(text, Written):
        return (
            f'<div class="bubble own"><p class="words">{escape(text.body)}</p>'
            f"<footer>to {escape(text.to)} by {escape(text.provider)}, {_time(text.at)}</footer></div>"
        )
    return (
        f'<div class="bubble"><p class="words">{escape(text.body)}</p>'
        f"<footer>from {escape(text.sender)} by {escape(text.provider)}, {_time(text.at)}</footer></div>"
    )


def _page(page: str, posts: Sequence[Post]) -> str:
    shown = "".join(_post(post) for post in posts[:_MOST_POSTS])
    return f"<article><h3>{escape(page)}</h3>{shown}{_earlier(len(posts) - _MOST_POSTS)}</article>"


def _post(post: Post) -> str:
    mark = ', <span class="mark">by hand</span>' if post.app is None else ""
    if post.withdrawn or post.history:
        what = "withdrawn" if post.withdrawn else "edited"
        mark += f', <span class="mark">{what}</span> {_time(post.updated)}'
    history = ""
    if post.history:
        texts = "".join(f'<p class="words">{escape(text)}</p>' for text in reversed(post.history))
        history = f'<details id="history-{escape(post.id)}"><summary>Earlier text</summary>{texts}</details>'
    return (
        f'<div class="entry{" withdrawn" if post.withdrawn else ""}"><p class="words">{escape(post.message)}</p>'
        f"<footer>{_time(post.created)}{mark}</footer>{history}</div>"
    )


def _feed(shown: ShownFeed) -> str:
    link = f'<a href="{escape(shown.url)}">{{}}</a>'
    if isinstance(shown.feed, FeedError):
        return f"<article><h3>{link.format(escape(shown.url))}</h3>{_notice(f'This feed {shown.feed}')}</article>"
    entries = "".join(_entry(entry) for entry in shown.feed.entries[:_MOST_ENTRIES])
    return (
        f"<article><h3>{link.format(escape(shown.feed.title or shown.url))}</h3>"
        f"{entries or '<p class=faint>No entries.</p>'}{_earlier(len(shown.feed.entries) - _MOST_ENTRIES)}</article>"
    )


def _entry(entry: Entry) -> str:
    return (
        f'<div class="entry"><strong>{escape(entry.title)}</strong><p class="words">{escape(entry.text)}</p>'
        f"<time>{escape(entry.updated)}</time></div>"
    )


def _line(shown: ShownLine) -> str:
    number = f"<h3>{escape(shown.number)}</h3>"
    if isinstance(shown.heard, CallError):
        return f"<article>{number}{_notice(f'The call fails: {shown.heard}')}</article>"
    pressed = "".join(
        f'<p class="key">after pressing <kbd>{escape(key)}</kbd></p>{_heard(heard)}'
        for key, heard in shown.after.items()
        if heard.spoken or heard.played
    )
    return f"<article>{number}{_heard(shown.heard)}{pressed}</article>"


def _heard(heard: Heard) -> str:
    played = "".join(f'<p class="faint">plays {escape(file)}</p>' for file in heard.played)
    spoken = "".join(_spoken(words) for words in heard.spoken) or played or '<p class="faint">Says nothing.</p>'
    connected = escape(_onward(heard))
    return f'{spoken}<p class="connect">{connected}</p>'


def _onward(heard: Heard) -> str:
    if heard.connected:
        return f"connects to {heard.connected}"
    return f"waits in the queue {heard.queue}" if heard.queue else "ends the call"


def _spoken(spoken: Spoken) -> str:
    times = f", {spoken.times} times" if spoken.times > 1 else ""
    return (
        f'<div class="bubble"><p class="words" lang="{escape(spoken.language)}">{escape(spoken.text)}</p>'
        f"<footer>{escape(spoken.language)}{times}</footer></div>"
    )


def _earlier(count: int) -> str:
    return f'<p class="faint">and {count} earlier</p>' if count > 0 else ""


def _notice(words: str) -> str:
    return f'<p class="notice">{escape(words)}</p>'


def _time(at: datetime) -> str:
    return f'<time datetime="{at.isoformat()}">{at.astimezone():%H:%M:%S}</time>'
