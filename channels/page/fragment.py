"""A message's HTML within a page: its headings go on where those of the page end."""

import re
from collections.abc import Iterator

from markupsafe import Markup

_HEADING = re.compile(r"<(/?)h([1-6])>")
_DEEPEST = 6


def under(fragment: str, level: int) -> Markup:
    """Let a fragment stand under a heading of that level, without a gap between levels (WCAG 1.3.1).

    Args:
        fragment: HTML as ``messages.markdown`` writes it, the one thing that is not escaped; a ``<`` of the author's
            own is text there, so every tag found is a real one.
    """
    levels = _levels(fragment, level)
    return Markup(_HEADING.sub(lambda tag: f"<{tag[1]}h{next(levels)}>", fragment))  # noqa: S704 - see above


def _levels(fragment: str, top: int) -> Iterator[int]:
    """The level of every heading tag, in order: one more than that of the heading it is under."""
    above: list[int] = []
    for closing, given in _HEADING.findall(fragment):
        if not closing:
            while above and above[-1] >= int(given):
                above.pop()
            above.append(int(given))
        yield min(top + len(above), _DEEPEST)
