from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.markdown import literal, to_html, to_plain


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("# Rubrik\n\nText *en* **två** `tre`.", "Rubrik\n\nText en två tre."),
        ("Bruten\nrad", "Bruten rad"),
        ("Hård  \nbrytning\\\nhär", "Hård\nbrytning\nhär"),
        ("Ett\n\n\n\nTvå", "Ett\n\nTvå"),
        ("- a\n- b\n  c", "- a\n- b c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- a\n\n  b\n\n- c", "- a\n\n  b\n\n- c"),
        ("- a\n  - b\n    1. c", "- a\n  - b\n    1. c"),
        ("> Vi vet mer\n> i morgon.", '"Vi vet mer i morgon."'),
        ("a\n\n***\n\nb", "a\n\nb"),
        ("```\nkod  här\n```", "kod  här"),
        ("&aring; &amp; &#x20AC; \\*", "å & € *"),
        ("![Karta över *ön*](https://x.se/karta.png)", "Karta över ön"),
        ("a <b>b</b>\n\n<div>c</div>", "a <b>b</b>\n\n<div>c</div>"),
        ("| Ort | Växel | Tid |\n|--|--|--|\n| Ö | 0485-880 00 | 8–16 |", "Ort: Växel, Tid\nÖ: 0485-880 00, 8–16"),
        ("", ""),
        ("a<!-- fråga\n\nIT -->\n\n<!-- -->\n\nb <!-- öppen", "a\n\nb <!-- öppen"),
    ],
)  # fmt: skip
def test_markdown_becomes_lines_of_text(markdown: str, plain: str) -> None:
    assert to_plain(markdown) == plain


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("[Läs mer](https://borgholm.se/kris)", "Läs mer: https://borgholm.se/kris"),
        ("[https://x.se](https://x.se)", "https://x.se"),
        ("[www.x.se](https://www.x.se/)", "https://www.x.se/"),
        ("[x.se](https://www.x.se)", "https://www.x.se"),
        ("[Läs mer](www.x.se)", "Läs mer: https://www.x.se"),
        ("<https://x.se/å>", "https://x.se/å"),
        ("www.x.se och https://x.se/a_b_c.", "www.x.se och https://x.se/a_b_c."),
        ("[info@x.se](mailto:info@x.se)", "info@x.se"),
        ("[mejla oss](mailto:info@x.se)", "mejla oss: info@x.se"),
        ("[0485-880 00](tel:+4648588000)", "0485-880 00"),
        ("[växeln](tel:+4648588000)", "växeln: +4648588000"),
        ("[](https://x.se)", "https://x.se"),
        ("[här]()", "här"),
        ("[a](javascript:alert) [b](ftp://x.se)", "[a](javascript:alert) [b](ftp://x.se)"),
    ],
)
def test_links_show_their_address_once(markdown: str, plain: str) -> None:
    assert to_plain(markdown) == plain


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("Se www.x.se.", '<p>Se <a href="https://www.x.se">www.x.se</a>.</p>'),
        ("www.x.se?u=http://y.se", '<p><a href="https://www.x.se?u=http://y.se">www.x.se?u=http://y.se</a></p>'),
        ("(https://x.se/a?b=1)", '<p>(<a href="https://x.se/a?b=1">https://x.se/a?b=1</a>)</p>'),
        ("krisinformation.se, 1177.se", '<p><a href="https://krisinformation.se">krisinformation.se</a>, <a href="https://1177.se">1177.se</a></p>'),
        ("[www.x.se]() b", '<p><a href="https://www.x.se">www.x.se</a> b</p>'),
        ("info@x.se", '<p><a href="mailto:info@x.se">info@x.se</a></p>'),
        ("[www.x.se](https://y.se)", '<p><a href="https://y.se">www.x.se</a></p>'),
        ("klockan 20.00.Se upp, kl.se", '<p>klockan 20.00.Se upp, <a href="https://kl.se">kl.se</a></p>'),
    ],
)  # fmt: skip
def test_addresses_in_running_text_are_links(markdown: str, html: str) -> None:
    assert to_html(markdown) == html


def test_raw_html_is_shown_and_never_runs() -> None:
    html = to_html("<script>alert(1)</script> <img src=x onerror=alert(1)>\n\n<iframe src='x'></iframe>")
    assert "<script" not in html
    assert "<img" not in html
    assert "<iframe" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_nothing_is_ever_loaded() -> None:
    assert to_html("![Karta](https://x.se/karta.png)") == "<p>Karta</p>"


@pytest.mark.parametrize(
    "target",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc", "/a", "//x.se"],
)
def test_links_with_other_schemes_are_text(target: str) -> None:
    assert "<a" not in to_html(f"[a]({target}) <{target}>")


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, list[str | None]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)


_HARMLESS = "h1 h2 h3 h4 h5 h6 p em strong code pre ul ol li blockquote table thead tbody tr th td a br hr"
_SPICE = st.sampled_from(
    ["<script>", "javascript:", "[a](", ")", "<", ">", '"', "'", "&", "![", "](", "`", "\n", "    ", "- ",
     "| a |\n|--|\n", "onload=", "https://x.se/", "www.x.se", "&#106;", "data:", "*", "_", "# ", "a@b.se",
     literal("<script>")]
)  # fmt: skip


@given(st.lists(_SPICE | st.text(max_size=5), max_size=20).map("".join))
def test_html_is_harmless_whatever_is_written(markdown: str) -> None:
    elements = _Elements()
    elements.feed(to_html(markdown))
    assert elements.tags <= set(_HARMLESS.split())
    assert set(elements.attributes) <= {"href", "title", "start", "class", "style"}
    for style in elements.attributes.get("style", []):
        assert style in {"text-align:left", "text-align:right", "text-align:center"}
    for href in elements.attributes.get("href", []):
        assert href is not None
        assert href.lower().startswith(("http:", "https:", "mailto:", "tel:"))


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=40))
def test_literal_text_stays_what_it_is(text: str) -> None:
    assert to_plain(f"x{literal(text)}x") == f"x{' '.join(text.split())}x"
