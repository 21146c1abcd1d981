"""The reference names all that can be set and typed: what is added without being explained is found here."""

import re
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from broadcaster.cli.app import app
from broadcaster.config import (
    DutySettings,
    MetricsSettings,
    MunicipalitySettings,
    PracticeSettings,
    ResidentsSettings,
    SandboxSettings,
    ServeSettings,
    SignUpSettings,
    _File,
)
from broadcaster.lifecycle import TABLE, Act
from broadcaster.sources.settings import SourceSettings
from channels.registry import CHANNELS, PROVIDERS
from messages.practice import RULES, Rule

REFERENCE = Path(__file__).parent.parent / "docs/reference"
CONFIGURATION = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
COMMANDS = (REFERENCE / "commands.md").read_text(encoding="utf-8")
CHANNEL_PAGES = [page.read_text(encoding="utf-8") for page in sorted((REFERENCE / "channels").glob("*.md"))]


def options(group: typer.core.TyperGroup) -> dict[str, list[str]]:
    """Every command as it is typed, with its options."""
    found: dict[str, list[str]] = {}
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            found |= {f"{name} {inner}": opts for inner, opts in options(command).items()}
        else:
            found[name] = [option for parameter in command.params for option in parameter.opts if option[0] == "-"]
    return found


def group() -> typer.core.TyperGroup:
    found = typer.main.get_command(app)
    assert isinstance(found, typer.core.TyperGroup)
    return found


TYPED = options(group())


@pytest.mark.parametrize(
    "section",
    [
        _File,
        ServeSettings,
        MetricsSettings,
        ResidentsSettings,
        SignUpSettings,
        PracticeSettings,
        DutySettings,
        SandboxSettings,
        MunicipalitySettings,
        SourceSettings,
    ],
    ids=lambda section: section.__name__,
)
def test_every_setting_of_the_configuration_is_explained(section: type[BaseModel]) -> None:
    explained = {name for name in section.model_fields if f"`{name}`" in CONFIGURATION or f"[{name}" in CONFIGURATION}
    assert set(section.model_fields) - explained == set()


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_has_a_page_with_an_account_to_copy_and_its_settings(name: str) -> None:
    (page,) = (page for page in CHANNEL_PAGES if f'provider = "{name}"' in page)
    assert [key for key in PROVIDERS[name].settings.model_fields if f"`{key}`" not in page + CONFIGURATION] == []


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_is_explained(name: str) -> None:
    assert f"`{name}`" in CONFIGURATION


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_practice_is_explained_as_findings_explain_it(rule: Rule) -> None:
    page = (REFERENCE / "practice.md").read_text(encoding="utf-8")
    (row,) = (line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith(f"| `{rule}` "))
    assert row[2:] == [RULES[rule].reason, RULES[rule].source]


def test_what_each_kind_does_on_each_channel_is_explained_by_the_programs_own_table() -> None:
    page = (REFERENCE / "lifecycle.md").read_text(encoding="utf-8")
    for act in Act:
        practices = [TABLE[CHANNELS[name].nature][act] for name in ("facebook", "sms", "feed", "ivr", "page", "websub")]
        assert f"| {act} | {' | '.join(practices)} |" in page


@pytest.mark.parametrize("typed", TYPED)
def test_every_command_is_explained_with_its_options(typed: str) -> None:
    assert f"`{typed}`" in COMMANDS
    section = COMMANDS.split(f"`{typed}`\n", 1)[-1].split("\n## ", 1)[0]
    assert [option for option in TYPED[typed] if f"`{option}" not in section] == []


@pytest.mark.parametrize("name", group().commands)
def test_every_command_stands_in_the_list_of_all(name: str) -> None:
    assert f"\n| [`{name}`](#{name}) | " in COMMANDS


def test_the_options_of_all_commands_are_explained() -> None:
    common = [option for parameter in group().params for option in parameter.opts]
    assert "--config" in common
    assert [option for option in common if f"`{option}" not in COMMANDS] == []


def test_every_option_of_the_service_is_explained() -> None:
    page = (REFERENCE.parent / "how-to/run-as-a-service.md").read_text(encoding="utf-8")
    unit = page.split("```ini\n", 1)[1].split("```", 1)[0]
    options = re.findall(r"^(\w+)=", unit, re.MULTILINE)
    explained = re.findall(r"`(\w+)`", "".join(line for line in page.splitlines() if line.startswith("| `")))
    assert len(options) > 30
    assert set(options) - set(explained) == set()
