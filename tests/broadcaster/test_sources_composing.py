"""Messages made of items and starters; above all, that nothing a source says becomes more than text."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.sources.composing import check_starter, compose, incident_of, letter, own_starter
from broadcaster.sources.rules import matter
from broadcaster.sources.settings import Rule, Starter
from channels.registry import CHANNELS, FORMS
from channels.sources.item import Item
from messages import languages
from messages.characters import FORBIDDEN
from messages.document import decode, parse
from messages.markdown import to_html, to_plain
from messages.model import Kind, Message, Rendition, Severity
from messages.problems import InputError
from messages.rendering import render
from tests.support.sourcing import BORGHOLM, ENGLISH, FIRE, MORBYLANGA, SWEDISH

ZONE = ZoneInfo("Europe/Stockholm")
RULE = Rule((BORGHOLM, MORBYLANGA), ("sv", "en"))
STARTER = Starter("# {{ item.headline }}\n\n{{ item.text }}\n\nKälla: {{ item.source }}\n", "vma.md")


def written(item: Item = FIRE, starter: Starter = STARTER, kind: Kind = Kind.ALERT, follows: str | None = None) -> str:
    head = letter(
        item,
        kind=kind,
        incident=incident_of(item, "sv"),
        municipalities=(BORGHOLM, MORBYLANGA),
        channels=("feed", "sms", "facebook"),
        zone=ZONE,
        follows=follows,
    )
    return compose(item, starter, head, RULE.languages)


def message(source: str) -> Message:
    return parse(
        decode(source.encode(), "draft.md").text, channels=CHANNELS, languages=languages.KNOWN, file="draft.md"
    )


def texts(source: str, channel: str = "facebook") -> list[Rendition]:
    found = render(message(source), (BORGHOLM, MORBYLANGA), FORMS, ZONE)
    return [one for one in found if one.channel == channel and one.municipality == "borgholm"]


def test_the_front_matter_is_made_of_the_item() -> None:
    made = message(written(follows="0123456789", kind=Kind.UPDATE))
    assert made.incident == "Sveriges Radio: Det brinner i hamnen (SR1)"
    assert (made.kind, made.severity, made.follows) == (Kind.UPDATE, Severity.SEVERE, "0123456789")
    assert made.municipalities == ("borgholm", "morbylanga")
    assert made.channels == ("feed", "sms", "facebook")
    assert made.expires == FIRE.expires
    assert "expires = 2026-11-22T01:00:00+01:00\n" in made.front_matter


def test_only_channels_that_one_of_the_municipalities_has_are_named() -> None:
    head = letter(
        FIRE,
        kind=Kind.ALERT,
        incident="Brand",
        municipalities=(replace(BORGHOLM, channels=("feed", "sms")), MORBYLANGA),
        channels=("feed", "ivr", "facebook"),
        zone=ZONE,
    )
    assert head.channels == ("feed", "facebook")


def test_an_all_clear_is_information_and_leaves_what_applies_now_to_a_person() -> None:
    source = written(replace(FIRE, wordings=()), own_starter("withdrawn"), Kind.ALL_CLEAR)
    assert message(source).severity is Severity.INFORMATION
    assert message(source).expires is None
    with pytest.raises(InputError, match="placeholder"):
        texts(source)


def test_the_starter_that_comes_with_the_program_says_all_there_is() -> None:
    swedish, english = texts(written(starter=own_starter("draft")))
    assert swedish.text == (
        "Det brinner i hamnen\n\nRöken är farlig.\n\nDen driver söderut.\n\nGå inomhus.\n\nKälla: Sveriges Radio\n\n"
        "Läs mer: https://sverigesradio.example.se/vma\n\nFrågor till Borgholms kommun: 0485-880 00"
    )
    assert english.title == "There is a fire in the port"


def test_what_an_item_does_not_have_is_left_out_with_its_line() -> None:
    poor = replace(FIRE, web="", wordings=(replace(SWEDISH, instruction=""),))
    [swedish] = texts(written(poor, own_starter("draft")))
    assert "Läs mer" not in swedish.text
    assert "\n\n\n" not in swedish.text


def test_parts_that_nobody_would_read_are_left_out() -> None:
    source = written(starter=own_starter("draft"))
    assert "@ivr" not in source
    assert "@en sms" in source
    assert "@en" not in written(replace(FIRE, wordings=(SWEDISH,)), own_starter("draft"))


def test_lines_and_paragraphs_stay_apart() -> None:
    listed = replace(SWEDISH, text="Tänk på det här:\n- stäng fönster\n1. ring ingen\n\nTack!")
    [shown] = texts(written(replace(FIRE, wordings=(listed,))))
    assert "Tänk på det här:\n- stäng fönster\n1. ring ingen\n\nTack!" in shown.text


HOSTILE = [
    "## @sms\nRing 0900-123 45",
    "# @en",
    "#@sms",
    "@sms",
    "+++\nseverity = 'extreme'\n+++",
    "{{ municipality.phone }} {{ item.text }} {{ next_update }} }} {{",
    "[[ fyll i ]] ]] [[",
    "<script>alert(1)</script> <!-- bort --> <b>",
    "&lt;b&gt; &amp; &#35;",
    "[Logga in](https://evil.example.com) ![x](y) [a]: https://evil.example.com",
    "<https://evil.example.com>",
    "```\nkod\n~~~\n    indrag",
    "a | b\n--|--\nc | d",
    "Rubrik\n===\nrad\n---\n***\n___",
    "1. ett\n2) två\n- tre\n+ fyra\n* fem\n> sex",
    "*fet* _kursiv_ `kod` \\ bakvänt\\",
    "slut \\",
    "\u202etxet\u202c\x00\ue041",
    ":--",
    "a | b\n:--",
]


def plain(text: str) -> str:
    """How a text reads when nothing in it means anything."""
    paragraphs = "\n".join(" ".join(FORBIDDEN.sub("", line).split()) for line in text.splitlines())
    return "\n\n".join(block.strip("\n") for block in paragraphs.split("\n\n") if block.strip("\n"))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_source_says_is_only_ever_text(text: str) -> None:
    """In the body, in the headline, as the source's name: in every channel each character is read as it is."""
    line = " ".join(text.split())
    hostile = replace(FIRE, source=line, wordings=(replace(SWEDISH, headline=line, text=text),))
    source = written(hostile)
    made = message(source)
    assert made.severity is Severity.SEVERE
    assert [(part.language, part.channel) for part in made.parts] == [(None, None)]
    [shown] = texts(source)
    shown_line = FORBIDDEN.sub("", line)
    assert shown.title.rstrip(" #") == shown_line.rstrip(" #")
    assert plain(text) in shown.text
    assert shown.text.endswith(f"Källa: {shown_line}")
    [entry] = texts(source, "feed")
    assert "<script" not in entry.text
    assert "<b>" not in entry.text
    assert "<!--" not in entry.text
    assert "evil.example.com</a>" not in entry.text or "Logga in</a>" not in entry.text


@given(st.text(alphabet=st.sampled_from("#@ \n\t+-*_`~=<>[](){}|!&:.\\0sm;'\"/å\u2028\u202e\ue020"), max_size=60))
def test_no_text_opens_anything(text: str) -> None:
    body = message(written(replace(FIRE, wordings=(replace(SWEDISH, text=f"x\n{text}\nx"),)))).parts
    assert len(body) == 1
    below = body[0].text.split("\n", 2)[2].removesuffix("Källa: Sveriges Radio\n").strip()
    said = [" ".join(FORBIDDEN.sub("", line).split()) for line in f"x\n{text}\nx".splitlines()]
    assert [line for line in to_plain(below).split("\n") if line] == [line for line in said if line]
    assert "<" not in re.sub("</?p>|<br />", "", to_html(below))


def test_a_very_long_text_is_left_to_a_person_and_never_cut() -> None:
    long = replace(FIRE, wordings=(replace(SWEDISH, text="Röken är farlig. " * 2_000),))
    with pytest.raises(InputError, match="Texten har 34000 tecken"):
        texts(written(long))


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (FIRE, "Sveriges Radio: Det brinner i hamnen (SR1)"),
        (
            replace(FIRE, id="https://example.se/very/long/address/of/an/item"),
            "Sveriges Radio: Det brinner i hamnen (63dd49bc)",
        ),
        (replace(FIRE, wordings=(replace(SWEDISH, headline="[[ fyll i ]]"),)), "Sveriges Radio: (( fyll i )) (SR1)"),
        (
            replace(FIRE, wordings=(replace(SWEDISH, headline="Det brinner " * 10),)),
            "Sveriges Radio: Det brinner Det brinner Det brinner Det brinner Det brinner … (SR1)",
        ),
    ],
)
def test_an_incident_is_named_by_who_says_it_what_it_is_and_its_id(item: Item, name: str) -> None:
    assert incident_of(item, "sv") == name
    assert matter(item, ()) is None


def test_the_own_starters_can_be_used() -> None:
    check_starter(own_starter("draft"), RULE, ZONE)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("+++\nkind = 'alert'\n+++\n# {{ item.headline }}\n\nx\n", "vma.md:1: A starter has no front matter"),
        ("# {{ item.headline }}\n\n{{ item.body }}\n", "vma.md:3: An item has no 'body'. Known are: item.headline"),
        ("# {{ item.headline }}\n\nDetta: {{ item.text }}\n", "vma.md:3: {{ item.text }} stands among other words."),
        ("{{ item.text }}\n", "vma.md:1: body: The text does not begin with a headline."),
        (
            "# {{ item.headline }}\n\n{{ item.text }}\n\n{{ municipality.fax }}\n",
            "vma.md:5: borgholm, morbylanga: Unknown",
        ),
        ("# {{ item.headline }}\n\n[[ Vad? ]]\n", "vma.md:3: body: The placeholder"),
        ("# {{ item.headline }}\n\nx\n\n## @ssm\n\nx\n", "vma.md:5: @ssm: 'ssm' is neither"),
        ("# {{ item.headline }}\n\n{{ item.text }}\n" + "Läs det här noga. " * 10, "The sms text in sv has"),
    ],
)
def test_a_starter_that_cannot_be_used_is_refused_with_its_line(text: str, place: str) -> None:
    with pytest.raises(InputError) as refused:
        check_starter(Starter(text, "vma.md"), RULE, ZONE)
    assert place in str(refused.value)


def test_english_words_stand_in_the_english_part_only() -> None:
    [swedish, english] = texts(written(starter=own_starter("draft")), "sms")
    assert ENGLISH.headline not in swedish.text
    assert ENGLISH.headline in english.text
