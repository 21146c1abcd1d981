"""Names of places as publishers write them: ``Kalmar län och Öland``, ``Norra delen av Öland``, ``Hela landet``."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from channels.sources.register import COUNTIES, municipalities


def _words(text: str) -> frozenset[str]:
    return frozenset(" ".join(one.split()) for one in text.split(","))


_COUNTRY: Final = _words("""
    sverige, sweden, kingdom of sweden, landet, riket, kungariket, nationen, country, nationellt, nationwide, norden,
    skandinavien, scandinavia, europa, europe
""")
_ABROAD: Final = _words("""
    danmark, denmark, bornholm, finland, suomi, åland, norge, norway, iceland, färöarna, grönland, estland, estonia,
    eesti, lettland, latvia, litauen, lithuania, polen, poland, tyskland, germany, deutschland, ryssland, russia,
    kaliningrad, ukraina, ukraine, nederländerna, netherlands, belgien, belgium, frankrike, france, storbritannien,
    england, skottland, irland, ireland, spanien, spain, italien, italy, österrike, austria, schweiz, switzerland
""")
_SEAS: Final = _words("""
    östersjön, baltic, baltic sea, bottenviken, bay of bothnia, kvarken, the quark, bottenhavet, sea of bothnia,
    ålands hav, sea of åland, skärgårdshavet, finska viken, gulf of finland, rigabukten, gulf of riga, bälten,
    the belts, öresund, the sound, kattegatt, kattegat, skagerrak, nordsjön, north sea
""")
"""Where nobody lives: a warning of wind at sea is for ships. Lakes are not among them."""

_LANDS: Final[Mapping[str, str]] = {
    "götaland": "05 06 07 08 09 10 12 13 14",
    "svealand": "01 03 04 17 18 19 20",
    "norrland": "21 22 23 24 25",
    "öland": "0840 0885",
    "småland": "06 07 08",
    "västergötland": "14 06",
    "bohuslän": "14",
    "dalsland": "14",
    "sjuhärad": "14",
    "skaraborg": "14",
    "närke": "18",
    "bergslagen": "17 18 19 20 21",
    "sörmland": "04 01",
    "uppland": "01 03 19",
    "roslagen": "01 03",
    "gästrikland": "21",
    "hälsingland": "21",
    "medelpad": "22",
    "ångermanland": "22 24",
    "lappland": "24 25",
    "lapplandsfjällen": "24 25",
    "jämtlandsfjällen": "23",
    "dalafjällen": "20",
    "österlen": "12",
    "vänern": "14 17",
    "vättern": "05 06 14 18",
    "mälaren": "01 03 04 19",
    "hjälmaren": "04 18 19",
    "storsjön": "23 21",
    "siljan": "20",
    "kalmarsund": "08",
}
"""Landscapes, islands and lakes by the counties or municipalities that they lie in or at: rather one too many."""

_BETWEEN: Final = re.compile(r"[,;/+&:|\n]|\s[-–—]\s|\b(?:och|and|samt|eller|or|inklusive|including|med|with)\b")
_ASIDE: Final = re.compile(r"\(([^()]*)\)")
_DIRECTION: Final = (
    "norra|södra|östra|västra|mellersta|centrala|inre|yttre|nordöstra|nordvästra|sydöstra|sydvästra|nord|syd|väst|öst|"
    "northern|southern|eastern|western|central|inner|outer|north|south|east|west"
)
_PART: Final = re.compile(
    rf"^(?:(?:{_DIRECTION})(?: del(?:en|ar|arna)?(?: av)?)?|(?:stora |större )?del(?:ar|en)?(?: av| i)?|parts? of|"
    r"hela|whole|entire|all(?: of)?|the|i|in|of|på|för|for|omr[åa]det?|area|kommuner(?:na)?|region|landskapet) "
)
_KIND: Final = re.compile(
    r" (?:kommun(?:en|er)?s?|stad|l[äa]n(?:et)?s?|region(?:en)?|landskap|municipality|county|province|"
    r"skärgård|kust(?:en|land(?:et)?)?|inland|fjäll(?:en)?s?|coast|archipelago)$"
)


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for.

    Args:
        municipalities: codes of those that it surely stands for.
        is_all: whether it stands for nothing else. It may, where a part of it is not known.
    """

    municipalities: frozenset[str]
    is_all: bool


def named(text: str) -> Named:
    """Tell what a name stands for. What stands in brackets only explains, unless nothing else is said."""
    plain = _plain(text)
    parts = _parts(_ASIDE.sub(" , ", plain)) or _parts(" , ".join(_ASIDE.findall(plain)))
    found = [_place(part) for part in parts]
    known = [one for one in found if one is not None]
    return Named(frozenset().union(*known), is_all=bool(known) and len(known) == len(found))


def county(name: str) -> str | None:
    """The code of ``Kalmar län``, ``Stockholms län``, ``Skåne County`` or ``Halland``; None if it is no county."""
    within = named(name).municipalities
    return next((code for code in COUNTIES if within and within == _within([code])), None)


def _parts(plain: str) -> list[str]:
    return [part for one in _BETWEEN.split(plain) if (part := " ".join(one.replace(".", " ").split()))]


def _place(part: str) -> frozenset[str] | None:
    """One name, without what makes it a part of something or says what kind of place it is; None if it is not known."""
    known, kinds = _places(), ""
    while True:
        for name in (part, part.removesuffix("s"), f"{part}s"):
            if name in known:
                return _of_kind(name, kinds) or known[name]
        shorter = _PART.sub("", part, count=1)
        if kind := _KIND.search(shorter):
            shorter, kinds = shorter[: kind.start()], kinds + kind[0]
        if shorter == part:
            return None
        part = shorter


def _of_kind(name: str, kinds: str) -> frozenset[str]:
    """The municipality, of a name that its county shares, where that is what is meant."""
    is_municipality = any(kind in kinds for kind in ("kommun", "stad", "municipality"))
    return frozenset(code for code, own in municipalities().items() if is_municipality and _plain(own) == name)


@cache
def _places() -> Mapping[str, frozenset[str]]:
    """All names that are known. A name that a county and a municipality share stands for the county."""
    found: dict[str, frozenset[str]] = {name: frozenset() for name in (*_ABROAD, *_SEAS)}
    for code, name in municipalities().items():
        found[_plain(name)] = frozenset({code})
    for name, codes in _LANDS.items():
        found[name] = _within(codes.split())
    for code, county_ in COUNTIES.items():
        found[_plain(county_.name)] = _within([code])
    found |= dict.fromkeys(_COUNTRY, frozenset(municipalities()))
    ascii_names: dict[str, frozenset[str]] = {}
    for name, within in found.items():
        ascii_names[_ascii(name)] = ascii_names.get(_ascii(name), frozenset()) | within
    return ascii_names | found


def _within(codes: Iterable[str]) -> frozenset[str]:
    return frozenset(one for one in municipalities() if any(one.startswith(code) for code in codes))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _ascii(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))
