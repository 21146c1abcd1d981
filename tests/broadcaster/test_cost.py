"""What one SMS to everybody costs."""

from pathlib import Path

import pytest

from broadcaster.config import load
from broadcaster.cost import Fare, fares, segments_left
from broadcaster.scaffold import template, write_missing
from channels.contract import Balance


def test_it_is_counted_by_account_and_municipality(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    write_missing(file)
    counts = [("borgholm", "sv", 900), ("borgholm", "en", 100), ("morbylanga", "sv", 1000), ("elsewhere", "sv", 5)]

    assert fares(load(file), counts) == {"sms": Fare({"borgholm": 1000, "morbylanga": 1000}, 0.35)}
    file.write_text(template().replace("price = 0.35 ", "#"), encoding="utf-8")
    assert fares(load(file), counts)["sms"].cost is None


@pytest.mark.parametrize(
    ("price", "amount", "currency", "left"),
    [
        (0.35, 700.0, "SEK", 2),
        (0.35, 349.0, "SEK", 0),
        (0.35, -5.0, "SEK", 0),
        (0.35, 700.0, "USD", None),
        (None, 700.0, "SEK", None),
        (0.0, 700.0, "SEK", None),
    ],
)
def test_the_money_is_enough_for_so_many_segments(
    price: float | None, amount: float, currency: str, left: int | None
) -> None:
    assert segments_left(Fare({"borgholm": 1000}, price), Balance(amount, currency)) == left
