"""What services are called: which of them nobody knows, and which one is the municipality's own web site."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from messages import front_matter, languages
from messages.addresses import ADDRESS, host, target
from messages.model import Message, Municipality, ServiceStatus
from messages.near_names import alike, known_as
from messages.problems import Problem
from messages.spelling import quoted

Told = tuple[str, str, ServiceStatus]
"""What is said of a service: the municipality's id, the service's name, its status."""


def strangers(message: Message, known: Collection[str]) -> Iterator[Problem]:
    """Find the services of a message that are not on the board while one with a name like theirs is.

    Args:
        known: names on the board.
    """
    keys = {known_as(name) for name in known}
    for index, service in enumerate(message.services):
        near = None if known_as(service.name) in keys else alike(service.name, known)
        if near is not None:
            yield Problem(
                f"The board of services has no {quoted(service.name)}, but it has {quoted(near)}.",
                front_matter.place_of(message.front_matter, message.file, ("services", index, "name")),
                f"Write {near} if that is meant. If it is another service, put it on the board first: "
                f'`broadcaster services set "{service.name}" {service.status} --new -m NAME`.',
            )


def is_site(name: str, municipality: Municipality) -> bool:
    """Whether a service is the municipality's own web site.

    It is if its name is one of a language's words for it (``sites`` in its file), alone or after the municipality's
    name, or has the site's address in it: *Webbplatsen*, *Mörbylångas hemsida*, *www.morbylanga.se*.
    """
    own = host(municipality.variables.get("web", ""))
    if any(found["web"] and host(target(found)) == own for found in ADDRESS.finditer(name)):
        return True
    key, owners = known_as(name), _owners(municipality)
    words = (known_as(word) for code in languages.KNOWN for word in languages.language(code).sites)
    return any(key.endswith(word) and key.removesuffix(word).removesuffix("s") in owners for word in words)


def sites_down(told: Iterable[Told], municipalities: Mapping[str, Municipality]) -> frozenset[str]:
    """The municipalities whose own web site does not work.

    Args:
        told: what is said of services; of one service, the last word counts.
    """
    last: dict[tuple[str, str], ServiceStatus] = {}
    for id_, name, status in told:
        if id_ in municipalities and is_site(name, municipalities[id_]):
            last[id_, known_as(name)] = status
    return frozenset(id_ for (id_, _), status in last.items() if status is ServiceStatus.DOWN)


def can_be_read(municipality: Municipality, down: Collection[str]) -> bool:
    """Whether there is something to read where texts lead: not so if that is a web site that does not work."""
    own = municipality.variables
    return municipality.id not in down or host(own.get("page", "")) != host(own.get("web", ""))


def _owners(municipality: Municipality) -> set[str]:
    """What may stand before the word: nothing, or a name of the municipality."""
    names = [own["name"] for own in (municipality.variables, *municipality.translations.values()) if own.get("name")]
    written = [municipality.id, *names, *(name.split()[0] for name in names)]
    return {"", *(known_as(name).removesuffix("s") for name in written)}
