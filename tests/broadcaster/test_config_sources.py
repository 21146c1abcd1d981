"""The ``[sources.NAME]`` sections of the configuration: what they come to, and every mistake in words."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.config import Config, ConfigError, load
from broadcaster.scaffold import template, write_missing
from broadcaster.sources.settings import Source, Then
from messages.model import Severity

STARTER = "# {{ item.headline }}\n\n{{ item.text }}\n\nKälla: {{ item.source }}\n"
SANDBOX = 'url = "http://127.0.0.1:8070/sources/smhi"\n'


def loaded(folder: Path, section: str, *, live: bool = False) -> Config:
    """Load the shipped configuration with a section more."""
    file = folder / "config.toml"
    write_missing(file)
    text = template()
    if live:
        text = text.replace('mode = "sandbox"', 'mode = "live"')
        text = text.replace('public_url = "http://127.0.0.1:8080"', 'public_url = "https://kris.example.se"')
    file.write_text(f"{text}\n{section}", encoding="utf-8")
    return load(file)


def source(folder: Path, section: str, *, live: bool = False) -> Source:
    [found] = loaded(folder, section, live=live).sources.values()
    return found


def test_the_shipped_configuration_follows_no_source(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").sources == {}


def test_a_section_of_two_lines_will_do(tmp_path: Path) -> None:
    found = source(tmp_path, f'[sources.smhi]\nkind = "smhi"\n{SANDBOX}')
    assert (found.name, found.kind.name, found.every) == ("smhi", "smhi", timedelta(minutes=5))
    assert [one.id for one in found.rule.municipalities] == ["borgholm", "morbylanga"]
    assert found.rule.languages == ("sv", "en")
    assert (found.rule.least, found.rule.then) == (Severity.INFORMATION, Then.DRAFT)
    assert "{{ item.text }}" in found.starter.text


def test_a_source_that_publishes_has_a_starter_and_names_its_channels(tmp_path: Path) -> None:
    (tmp_path / "starters").mkdir()
    (tmp_path / "starters/vma.md").write_text(STARTER, encoding="utf-8")
    found = source(
        tmp_path,
        '[sources.vma]\nkind = "sr-vma"\nurl = "http://127.0.0.1:8070/sources/sr-vma"\nevery = "2m"\n'
        'municipalities = ["borgholm"]\nleast = "severe"\nlanguages = ["sv"]\n'
        'then = "publish"\nchannels = ["feed", "page"]\nstarter = "starters/vma.md"\n',
    )
    assert (found.rule.then, found.rule.channels, found.every) == (Then.PUBLISH, ("feed", "page"), timedelta(minutes=2))
    assert found.starter.text == STARTER


@pytest.mark.parametrize(
    ("section", "stream"),
    [
        ('kind = "sr-vma"', "https://vmaapi.sr.se/api/v3/subscribe"),
        (
            'kind = "sr-vma"\nurl = "https://vmaapi.sr.se/testapi/v3/alerts"',
            "https://vmaapi.sr.se/testapi/v3/subscribe",
        ),
        (
            'kind = "sr-vma"\nurl = "http://127.0.0.1:8070/sources/sr-vma"',
            "http://127.0.0.1:8070/sources/sr-vma/stream",
        ),
        ('kind = "smhi"', None),
    ],
)
def test_the_stream_of_a_source_is_beside_it(tmp_path: Path, section: str, stream: str | None) -> None:
    assert source(tmp_path, f"[sources.one]\n{section}\n", live=True).stream_url == stream


def test_another_rule_or_address_is_another_source_to_what_is_remembered(tmp_path: Path) -> None:
    first = source(tmp_path, '[sources.one]\nkind = "smhi"\n', live=True)
    milder = source(tmp_path, '[sources.one]\nkind = "smhi"\nleast = "minor"\n', live=True)
    assert first.fingerprint == source(tmp_path, '[sources.one]\nkind = "smhi"\n', live=True).fingerprint
    assert first.fingerprint != milder.fingerprint


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ('kind = "smih"', "sources.one.kind: 'smih' is not a kind. Known: krisinformation, sr-vma, smhi, cap, feed."),
        ("every = 5", "sources.one.kind: is missing. Add it."),
        (f'kind = "smhi"\n{SANDBOX}evry = "5m"', "sources.one.evry: is not a setting here. Did you mean every?"),
        (f'kind = "smhi"\n{SANDBOX}every = "5"', 'sources.one.every: is no span of time: write it as "30s"'),
        (
            f'kind = "smhi"\n{SANDBOX}every = "4m"',
            "sources.one.every: polls more often than this source allows. Write 300s or more.",
        ),
        ('kind = "cap"', "sources.one.url: has no address."),
        ('kind = "cap"\nurl = "ftp://example.se"', "sources.one.url: has no address."),
        ('kind = "smhi"', 'sources.one.url: the mode is "sandbox", but this source would be asked for at opendata'),
        (
            f'kind = "smhi"\n{SANDBOX}municipalities = ["borgholmm"]',
            "'borgholmm' is not a municipality. Did you mean borgholm?",
        ),
        (
            f'kind = "smhi"\n{SANDBOX}languages = ["de"]',
            "sources.one.languages: none of its municipalities informs in 'de'",
        ),
        (
            f'kind = "smhi"\n{SANDBOX}channels = ["fax"]',
            "sources.one.channels: none of its municipalities has the channel 'fax'",
        ),
        (f'kind = "smhi"\n{SANDBOX}then = "send"', "sources.one.then: must be 'draft' or 'publish'."),
        (f'kind = "smhi"\n{SANDBOX}least = "bad"', "sources.one.least: must be 'extreme', 'severe'"),
        (
            f'kind = "smhi"\n{SANDBOX}then = "publish"',
            'sources.one.channels: is required when then = "publish".',
        ),
        (
            f'kind = "smhi"\n{SANDBOX}then = "publish"',
            'sources.one.starter: is required when then = "publish".',
        ),
        (f'kind = "smhi"\n{SANDBOX}starter = "vma.md"', "sources.one.starter: the starter"),
        (f'kind = "smhi"\n{SANDBOX}starter = "bad.md"', "bad.md:1: A starter has no front matter"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_to_do(tmp_path: Path, section: str, problem: str) -> None:
    (tmp_path / "bad.md").write_text("+++\n+++\n# x", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, f"[sources.one]\n{section}\n")
    assert problem in str(refused.value).replace(f"{tmp_path}{os.sep}", "")


def test_a_live_source_is_encrypted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not encrypted"):
        loaded(tmp_path, '[sources.one]\nkind = "feed"\nurl = "http://elnat.example.se/feed"\n', live=True)


def test_a_source_has_a_name_that_files_can_have(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of a source"):
        loaded(tmp_path, f'[sources."../x"]\nkind = "smhi"\n{SANDBOX}')
