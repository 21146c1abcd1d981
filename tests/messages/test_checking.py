from datetime import UTC, datetime, timedelta

import pytest

from messages.checking import check, expiry
from messages.document import parse
from messages.model import Message, Municipality
from messages.problems import InputError, Problem

NOW = datetime(2022, 12, 12, 21, 0, tzinfo=UTC)
MUNICIPALITIES = {
    "borgholm": Municipality("borgholm", ("sv", "en"), ("facebook", "sms"), {}),
    "morbylanga": Municipality("morbylanga", ("sv", "fi"), ("facebook", "ivr"), {}),
    "bollnas": Municipality("bollnas", ("sv", "de"), ("feed",), {}),
}


def message(*keys: str, municipalities: str = '"borgholm", "morbylanga"', parts: str = "") -> Message:
    lines = [
        "+++",
        'incident = "Dataintrång december 2022"',
        'kind = "alert"',
        'severity = "severe"',
        f"municipalities = [{municipalities}]",
        *keys,
        "+++",
        "# Störningar",
        "Text",
        parts,
    ]
    channels, languages = {"facebook", "sms", "ivr", "feed"}, {"sv", "en", "fi", "de"}
    return parse("\n".join(lines), channels=channels, languages=languages, file="message.md")


def problems_of(message: Message) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        check(message, MUNICIPALITIES, NOW)
    return caught.value.problems


def the_problem_of(message: Message) -> Problem:
    [problem] = problems_of(message)
    assert problem.place.file == "message.md"
    assert problem.advice
    return problem


def in_hours(key: str, hours: float) -> str:
    return f"{key} = {(NOW + timedelta(hours=hours)).isoformat()}"


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [in_hours("next_update", 23)],
        [in_hours("expires", 0.1)],
        [in_hours("next_update", 100), in_hours("expires", 101)],
        [in_hours("expires", 366 * 24)],
        ["expires = 2022-12-12T22:30:00+01:00"],
    ],
)
def test_a_message_that_can_be_sent_is_no_problem(keys: list[str]) -> None:
    parts = "## @en\n# Headline\nText\n## @fi ivr\nTeksti\n## @sms\nText\n## @en sms\nText\n"
    check(message(*keys, parts=parts), MUNICIPALITIES, NOW)


def test_an_unknown_municipality_is_refused_with_the_one_that_was_meant() -> None:
    problem = the_problem_of(message(municipalities='"borgholm", "mörbylånga"'))
    assert "'mörbylånga'" in problem.text
    assert (problem.place.line, problem.place.key) == (5, "municipalities")
    assert problem.advice.startswith("Did you mean morbylanga? Known: bollnas, borgholm, morbylanga.")


def test_a_language_that_none_of_the_municipalities_has_is_refused() -> None:
    problem = the_problem_of(message(parts="## @de\n# Titel\nText\n"))
    assert "in the language de" in problem.text
    assert (problem.place.line, problem.place.key) == (9, "@de")
    assert '"de"' in problem.advice


def test_a_channel_that_none_of_the_municipalities_has_is_refused() -> None:
    problem = the_problem_of(message(parts="## @feed\nText\n"))
    assert "the message's municipalities has the channel feed" in problem.text
    assert (problem.place.line, problem.place.key) == (9, "@feed")
    assert "[accounts.NAME]" in problem.advice


def test_a_channel_that_no_municipality_has_in_that_language_is_refused() -> None:
    problem = the_problem_of(message(parts="## @en ivr\nText\n"))
    assert "None of those that inform in en has the channel ivr." in problem.text


def test_readers_are_not_looked_for_before_any_municipality_is_known() -> None:
    assert "configuration" in the_problem_of(message(municipalities='"öland"', parts="## @de sms\nText\n")).text


def test_only_channels_that_one_of_the_senders_has_can_be_chosen() -> None:
    check(message('channels = ["sms", "ivr"]'), MUNICIPALITIES, NOW)  # one each
    problem = the_problem_of(message('channels = ["sms", "feed"]'))
    assert problem.text == "None of the message's municipalities has the channel feed."
    assert (problem.place.line, problem.place.key) == (6, "channels")


@pytest.mark.parametrize("key", ["next_update", "expires"])
@pytest.mark.parametrize(
    ("hours", "ago"),
    [
        (0, "less than a minute"),
        (-1 / 60, "1 minute"),
        (-1, "1 hour"),
        (-2.5, "2 hours and 30 minutes"),
        (-25, "1 day and 1 hour"),
        (-366 * 24, "366 days"),
    ],
)
def test_a_time_that_is_past_is_refused_with_by_how_much(key: str, hours: float, ago: str) -> None:
    problem = the_problem_of(message(in_hours(key, hours)))
    assert problem.text == f"The time is past: it was {ago} ago."
    assert (problem.place.line, problem.place.key) == (6, key)


def test_times_are_compared_across_zones() -> None:
    assert "30 minutes ago" in the_problem_of(message("expires = 2022-12-12T21:30:00+01:00")).text


@pytest.mark.parametrize("hours", [1, 2])
def test_a_message_that_expires_before_its_next_update_is_refused(hours: int) -> None:
    problem = the_problem_of(message(in_hours("next_update", 2), in_hours("expires", hours)))
    assert "before its next update" in problem.text
    assert (problem.place.line, problem.place.key) == (7, "expires")


@pytest.mark.parametrize("hours", [24, 72])
def test_a_next_update_after_the_expiry_that_was_left_out_is_refused(hours: int) -> None:
    problem = the_problem_of(message(in_hours("next_update", hours)))
    assert "expires 24 hours after it is sent" in problem.text
    assert (problem.place.line, problem.place.key) == (6, "next_update")


@pytest.mark.parametrize("expires", ["2023-12-13T22:01:00+01:00", "2202-12-13T12:00:00Z", "9999-12-31T23:59:59-23:59"])
def test_an_expiry_more_than_a_year_ahead_is_refused(expires: str) -> None:
    problem = the_problem_of(message(f"expires = {expires}"))
    assert "more than 366 days" in problem.text
    assert problem.place.key == "expires"


def test_all_that_is_wrong_is_told_at_once() -> None:
    keys = [in_hours("next_update", -1), in_hours("expires", -2)]
    wrong = message(*keys, municipalities='"borgholm", "oland"', parts="## @de\n# T\nText\n## @ivr\nText\n")
    assert [problem.place.key for problem in problems_of(wrong)] == [
        "municipalities",
        "next_update",
        "expires",
        "expires",
        "@de",
        "@ivr",
    ]


def test_a_present_time_without_a_zone_is_a_mistake_in_the_program() -> None:
    with pytest.raises(ValueError, match="zone"):
        check(message(), MUNICIPALITIES, NOW.replace(tzinfo=None))


def test_a_message_expires_when_it_says_or_a_day_after_it_was_sent() -> None:
    assert expiry(message(), NOW) == NOW + timedelta(hours=24)
    assert expiry(message("expires = 2022-12-14T12:00:00+01:00"), NOW) == datetime(2022, 12, 14, 11, tzinfo=UTC)
