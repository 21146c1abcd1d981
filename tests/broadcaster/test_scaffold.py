import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from broadcaster.scaffold import ScaffoldError, template, write_missing
from broadcaster.store.sealing import Seal


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_everything_that_is_needed_is_written(tmp_path: Path) -> None:
    written = write_missing(tmp_path / "config.toml")
    assert [str(path.relative_to(tmp_path)) for path in written] == [
        "config.toml",
        "broadcaster.key",
        "secrets/facebook-borgholm",
        "secrets/facebook-morbylanga",
        "secrets/twilio",
    ]
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == template()


def test_another_port_is_that_of_serve_and_the_sandbox_is_ten_below(tmp_path: Path) -> None:
    written = write_missing(tmp_path / "config.toml", 8090)
    text = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"\b80\d0\b", text))) == ["8080", "8090"]
    assert text.replace("8080", "8070").replace("8090", "8080") == template()
    assert tmp_path / "secrets/twilio" in written


def test_only_the_owner_can_read_the_key_and_the_secrets(tmp_path: Path) -> None:
    _, *secrets = write_missing(tmp_path / "config.toml")
    assert {mode(path) for path in secrets} == {0o600}


def test_the_key_is_one_and_each_time_another(tmp_path: Path) -> None:
    keys = []
    for name in ("one", "two"):
        write_missing(tmp_path / name / "config.toml")
        keys.append((tmp_path / name / "broadcaster.key").read_text().strip())
    assert keys[0] != keys[1]
    assert Seal(SecretStr(keys[0])).lookup("+46701740605") != Seal(SecretStr(keys[1])).lookup("+46701740605")


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    write_missing(tmp_path / "config.toml")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert write_missing(tmp_path / "config.toml") == []
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_has_been_lost_is_written_again(tmp_path: Path) -> None:
    write_missing(tmp_path / "config.toml")
    lost = tmp_path / "secrets/twilio"
    lost.unlink()
    assert write_missing(tmp_path / "config.toml") == [lost]


def test_of_a_changed_configuration_only_the_key_is_made(tmp_path: Path) -> None:
    text = template().replace("broadcaster.key", "of-our-own.key").replace("secrets/twilio", "secrets/live")
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    assert write_missing(tmp_path / "config.toml") == [tmp_path / "of-our-own.key"]


@pytest.mark.parametrize("content", [b'key = { env = "KRIS_KEY" }', b"key = 3", b"mode = ", b"# \xf6", b""])
def test_a_configuration_that_names_no_file_for_the_key_gets_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    assert write_missing(tmp_path / "config.toml") == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ScaffoldError, match=r"file.* cannot be written: .*\. Choose a folder that you may use\."):
        write_missing(tmp_path / "file" / "config.toml")
