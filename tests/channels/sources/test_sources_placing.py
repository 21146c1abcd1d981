"""Where the areas of a warning lie: names, codes of every register, polygons and circles, as publishers write them."""

import time

import pytest

from channels.sources.geocodes import code_of
from channels.sources.item import Area
from channels.sources.place_names import named
from channels.sources.placing import Lies, place
from channels.sources.register import COUNTIES, emma, municipalities, outline
from channels.sources.shapes import MOST_POINTS, Shape, circle, polygon, reaches, shapes_of

BORGHOLM, MORBYLANGA, KALMAR, BOLLNAS = "0885", "0840", "0880", "2183"
NORTHERN_OLAND = "56.6,16.4 57.4,16.9 57.4,17.3 56.6,16.8 56.6,16.4"
EVERYBODY = frozenset(municipalities())
OLAND = frozenset({BORGHOLM, MORBYLANGA})


def county(*codes: str) -> frozenset[str]:
    return frozenset(one for one in municipalities() if one.startswith(codes))


def test_the_register_holds_every_county_and_municipality_of_sweden_with_its_outline() -> None:
    assert (len(municipalities()), len(COUNTIES)) == (290, 21)
    assert {code[:2] for code in municipalities()} == set(COUNTIES)
    assert municipalities()[BORGHOLM] == "Borgholm"
    for code in municipalities():
        rings = outline(code).rings
        assert all(len(ring) > 3 and ring[0] == ring[-1] for ring in rings)
        assert all(55 < lat < 69.2 and 10.5 < lon < 24.5 for ring in rings for lat, lon in ring)
    assert set(emma()["SE036"]) == OLAND


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("Hela landet", EVERYBODY),
        ("hela Sverige", EVERYBODY),
        ("Sweden", EVERYBODY),
        ("Södra Sverige", EVERYBODY),
        ("Kalmar län", county("08")),
        ("Kalmar", county("08")),
        ("KALMAR LÄN", county("08")),
        ("Kalmar lan", county("08")),
        ("Kalmar County", county("08")),
        ("Region Kalmar län", county("08")),
        ("Hallands kust", county("13")),
        ("Norrbottens läns inland", county("25")),
        ("Örebro län, Värmlands län", county("17", "18")),
        ("Kalmar kommun", {KALMAR}),
        ("Borgholm", {BORGHOLM}),
        ("Borgholms kommun", {BORGHOLM}),
        ("Borgholms och Mörbylånga kommuner", OLAND),
        ("Delar av Mörbylånga kommun", {MORBYLANGA}),
        ("Torsås kommun", {"0834"}),
        ("Stockholms stad", {"0180"}),
        ("Habo", {"0643"}),
        ("Håbo", {"0305"}),
        ("Dals-Ed", {"1438"}),
        ("Östra Göinge", {"1256"}),
        ("Morbylanga", {MORBYLANGA}),
        ("Öland", OLAND),
        ("Södra delen av Öland", OLAND),
        ("Kommunerna på Öland", OLAND),
        ("Kalmar län och Öland", county("08")),
        ("Borås kommun (Västra Götalands län)", {"1490"}),
        ("(Borgholm)", {BORGHOLM}),
        ("Norra Östersjön", frozenset()),
        ("Kalmar län och Östersjön", county("08")),
        ("Danmark", frozenset()),
        ("Finland - Åland", frozenset()),
    ],
)
def test_names_of_places_are_known_however_they_are_written(name: str, within: frozenset[str]) -> None:
    found = named(name)
    assert (found.municipalities, found.is_all) == (within, True)


@pytest.mark.parametrize(
    ("name", "within"),
    [("Västra delarna", ()), ("", ()), ("Ölands norra udde", ()), ("Borgholm och västra delarna", (BORGHOLM,))],
)
def test_a_name_of_which_a_part_is_not_known_may_stand_for_more(name: str, within: tuple[str, ...]) -> None:
    found = named(name)
    assert (found.municipalities, found.is_all) == (frozenset(within), False)


@pytest.mark.parametrize(
    ("register", "value", "here"),
    [
        ("Kommun", "0885", True),
        ("kommunkod", "SE_0885", True),
        ("SCB", "0885", True),
        ("SCB", "08", True),
        ("SCB", "00", True),
        ("Län", "08", True),
        ("Länskod", "21", False),
        ("Kommun", "0880", False),
        ("NUTS3", "SE213", True),
        ("NUTS2", "SE21", True),
        ("nuts", "SE2", True),
        ("NUTS", "SE", True),
        ("NUTS3", "SE214", False),
        ("ISO 3166-2", "SE-H", True),
        ("ISO3166-2", "se-x", False),
        ("FIPS", "SW09", True),
        ("FIPS", "SW10", False),
        ("EMMA_ID", "SE036", True),
        ("EMMA_ID", "SE035", False),
        ("EMMA_ID", "SE806", False),
        ("EMMA_ID", "DK003", False),
        ("NUTS3", "FI1B1", False),
        ("ISO 3166-2", "DK-81", False),
        ("UGC", "FLZ069", False),
        ("WARNCELLID", "813054999", False),
    ],
)
def test_a_code_tells_whether_an_area_is_here(register: str, value: str, *, here: bool) -> None:
    placing = place(Area((code_of(register, value),), "Här"), BORGHOLM)
    assert placing.lies is (Lies.HERE if here else Lies.ELSEWHERE)
    assert placing.by.startswith("its code")


@pytest.mark.parametrize(("register", "value"), [("Riksområde", "4"), ("Kommun", "08"), ("Län", "0885"), ("", "0885")])
def test_a_code_of_no_register_that_we_know_leaves_it_to_the_name(register: str, value: str) -> None:
    codes = tuple(filter(None, (code_of(register, value),)))
    assert place(Area(codes, "Öland"), BORGHOLM).lies is Lies.HERE
    assert place(Area(codes, "Här"), BORGHOLM).lies is Lies.SOMEWHERE


def test_where_the_lists_of_meteoalarm_contradict_each_other_the_name_decides() -> None:
    assert place(Area(("SE008",), "Kalmar län"), BORGHOLM).lies is Lies.HERE
    assert place(Area(("SE008",), "Jönköpings län"), BORGHOLM).lies is Lies.ELSEWHERE
    assert place(Area(("SE008",), "Syd"), BORGHOLM).lies is Lies.SOMEWHERE
    assert place(Area(("SE008",), "Syd"), BOLLNAS).lies is Lies.ELSEWHERE


@pytest.mark.parametrize("code", ["9999", "SE999", "SE-Q", "SE4", "SE099"])
def test_a_code_that_its_register_does_not_have_may_be_anywhere(code: str) -> None:
    assert place(Area((code,), "Här"), BORGHOLM).lies is Lies.SOMEWHERE


def test_a_county_beside_a_municipality_only_says_where_that_is() -> None:
    named_twice = Area((BORGHOLM, "08"), "Borgholms kommun")
    assert [place(named_twice, code).lies for code in (BORGHOLM, MORBYLANGA)] == [Lies.HERE, Lies.ELSEWHERE]
    assert place(Area((BORGHOLM, "14"), "Två"), "1480").lies is Lies.HERE


def test_every_description_of_an_area_counts() -> None:
    area = Area(("14",), "Väster", (polygon(NORTHERN_OLAND), circle("57.6,18.3 10")))
    assert [place(area, code).lies for code in (BORGHOLM, "0980", "1480", BOLLNAS)] == [
        *[Lies.HERE] * 3,
        Lies.ELSEWHERE,
    ]
    assert place(area, "0980").by == "its circle"


@pytest.mark.parametrize(
    ("shape", "ours"),
    [
        (polygon(NORTHERN_OLAND), (BORGHOLM, MORBYLANGA, KALMAR)),
        (polygon(" ".join(reversed(NORTHERN_OLAND.split()))), (BORGHOLM, MORBYLANGA, KALMAR)),  # anti-clockwise
        (polygon("57.3,16.9 57.4,16.9 57.4,17.2"), (BORGHOLM,)),  # not closed
        (polygon("55,10 55,25 70,25 70,10 55,10"), (BORGHOLM, MORBYLANGA, KALMAR, BOLLNAS)),
        (polygon("56.9,16.70 56.91,16.70 56.91,16.71 56.9,16.71"), (BORGHOLM,)),  # within it
        (polygon("57.38,17.0 57.45,17.0 57.45,17.2 57.38,17.2"), (BORGHOLM,)),  # a kilometre north of it
        (polygon("57.5,17.0 57.6,17.0 57.6,17.2 57.5,17.2"), ()),
        (polygon("56.8,16.0 56.8,17.5 56.805,17.5 56.805,16.0"), (BORGHOLM, KALMAR)),  # a strip across, no corner in it
        (polygon("55.6,12.4 55.8,12.4 55.8,12.6 55.6,12.6"), ()),  # Copenhagen
        (circle("56.66,16.36 0"), (KALMAR,)),
        (circle("56.66,16.36 8"), (MORBYLANGA, KALMAR)),
        (circle("55.6,13 500"), (BORGHOLM, MORBYLANGA, KALMAR)),
    ],
)
def test_lines_on_the_map_reach_what_they_touch_or_nearly_touch(shape: Shape, ours: tuple[str, ...]) -> None:
    asked = (BORGHOLM, MORBYLANGA, KALMAR, BOLLNAS)
    assert [code for code in asked if reaches(shape, outline(code))] == list(ours)


@pytest.mark.parametrize(
    ("island", "where", "municipality"),
    [
        ("Kvarnholmen", "56.6634,16.3568", KALMAR),
        ("Koster", "58.88,11.0", "1486"),
        ("Ven", "55.907,12.695", "1282"),
        ("Holmön", "63.79,20.85", "2480"),
        ("Hanö", "56.01,14.84", "1083"),
        ("Sandhamn", "59.287,18.917", "0120"),
        ("Gotska Sandön", "58.37,19.25", "0980"),
    ],
)
def test_no_island_is_missed_though_the_outlines_leave_it_out(island: str, where: str, municipality: str) -> None:
    assert place(Area((), island, (circle(f"{where} 0.5"),)), municipality).lies is not Lies.ELSEWHERE


def test_what_lies_a_little_farther_out_at_sea_is_for_a_person_and_on_land_it_is_elsewhere() -> None:
    at_sea, on_land = circle("57.43,17.1 0"), circle("61.65,16.0 0")  # the one north of Öland, the other in Ljusdal
    assert reaches(at_sea, outline(BORGHOLM)) is None
    assert reaches(on_land, outline(BOLLNAS)) is False


@pytest.mark.parametrize(
    "shape",
    [
        polygon(""),
        polygon("56.6;16.4 57.4;16.9 57.4;17.3"),
        polygon("56.6,16.4 57.4,16.9"),
        polygon("56.6,16.4 nan,16.9 57.4,17.3"),
        polygon("156,16 157,16 157,17"),
        polygon(" ".join(f"{lon},{lat}" for lat, lon in (pair.split(",") for pair in NORTHERN_OLAND.split()))),
        circle("56.9,16.8"),
        circle("56.9,16.8 -5"),
        circle("16.8,56.9 20"),
        *shapes_of({"type": "Polygon", "coordinates": "x"}),
    ],
)
def test_lines_that_cannot_be_read_or_are_swapped_may_be_here(shape: Shape) -> None:
    assert reaches(shape, outline(BORGHOLM)) is None


def test_geojson_is_read_in_its_own_order_whatever_it_is_wrapped_in() -> None:
    ring = [[16.4, 56.6], [16.9, 57.4], [17.3, 57.4], [16.8, 56.6], [16.4, 56.6]]
    bare = {"type": "Polygon", "coordinates": [ring]}
    several = {"type": "MultiPolygon", "coordinates": [[ring], [ring]]}
    wrapped = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": several}]}
    assert shapes_of(bare) == (polygon(NORTHERN_OLAND),)
    assert shapes_of(wrapped) == (polygon(NORTHERN_OLAND),) * 2
    assert shapes_of({"type": "Point", "coordinates": [16, 57]}) == shapes_of(None) == ()


def test_a_polygon_of_the_greatest_size_is_looked_at_in_a_moment() -> None:
    ring = [(57 + step / MOST_POINTS, 16.4 + (step % 7) / 10) for step in range(MOST_POINTS)]
    started = time.process_time()
    assert reaches(Shape(tuple(ring)), outline(BORGHOLM))
    assert not reaches(Shape(tuple(ring)), outline(BOLLNAS))
    assert time.process_time() - started < 2
    assert polygon(" ".join(f"{lat},{lon}" for lat, lon in [*ring, ring[0]])) == Shape()
