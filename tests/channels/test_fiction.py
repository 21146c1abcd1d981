"""What only stands for something."""

import pytest

from channels import fiction


@pytest.mark.parametrize(
    ("number", "nobodys"),
    [
        ("+46701740605", True),
        ("+46701740699", True),
        ("070-174 06 12", True),
        ("+46846500400", True),
        ("08-465 004 99", True),
        ("031-390 06 50", True),
        ("040-628 04 99", True),
        ("0980-319 200", True),
        ("+46701740705", False),
        ("+46846500500", False),
        ("0485-880 00", False),
        ("+4648588000", False),
        ("112", False),
        ("", False),
    ],
)
def test_numbers_that_are_kept_for_fiction_belong_to_nobody(number: str, *, nobodys: bool) -> None:
    assert fiction.is_number(number) == nobodys


def test_every_mobile_number_for_fiction_is_known_as_one() -> None:
    assert len(fiction.MOBILES) == 95
    assert all(map(fiction.is_number, fiction.MOBILES))


@pytest.mark.parametrize(
    ("url", "nowhere"),
    [
        ("http://127.0.0.1:8080", True),
        ("https://localhost", True),
        ("https://[::1]", True),
        ("https://kris.example.se", True),
        ("https://www.example.com/x", True),
        ("https://kris.test", True),
        ("https://server.local", True),
        ("", True),
        ("https://www.borgholm.se", False),
        ("https://exempel.se", False),
        ("https://notexample.se", False),
        ("https://latest.se", False),
    ],
)
def test_addresses_of_examples_and_of_this_machine_lead_nowhere(url: str, *, nowhere: bool) -> None:
    assert fiction.is_address(url) == (nowhere and bool(url))


@pytest.mark.parametrize(
    ("name", "made_up"),
    [
        ("AC00000000000000000000000000000001", True),
        ("u00000000000000000000000000000001", True),
        ("100000000000001", True),
        ("AC" + "1f3a" * 8, False),
        ("u5a6b7c8d9e0f", False),
        ("100064512345678", False),
        ("102030405060708", False),
    ],
)
def test_an_account_named_by_noughts_and_a_counter_is_nobodys(name: str, *, made_up: bool) -> None:
    assert fiction.is_name(name) == made_up


@pytest.mark.parametrize(
    ("url", "played"),
    [
        ("http://127.0.0.1:8070/sources/smhi", True),
        ("http://localhost:9000/sources/cap/2.xml", True),
        ("http://127.0.0.1:8070/relay/smhi", False),
        ("https://opendata.smhi.se/sources/x", False),
    ],
)
def test_what_the_sandbox_plays_is_nobodys_warning(url: str, *, played: bool) -> None:
    assert fiction.is_played(url) == played
