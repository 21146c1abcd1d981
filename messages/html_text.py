"""HTML fragments, such as a feed carries, as plain text for those who read no tags."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre", "hr"})


def plain(html: str) -> str:
    """The text of an HTML fragment: blocks apart, a dash before each item of a list, and links with their address."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text.strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self._link: tuple[str, int] = ("", 0)  # where the open one leads to, and where its words begin

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._begin("\n\n")
        elif tag == "li":
            self._begin("\n")
            self.text += "- "
        elif tag == "br":
            self.text += "\n"
        elif tag == "a":
            self._link = (dict(attrs).get("href") or "", len(self.text))

    def handle_endtag(self, tag: str) -> None:
        address, start = self._link
        if tag == "a" and self.text[start:] != address:
            self.text += f" ({address})"
        elif tag in {"ul", "ol"}:
            self._begin("\n\n")

    def handle_data(self, data: str) -> None:
        words = re.sub(r"\s+", " ", data)
        self.text += words.lstrip() if self.text.endswith(("\n", " ")) else words

    def _begin(self, gap: str) -> None:
        """Start a block, as far below the last one as it should be."""
        if not self.text.endswith("- "):
            self.text = f"{self.text.rstrip()}{gap}"
