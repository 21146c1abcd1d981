"""A message as the rules of practice look at it: its parts in passages, and the texts made from them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from messages.addresses import ADDRESS, host, on_the_net, target
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
        passages: with the values of the first of the municipalities whose residents read it; of those whose web site is
            down, if there are any.
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
        down: hosts of the municipalities' own web sites that do not work.
    """

    message: Message
    readings: tuple[Reading, ...]
    hosts: frozenset[str]
    down: frozenset[str]


def draft(
    message: Message,
    renditions: Sequence[Rendition],
    municipalities: Mapping[str, Municipality],
    forms: Mapping[str, Form],
    domains: Iterable[str],
    down: Collection[str],
) -> Draft:
    """Lay a message out for the rules; ``down`` are the municipalities whose own web site does not work."""
    made: dict[tuple[Part, str], list[Text]] = {}
    for rendition in renditions:
        sender = municipalities[rendition.municipality]
        part = origin(message, sender, rendition.channel, rendition.language)
        if part is not None:
            text = _text(message, rendition, forms[rendition.channel].markup, sender)
            made.setdefault((part, rendition.language), []).append(text)
    readings = tuple(_reading(message, part, code, texts, down) for (part, code), texts in made.items())
    hosts = frozenset(filter(None, _hosts(municipalities.values(), domains)))
    sites = frozenset(filter(None, (host(municipalities[id_].variables.get("web", "")) for id_ in down)))
    return Draft(message, readings, hosts, sites)


def _text(message: Message, rendition: Rendition, markup: Markup, sender: Municipality) -> Text:
    is_first = rendition.language == sender.languages[0]
    words = rendition.text
    if message.exercise:
        exercise = language(rendition.language).exercise
        words = words.removeprefix(f"{exercise.mark}: ").removeprefix(f"{exercise.sentence}\n")
    own_part = part_name(None if is_first else rendition.language, rendition.channel)
    return Text(rendition, markup, sender, own_part, words)


def _reading(message: Message, part: Part, code: str, texts: Sequence[Text], down: Collection[str]) -> Reading:
    # Any time will do: what the texts make of it is their channel's.
    due = f"{message.next_update:%H:%M}" if message.next_update else None
    sender = next((text.sender for text in texts if text.sender.id in down), texts[0].sender)
    source = substitute(part.text, sender, code, file=message.file, line=part.line, next_update=due)
    place = place_of(part, message.file)
    found = [Passage(text, Place(place.file, part.line + line, place.key)) for line, text in passages(source) if text]
    return Reading(part, language(code), place, tuple(found), tuple(texts))


def _hosts(municipalities: Iterable[Municipality], domains: Iterable[str]) -> Iterator[str]:
    """The hosts that the configuration knows: those listed, and those of addresses in the municipalities' variables."""
    yield from map(on_the_net, domains)
    for municipality in municipalities:
        for variables in (municipality.variables, *municipality.translations.values()):
            for value in variables.values():
                yield from (host(target(found)) for found in ADDRESS.finditer(value) if found["web"])
