"""``db backup`` and ``db restore`` as people type them, and what opening a copy says."""

import re
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from broadcaster.store.sqlite_driver import sqlite3
from tests.support.desk import Desk
from tests.support.world import resident

RESIDENTS = [resident(place) for place in range(3)]


async def test_a_backup_is_one_file_that_only_its_owner_reads_and_that_takes_no_others_place(desk: Desk) -> None:
    await desk.subscribe(RESIDENTS)
    (desk.folder / "copies").mkdir()

    ran = await desk.run("db", "backup", "copies")
    again = await desk.run("db", "backup", "copies/mine.db")
    refused = await desk.run("db", "backup", "copies/mine.db")

    assert (ran.code, again.code, refused.code) == (0, 0, 3)
    assert "The key is not in it" in ran.out
    assert "is there already" in refused.err
    made = sorted((desk.folder / "copies").iterdir())
    assert [re.sub(r"\d{8}-\d{6}", "TIME", path.name) for path in made] == ["broadcaster-TIME.db", "mine.db"]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    with closing(sqlite3.connect(made[0])) as copy:
        assert copy.execute("SELECT count(*) FROM subscribers").fetchone() == (3,)


async def test_a_backup_is_restored_and_what_was_there_is_kept(desk: Desk) -> None:
    await desk.subscribe(RESIDENTS[:2])
    await desk.run("db", "backup", "mine.db")
    await desk.subscribe(RESIDENTS[2:])

    asked = await desk.run("db", "restore", "mine.db")
    ran = await desk.run("db", "restore", "mine.db", "--yes")

    assert asked.code == 2
    assert "add --yes to restore" in asked.err
    assert ran.code == 0
    assert "as generation 2" in ran.out
    assert "broadcaster serve` again" in ran.out
    assert (await desk.run("subscribers", "count", "--json")).data["people"] == 2
    [kept] = desk.folder.glob("broadcaster-replaced-*.db")
    with closing(sqlite3.connect(kept)) as replaced:
        assert replaced.execute("SELECT count(*) FROM subscribers").fetchone() == (3,)


async def test_a_database_is_restored_where_there_is_none(desk: Desk) -> None:
    await desk.subscribe(RESIDENTS)
    await desk.run("db", "backup", "mine.db")
    (desk.folder / "broadcaster.db").unlink()

    ran = await desk.run("db", "restore", "mine.db", "--yes")

    assert ran.code == 0
    assert "is kept as" not in ran.out
    assert (await desk.run("check")).code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        (b"no database at all, but long enough to look like one" * 100, "file is not a database"),
        (b"", "this is no database of the broadcaster"),
    ],
)
async def test_what_is_no_backup_is_not_restored(desk: Desk, content: bytes | None, said: str) -> None:
    before = (desk.folder / "broadcaster.db").read_bytes()
    if content is not None:
        desk.write("other.db", content)

    ran = await desk.run("db", "restore", "other.db", "--yes")

    assert ran.code == 3
    assert said in ran.err
    assert (desk.folder / "broadcaster.db").read_bytes() == before
    assert not list(desk.folder.glob(".broadcaster.db.*"))


async def test_a_backup_of_a_newer_program_is_not_restored(desk: Desk) -> None:
    await desk.run("db", "backup", "mine.db")
    with closing(sqlite3.connect(desk.folder / "mine.db")) as copy, copy:
        copy.execute("UPDATE alembic_version SET version_num = '9999'")

    ran = await desk.run("db", "restore", "mine.db", "--yes")

    assert ran.code == 3
    assert "Install the newer program" in ran.err


async def test_a_copied_folder_says_what_it_is_and_sends_nothing_twice(desk: Desk, tmp_path: Path) -> None:
    await desk.subscribe(RESIDENTS)
    message = desk.message()
    first = await desk.run("send", message, "--yes")
    there = Desk(tmp_path / "there", desk.sandbox)
    shutil.copytree(desk.folder, there.folder, ignore=shutil.ignore_patterns("there"))

    second = await there.run("site", "export", "www")

    assert (first.code, second.code) == (0, 0)
    assert f"is a copy of {_host(second.err)}:{desk.folder}/broadcaster.db" in second.err
    assert "as generation 2" in second.err
    assert Counter(desk.reached()) == Counter(RESIDENTS)
    assert (await there.run("site", "export", "www")).err == ""


async def test_a_copy_of_what_is_being_served_on_this_machine_is_not_sent_from(desk: Desk, tmp_path: Path) -> None:
    async with desk.started("serve") as serve:
        assert serve.stdout is not None
        await serve.stdout.readline()
        there = Desk(tmp_path / "there", desk.sandbox)
        shutil.copytree(desk.folder, there.folder, ignore=shutil.ignore_patterns("there", "feeds", "pages"))

        ran = await there.run("send", there.message(), "--yes")

        assert ran.code == 3
        assert f"process {serve.pid} on this machine sends from that" in ran.err
    assert desk.reached() == []
    assert (await there.run("send", there.message("other.md"), "--yes", "--wait", "1")).code == 1


def _host(said: str) -> str:
    found = re.search(r"is a copy of ([^:]+):", said)
    assert found
    return found[1]
