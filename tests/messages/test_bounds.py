"""Texts that a parser could work on for minutes: refused at once with their place, or read with bounded work."""

import sys
from types import FrameType
from zoneinfo import ZoneInfo

import pytest

from channels.registry import FORMS
from messages import bounds, languages
from messages.document import parse
from messages.model import Municipality
from messages.practice import findings
from messages.problems import InputError, Problem
from messages.rendering import render

SENDER = Municipality(
    "borgholm", ("sv",), tuple(FORMS), {"name": "Borgholms kommun", "phone": "0485-880 00", "web": "www.borgholm.se"}
)
BODY = 7  # the line on which it begins


def source(body: str, head: str = "") -> str:
    keys = 'incident = "Vattnet"\nkind = "alert"\nseverity = "severe"\nmunicipalities = ["borgholm"]\n'
    return f"+++\n{keys}{head}+++\n# Koka vattnet\n\n{body}\n"


def worked_on(text: str) -> tuple[Problem, ...]:
    """All that is done with a text before anything is sent; returns why it cannot be."""
    try:
        message = parse(text, channels=FORMS.keys(), languages=languages.KNOWN, file="m.md")
        renditions = render(message, [SENDER], FORMS, ZoneInfo("Europe/Stockholm"))
    except InputError as error:
        return error.problems
    findings(message, renditions, {SENDER.id: SENDER}, FORMS)
    return ()


def calls(text: str) -> int:
    """How many functions are called for a text."""
    count = 0

    def note(_frame: FrameType, event: str, _value: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        worked_on(text)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("Hej.\n\n" + "[" * 9_000, 3, "so many brackets"),
        ("Hej.\n\n" + "![" * 5_000, 3, "so many brackets"),
        ("Hej.\n\n- Ett\n- " + "[a`" * 3_000, 4, "so many brackets"),
        ("Hej.\n\n> " + "<[![x/" * 2_000, 3, "so many brackets"),
        ("[" * 90 + "<!-- -->" + "[<" * 5_000, -1, "so many brackets"),
        ("Hej.\n\n| " + "a |" * 300 + "\n|" + "-|" * 300 + "\n|a\n", 4, "300 columns"),
        ("- a\n- " + "|a" * 20 + "\n  " + "|-" * 20, 3, "20 columns"),
        ("*a* " * 3_500, -1, "pieces"),
        ("- [](a)\n" * 950, -1, "pieces"),
        ("{{ municipality.name }}" * 20 + "{{" * 6_000, -1, "pieces"),
        ("[a]: http://a.se/" + "x" * 5_000 + "\n\n" + "[a] " * 2_000, -1, "pieces"),
        ("[a]: http://a.se/" + "x" * 5_000 + "\n\n" + "[a] " * 40, -1, "addresses of the links"),
        ('[a]: b "' + "x" * 5_000 + '"\n\n' + "[a] " * 40, -1, "addresses of the links"),
        ("x" * 16_100, -1, "16,11"),
        ("x\n" * 1_100, -1, "1,10"),
    ],
)
def test_a_text_that_would_take_long_is_refused_with_its_place(body: str, line: int, what: str) -> None:
    [problem] = worked_on(source(body))
    assert what in problem.text
    assert problem.place.line == BODY + 1 + line
    assert problem.advice


@pytest.mark.parametrize("part", ["body", "@sms", "@ivr", "@en"])
def test_the_part_that_is_too_much_is_named(part: str) -> None:
    opened = "" if part == "body" else f"hej\n\n## {part}\n" + "# Boil\n\n" * (part == "@en")
    [problem] = worked_on(source(f"{opened}{'[' * 5_000}"))
    assert problem.place.key == part


@pytest.mark.parametrize(
    ("head", "line", "what"),
    [
        ("a" + ".a" * 4_000 + " = 1\n", 6, "4,000 points"),
        ('note = "1.1.1.1.1"\nx = {a' + '."a"' * 2_000 + " = 1}\n", 7, "2,000 points"),
        ('x = """\n\n"""\n[a' + ".a" * 30 + "]\n", 9, "30 points"),
        ("# " + "x" * 11_000 + "\n", 1, "11,"),
    ],
)
def test_a_front_matter_that_would_take_long_is_refused_with_its_place(head: str, line: int, what: str) -> None:
    [problem] = worked_on(source("hej", head))
    assert what in problem.text
    assert problem.place.line == line


UNITS = [
    *(
        "[",
        "![",
        "[a](b)",
        "[a] ",
        "![[x](y)",
        "*a_",
        "**a** ",
        "_*",
        "`a",
        "<a",
        "<!--",
        "&amp;",
        "\\[",
        "a\n",
        "- a\n",
    ),
    *(
        "> ",
        "- > ",
        "[a]: b\n",
        "|a",
        "|\n|-|\n",
        "\n# a\n",
        "a@b.",
        "www.",
        "0485-",
        "01 23 ",
        "12.30–",
        "1 000 ",
        "kl. ",
    ),
    *("t.ex. ", "((", "{{ municipality.name }}", "[[a]] ", "e\u0301", "\u200c", "😀", "är ", "-", "\t", "\u00a0"),
]


@pytest.mark.parametrize("unit", UNITS)
def test_twice_the_text_is_about_twice_the_work(unit: str) -> None:
    few, many = (calls(source(f"x{unit * (size // len(unit))}x")) for size in (500, 1_000))
    assert many < 2.6 * few + 2_000


@pytest.mark.parametrize("unit", ["[", "![", "[a](b", "*a_", "|-", "a.", '"""', "{a=", "[[a]]\n"])
def test_the_largest_file_takes_no_more_work_than_is_allowed(unit: str) -> None:
    size = bounds.FILE - 500
    assert calls(source(unit * (size // len(unit)))) < 800_000
    assert calls(source("hej", f"{unit * (size // len(unit))}\n")) < 100_000
