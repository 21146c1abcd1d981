"""Sweden's counties, by the names that sources write, with the codes of SCB."""

from collections.abc import Mapping

SWEDEN = "00"

COUNTIES: Mapping[str, str] = {
    "stockholm": "01",
    "uppsala": "03",
    "södermanland": "04",
    "östergötland": "05",
    "jönköping": "06",
    "kronoberg": "07",
    "kalmar": "08",
    "gotland": "09",
    "blekinge": "10",
    "skåne": "12",
    "halland": "13",
    "västra götaland": "14",
    "värmland": "17",
    "örebro": "18",
    "västmanland": "19",
    "dalarna": "20",
    "gävleborg": "21",
    "västernorrland": "22",
    "jämtland": "23",
    "västerbotten": "24",
    "norrbotten": "25",
}
"""Codes by name, without "län" and the genitive before it. Numbers 02, 11, 15 and 16 are no county's any more."""


def county_code(name: str) -> str | None:
    """The code of ``Kalmar län``, ``Stockholms län``, ``Skåne County`` or ``Halland``; None if it is no county."""
    plain = " ".join(name.casefold().split()).removesuffix(" län").removesuffix(" county")
    return COUNTIES.get(plain) or COUNTIES.get(plain.removesuffix("s"))
