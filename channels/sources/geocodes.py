"""Codes of areas, as the registers that publishers go by have them, and what of Sweden each stands for."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from channels.sources.register import COUNTIES, SWEDEN, emma, municipalities

_SCB: Final[Mapping[str, frozenset[int]]] = {
    name: frozenset(digits)
    for digits, names in (
        ((4,), ("kommun", "kommunkod", "kommunnr", "municipality", "municipalitycode", "lau", "lau1", "lau2")),
        ((2,), ("län", "lan", "länskod", "lanskod", "länsnr", "county", "countycode")),
        ((2, 4), ("scb", "scbkod", "scbcode", "area", "areacode", "regionkod", "lkf")),
    )
    for name in names
}
"""Digits of SCB's codes, by the ``valueName`` that they are given under, without spaces and signs."""

_ABROAD: Final = frozenset(
    {"ugc", "same", "fips6", "clc", "warncellid", "amocareacode", "profilecapcplocation", "layersgccapcplocation"}
)
"""Registers that only other countries have: those of the USA, Canada, Germany and Australia."""

_BY_COUNTRY: Final = frozenset({"emma", "emmaid", "iso3166", "iso31662", "iso31661", "fips", "fips104"})
"""Registers of many countries, whose codes begin with that country's letters; beside all that begin with NUTS."""

_ELSEWHERE: Final = "elsewhere:"


def code_of(register: str, value: str) -> str:
    """A geocode in the form that :func:`meanings` takes; empty if its register is not known."""
    name = re.sub(r"[\W_]", "", register.casefold())
    code = value.strip().upper()
    if name in _SCB:
        digits = re.sub(r"^SE[_-]?", "", code)
        fits = (
            digits.isascii() and digits.isdigit() and len(digits) in _SCB[name] | ({2} if digits == SWEDEN else set())
        )
        return digits if fits else ""
    if name in _ABROAD:
        return f"{_ELSEWHERE}{code}"
    if name in _BY_COUNTRY or name.startswith("nuts"):
        return code if re.match(r"[A-Z]{2}", code) else ""
    return ""


def meanings(code: str) -> tuple[frozenset[str], ...]:
    """The municipalities that a code may stand for: no answer if it is not known, several where lists contradict.

    An answer without a municipality means surely elsewhere: abroad, or at sea.

    Areas of MeteoAlarm are numbered twice. Its published list has districts of the weather (``SE008`` south of lake
    Vättern, ``SE036`` Öland), while publishers also write the county's number there (``SE008`` for Kalmar county).
    """
    if code.startswith(_ELSEWHERE) or not code.startswith(("SE", "SW", *"0123456789")):
        return (frozenset(),)
    found: list[frozenset[str]] = []
    if code in {SWEDEN, "SE", "SW", "SWE", "SE0"}:
        found.append(frozenset(municipalities()))
    elif code.isdigit():
        found += _scb(code)
    elif code in emma():
        found.append(frozenset(emma()[code]))
        found += _scb(code.removeprefix("SE0"))
    elif re.fullmatch(r"SE[1-9][0-9]{0,2}", code):
        found.append(_union(id_ for id_, county in COUNTIES.items() if county.nuts.startswith(code)))
    elif code.startswith("SE-"):
        found += [_union([id_]) for id_, county in COUNTIES.items() if county.letters == code[3:]]
    elif code.startswith("SW"):
        found += [_union([id_]) for id_, county in COUNTIES.items() if county.fips == code[2:]]
    return tuple(one for one in found if one or code in emma())


def _scb(digits: str) -> list[frozenset[str]]:
    if digits in municipalities():
        return [frozenset({digits})]
    return [_union([digits])] if digits in COUNTIES else []


def _union(counties: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(counties)
    return frozenset(code for code in municipalities() if code[:2] in wanted)
