"""What the configuration demands of a severity holds wherever a message is planned, and the rest is only told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcaster.config import Config, ConfigError, load
from broadcaster.plan import Plan, prepare
from broadcaster.scaffold import template, write_missing
from messages.model import Severity
from messages.practice import Rule
from messages.problems import InputError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALERT = """+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm"]
+++
# Dataintrång hos {{ municipality.name }}

Det berör dig som bor i Borgholm. Vi utreder händelsen. Ring {{ municipality.phone }}. Läs på www.smhi.se.

## @ivr
Våra datorsystem är avstängda.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as ``broadcaster init`` leaves it."""
    write_missing(tmp_path / "config.toml")
    return tmp_path


def configured(folder: Path, practice: str) -> Config:
    """The shipped configuration with other settings of practice."""
    before, section = template().split("[practice]\n")
    after = section[section.index("\n\n") :]
    file = folder / "config.toml"
    file.write_text(f"{before}[practice]\n{practice}{after}", encoding="utf-8")
    return load(file)


def planned(config: Config, severity: str = "severe") -> Plan:
    return prepare(ALERT.replace('"severe"', f'"{severity}"').encode(), "alert.md", config, NOW)


def test_the_shipped_configuration_demands_nothing_and_lists_the_authorities_that_residents_know(folder: Path) -> None:
    config = load(folder / "config.toml")
    assert config.practice.demand == {}
    assert {"krisinformation.se", "1177.se", "smhi.se"} <= set(config.practice.domains)
    assert [finding.rule for finding in planned(config).findings] == [Rule.NEXT_UPDATE, Rule.EXPIRY]


def test_without_a_section_nothing_is_listed(folder: Path) -> None:
    config = configured(folder, "")
    assert config.practice.domains == ()
    assert [finding.rule for finding in planned(config).findings] == [Rule.NEXT_UPDATE, Rule.EXPIRY, Rule.LINK]


def test_a_rule_that_a_severity_demands_and_a_message_does_not_meet_is_a_reason_to_refuse_it(folder: Path) -> None:
    config = configured(folder, 'demand = { severe = ["expiry", "sms-length"], extreme = ["next-update"] }')
    with pytest.raises(InputError) as caught:
        planned(config)
    assert [str(problem) for problem in caught.value.problems] == [
        "alert.md:1: expires: The message does not say how long it is true. Write expires. "
        "The configuration demands it of severe messages."
    ]


def test_what_one_severity_demands_another_need_not_meet(folder: Path) -> None:
    config = configured(folder, 'demand = { extreme = ["expiry"] }')
    assert config.practice.demand == {Severity.EXTREME: (Rule.EXPIRY,)}
    assert Rule.EXPIRY in [finding.rule for finding in planned(config).findings]


@pytest.mark.parametrize(
    ("practice", "error"),
    [
        ('demand = { horrible = ["expiry"] }', "practice.demand.horrible: must be 'extreme', 'severe', 'moderate'"),
        ('demand = { severe = ["exspiry"] }', "practice.demand.severe.0: must be 'what-happened', 'concerns-me'"),
        ('demand = ["severe"]', "practice.demand: must be a table."),
        ('domains = ["https://smhi.se"]', "practice.domains.0: is not a domain: write it without https:// and path"),
        ('domains = ["smhi.se/kartor"]', "practice.domains.0: is not a domain"),
        ('domains = ["smhi"]', "practice.domains.0: is not a domain"),
        (f'domains = ["{"a" * 64}.se"]', "practice.domains.0: is not a domain"),
        ('domain = ["smhi.se"]', "practice.domain: is not a setting here. Did you mean domains?"),
    ],
)
def test_a_setting_that_cannot_be_is_said_with_its_place(folder: Path, practice: str, error: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(folder, practice)
    (problem,) = caught.value.problems
    assert error in str(problem)
