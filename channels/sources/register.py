"""Sweden's municipalities and counties: official codes, names and outlines, and the codes that others give them.

The municipalities, their outlines and MeteoAlarm's areas stand in ``sweden.json``, which ``docs/areas/make.py`` makes;
that tells where they come from. Codes are those of SCB: four digits for a municipality, the first two its county's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from channels.sources.shapes import Outline

SWEDEN: Final = "00"
"""What stands for all of Sweden where a code of SCB is asked for."""


@dataclass(frozen=True, slots=True)
class County:
    """A county (län).

    Args:
        name: without "län" and the genitive before it.
        nuts: its code in NUTS 3 of Eurostat; its NUTS 2 and NUTS 1 are that without the last digit or two.
        letters: after ``SE-`` in ISO 3166-2.
        fips: after ``SW`` in FIPS 10-4.
    """

    name: str
    nuts: str
    letters: str
    fips: str


COUNTIES: Final[Mapping[str, County]] = {
    "01": County("Stockholm", "SE110", "AB", "26"),
    "03": County("Uppsala", "SE121", "C", "21"),
    "04": County("Södermanland", "SE122", "D", "18"),
    "05": County("Östergötland", "SE123", "E", "16"),
    "06": County("Jönköping", "SE211", "F", "08"),
    "07": County("Kronoberg", "SE212", "G", "12"),
    "08": County("Kalmar", "SE213", "H", "09"),
    "09": County("Gotland", "SE214", "I", "05"),
    "10": County("Blekinge", "SE221", "K", "02"),
    "12": County("Skåne", "SE224", "M", "27"),
    "13": County("Halland", "SE231", "N", "06"),
    "14": County("Västra Götaland", "SE232", "O", "28"),
    "17": County("Värmland", "SE311", "S", "22"),
    "18": County("Örebro", "SE124", "T", "15"),
    "19": County("Västmanland", "SE125", "U", "25"),
    "20": County("Dalarna", "SE312", "W", "10"),
    "21": County("Gävleborg", "SE313", "X", "03"),
    "22": County("Västernorrland", "SE321", "Y", "24"),
    "23": County("Jämtland", "SE322", "Z", "07"),
    "24": County("Västerbotten", "SE331", "AC", "23"),
    "25": County("Norrbotten", "SE332", "BD", "14"),
}
"""By code. Numbers 02, 11, 15 and 16 are no county's any more."""


@cache
def municipalities() -> Mapping[str, str]:
    """Their names, without "kommun" and the genitive before it, by code."""
    return {code: one["name"] for code, one in _sweden()["municipalities"].items()}


@cache
def outline(code: str) -> Outline:
    """The outline of a municipality, as SCB has simplified it; an empty one where there is no such municipality."""
    known = _sweden()["municipalities"].get(code, {"outline": [], "edge": False})
    return Outline(tuple(tuple((lat, lon) for lat, lon in ring) for ring in known["outline"]), known["edge"])


@cache
def emma() -> Mapping[str, tuple[str, ...]]:
    """The municipalities of MeteoAlarm's areas by EMMA_ID, as its list has them; none for one at sea."""
    return {code: tuple(within) for code, within in _sweden()["emma"].items()}


@cache
def _sweden() -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads((files(__package__) / "sweden.json").read_text(encoding="utf-8"))
    return document
