"""What holds residents' data or secrets is for its owner alone, whatever the umask."""

import os
import subprocess
from pathlib import Path

import pytest

from broadcaster.record import put
from broadcaster.sources import drafts
from tests.support.desk import PROGRAM, environment

READ_BY_OTHERS = {"feeds", "pages", "prompts"}


def shut(folder: Path) -> dict[str, str]:
    """The rights of everything in a folder, but for what a web server or a switchboard reads."""
    found = [one for one in folder.rglob("*") if READ_BY_OTHERS.isdisjoint(one.relative_to(folder).parts)]
    return {str(one.relative_to(folder)): oct(one.stat().st_mode & 0o777) for one in found}


@pytest.mark.parametrize("umask", ["022", "000"])
def test_what_the_commands_make_only_its_owner_can_read(tmp_path: Path, umask: str) -> None:
    commands = (
        "--config kris/config.toml init",
        "--config kris/config.toml new it-incident -o kris/message.md",
        "--config kris/config.toml db backup kris/copy.db",
        "--config kris/config.toml subscribers import list.csv --municipality borgholm --yes",
        "--config kris/config.toml db restore kris/copy.db --yes",
    )
    (tmp_path / "list.csv").write_text("number\n+46701740605\n", encoding="utf-8")
    for command in commands:
        line = f'umask {umask} && exec "$@"'
        ran = subprocess.run(
            ["sh", "-c", line, "sh", *PROGRAM, *command.split()],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, (command, ran.stdout, ran.stderr)

    kris = tmp_path / "kris"
    found = shut(kris)
    assert oct(kris.stat().st_mode & 0o777) == "0o700"
    assert {"broadcaster.db", "broadcaster.key", "config.toml", "copy.db", "message.md", "secrets"} <= found.keys()
    folders = {name for name in found if (kris / name).is_dir()}
    assert {found[name] for name in folders} == {"0o700"}
    assert {found[name] for name in found.keys() - folders} == {"0o600"}


def test_drafts_and_records_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        drafts.write(tmp_path / "drafts", "smhi", "1", "text")
        put(tmp_path / "record", {"timeline.json": b"{}", "messages/1.md": b"text"}, "Dataintrång")
    finally:
        os.umask(before)

    found = shut(tmp_path)
    assert {mode for name, mode in found.items() if (tmp_path / name).is_dir()} == {"0o700"}
    assert {mode for name, mode in found.items() if (tmp_path / name).is_file()} == {"0o600"}
