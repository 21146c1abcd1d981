"""Configurations of feeds: who has a hub, and municipalities' official numbers."""

from pathlib import Path

import pytest

from broadcaster.config import ConfigError, load
from broadcaster.scaffold import template, write_missing

HUB = '[accounts.hub]\nprovider = "websub"\nbase_url = "http://127.0.0.1:8070/hub"'
COMMENT = "\n".join(f"# {line}" for line in HUB.splitlines())
TOLD = {COMMENT: HUB, 'feed = "feeds"': 'feed = "feeds", websub = "hub"'}


def file_with(folder: Path, changes: dict[str, str]) -> Path:
    """The shipped configuration with other words in it."""
    file = folder / "config.toml"
    write_missing(file)
    text = template()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, changes: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(file_with(folder, changes))
    return str(caught.value)


def test_a_municipality_that_names_a_hub_has_it(tmp_path: Path) -> None:
    hub = "http://127.0.0.1:8070/hub"
    assert load(file_with(tmp_path, TOLD)).hubs == {"borgholm": hub, "morbylanga": hub}


def test_without_a_hub_there_is_none(tmp_path: Path) -> None:
    assert load(file_with(tmp_path, {})).hubs == {}


def test_a_hub_without_feeds_is_refused(tmp_path: Path) -> None:
    said = problems(tmp_path, TOLD | {'feed = "feeds"': 'websub = "hub"'})
    assert "municipalities.borgholm.channels: a hub is told of feeds, and there are none." in said


def test_a_hub_for_feeds_that_have_no_address_is_refused(tmp_path: Path) -> None:
    said = problems(tmp_path, TOLD | {'public_url = "http://127.0.0.1:8080"': ""})
    assert "a hub cannot be told of feeds that have no address. Write serve.public_url" in said


def test_a_hub_elsewhere_is_refused_in_the_sandbox(tmp_path: Path) -> None:
    said = problems(tmp_path, TOLD | {'base_url = "http://127.0.0.1:8070/hub"': 'base_url = "https://hub.example.se"'})
    assert 'the mode is "sandbox", but this account would talk to hub.example.se' in said


def test_municipalities_have_official_numbers(tmp_path: Path) -> None:
    config = load(file_with(tmp_path, {}))
    assert {id_: m.code for id_, m in config.municipalities.items()} == {"borgholm": "0885", "morbylanga": "0840"}


def test_a_municipality_need_not_have_a_number(tmp_path: Path) -> None:
    config = load(file_with(tmp_path, {'code = "0840"\n': ""}))
    assert config.municipalities["morbylanga"].code == ""


@pytest.mark.parametrize("code", ['"885"', '"08850"', '"0885 "', '"H"', '""', "885"])
def test_what_is_no_number_of_a_municipality_is_refused(code: str, tmp_path: Path) -> None:
    said = problems(tmp_path, {'code = "0840"': f"code = {code}"})
    assert "municipalities.morbylanga.code" in said
