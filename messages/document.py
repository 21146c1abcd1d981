"""The message file: Markdown with TOML front matter, read with the line of every mistake and written back unchanged.

+++                     front matter: what the message is, and about whom
kind = "alert"
+++
# Headline              the body
Text

## @en sms              a part: for a language, a channel, or both
Text
"""

import codecs
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from messages import bounds, front_matter, toml_lines
from messages.characters import MISLEADING, is_blank
from messages.cleaning import Cleaned, cleaned
from messages.model import Message, Part, Recording, Service
from messages.problems import InputError, Place, Problem
from messages.spelling import did_you_mean, quoted, suggestion

_FENCE = "+++"
_CLOSING_FENCE = re.compile(r"^\+\+\+$\n?", re.MULTILINE)

# Blocks only, no inline markup: where headings stand, by the rules of CommonMark. HTML is text like any other.
_COMMONMARK = MarkdownIt("commonmark", {"html": False}).disable("inline")
_HEADING_WITHOUT_BLANK = re.compile(r"^[ \t]*#{1,6}@.*", re.MULTILINE)


def decode(data: bytes, file: str) -> Cleaned:
    """Turn the bytes of a message file into clean text with LF line ends and without a byte order mark.

    Raises:
        InputError: too large, not UTF-8, or with characters that have no place in a text.
    """
    if len(data) > bounds.FILE:
        raise InputError(
            [
                Problem(
                    f"The file is {len(data) / 1000:,.0f} kB; a message is at most {bounds.FILE // 1000} kB.",
                    Place(file),
                    "Is it the right file? Put long texts on the web site and link to them.",
                )
            ]
        )
    data = data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem("The file is not UTF-8.", Place(file, line), "Save it as plain text with the encoding UTF-8.")
        raise InputError([problem]) from None
    misleading = [found.start() for found in MISLEADING.finditer(text)]
    if misleading:
        first = text[misleading[0]]
        is_private = unicodedata.category(first) == "Co"
        name = "for private use" if is_private else unicodedata.name(first, "a control character").lower()
        more = f", and {len(misleading) - 1} more like it follow" if misleading[1:] else ""
        raise InputError(
            [
                Problem(
                    f"An {'unreadable' if is_private else 'invisible'} character, U+{ord(first):04X} ({name}), "
                    f"stands here{more}.",
                    Place(file, text.count("\n", 0, misleading[0]) + 1),
                    "Delete it, or write the line again; save the file as plain text with the encoding UTF-8.",
                )
            ]
        )
    return cleaned(text, file)


def parse(
    source: str,
    *,
    channels: Collection[str],
    languages: Collection[str],
    file: str = "",
    now: datetime | None = None,
) -> Message:
    """Read a message.

    Times as people write them become moments in the message's front matter, and that they did is among its remarks.

    Args:
        source: the text of the file, as ``decode`` returns it.
        channels: the names that part headings and front matter may use for channels.
        languages: the ISO 639-1 codes that part headings may use.
        file: the name the user gave, for errors.
        now: the present time in the zone whose times people write; None if every time has its offset already.

    Raises:
        InputError: with everything that is wrong in the file, in the order of its lines.
    """
    toml, text = _divide(source, file)
    whole = Part(None, None, "", text, toml.count("\n") + 3)
    pieces = list(_cut(whole, channels, languages, file))
    parts = tuple(piece for piece in pieces if isinstance(piece, Part))
    problems = [piece for piece in pieces if isinstance(piece, Problem)]
    problems += _lost_headings(whole, file)
    problems += _duplicates(parts, file)
    for part in parts:
        too_much = list(bounds.oversized(part, part_name(part.language, part.channel), file))
        problems += too_much or _shape_problems(part, file)
    try:
        head = front_matter.read(toml, file, now)
        problems += _unknown_channels(head.channels, toml, channels, file)
    except InputError as error:
        problems += error.problems
        raise InputError(_in_order(problems)) from None
    if problems:
        raise InputError(_in_order(problems))
    frozen = front_matter.settled_times(toml, head)
    return Message(
        incident=head.incident,
        kind=head.kind,
        severity=head.severity,
        municipalities=head.municipalities,
        next_update=head.next_update,
        expires=head.expires,
        services=tuple(Service(row.name, row.status, row.note, row.municipalities) for row in head.services),
        front_matter=frozen,
        parts=parts,
        exercise=head.exercise,
        follows=head.follows,
        notify=head.notify,
        run=head.run,
        channels=head.channels,
        recordings=tuple(Recording(language, path) for language, path in head.recording.items()),
        file=file,
        remarks=tuple(_understood(toml, frozen, head, file)),
    )


def amended(message: Message, values: Mapping[str, front_matter.Value | None]) -> Message:
    """Give a message other values in its front matter: another message, of another id. See ``front_matter.amended``.

    Raises:
        InputError: they are no values for these keys.
    """
    toml = front_matter.amended(message.front_matter, values)
    head = front_matter.read(toml, message.file)
    moved = toml.count("\n") - message.front_matter.count("\n")
    return replace(
        message,
        incident=head.incident,
        kind=head.kind,
        severity=head.severity,
        municipalities=head.municipalities,
        next_update=head.next_update,
        expires=head.expires,
        exercise=head.exercise,
        follows=head.follows,
        notify=head.notify,
        run=head.run,
        channels=head.channels,
        front_matter=toml,
        parts=tuple(replace(part, line=part.line + moved) for part in message.parts),
    )


def is_exercise(source: str) -> bool:
    """Whether a message that was taken before, in the words of ``serialise``, is only an exercise."""
    toml, _ = _divide(source, "")
    return "exercise" in toml and front_matter.read(toml, "").exercise


def municipalities_of(source: str) -> tuple[str, ...]:
    """Those that a message taken before, in the words of ``serialise``, was for."""
    toml, _ = _divide(source, "")
    return tuple(toml_lines.load(toml, "").get("municipalities", ()))


def services_of(source: str) -> tuple[Service, ...]:
    """What a message that was taken before says of services."""
    toml, _ = _divide(source, "")
    rows = front_matter.read(toml, "").services if "services" in toml else ()
    return tuple(Service(row.name, row.status, row.note, row.municipalities) for row in rows)


def serialise(message: Message) -> str:
    """Write the message as the text it was parsed from, to the last character."""
    parts = "".join((f"{part.heading}\n" if part.heading else "") + part.text for part in message.parts)
    return f"{_FENCE}\n{message.front_matter}{_FENCE}\n{parts}"


def content_hash(message: Message) -> str:
    """SHA-256 of the message's text in UTF-8, followed by those of its recordings, in hexadecimal."""
    spoken = b"".join(sha256(recording.content).digest() for recording in message.recordings)
    return sha256(serialise(message).encode() + spoken).hexdigest()


def message_id(message: Message) -> str:
    """The message's name: ten digits of its hash, so that the same text sent twice is the same message."""
    return content_hash(message)[:10]


def split_headline(part: Part) -> tuple[str, str]:
    """Take a part apart into its headline and what stands below it.

    Returns:
        The headline in Markdown without its ``#``, empty if the part does not begin with one; and the rest. The rest is
        always an end of ``part.text``: it begins as many lines below ``part.line`` as it has fewer line feeds.
    """
    lines = _lines(part.text)
    first = _first_line(part.text)
    for heading in _headings(part.text):
        if heading.line == first and heading.marks == "#":
            return heading.text, "".join(lines[first + 1 :])
    return "", part.text


def part_name(language: str | None, channel: str | None) -> str:
    """What the heading of a part says, for errors: ``@en sms``; ``body`` for the part without a heading."""
    return f"@{' '.join(filter(None, (language, channel)))}" if language or channel else "body"


def _understood(toml: str, frozen: str, head: front_matter.FrontMatter, file: str) -> Iterator[Problem]:
    """Say what times were understood as, if they depend on when they are read."""
    lines = zip(toml.split("\n"), frozen.split("\n"), strict=True)
    for number, (before, after) in enumerate(lines, 2):
        if before != after:
            moment: datetime = getattr(head, after.split(" ", 1)[0])
            what = f"{before.strip()} is read as {moment:%A %Y-%m-%d %H:%M} ({moment.tzinfo})."
            yield Problem(what, Place(file or None, number))


def as_written(source: str) -> str:
    """The file from which a message was read, if the message has times that depended on when that was."""
    toml, text = _divide(source, "")
    return f"{_FENCE}\n{front_matter.as_written(toml)}{_FENCE}\n{text}"


def _divide(source: str, file: str) -> tuple[str, str]:
    """Part the front matter from the body, both exactly as written."""
    how = f"Write the front matter between two lines of {_FENCE}, with nothing else on them, not even blanks."
    if not source.startswith(f"{_FENCE}\n"):
        raise InputError([Problem(f"The file does not begin with a line of {_FENCE}.", Place(file, 1), how)])
    start = len(_FENCE) + 1
    end = _CLOSING_FENCE.search(source, start)
    if end is None:
        raise InputError([Problem("The front matter that begins here does not end.", Place(file, 1), how)])
    return source[start : end.start()], source[end.end() :]


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.place.line or 0)


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading at the top level of a Markdown text: its line from 0, and its marks: ``##``, or ``=`` below it."""

    line: int
    marks: str
    text: str


@lru_cache(maxsize=32)  # a text is looked at several times here, and once for every rendition made from it
def _blocks(markdown: str) -> Sequence[Token]:
    return _COMMONMARK.parse(markdown)


def _headings(markdown: str) -> Iterator[_Heading]:
    for token, content in pairwise(_blocks(markdown)):
        if token.type == "heading_open" and token.level == 0 and token.map:
            yield _Heading(token.map[0], token.markup, content.content)


def _lines(text: str) -> list[str]:
    """The lines with their ends, parted at line feeds only, as Markdown and editors do."""
    return list(io.StringIO(text, newline="\n"))


def _first_line(text: str) -> int:
    """Index of the first line that is not blank."""
    return text[: len(text) - len(text.lstrip())].count("\n")


def _cut(whole: Part, channels: Collection[str], languages: Collection[str], file: str) -> Iterator[Part | Problem]:
    """Cut what stands below the front matter into parts, with a problem in place of one for nobody we know."""
    lines = _lines(whole.text)
    openings = [found for found in _headings(whole.text) if found.marks[0] == "#" and found.text.startswith("@")]
    ends = [*(opening.line for opening in openings), len(lines)]
    yield replace(whole, text="".join(lines[: ends[0]]))
    for opening, end in zip(openings, ends[1:], strict=True):
        try:
            language, channel = _purpose(opening.text, channels, languages)
        except ValueError as error:
            what, advice = error.args
            yield Problem(what, Place(file, whole.line + opening.line, opening.text), advice)
            continue
        start = opening.line + 1
        heading = lines[opening.line].removesuffix("\n")
        yield Part(language, channel, heading, "".join(lines[start:end]), whole.line + start)


def _lost_headings(whole: Part, file: str) -> Iterator[Problem]:
    """Find what was meant to open a part and, by the rules of Markdown, does not: residents would read it as text."""
    tokens = _blocks(whole.text)
    for token, content in pairwise(tokens):
        if not token.map:
            continue
        line = whole.line + token.map[0]
        if token.type == "heading_open" and token.level and content.content.startswith("@"):
            what = f"The heading {quoted(content.content)} stands inside a list or a quotation, so it opens no part."
            yield Problem(what, Place(file, line), "Begin it at the very start of its line.")
        elif token.type == "paragraph_open" and (missing := _HEADING_WITHOUT_BLANK.search(content.content)):
            line += content.content.count("\n", 0, missing.start())
            what = f"{quoted(missing[0])} opens no part, because a blank is missing."
            yield Problem(what, Place(file, line), "Write a blank after the last #: ## @sms")
    if tokens and tokens[-1].type == "fence" and tokens[-1].map:  # only the last block can lack its end
        fence, (first, end) = tokens[-1].markup, tokens[-1].map
        code = _lines(whole.text)[first:end]
        if len(code) == 1 or not re.fullmatch(rf" {{0,3}}{fence}{fence[0]}*[ \t]*\n?", code[-1]):
            what = "The code block that begins here is never closed: everything below, parts too, belongs to it."
            yield Problem(what, Place(file, whole.line + first), f"Write a line of {fence} where it ends.")


def _purpose(heading: str, channels: Collection[str], languages: Collection[str]) -> tuple[str | None, str | None]:
    """Read which language and channel a part is for.

    Raises:
        ValueError: with what is wrong, and what to do.
    """
    words = heading.removeprefix("@").casefold().split()
    known = f"Channels: {', '.join(sorted(channels))}; languages: {', '.join(sorted(languages))}."
    literal = r"If it is a heading to be read, write it with \@."
    for word in words:
        if word not in channels and word not in languages:
            meant = did_you_mean(word, [*channels, *languages])
            raise ValueError(f"{quoted(word)} is neither a channel nor a language.", f"{meant}{known} {literal}")
    language = [word for word in words if word in languages]
    channel = [word for word in words if word in channels]
    if not words or len(language) > 1 or len(channel) > 1:
        raise ValueError("A part is for one channel, one language, or one of each.", f"{known} {literal}")
    return next(iter(language), None), next(iter(channel), None)


def _unknown_channels(named: Iterable[str], toml: str, channels: Collection[str], file: str) -> Iterator[Problem]:
    for name in named:
        if name not in channels:
            place = front_matter.place_of(toml, file, ("channels",))
            yield Problem(f"There is no channel {quoted(name)}.", place, suggestion(name, channels))


def _duplicates(parts: Iterable[Part], file: str) -> Iterator[Problem]:
    seen: dict[tuple[str | None, str | None], Part] = {}
    for part in parts:
        first = seen.setdefault((part.language, part.channel), part)
        if first is not part:
            name = part_name(part.language, part.channel)
            place = Place(file, part.line - 1, name)
            yield Problem(
                f"This part was already opened on line {first.line - 1}.", place, "Join the two into one part."
            )


def _shape_problems(part: Part, file: str) -> Iterator[Problem]:
    """Hold a part to its shape: text, and below a headline if it is the whole message in a language."""
    name = part_name(part.language, part.channel)
    if is_blank(part.text):
        yield Problem("There is no text here.", Place(file, part.line - 1, name), "Write it, or take the heading out.")
        return
    if part.channel is not None:
        return
    headline, rest = split_headline(part)
    first = part.line + _first_line(part.text)
    if is_blank(headline):
        advice = "Begin it with one like this: # Störningar i {{ municipality.name }}"
        yield Problem("The text does not begin with a headline.", Place(file, first, name), advice)
    elif is_blank(rest):
        yield Problem("There is a headline and no text below it.", Place(file, first, name), "Write the text.")
    for heading in _headings(part.text):
        place = Place(file, part.line + heading.line, name)
        if heading.marks in {"#", "="} and place.line != first:
            yield Problem("This is a second headline.", place, "Begin headings within the text with ##.")
