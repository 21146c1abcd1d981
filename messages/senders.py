"""Which municipality a name means: its id, number or name in any language, long or short, in any case."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace

from messages import front_matter
from messages.model import Message, Municipality
from messages.problems import InputError, Problem
from messages.spelling import quoted


def meant(name: str, municipalities: Mapping[str, Municipality]) -> str | None:
    """The id of the municipality that is meant; None if there is none, or if it could be several.

    Args:
        municipalities: the configured ones by id.
    """
    wanted = _plain(name)
    for known in (_ids, _names, _short_names):
        found = {id_ for id_, one in municipalities.items() if wanted in map(_plain, known(one))}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def by_id(message: Message, municipalities: Mapping[str, Municipality]) -> Message:
    """The message with ids in the place of the names by which it calls its municipalities.

    Raises:
        InputError: two of its names are those of one municipality.
    """
    written = [*message.municipalities, *(name for service in message.services for name in service.municipalities)]
    ids = {name: id_ for name in written if (id_ := meant(name, municipalities)) not in {None, name}}
    if not ids:
        return message
    chosen = tuple(ids.get(name) or name for name in message.municipalities)
    if twice := sorted({name for name in chosen if chosen.count(name) > 1}):
        place = front_matter.place_of(message.front_matter, message.file, ("municipalities",))
        raise InputError([Problem(f"The list names {', '.join(map(quoted, twice))} more than once.", place)])
    return replace(
        message,
        municipalities=chosen,
        services=tuple(
            replace(service, municipalities=tuple(ids.get(name) or name for name in service.municipalities))
            for service in message.services
        ),
        front_matter=front_matter.renamed(message.front_matter, "municipalities", {k: v for k, v in ids.items() if v}),
    )


def _ids(municipality: Municipality) -> Iterator[str]:
    yield municipality.id
    if municipality.code:
        yield municipality.code
        yield municipality.code.lstrip("0")  # as spreadsheets have it


def _names(municipality: Municipality) -> Iterator[str]:
    for variables in (municipality.variables, *municipality.translations.values()):
        if name := variables.get("name"):
            yield name


def _short_names(municipality: Municipality) -> Iterator[str]:
    """Names without what all are called, with and without an s at the end, be it a genitive or its own: Torsås."""
    for name in _names(municipality):
        short = re.sub(r"\s+(?:kommun|municipality|ab)$", "", name.strip(), flags=re.IGNORECASE)
        yield short
        yield short.removesuffix("s")


def _plain(name: str) -> str:
    """A name without case and accents, as one writes it who is in a hurry."""
    letters = unicodedata.normalize("NFKD", " ".join(name.casefold().split()))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
