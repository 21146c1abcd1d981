"""A message as the rules of practice look at it: its parts in passages, and the texts made from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from messages.addresses import ADDRESS, target
from messages.document import part_name
from messages.languages import Language, language
from messages.markdown import passages
from messages.model import Form, Markup, Message, Municipality, Part, Rendition
from messages.problems import Place
from messages.rendering import origin, place_of
from messages.variables import substitute


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading, paragraph, item or cell of a part: its plain text, and where it begins."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Text:
    """A rendition, and what it is to be.

    Args:
        own_part: what the heading of a part for it alone says.
        words: its text without what makes it an exercise, which is not there on the day.
    """

    rendition: Rendition
    markup: Markup
    sender: Municipality
    own_part: str
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A part in a language that it is read in.

    Args:
        passages: with the values of the first of the municipalities whose residents read it.
        texts: what is made from it, for every municipality and channel.
    """

    part: Part
    language: Language
    place: Place
    passages: tuple[Passage, ...]
    texts: tuple[Text, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole message in its language, and not what one channel says of it."""
        return self.part.channel is None


@dataclass(frozen=True, slots=True)
class Draft:
    """All that the rules look at.

    Args:
        hosts: where links may lead, or to any place below them.
    """

    message: Message
    readings: tuple[Reading, ...]
    hosts: frozenset[str]


def draft(
    message: Message,
    renditions: Sequence[Rendition],
    municipalities: Mapping[str, Municipality],
    forms: Mapping[str, Form],
    domains: Iterable[str],
) -> Draft:
    """Lay a message out for the rules."""
    made: dict[tuple[Part, str], list[Text]] = {}
    for rendition in renditions:
        sender = municipalities[rendition.municipality]
        part = origin(message, sender, rendition.channel, rendition.language)
        if part is not None:
            text = _text(message, rendition, forms[rendition.channel].markup, sender)
            made.setdefault((part, rendition.language), []).append(text)
    readings = tuple(_reading(message, part, code, texts) for (part, code), texts in made.items())
    return Draft(message, readings, frozenset(filter(None, _hosts(municipalities.values(), domains))))


def host(address: str) -> str:
    """The host of a web address as the net knows it, in small letters and without ``www``; empty if there is none."""
    try:
        return _on_the_net(urlsplit(address).hostname or "")
    except ValueError:  # brackets that hold no IPv6 address, names that no host can have
        return ""


def _text(message: Message, rendition: Rendition, markup: Markup, sender: Municipality) -> Text:
    is_first = rendition.language == sender.languages[0]
    words = rendition.text
    if message.exercise:
        exercise = language(rendition.language).exercise
        words = words.removeprefix(f"{exercise.mark}: ").removeprefix(f"{exercise.sentence}\n")
    own_part = part_name(None if is_first else rendition.language, rendition.channel)
    return Text(rendition, markup, sender, own_part, words)


def _reading(message: Message, part: Part, code: str, texts: Sequence[Text]) -> Reading:
    # Any time will do: what the texts make of it is their channel's.
    due = f"{message.next_update:%H:%M}" if message.next_update else None
    source = substitute(part.text, texts[0].sender, code, file=message.file, line=part.line, next_update=due)
    place = place_of(part, message.file)
    found = [Passage(text, Place(place.file, part.line + line, place.key)) for line, text in passages(source) if text]
    return Reading(part, language(code), place, tuple(found), tuple(texts))


def _hosts(municipalities: Iterable[Municipality], domains: Iterable[str]) -> Iterator[str]:
    """The hosts that the configuration knows: those listed, and those of addresses in the municipalities' variables."""
    yield from map(_on_the_net, domains)
    for municipality in municipalities:
        for variables in (municipality.variables, *municipality.translations.values()):
            for value in variables.values():
                yield from (host(target(found)) for found in ADDRESS.finditer(value) if found["web"])


def _on_the_net(name: str) -> str:
    return name.encode("idna").decode().casefold().removeprefix("www.")
