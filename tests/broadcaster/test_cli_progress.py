"""How far a message is, as people and programs are shown it."""

import io

import pytest
from rich.console import Console

from broadcaster.cli.progress import as_data, progress_table, summary
from broadcaster.delivery import State
from broadcaster.store.reports import Progress, Tally


def progress(**counts: int) -> Progress:
    """So many SMS for one municipality, by the names of their states."""
    return Progress(tuple(Tally("sms", "borgholm", State(name), count) for name, count in counts.items()))


def shown(progress: Progress) -> dict[str, str]:
    """The one line of the table, by its headings."""
    out = io.StringIO()
    Console(file=out, width=200).print(progress_table(progress))
    headings, line = out.getvalue().replace("in doubt", "in_doubt").replace("not sent", "not_sent").splitlines()
    return dict(zip(headings.split(), line.split(), strict=True))


def test_where_nothing_is_reported_there_is_no_column_for_it() -> None:
    found = shown(progress(accepted=3))
    assert found == {"channel": "sms", "municipality": "borgholm", "accepted": "3", "in_doubt": "0", "rejected": "0"}


def test_what_arrived_and_what_did_not_are_told_apart_from_what_was_accepted_and_rejected() -> None:
    found = shown(progress(accepted=1, delivered=20, undelivered=300, rejected=4000))
    assert found == {
        "channel": "sms",
        "municipality": "borgholm",
        "accepted": "1",
        "delivered": "20",
        "in_doubt": "0",
        "rejected": "4000",
        "undelivered": "300",
    }


def test_every_delivery_is_in_one_column() -> None:
    places = {state.value: 10**place for place, state in enumerate(State)}
    columns = shown(progress(**places))
    assert sum(int(count) for title, count in columns.items() if title not in {"channel", "municipality"}) == sum(
        places.values()
    )


def test_programs_get_every_state_by_itself() -> None:
    counted = as_data("4d2b6de808", progress(accepted=1, delivered=2, undelivered=3))["deliveries"]["sms"]
    assert (counted["accepted"], counted["delivered"], counted["undelivered"], counted["rejected"]) == (1, 2, 3, 0)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (progress(accepted=3), "All 3 deliveries were accepted."),
        (
            progress(accepted=1, delivered=2),
            "All 3 deliveries were accepted. Known to have arrived: 2.",
        ),
        (progress(delivered=1, rejected=2), "1 of 3 were accepted. Known to have arrived: 1."),
        (progress(undelivered=3), "0 of 3 were accepted."),
    ],
)
def test_one_sentence_says_how_it_stands(found: Progress, sentence: str) -> None:
    assert summary(found) == sentence
