"""A message's HTML within a page: its headings go on where those of the page end, and its numbers can be called."""

import re
from collections.abc import Iterator

from markupsafe import Markup

from channels.page.dialling import called

_HEADING = re.compile(r"<(/?)h([1-6])>")
_DEEPEST = 6

_KEPT = re.compile(r"(<a\b.*?</a>|<pre\b.*?</pre>|<code\b.*?</code>|<[^>]*>)", re.DOTALL)
"""Where no number is looked for: links, what stands there letter by letter, and tags."""

_NUMBER = re.compile(
    r"""
    (?<! [\w.,:/+=&\#-] )                                       # never from the middle of something longer
    (?: \+ [1-9] | 0 [1-9] ) [0-9]{0,3} (?: \(0\) )?             # 0485-880 00, +46 485 880 00, +46(0)485-880 00
    (?: [ \u00a0]?[–-]?[ \u00a0]? [0-9]{1,4} ){2,6}
    (?! [ \u00a0]? [0-9] | [.,:/-] [0-9] | \w )
  | (?<= \b[Rr]ing[ ] | \b[Cc]all[ ] | \b[Dd]ial[ ] )           # and short ones, where somebody is to call them
    (?: 112 | 113[ \u00a0]?13 | 114[ \u00a0]?14 | 1177 )
    (?! [.,:/-]? \w )
    """,
    re.VERBOSE,
)


def under(fragment: str, level: int) -> Markup:
    """Let a fragment stand under a heading of that level, without a gap between levels (WCAG 1.3.1).

    Args:
        fragment: HTML as ``messages.markdown`` writes it, the one thing that is not escaped; a ``<`` of the author's
            own is text there, so every tag found is a real one.
    """
    levels = _levels(fragment, level)
    return with_numbers(Markup(_HEADING.sub(lambda tag: f"<{tag[1]}h{next(levels)}>", fragment)))  # noqa: S704 - see above


def with_numbers(fragment: Markup) -> Markup:
    """Let a phone dial the numbers in running text. What only looks like a number is left as it is."""
    parts = _KEPT.split(fragment)
    parts[::2] = (_NUMBER.sub(_dialling, text) for text in parts[::2])
    return Markup("".join(parts))  # noqa: S704 - digits only were added to what was safe before


def _dialling(number: re.Match[str]) -> str:
    to_dial = called(number[0])
    return f'<a href="tel:{to_dial}">{number[0]}</a>' if to_dial else number[0]


def _levels(fragment: str, top: int) -> Iterator[int]:
    """The level of every heading tag, in order: one more than that of the heading it is under."""
    above: list[int] = []
    for closing, given in _HEADING.findall(fragment):
        if not closing:
            while above and above[-1] >= int(given):
                above.pop()
            above.append(int(given))
        yield min(top + len(above), _DEEPEST)
