"""From an item and a starter to a message file.

A starter is the text of a message file, without front matter. Where it says ``{{ item.headline }}`` and the like, what
the source says is put, such that every character is read as it is: nothing in it can open a part, name a variable,
leave a placeholder or become HTML. A line that names what the item does not have is left out, as is a part in a
language that it does not speak.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from zoneinfo import ZoneInfo

from broadcaster.sources.rules import wording_in
from broadcaster.sources.settings import Rule, Starter
from channels.registry import CHANNELS, FORMS
from channels.sources.item import Action, Item, Status, Wording
from messages import front_matter, languages
from messages.characters import FORBIDDEN
from messages.cleaning import cleaned
from messages.document import parse, serialise
from messages.model import Kind, Message, Municipality, Part, Severity
from messages.problems import InputError, Place, Problem
from messages.rendering import render

LONGEST_TEXT = 20_000
"""Characters of a text that a message takes from an item; from what is longer a person chooses."""

_LONGEST_NAME = 60
_FENCE = "+++"
_NAMED = re.compile(r"\{\{[ \t]*item\.(?P<key>[\w-]+)[ \t]*\}\}")
_LINES = ("headline", "source", "web")
_BLOCKS = ("text", "instruction")
_GAP = re.compile(r"\n{3,}")
_MEANS_SOMETHING = re.compile(r"[\\`*_\[\]{}<>&|#]")
_OPENS_SOMETHING = re.compile(r"[-+=:~@]|[0-9]+(?=[.)])")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message about an item is, beside its text.

    Args:
        severity: of the item; INFORMATION for an all-clear.
        follows: id of the message that it follows; None for the last one of the incident, if any.
        expires: with the offset that it is written in; None for a day after it is sent.
        remark: of a draft, why it is one.
    """

    incident: str
    kind: Kind
    severity: Severity
    municipalities: tuple[Municipality, ...]
    channels: tuple[str, ...] = ()
    expires: datetime | None = None
    follows: str | None = None
    remark: str = ""


def letter(  # noqa: PLR0913 - all by keyword
    item: Item,
    *,
    kind: Kind,
    incident: str,
    municipalities: tuple[Municipality, ...],
    channels: tuple[str, ...],
    zone: ZoneInfo,
    follows: str | None = None,
    remark: str = "",
) -> Letter:
    """What a message of a kind about an item is; of the channels those that one of the municipalities has."""
    ends_all = kind is Kind.ALL_CLEAR
    had = tuple(name for name in channels if any(name in one.channels for one in municipalities))
    return Letter(
        incident=incident,
        kind=kind,
        severity=Severity.INFORMATION if ends_all else item.severity,
        municipalities=municipalities,
        channels=had or channels,
        expires=item.expires.astimezone(zone) if item.expires and not ends_all else None,
        follows=follows,
        remark=remark,
    )


def compose(item: Item, starter: Starter, head: Letter, spoken: Sequence[str]) -> str:
    """Write the message file about an item.

    Args:
        spoken: languages that are taken up, the first one that of the body.
    """
    return serialise(_composed(item, starter, head, spoken))


def _composed(item: Item, starter: Starter, head: Letter, spoken: Sequence[str]) -> Message:
    """The message about an item; its parts stand on the lines that they have in the starter's file."""
    values: dict[str, str | datetime | Sequence[str] | None] = {
        "incident": head.incident,
        "kind": head.kind.value,
        "severity": head.severity.value,
        "municipalities": [municipality.id for municipality in head.municipalities],
        "expires": head.expires,
        "follows": head.follows,
        "channels": head.channels or None,
    }
    toml = front_matter.amended("", {key: value for key, value in values.items() if value is not None})
    message = _parsed(f"{remarked(head.remark)}{toml}", starter)
    parts = (_filled(part, item, spoken) for part in message.parts if _is_read(part, item, head, spoken))
    return replace(message, parts=tuple(parts))


def remarked(remark: str) -> str:
    """A comment at the head of the front matter, for whoever opens the draft."""
    return f"# {_one_line(remark)}\n" if remark else ""


def incident_of(item: Item, language: str) -> str:
    """The name of a new incident for an item: who says it, what it is, and its id, shortened where that is long."""
    wording = wording_in(item, language)
    words = _one_line(wording.headline if wording else "").translate({ord("["): "(", ord("]"): ")"})
    if len(words) > _LONGEST_NAME:
        words = f"{words[:_LONGEST_NAME].rsplit(' ', 1)[0]} …"
    known_as = item.id if re.fullmatch(r"[\w.:/-]{1,24}", item.id) else short_hash(item.id)
    source = _one_line(item.source).translate({ord("["): "(", ord("]"): ")"})
    return f"{source}: {words} ({known_as})"


def short_hash(text: str) -> str:
    """A name for what has a long one."""
    return sha256(text.encode()).hexdigest()[:8]


@lru_cache
def own_starter(name: str) -> Starter:
    """A starter that comes with the program: ``draft`` or ``withdrawn``."""
    file = files(__package__) / f"{name}.md"
    return Starter(file.read_text(encoding="utf-8"), file.name)


def check_starter(starter: Starter, rule: Rule, zone: ZoneInfo) -> None:
    """Make sure that messages can be made with a starter, by making one of an item such as they come.

    Raises:
        InputError: with everything that is wrong in it.
    """
    if starter.text.startswith(_FENCE):
        what = "A starter has no front matter: it is made of what the source says."
        raise InputError([Problem(what, Place(starter.file, 1), f"Take out all up to the second {_FENCE}.")])
    problems = [*_unknown(starter)]
    if problems:
        raise InputError(problems)
    shown = rule.channels or tuple(CHANNELS)
    municipalities = tuple(
        replace(one, channels=tuple(name for name in one.channels if name in shown)) for one in rule.municipalities
    )
    head = Letter("Exempel", Kind.ALERT, Severity.SEVERE, municipalities)
    render(_composed(_sample(rule.languages), starter, head, rule.languages), municipalities, FORMS, zone)


def _parsed(toml: str, starter: Starter) -> Message:
    head = f"{_FENCE}\n{toml}{_FENCE}\n"
    above = head.count("\n")
    try:
        message = parse(head + starter.text, channels=CHANNELS, languages=languages.KNOWN, file=starter.file)
    except InputError as error:
        raise InputError(_raised(problem, above) for problem in error.problems) from None
    return replace(message, parts=tuple(replace(part, line=part.line - above) for part in message.parts))


def _raised(problem: Problem, lines: int) -> Problem:
    line = problem.place.line
    return replace(problem, place=replace(problem.place, line=line and max(1, line - lines)))


def _unknown(starter: Starter) -> Iterator[Problem]:
    """Find what is named and no item has, and texts of several paragraphs where there is room for a line only."""
    for number, line in enumerate(starter.text.split("\n"), start=1):
        for found in _NAMED.finditer(line):
            place = Place(starter.file, number)
            if found["key"] not in {*_LINES, *_BLOCKS}:
                known = ", ".join(f"item.{key}" for key in (*_LINES, *_BLOCKS))
                yield Problem(f"An item has no {found['key']!r}.", place, f"Known are: {known}.")
            elif found["key"] in _BLOCKS and line.strip() != found[0]:
                advice = "Write it on a line of its own: it may have several paragraphs."
                yield Problem(f"{found[0]} stands among other words.", place, advice)


def _is_read(part: Part, item: Item, head: Letter, spoken: Sequence[str]) -> bool:
    """Whether a part has something to say, and somebody to say it to."""
    if part.language is not None and (part.language not in spoken or wording_in(item, part.language) is None):
        return False
    speakers = [one for one in head.municipalities if part.language is None or part.language in one.languages]
    channels = {name for one in speakers for name in one.channels if not head.channels or name in head.channels}
    return bool(speakers) and (part.channel is None or part.channel in channels)


def _filled(part: Part, item: Item, spoken: Sequence[str]) -> Part:
    wording = wording_in(item, part.language or spoken[0])
    values = _values(item, wording)
    lines = (_filled_line(line, values) for line in part.text.split("\n"))
    text = "\n".join(line for line in lines if line is not None)
    return replace(part, text=_GAP.sub("\n\n", text))


def _filled_line(line: str, values: Mapping[str, str]) -> str | None:
    """Put the values into a line; None if it names one that there is none of."""
    if any(not values[found["key"]] for found in _NAMED.finditer(line)):
        return None
    return _NAMED.sub(lambda found: values[found["key"]], line)


def _values(item: Item, wording: Wording | None) -> Mapping[str, str]:
    """What there is to put into a starter, in Markdown that reads as it is."""
    text = wording.text if wording else ""
    if len(text) > LONGEST_TEXT:
        block = f"[[ Texten har {len(text)} tecken: skriv det viktigaste. ]]"
    else:
        block = _literal_block(text)
    return {
        "headline": _literal(wording.headline if wording else ""),
        "text": block,
        "instruction": _literal_block(wording.instruction if wording else ""),
        "source": _literal(item.source),
        "web": _literal(item.web),
    }


def _literal(text: str) -> str:
    """Write text, made one line, in Markdown that reads as it is, also to whoever edits the file."""
    guarded = _MEANS_SOMETHING.sub(r"\\\g<0>", _one_line(text))
    opening = _OPENS_SOMETHING.match(guarded)
    if opening is None:
        return guarded
    mark = opening.end() if opening[0].isdigit() else 0  # of a numbered item it is the dot that means something
    return f"{guarded[:mark]}\\{guarded[mark:]}"


def _literal_block(text: str) -> str:
    """Write text in several lines; a blank one parts paragraphs."""
    paragraphs: list[list[str]] = [[]]
    for line in map(_literal, text.splitlines()):
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return "\n\n".join("\\\n".join(lines) for lines in paragraphs if lines)  # a line that ends in \ is broken there


def _one_line(text: str) -> str:
    seen = FORBIDDEN.sub("", cleaned(" ".join(text.split())).text)  # of what is forbidden, some parts words
    return " ".join(seen.split())


def _sample(spoken: Sequence[str]) -> Item:
    """An item such as they come, to try a starter with."""
    text = "Det brinner kraftigt och röken är farlig att andas in. " * 12
    instruction = "Gå inomhus. Stäng dörrar, fönster och ventilation. Lyssna på P4."
    headline = "Farlig rök i Borgholm: gå inomhus"
    return Item(
        id="exempel",
        version="1",
        action=Action.ALERT,
        status=Status.ACTUAL,
        severity=Severity.SEVERE,
        sent=datetime(2026, 11, 21, tzinfo=UTC),
        expires=datetime(2026, 11, 21, tzinfo=UTC) + timedelta(hours=24),
        areas=(),
        wordings=tuple(Wording(language, headline, text, instruction, "Brand") for language in spoken),
        web="https://www.krisinformation.se/nyheter/exempel",
        source="Sveriges Radio",
    )
