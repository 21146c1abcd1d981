"""Whether an area that a source names lies over a municipality, and how one can tell."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from channels.sources.geocodes import meanings
from channels.sources.item import Area
from channels.sources.place_names import named
from channels.sources.register import outline
from channels.sources.shapes import reaches


class Lies(StrEnum):
    """How an area lies to a municipality."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    SOMEWHERE = "somewhere"  # nobody can tell: it may be here


_WEIGHT = {Lies.HERE: 0, Lies.SOMEWHERE: 1, Lies.ELSEWHERE: 2}  # of several descriptions of one area the first counts


@dataclass(frozen=True, slots=True)
class Placing:
    """How an area lies, and by what that is known.

    Args:
        by: in a few words for whoever runs this: ``its code SE213``, ``its polygon``, ``its name``.
    """

    lies: Lies
    by: str


@lru_cache(maxsize=256)
def place(area: Area, municipality: str) -> Placing:
    """Tell how an area lies to a municipality.

    Its codes and its lines on the map count together, as in CAP (3.2.4): it is here if any of them is. Its name counts
    where there is neither, or where they do not tell.

    Args:
        municipality: its code.
    """
    found = sorted((*_by_codes(area, municipality), *_by_shapes(area, municipality)), key=lambda one: _WEIGHT[one.lies])
    if found and found[0].lies is not Lies.SOMEWHERE:
        return found[0]
    by_name = _by_name(area, municipality)
    return found[0] if found and by_name.lies is Lies.SOMEWHERE else by_name


def _by_codes(area: Area, municipality: str) -> list[Placing]:
    # Beside a municipality, the county only says where that is, in our own alerts as in those of others.
    around = {code[:2] for code in area.codes if len(code) == 4}
    codes = [code for code in area.codes if code not in around]
    return [Placing(_read(meanings(code), municipality), f"its code {code}") for code in codes]


def _read(readings: tuple[frozenset[str], ...], municipality: str) -> Lies:
    within = {municipality in one for one in readings}
    if len(within) != 1:
        return Lies.SOMEWHERE
    return Lies.HERE if within == {True} else Lies.ELSEWHERE


def _by_shapes(area: Area, municipality: str) -> list[Placing]:
    found = []
    for shape in area.shapes:
        touches = reaches(shape, outline(municipality))
        lies = Lies.SOMEWHERE if touches is None else Lies.HERE if touches else Lies.ELSEWHERE
        found.append(Placing(lies, "its circle" if len(shape.points) == 1 else "its polygon"))
    return found


def _by_name(area: Area, municipality: str) -> Placing:
    found = named(area.name)
    elsewhere = Lies.ELSEWHERE if found.is_all else Lies.SOMEWHERE
    return Placing(Lies.HERE if municipality in found.municipalities else elsewhere, "its name")
