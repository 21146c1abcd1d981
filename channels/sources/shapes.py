"""Areas as lines on the map: polygons and circles of CAP and GeoJSON, and whether they reach a municipality.

A margin makes sure that a warning which touches a municipality is never missed: outlines are simplified, and a polygon
on a map is drawn by hand. So what lies just beyond the border counts as touching it. Where nothing of Sweden lies
beyond, a person decides about what lies farther out: the outlines leave out most islands.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MARGIN: Final = 3.0
"""Kilometres that an area may end before a municipality and still reach it."""

NEAR: Final = 10.0
"""Kilometres that an area may end before a municipality at the edge of the country and still perhaps reach it."""

MOST_POINTS: Final = 5_000
"""Corners of a polygon; what has more is not looked at, but shown to a person."""

_KILOMETRES: Final = 111.2  # in a degree of latitude
_NORTH, _EAST = (55.0, 69.2), (10.5, 24.5)

Point = tuple[float, float]
Line = Sequence[Point]
Edge = tuple[Point, Point]


@dataclass(frozen=True, slots=True)
class Shape:
    """A polygon, or a circle: a single point with a radius. Without a point it is one that could not be read.

    Args:
        points: latitude and longitude of each, in degrees of WGS 84. A polygon need not be closed.
        radius: kilometres.
    """

    points: tuple[Point, ...] = ()
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a municipality lies.

    Args:
        rings: closed lines of latitude and longitude around each of its parts.
        is_edge: it borders on the sea, a large lake or another country.
    """

    rings: tuple[tuple[Point, ...], ...]
    is_edge: bool


def polygon(text: str) -> Shape:
    """The polygon of CAP: ``56.6,16.4 57.4,16.9 …``."""
    points = [_point(one) for one in text.split()]
    return _shape([one for one in points if one is not None] if None not in points else [])


def circle(text: str) -> Shape:
    """The circle of CAP: ``56.9,16.8 20``."""
    where, _, radius = text.strip().partition(" ")
    point, kilometres = _point(where), _number(radius)
    return Shape((point,), kilometres) if point and kilometres is not None and kilometres >= 0 else Shape()


def shapes_of(geojson: object) -> tuple[Shape, ...]:
    """The outer rings of whatever a GeoJSON object holds; nothing of what is no area."""
    if isinstance(geojson, list):
        return tuple(shape for one in geojson for shape in shapes_of(one))
    if not isinstance(geojson, dict):
        return ()
    match geojson.get("type"):
        case "Polygon":
            return _rings([geojson.get("coordinates")])
        case "MultiPolygon":
            return _rings(geojson.get("coordinates"))
        case _:
            inner = (geojson.get(key) for key in ("geometry", "geometries", "features"))
            return tuple(shape for one in inner for shape in shapes_of(one))


def reaches(shape: Shape, outline: Outline) -> bool | None:
    """Whether a shape touches an outline or nearly does; None if nobody can tell.

    Nobody can where it could not be read, where it may touch an island that the outline leaves out, or where it lies in
    Sweden only if latitude and longitude are swapped.
    """
    if not shape.points or not outline.rings:
        return None
    if _within(shape, outline, MARGIN):
        return True
    swapped = Shape(tuple((lon, lat) for lat, lon in shape.points), shape.radius)
    is_swapped = not _in_sweden(shape) and _in_sweden(swapped) and _within(swapped, outline, MARGIN)
    is_near = outline.is_edge and _within(shape, outline, NEAR)
    return None if is_swapped or is_near else False


def _point(text: str) -> Point | None:
    latitude, comma, longitude = text.partition(",")
    lat, lon = _number(latitude), _number(longitude)
    if not comma or lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
        return None
    return lat, lon


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[-+]?[0-9]{1,6}(\.[0-9]{0,20})?", text.strip()) else None


def _shape(points: Sequence[Point]) -> Shape:
    return Shape(tuple(points)) if 3 <= len(points) <= MOST_POINTS else Shape()


def _rings(polygons: Any) -> tuple[Shape, ...]:  # noqa: ANN401 - what should be lists of lists of lists of numbers
    try:
        return tuple(_shape([(float(lat), float(lon)) for lon, lat, *_ in rings[0]]) for rings in polygons)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return (Shape(),)


def _in_sweden(shape: Shape) -> bool:
    return all(_NORTH[0] <= lat <= _NORTH[1] and _EAST[0] <= lon <= _EAST[1] for lat, lon in shape.points)


def _within(shape: Shape, outline: Outline, margin: float) -> bool:
    """Measure on a plane that touches the earth at the outline, where the two are close to each other if anywhere."""
    breadth = math.cos(math.radians(outline.rings[0][0][0]))

    def plane(line: Line) -> list[Point]:
        return [(lon * breadth * _KILOMETRES, lat * _KILOMETRES) for lat, lon in line]

    points, rings = plane(shape.points), [plane(ring) for ring in outline.rings]
    if not any(_meet(points, ring, shape.radius + margin) for ring in rings):
        return False
    if shape.radius or len(points) == 1:
        reach = shape.radius + margin
        return any(_holds(ring, points[0]) or _distance(points[0], ring) <= reach for ring in rings)
    return any(_touch(points, ring, margin) for ring in rings)


def _meet(one: Line, other: Line, margin: float) -> bool:
    """Whether two can touch at all: a quick look at the boxes around them, which spares measuring most."""
    return all(
        min(point[axis] for point in one) <= max(point[axis] for point in other) + margin
        and max(point[axis] for point in one) >= min(point[axis] for point in other) - margin
        for axis in (0, 1)
    )


def _touch(one: Line, other: Line, margin: float) -> bool:
    if _holds(one, other[0]) or _holds(other, one[0]):
        return True
    near = [edge for edge in _edges(one) if _meet(edge, other, margin)]
    return any(_gap(edge, side) <= margin for edge in near for side in _edges(other))


def _gap(edge: Edge, other: Edge) -> float:
    crossing = _turn(edge, other[0]) != _turn(edge, other[1]) and _turn(other, edge[0]) != _turn(other, edge[1])
    ends = ((edge[0], other), (edge[1], other), (other[0], edge), (other[1], edge))
    return 0.0 if crossing else min(_to_edge(point, side) for point, side in ends)


def _turn(edge: Edge, point: Point) -> bool:
    """On which side of an edge a point lies."""
    (x1, y1), (x2, y2) = edge
    return (x2 - x1) * (point[1] - y1) > (y2 - y1) * (point[0] - x1)


def _edges(line: Line) -> list[Edge]:
    return list(zip(line, (*line[1:], line[0]), strict=True))


def _holds(line: Line, point: Point) -> bool:
    """Whether a point lies within a closed line, which winds around it then, however it crosses itself."""
    around = 0
    for edge in _edges(line):
        (_, y1), (_, y2) = edge
        if (y1 > point[1]) != (y2 > point[1]) and _turn(edge, point) == (y2 > y1):
            around += 1 if y2 > y1 else -1
    return around != 0


def _distance(point: Point, line: Line) -> float:
    return min(_to_edge(point, edge) for edge in _edges(line))


def _to_edge(point: Point, edge: Edge) -> float:
    (x1, y1), (x2, y2) = edge
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = ((point[0] - x1) * (x2 - x1) + (point[1] - y1) * (y2 - y1)) / length if length else 0.0
    part = min(1.0, max(0.0, along))
    return math.hypot(point[0] - x1 - part * (x2 - x1), point[1] - y1 - part * (y2 - y1))
