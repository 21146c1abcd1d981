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

    Whoever is in a hurry leaves accents out, and nobody puts one in: *Habo* may be Håbo where there is no Habo, but
    *Håbo* is never Habo.

    Args:
        municipalities: the configured ones by id.
    """
    wanted = _written(name)
    for fits in (str.__eq__, _fits):
        for known in (_ids, _names, _short_names):
            called = {id_: map(_written, known(one)) for id_, one in municipalities.items()}
            found = {id_ for id_, names in called.items() if any(fits(wanted, own) for own in names)}
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


def _written(name: str) -> str:
    """A name without regard to case and blanks."""
    return unicodedata.normalize("NFKC", " ".join(name.casefold().split()))


def _fits(wanted: str, own: str) -> bool:
    """Tell whether one is the other as it is, or with some accents left out."""
    letters = zip(wanted, own, strict=False)
    return len(wanted) == len(own) and all(one in {other, _bare(other)} for one, other in letters)


def _bare(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0]
