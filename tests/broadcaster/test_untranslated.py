"""Readers of another language are counted where nobody has written for them, and the part to write is named."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broadcaster.config import load
from broadcaster.plan import prepare
from broadcaster.scaffold import write_missing
from broadcaster.untranslated import Untranslated, untranslated

NOW = datetime(2022, 12, 13, 8, tzinfo=ZoneInfo("Europe/Stockholm"))
SWEDISH = "# Koka vattnet\n\nRing {{ municipality.phone }}.\n"
SMS = "\n## @sms\nKoka vattnet.\n"
ENGLISH = "\n## @en\n# Boil the water\n\nCall {{ municipality.phone }}.\n"
EVERYWHERE = ("facebook", "sms", "feed", "page", "ivr")


def missing(folder: Path, body: str, head: str = "") -> list[Untranslated]:
    """What is not said in a language, of a message of one municipality with two readers of English."""
    write_missing(folder / "config.toml")
    config = load(folder / "config.toml")
    front = f'incident = "Vatten"\nkind = "alert"\nseverity = "severe"\nmunicipalities = ["borgholm"]\n{head}'
    expires = (NOW + timedelta(hours=8)).isoformat()
    plan = prepare(f"+++\n{front}expires = {expires}\n+++\n{body}".encode(), "message.md", config, NOW)
    return list(untranslated(plan, config.municipalities, {("borgholm", "en"): 2}))


@pytest.mark.parametrize(
    ("body", "head", "channels", "readers", "parts"),
    [
        (SWEDISH, "", EVERYWHERE, 2, ("## @en",)),
        (SWEDISH + SMS, "", EVERYWHERE, 2, ("## @en", "## @en sms")),
        (SWEDISH, 'channels = ["sms"]\n', ("sms",), 2, ("## @en sms",)),
        (SWEDISH, 'channels = ["page"]\n', ("page",), None, ("## @en",)),
        (SWEDISH + "\n## @en sms\nBoil the water.\n", "", ("facebook", "feed", "page", "ivr"), None, ("## @en",)),
    ],
)
def test_a_language_that_is_missing_is_named_with_its_readers_and_the_part_to_write(
    tmp_path: Path, body: str, head: str, channels: tuple[str, ...], readers: int | None, parts: tuple[str, ...]
) -> None:
    assert missing(tmp_path, body, head) == [Untranslated("borgholm", "en", "sv", channels, readers, parts)]


def test_of_what_is_written_in_every_language_nothing_is_said(tmp_path: Path) -> None:
    assert missing(tmp_path, SWEDISH + SMS + ENGLISH) == []
