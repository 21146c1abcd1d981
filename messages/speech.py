"""Lines of text as words to be spoken, and how long they take.

Speech engines read figures and signs as they please, and the same engine differs between languages. So what matters
most (phone numbers, times, addresses) is written out here in words, and no sign is left for an engine to stumble on.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from messages.addresses import ADDRESS
from messages.languages import Language, language

_BULLET = re.compile(r"^\s*(?:[-*•–]\s+|(\d+)[.)]\s+)")

_PHONE = re.compile(
    r"""
    (?<![\w+.,:/-])
    (?: \+\d{1,13} | 0\d{1,9} )                 # country code or trunk prefix, perhaps with all that follows
    (?: \s?\(0\)\s?\d{1,3} )?                  # the trunk prefix that is not dialled after a country code
    (?: [\s/–-] (?: \d{2,3} | \d{5,9} ) )*      # never four: that is a year
    (?! \w | [.,:]\d | [-–]\d )
    """,
    re.VERBOSE,
)
_PHONE_DIGITS = range(7, 14)
"""From the shortest Swedish number with its area code to the longest with its country code."""

_DATE = re.compile(r"(?<![\w-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\w-])")
_THOUSANDS = re.compile(r"(?<![\d.,:-])\d{1,3}(?:\s\d{3})+(?![\d:-])")
_RANGE = re.compile(r"(?<=\d)\s?–\s?(?=\d)|(?<=[^\W\d])–(?=[^\W\d])|(?<!\S)(\d{1,4})-(?=\d{1,4}(?![\w-]))")
_MINUS = re.compile(r"(?<![\w\s])[-−](?=\d)|(?:(?<=\s)|^)[-−](?=\d)")

_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
_SPOKEN_PUNCTUATION = frozenset(".,?!:'’-")
_PAUSES = str.maketrans(dict.fromkeys("()[];", ", ") | {"…": "."})
_HYPHENS = str.maketrans("‐‑", "--")


def to_speech(plain: str, code: str) -> str:
    """Write lines of text as sentences to be spoken, one a line.

    Args:
        plain: text as ``to_plain`` writes it.
        code: language of the text.
    """
    lines = (_sentence(_BULLET.sub(_enumerate, line), language(code)) for line in plain.splitlines())
    return "\n".join(filter(None, lines))


def count_words(text: str) -> int:
    """Count words, joined ones as one."""
    return len(re.findall(r"\w+(?:[-'’]\w+)*", text))


def seconds(text: str, code: str) -> float:
    """Estimate how long it takes to speak a text in a language, in seconds."""
    return count_words(text) * 60 / language(code).words_per_minute


def abbreviations(text: str, code: str) -> Iterator[tuple[str, str]]:
    """Find the abbreviations that a language knows, as they are written, each with the words it stands for."""
    for match in _abbreviations(language(code)).finditer(text):
        yield match[0], _expanded(match, language(code))


def _enumerate(bullet: re.Match[str]) -> str:
    return f"{bullet[1]}, " if bullet[1] else ""


def _sentence(line: str, spoken: Language) -> str:
    visible = "".join(char for char in unicodedata.normalize("NFC", line) if unicodedata.category(char) != "Cf")
    # Blanks first: the patterns below would look through a long run of them once from each of them.
    text = _tidy("".join(_phrases(" ".join(visible.translate(_HYPHENS).split()), spoken)))
    if not any(map(str.isalnum, text)):
        return ""
    return text if text.endswith((".", "!", "?")) else f"{text.rstrip(' ,:-')}."


def _phrases(line: str, spoken: Language) -> Iterator[str]:
    """Speak the addresses of a line, and what stands between them by the rules for text."""
    end = 0
    for address in ADDRESS.finditer(line):
        yield _text(line[end : address.start()], spoken)
        yield _address(address[0], spoken)
        end = address.end()
    yield _text(line[end:], spoken)


def _address(address: str, spoken: Language) -> str:
    """Speak what has to be typed: no scheme, no ``www``, no query, no slash at the end."""
    typed = re.sub(r"^https?://|[?#].*$", "", address).removeprefix("www.").rstrip("/")
    words = "".join(f" {spoken.addresses[char]} " if char in spoken.addresses else char for char in typed)
    return _numbers(spoken).sub(lambda number: spoken.numbers[number[0]], words)


def _text(text: str, spoken: Language) -> str:
    text = _abbreviations(spoken).sub(lambda match: _expanded(match, spoken), text)
    text = _numbers(spoken).sub(lambda match: spoken.numbers[" ".join(match[0].split())], text)
    text = _PHONE.sub(lambda match: _phone(match[0], spoken), text)
    text = _DATE.sub(lambda match: _date(match, spoken), text)
    text = _times(spoken).sub(lambda match: _time_span(match, spoken), text)
    text = _THOUSANDS.sub(lambda match: "".join(match[0].split()), text)
    text = _RANGE.sub(lambda match: f"{match[1] or ''} {spoken.range} ", text)
    text = _MINUS.sub(f"{spoken.minus} ", text)
    for symbol, word in spoken.symbols.items():
        text = text.replace(symbol, f" {word} ")
    return text


@cache
def _abbreviations(spoken: Language) -> re.Pattern[str]:
    """Match any abbreviation, longest first; spaces after inner points and a missing last one are common."""
    written = (
        r"\.\s?".join(map(re.escape, abbreviation.rstrip(".").split("."))) + r"\.?" * abbreviation.endswith(".")
        for abbreviation in sorted(spoken.abbreviations, key=len, reverse=True)
    )
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(written)})(?![\w-])", re.IGNORECASE)


def _expanded(match: re.Match[str], spoken: Language) -> str:
    def same(abbreviation: str) -> str:
        return re.sub(r"[\s.]", "", abbreviation).casefold()

    return next(words for known, words in spoken.abbreviations.items() if same(known) == same(match[0]))


@cache
def _numbers(spoken: Language) -> re.Pattern[str]:
    """Match the short phone numbers, where they are not part of a longer figure."""
    written = "|".join(r"\s".join(number.split()) for number in spoken.numbers)
    return re.compile(rf"(?<![\w+-])(?<!\d[\s.,:])(?:{written})(?!\w|-\d|[.,:]\d|\s\d)")


def _phone(written: str, spoken: Language) -> str:
    """Say a phone number digit by digit, with a pause where it is written with a gap."""
    number = re.sub(r"^(\+46)(?=\d)", r"\1 ", written.replace("(0)", " "))
    if len(re.sub(r"\D", "", number)) not in _PHONE_DIGITS:
        return written
    groups = [part for group in re.findall(r"\d+", number) for part in _chunks(group)]
    plus = f"{spoken.symbols['+']} " if number.startswith("+") else ""
    return plus + ", ".join(" ".join(spoken.digits[int(digit)] for digit in group) for group in groups)


def _chunks(digits: str) -> Iterator[str]:
    """Divide what is written without gaps: more than four digits can not be kept in mind at once."""
    while len(digits) > 4:
        yield digits[:3]
        digits = digits[3:]
    yield digits


def _date(match: re.Match[str], spoken: Language) -> str:
    year, month, day = map(int, match.groups())
    return spoken.dates.full.format(day=day, month=spoken.dates.months[month - 1], year=year)


@cache
def _times(spoken: Language) -> re.Pattern[str]:
    """Match a time or a span of times, together with the word before them if it is there already."""
    separators = re.escape(spoken.times.separators)
    time = rf"(?:[01]?\d|2[0-4])[{separators}][0-5]\d"
    before = rf"(?:{re.escape(spoken.times.before)}\s+)?" if spoken.times.before else ""
    return re.compile(rf"(?<![\w.,:-]){before}({time})(?:\s?[–-]\s?({time}))?(?!\w|[.,:-]\d)", re.IGNORECASE)


def _time_span(match: re.Match[str], spoken: Language) -> str:
    said = f" {spoken.range} ".join(_time(time, spoken) for time in match.groups() if time)
    return f"{spoken.times.before} {said}".strip()


def _time(written: str, spoken: Language) -> str:
    hour, minute = map(int, re.split(r"\D", written))
    template = spoken.times.minutes if minute else spoken.times.full
    half = spoken.times.halves[hour % 24 >= 12]
    return template.format(hour=hour, hour12=(hour - 1) % 12 + 1, minute=minute, half=half)


def _tidy(text: str) -> str:
    """Leave words and the punctuation that is heard."""
    text = re.sub(r"\s+[-–—−]+(?=\s|$)|—", ",", text.translate(_PAUSES))
    text = "".join(char if _is_spoken(char) else " " for char in text)
    text = re.sub(r"(?<!\w)-+|-+(?!\w)", " ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+(?=[.,?!:])", "", text)
    text = re.sub(r",+(?=[.?!:,])|(?<=[.?!:]),+", "", text)
    return text.strip(" ,:")


def _is_spoken(char: str) -> bool:
    """Tell letters, figures, accents and heard punctuation from signs; emoji leave accent-like selectors behind."""
    accent = unicodedata.category(char) == "Mn" and char not in _SELECTORS
    return char.isalnum() or accent or char in _SPOKEN_PUNCTUATION
