"""What a benchmark gives: a number beside its goal."""

from dataclasses import dataclass


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
