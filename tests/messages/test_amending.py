"""Other values for a message's front matter: what was asked for becomes another, and nothing else does."""

import tomllib
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages import front_matter
from messages.document import amended, message_id, parse, serialise
from messages.model import Kind, Message, Severity
from messages.problems import InputError
from messages.toml_lines import span_of

ZONE = ZoneInfo("Europe/Stockholm")
NOON = datetime(2022, 12, 14, 12, tzinfo=ZONE)

TOML = """# what it is
incident = "Läckan = \\"stor\\""   # a comment
"kind" = "alert"
municipalities = [
  "borgholm",     # north ]
  "morbylanga",
]
severity = "severe"
next_update = 2022-12-13T12:00:00+01:00

[[services]]
name = "Vatten"
status = "down"
"""
BODY = "# Rubrik\nText\n\n## @sms\nKort\n"


def message(toml: str = TOML) -> Message:
    return parse(f"+++\n{toml}+++\n{BODY}", channels={"sms"}, languages={"sv"}, file="m.md")


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("kind", Kind.UPDATE, '"kind" = "alert"\n', 'kind = "update"\n'),
        ("next_update", NOON, "2022-12-13T12:00:00+01:00", "2022-12-14T12:00:00+01:00"),
        ("next_update", None, "next_update = 2022-12-13T12:00:00+01:00\n", ""),
        ("municipalities", ["kalmar"], '[\n  "borgholm",     # north ]\n  "morbylanga",\n]', '["kalmar"]'),
        ("incident", 'B "x" \\', 'incident = "Läckan = \\"stor\\""   # a comment', 'incident = "B \\"x\\" \\\\"'),
        ("exercise", True, "# what it is", "exercise = true\n# what it is"),
        ("follows", None, "# what it is", "# what it is"),
        ("name", "Vatten", "# what it is", 'name = "Vatten"\n# what it is'),  # not the service's
    ],
)
def test_a_key_gets_another_value_and_every_other_line_stays(
    key: str, value: front_matter.Value | None, old: str, new: str
) -> None:
    assert TOML.count(old) == 1
    assert front_matter.amended(TOML, {key: value}) == TOML.replace(old, new)


def test_an_amended_message_is_the_one_that_its_source_says() -> None:
    other = amended(
        message(),
        {"kind": Kind.UPDATE, "severity": Severity.MINOR, "follows": message_id(message()), "municipalities": ["a"]},
    )
    assert (other.kind, other.severity, other.municipalities) == (Kind.UPDATE, Severity.MINOR, ("a",))
    assert other.follows == message_id(message()) != message_id(other)
    assert other == parse(serialise(other), channels={"sms"}, languages={"sv"})


def test_parts_of_an_amended_message_know_their_lines() -> None:
    other = amended(message(), {"follows": "3f9a0c1d2e", "notify": True, "municipalities": ["a"]})
    lines = serialise(other).splitlines(keepends=True)
    for part in other.parts:
        assert "".join(lines[part.line - 1 :]).startswith(part.text)


def test_what_is_no_value_for_a_key_is_refused() -> None:
    with pytest.raises(InputError, match="The value must be 'alert'"):
        amended(message(), {"kind": "alarm"})


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("incident", 'incident = "Läckan = \\"stor\\""   # a comment\n'),
        ("kind", '"kind" = "alert"\n'),
        ("municipalities", 'municipalities = [\n  "borgholm",     # north ]\n  "morbylanga",\n]\n'),
        ("status", None),
        ("services", None),
        ("what", None),
    ],
)
def test_where_a_key_and_its_value_stand_is_found(key: str, found: str | None) -> None:
    span = span_of(TOML, key)
    assert (span and TOML[span[0] : span[1]]) == found


_NAMES = st.text(st.characters(exclude_categories=["C"]), min_size=1).filter(lambda name: name.strip() == name)


@given(_NAMES, st.lists(_NAMES, min_size=1, max_size=3, unique=True))
def test_whatever_is_written_is_read_back(incident: str, municipalities: list[str]) -> None:
    toml = front_matter.amended(TOML, {"incident": incident, "municipalities": municipalities})
    read = tomllib.loads(toml)
    assert (read["incident"], read["municipalities"]) == (incident, municipalities)
    assert read["services"] == tomllib.loads(TOML)["services"]
