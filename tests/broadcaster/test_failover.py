"""Which deliveries change lanes: a table of decisions."""

from datetime import UTC, datetime, timedelta

from broadcaster.engine.failover import Move, Way, moves
from broadcaster.store.ledger import Backlog

NOW = datetime(2022, 12, 12, 20, 0, tzinfo=UTC)
BORGHOLM = Way("borgholm", ("first", "second"))
MORBYLANGA = Way("morbylanga", ("second", "first"))
KALMAR = Way("kalmar", ("first", "third", "second"))


def pending(count: int = 100, left: timedelta = timedelta(hours=1)) -> Backlog:
    return Backlog(count, NOW + left)


def test_while_all_is_well_everything_stays_where_it_is() -> None:
    assert moves([BORGHOLM, MORBYLANGA], set(), {"first": pending(), "second": pending()}, {"first": 10.0}, NOW) == []


def test_what_waits_for_a_lane_that_fails_goes_by_the_next_of_its_municipality() -> None:
    found = moves([BORGHOLM, KALMAR], {"first"}, {"first": pending()}, {}, NOW)

    assert found == [Move("first", "second", ("borgholm",)), Move("first", "third", ("kalmar",))]


def test_a_lane_that_fails_as_well_is_passed_by() -> None:
    assert moves([KALMAR], {"first", "third"}, {"first": pending()}, {}, NOW) == [Move("first", "second", ("kalmar",))]


def test_when_every_lane_fails_nothing_moves_to_and_fro() -> None:
    both = {"first": pending(), "second": pending()}

    assert moves([BORGHOLM, MORBYLANGA], {"first", "second"}, both, {}, NOW) == []


def test_a_failing_second_lane_gives_back_to_the_first() -> None:
    assert moves([BORGHOLM], {"second"}, {"second": pending()}, {}, NOW) == [Move("second", "first", ("borgholm",))]


def test_what_cannot_go_out_before_it_expires_is_shared_with_a_lane_that_is_idle() -> None:
    backlog = {"first": pending(100, timedelta(seconds=6))}

    assert moves([BORGHOLM], set(), backlog, {"first": 10.0}, NOW) == [Move("first", "second", ("borgholm",), 46)]


def test_a_lane_that_is_busy_itself_takes_nothing_from_one_that_is_only_slow() -> None:
    backlogs = {"first": pending(100, timedelta(seconds=6)), "second": pending()}

    assert moves([BORGHOLM], set(), backlogs, {"first": 10.0, "second": 10.0}, NOW) == []


def test_a_municipality_with_one_lane_waits_for_it() -> None:
    assert moves([Way("borgholm", ("first",))], {"first"}, {"first": pending()}, {}, NOW) == []
