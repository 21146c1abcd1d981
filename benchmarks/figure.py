"""What a benchmark gives: a number beside its goal."""

from dataclasses import dataclass


class LeftOutError(Exception):
    """A program that the benchmark needs is not there; says which."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    Args:
        figure: what was measured, with its unit.
        value: how much it was.
        goal: what it should be, as people read it.
        met: whether it is.
    """

    figure: str
    value: float
    goal: str
    met: bool


def at_least(figure: str, value: float, goal: float, unit: str = "") -> Figure:
    """A number that should be large."""
    return Figure(figure, _short(value), f"≥ {goal:,g}{unit}", value >= goal)


def at_most(figure: str, value: float, goal: float, unit: str = "") -> Figure:
    """A number that should be small."""
    return Figure(figure, _short(value), f"≤ {goal:,g}{unit}", value <= goal)


def _short(value: float) -> float:
    return round(value) if abs(value) >= 1000 else float(f"{value:.3g}")
