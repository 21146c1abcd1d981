"""What services are called: names that mean one service, and the one that is the municipality's web site."""

import pytest

from messages.model import Municipality, ServiceStatus
from messages.near_names import known_as
from messages.services import can_be_read, is_site, sites_down

MORBYLANGA = Municipality(
    "morbylanga",
    ("sv", "en"),
    (),
    {
        "name": "Mörbylånga kommun",
        "web": "https://www.morbylanga.se",
        "page": "https://kris.example.se/morbylanga/",
    },
    {"en": {"name": "Mörbylånga Municipality"}},
)
BORGHOLM = Municipality(
    "borgholm", ("sv",), (), {"name": "Borgholms kommun", "web": "www.borgholm.se", "page": "www.borgholm.se"}
)
BOTH = {"borgholm": BORGHOLM, "morbylanga": MORBYLANGA}


@pytest.mark.parametrize("name", ["E-post", "e-post", "E\u2011post", "E post", " epost", "É-POST", "E\u00adpost"])
def test_a_service_is_the_same_however_its_name_is_typed(name: str) -> None:
    assert known_as(name) == known_as("E-post")


@pytest.mark.parametrize("name", ["E-tjänster", "Post", "E-post 2", "!"])
def test_another_service_is_another(name: str) -> None:
    assert known_as(name) != known_as("E-post")


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("Webbplatsen", True),
        ("webb-platsen", True),
        ("www.morbylanga.se", True),
        ("Morbylanga.se", True),
        ("Webbplats (https://www.morbylanga.se/)", True),
        ("Mörbylångas hemsida", True),
        ("Mörbylånga kommuns webbplats", True),
        ("Kommunens webbplats", True),
        ("Website", True),
        ("Mörbylånga Municipality's website", True),
        ("Bibliotekets webbplats", False),
        ("E-post @morbylanga.se", False),
        ("www.borgholm.se", False),
        ("kris.morbylanga.se", False),
        ("Webbkarta", False),
        ("E-tjänster", False),
    ],
)
def test_the_web_site_is_known_by_its_name_or_address(name: str, *, is_so: bool) -> None:
    assert is_site(name, MORBYLANGA) is is_so


def test_a_site_is_down_as_the_last_word_on_it_says() -> None:
    board = [
        ("morbylanga", "Webbplatsen", ServiceStatus.DOWN),
        ("borgholm", "Webbplatsen", ServiceStatus.LIMITED),
        ("energi", "Webbplatsen", ServiceStatus.DOWN),
    ]
    assert sites_down(board, BOTH) == {"morbylanga"}
    assert sites_down([*board, ("morbylanga", "webbplatsen", ServiceStatus.WORKING)], BOTH) == frozenset()


def test_a_page_of_its_own_can_be_read_while_the_site_is_down() -> None:
    assert can_be_read(MORBYLANGA, {"morbylanga"})
    assert not can_be_read(BORGHOLM, {"borgholm"})
    assert can_be_read(BORGHOLM, {"morbylanga"})
