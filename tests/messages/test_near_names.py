"""Names that mean one thing, or may: nobody is sent a second alert for a slip of the pen."""

import pytest

from messages.near_names import alike


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("Dataintrång dec 2022", "Dataintrång december 2022"),
        ("dataintrång december 2022", "Dataintrång december 2022"),
        ("Dataintrang december 2022", "Dataintrång december 2022"),
        ("Dataintrång  december-2022", "Dataintrång december 2022"),
        ("Datintrång december 2022", "Dataintrång december 2022"),
        ("Vattenläckan", "Vattenläcka"),
        ("E post", "E-post"),
    ],
)
def test_a_slip_or_another_spelling_is_near(typed: str, known: str) -> None:
    assert alike(typed, [known, "Brand i Köpingsvik"]) == known


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("Dataintrång december 2023", "Dataintrång december 2022"),
        ("Förskola 2", "Förskola 1"),
        ("Strömavbrott Borgholm", "Vattenläcka Borgholm"),
        ("Brand i Färjestaden", "Brand i Köpingsvik"),
    ],
)
def test_another_number_or_another_place_is_another_thing(typed: str, known: str) -> None:
    assert alike(typed, [known]) is None
