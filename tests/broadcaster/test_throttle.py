"""How fast an account goes that is told that it is too much."""

import pytest

from broadcaster.engine.throttle import CHANCE, SLOWEST, Course, Round, course


@pytest.mark.parametrize(
    ("last", "before", "decided"),
    [
        pytest.param(Round(1.0, 0.0), None, Course(1.0), id="nothing is refused"),
        pytest.param(Round(1.0, 0.1), None, Course(1.0), id="hardly anything is"),
        pytest.param(Round(1.0, 0.3), None, Course(0.5), id="so much that half the pace is tried"),
        pytest.param(Round(0.5, 0.3), Round(1.0, 0.3), Course(1.0, 0.3 + CHANCE), id="as much refused as before"),
        pytest.param(Round(0.5, 0.2), Round(1.0, 0.3), Course(1.0, 0.3 + CHANCE), id="nearly as much refused"),
        pytest.param(Round(0.5, 0.0), Round(1.0, 0.3), Course(0.5), id="nothing refused any more"),
        pytest.param(Round(0.5, 0.6), Round(1.0, 0.8), Course(0.25), id="as much done, and still refusals"),
        pytest.param(Round(0.25, 0.02), Round(0.5, 0.2), Course(0.25), id="just above what it can do"),
        pytest.param(Round(0.15, 0.9), None, Course(SLOWEST), id="never to nothing"),
    ],
)
def test_an_account_goes_on(last: Round, before: Round | None, decided: Course) -> None:
    assert course(last, before) == decided


def test_refusals_that_do_not_come_from_the_pace_are_borne_and_more_of_them_are_not() -> None:
    assert course(Round(1.0, 0.4), None, tolerated=0.45) == Course(1.0, 0.45)
    assert course(Round(1.0, 0.5), None, tolerated=0.45) == Course(0.5, 0.45)
