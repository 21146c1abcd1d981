"""Signs that come along unseen when text is pasted: taken out, or written plainly, where no reader sees a difference.

A word processor, a PDF or a web page leaves marks of writing direction around phone numbers, ligatures for two letters,
letters and their dots apart. One of them makes an SMS twice as dear, hides a word from a search, or keeps a heading
from being one. What an alphabet needs stays: joiners in Persian and Hindi and between the parts of an emoji, marks of
direction on a line with Arabic or Hebrew. Everything that was changed is told, with its line.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from messages.problems import Place, Problem
from messages.spelling import named, quoted

_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"

_UNSEEN = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u3164\ufeff\uffa0\ufff9-\ufffb]")
_JOINERS = re.compile("[\u200c\u200d]")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef]")
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202c\u2066-\u2069"
_DIRECTED = re.compile(f"^[^\n]*[{_DIRECTIONS}][^\n]*", re.MULTILINE)

_TYPESET = re.compile(
    "[\ufb00-\ufb06\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\u2160-\u2188\u01c4-\u01cc\u01f1-\u01f3]"
)
"""One sign for what is written with others: ligatures, letters and figures of other widths and cuts."""

_SYNTAX = re.compile(rf"^[ \t]*(?:(?:#{{1,6}}|[-*+>]|\d{{1,9}}[.)])[ \t{_SPACES}]+)+", re.MULTILINE)
"""What begins a line and means something to Markdown if the blanks in it are plain."""

_KEY = re.compile(rf"^[\w \t.-]*[{_SPACES}][\w \t.={_SPACES}-]*", re.MULTILINE)
"""What stands before a key's value in the front matter."""

_WORD = re.compile(r"[^\W\d_]+")
_LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοα",
    "ABESIJKMHOPCTYXaesijopcyxdqwABEZHIKMNOPTYXoa",
)
"""Cyrillic and Greek letters, and the Latin ones that they look like."""

_WIDELY_SPACED = frozenset({"THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "JAVANESE"})
"""Alphabets without blanks between words, where an unseen one says where a line may be broken."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text without signs that nobody sees.

    Args:
        remarks: what was changed, each kind of sign once, with the line on which it first stood.
    """

    text: str
    remarks: tuple[Problem, ...]


@dataclass(slots=True)
class _Changes:
    """What was changed so far: by what is said of it, the first line and how often."""

    found: dict[str, list[int]] = field(default_factory=dict)

    def note(self, what: str, match: re.Match[str]) -> None:
        if what not in self.found:
            self.found[what] = [match.string.count("\n", 0, match.start()) + 1, 0]
        self.found[what][1] += 1

    def told(self, file: str) -> tuple[Problem, ...]:
        return tuple(
            Problem(f"{what}{f' ({times} times)' if times > 1 else ''}.", Place(file or None, line))
            for what, (line, times) in sorted(self.found.items(), key=lambda item: item[1][0])
        )


def cleaned(text: str, file: str = "") -> Cleaned:
    """Clean a text; its lines stay the lines they are."""
    changes = _Changes()
    text = _composed(text, changes)
    for pattern, becomes in (
        (_TYPESET, _written_out),
        (_UNSEEN, _unseen),
        (_DIRECTED, _undirected),
        (_JOINERS, _unjoined),
        (_SELECTORS, _unselected),
        (_WORD, _in_one_alphabet),
        (_SYNTAX, _plainly_spaced),
    ):
        text = _changed(text, pattern, becomes, changes)
    end = max(0, text.find("\n+++"))
    text = _changed(text[:end], _KEY, _plainly_spaced, changes) + text[end:]
    return Cleaned(unicodedata.normalize("NFC", text), changes.told(file))


def _changed(
    text: str, pattern: re.Pattern[str], becomes: Callable[[re.Match[str]], tuple[str, str]], changes: _Changes
) -> str:
    """Put what each match becomes in its place; nothing is said of a match that stays as it is."""

    def change(match: re.Match[str]) -> str:
        instead, what = becomes(match)
        if instead != match[0]:
            changes.note(what, match)
        return instead

    return pattern.sub(change, text)


def _composed(text: str, changes: _Changes) -> str:
    """Letters and their accents in one piece, as keyboards write them and most programs of a Mac do not."""
    composed = unicodedata.normalize("NFC", text)
    if composed != text:
        lines = zip(text.split("\n"), composed.split("\n"), strict=True)
        line = next(number for number, (before, after) in enumerate(lines, 1) if before != after)
        changes.found["Letters in several pieces, such as a and the ring of å, were put together"] = [line, 1]
    return composed


def _written_out(match: re.Match[str]) -> tuple[str, str]:
    plain = unicodedata.normalize("NFKC", match[0])
    return plain, f"{named(match[0])} was written out as {quoted(plain)}"


def _gone(match: re.Match[str]) -> tuple[str, str]:
    return "", f"The invisible character {named(match[0])} was taken out"


def _kept(match: re.Match[str]) -> tuple[str, str]:
    return match[0], ""


def _unseen(match: re.Match[str]) -> tuple[str, str]:
    if match[0] == "\u200b" and _alphabet(_before(match)) in _WIDELY_SPACED:
        return _kept(match)
    return _gone(match)


def _undirected(line: re.Match[str]) -> tuple[str, str]:
    """Marks of direction mean something where a line has letters of both directions."""
    if any(unicodedata.bidirectional(char) in {"R", "AL"} and char.isalpha() for char in line[0]):
        return _kept(line)
    marks = dict.fromkeys(re.findall(f"[{_DIRECTIONS}]", line[0]))
    what = f"Invisible marks of writing direction were taken out: {', '.join(map(named, marks))}"
    return re.sub(f"[{_DIRECTIONS}]", "", line[0]), what


def _unjoined(match: re.Match[str]) -> tuple[str, str]:
    """A joiner spells words in alphabets whose letters join, and holds the parts of an emoji together."""
    before, after = _before(match), match.string[match.end() : match.end() + 1]
    joins = _is_of_another_alphabet(before) or (_is_picture(before) and _is_picture(after))
    return _kept(match) if joins else _gone(match)


def _unselected(match: re.Match[str]) -> tuple[str, str]:
    """A selector chooses between forms of an emoji or of a letter that has several; Latin letters have one."""
    before, after = _before(match), match.string[match.end() : match.end() + 1]
    chooses = before > "\u2000" or before in {"©", "®"} or after == "\u20e3" or _is_of_another_alphabet(before)
    return _kept(match) if chooses else _gone(match)


def _in_one_alphabet(match: re.Match[str]) -> tuple[str, str]:
    """A word of Latin letters, and of others that look like such, is Latin as far as a reader can see."""
    word = match[0].translate(_LOOK_ALIKES)
    is_mixed = word != match[0] and any(_alphabet(char) == "LATIN" for char in match[0])
    if not is_mixed or any(_alphabet(char) != "LATIN" for char in word):
        return _kept(match)
    strange = next(char for char in match[0] if char.translate(_LOOK_ALIKES) != char)
    return word, f"{quoted(match[0])} has the letter {named(strange)}, and became {quoted(word)}"


def _plainly_spaced(match: re.Match[str]) -> tuple[str, str]:
    return re.sub(
        f"[{_SPACES}]", " ", match[0]
    ), "A blank at the beginning of a line was not a plain one, and became one"


def _before(match: re.Match[str]) -> str:
    """The sign before, past a few unseen ones; empty at the beginning."""
    near = match.string[max(0, match.start() - 16) : match.start()]
    return next((char for char in reversed(near) if unicodedata.category(char) not in {"Cf", "Mn"}), "")


def _is_picture(char: str) -> bool:
    return char != "" and unicodedata.category(char) in {"So", "Sk"}


def _is_of_another_alphabet(char: str) -> bool:
    return char.isalpha() and _alphabet(char) not in {"LATIN", "GREEK", "CYRILLIC", "MICRO", "FEMININE", "MASCULINE"}


def _alphabet(char: str) -> str:
    """The first word of a sign's name, which for a letter is that of its alphabet."""
    return unicodedata.name(char, "").split(" ")[0] if char else ""
