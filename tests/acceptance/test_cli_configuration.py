"""What is wrong with the configuration or the machine: one clear error, exit code 3, and nothing is sent."""

import asyncio
import shutil
import socket
from pathlib import Path

import pytest

from broadcaster.scaffold import template
from broadcaster.store.database import HEAD
from broadcaster.store.sealing import new_key
from broadcaster.store.sqlite_driver import sqlite3
from tests.support.desk import PROGRAM, Desk, ended, environment
from tests.support.warm import Ran


def refused(ran: Ran) -> str:
    """The one error of a command that was refused for what it works with."""
    assert ran.code == 3
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    return ran.err.removeprefix("error: ").rstrip()


async def alone(folder: Path, *arguments: str) -> Ran:
    """Run a command in a folder that nobody has prepared."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *arguments,
        cwd=folder,
        env=environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)


async def test_init_makes_all_that_is_needed_and_check_finds_it_good(tmp_path: Path) -> None:
    init = await alone(tmp_path, "init")
    check = await alone(tmp_path, "check")
    again = await alone(tmp_path, "init")

    assert init.code == check.code == again.code == 0
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == template()
    assert (tmp_path / "broadcaster.key").stat().st_mode & 0o777 == 0o600
    assert "wrote    broadcaster.key" in init.out
    assert "Next: `broadcaster sandbox`" in init.out
    assert check.out.startswith("config.toml: good. Mode: sandbox. Subscribers: 0.\n")
    assert "wrote" not in again.out


async def test_check_prints_who_reaches_what(desk: Desk) -> None:
    data = (await desk.run("check", "--json")).data
    assert (data["mode"], data["subscribers"]) == ("sandbox", 0)
    assert len(data["routes"]) == 2 * 5
    assert {"municipality": "borgholm", "channel": "sms", "account": "sms", "provider": "twilio"} in data["routes"]


async def test_without_a_configuration_every_command_shows_the_way(tmp_path: Path) -> None:
    for command in (("status",), ("send", "message.md"), ("serve",)):
        error = refused(await alone(tmp_path, *command))
        assert error.startswith("config.toml: there is no configuration here. Run `broadcaster init`")


async def test_mistakes_in_the_configuration_are_all_said_with_their_places(desk: Desk) -> None:
    desk.configure("time_zone =", "timezone =")
    desk.configure('token = { file = "secrets/facebook-borgholm" }', 'token = { env = "KRIS_LOST" }')
    desk.configure('token = { file = "secrets/facebook-morbylanga" }', 'token = { file = "lost" }')
    desk.configure('auth_token = { file = "secrets/twilio" }', 'auth_token = "geheim"')
    desk.configure('provider = "feed"', 'provider = "telegram"')

    ran = await desk.run("send", desk.message(), "--yes")

    assert ran.code == 3
    assert ran.out == ""
    errors = dict(line.removeprefix("error: config.toml:").split(": ", 2)[1:] for line in ran.err.splitlines())
    assert errors["timezone"].startswith("is not a setting here. Did you mean time_zone?")
    assert errors["accounts.facebook-borgholm.token"].startswith("the environment variable KRIS_LOST is not set")
    assert "lost cannot be read" in errors["accounts.facebook-morbylanga.token"]
    assert errors["accounts.sms.auth_token"].startswith("a secret never stands here itself: write { env = ")
    assert errors["accounts.feeds.provider"].startswith("'telegram' is not a provider. Known: facebook, twilio")
    assert "geheim" not in ran.err
    assert desk.sandbox.requests == []


async def test_an_account_of_another_channel_is_told(desk: Desk) -> None:
    desk.configure('sms = "sms"', 'sms = "feeds"')
    ran = await desk.run("send", desk.message(), "--yes")
    assert ran.code == 3
    assert ran.err.count("municipalities.borgholm.channels: the account 'feeds' reaches feed, not sms.") == 1


async def test_in_the_sandbox_no_account_may_lead_to_the_real_provider(desk: Desk) -> None:
    desk.configure(f'base_url = "{desk.sandbox.base_url("twilio")}"', 'base_url = "https://api.twilio.com"')
    error = refused(await desk.run("send", desk.message(), "--yes"))
    assert 'accounts.sms.base_url: the mode is "sandbox", but this account would talk to api.twilio.com.' in error
    assert desk.sandbox.requests == []


async def test_another_key_than_the_numbers_were_sealed_with_is_noticed_before_anything_is_sent(desk: Desk) -> None:
    await desk.subscribe(["+46701740605"])
    desk.write("broadcaster.key", new_key())

    for command in (
        ("send", desk.message(), "--yes"),
        ("check",),
        ("subscribers", "add", "0701740606", "-m", "borgholm"),
    ):
        error = refused(await desk.run(*command))
        assert error.startswith("config.toml: key: this key does not open the subscribers' numbers")
    assert desk.sandbox.requests == []


async def test_a_key_that_is_none_is_told(desk: Desk) -> None:
    desk.write("broadcaster.key", "not a key")
    assert refused(await desk.run("check")).startswith("config.toml: key: the key is not base64 of 32 bytes")


async def test_a_database_from_a_newer_version_is_left_alone(desk: Desk) -> None:
    file = desk.folder / "broadcaster.db"
    with sqlite3.connect(file) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    before = file.read_bytes()

    for command in (("send", desk.message(), "--yes"), ("db", "upgrade"), ("init",)):
        error = refused(await desk.run(*command))
        assert "broadcaster.db: the database was made by a newer version (revision 9999" in error
        assert "Install the newer program; nothing was changed." in error
    assert file.read_bytes() == before


async def test_the_database_can_be_asked_where_it_stands_and_brought_up_to_date(desk: Desk) -> None:
    (desk.folder / "broadcaster.db").unlink()

    lost = refused(await desk.run("status"))
    before = await desk.run("db", "version")
    upgraded = await desk.run("db", "upgrade")
    after = await desk.run("db", "version")

    assert lost.endswith("broadcaster.db: there is no database here. Run `broadcaster init`.")
    assert before.out == f"database not there, program {HEAD}\n"
    assert upgraded.out.endswith("broadcaster.db is up to date.\n")
    assert after.out == f"database {HEAD}, program {HEAD}\n"


async def test_a_file_that_is_no_database_is_told(desk: Desk) -> None:
    desk.write("broadcaster.db", b"not a database, but long enough to be read as one" * 100)
    error = refused(await desk.run("status"))
    assert "broadcaster.db: file is not a database." in error


# As root no folder is read-only, so these stand in a file's place, which nobody can write into.


async def test_init_where_nothing_can_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = refused(await alone(tmp_path, "--config", "file/config.toml", "init"))
    assert error == "file/config.toml: cannot be written: Not a directory. Choose a folder that you may use."


async def test_a_database_where_nothing_can_be_written_is_told(desk: Desk) -> None:
    desk.configure('"broadcaster.db"', '"config.toml/broadcaster.db"')
    error = refused(await desk.run("init"))
    assert "config.toml/broadcaster.db: unable to open database file." in error


async def test_feeds_where_nothing_can_be_written_are_told(desk: Desk) -> None:
    desk.configure('directory = "feeds"', 'directory = "config.toml/feeds"')

    send = await desk.run("send", desk.message(), "--yes", "--wait", "1")

    assert send.code == 1
    assert "4 pending (feeds): the folder " in send.out
    assert "config.toml/feeds cannot be written (Not a directory)" in send.out
    assert len(desk.sandbox.posts) == 4


@pytest.mark.parametrize("command", ["serve", "sandbox"])
async def test_a_port_that_is_taken_is_named(desk: Desk, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        desk.configure(f"[{command}]\n", f"[{command}]\nport = {port} #")
        desk.configure("port = 0", "")
        error = refused(await desk.run(command))
    assert error == (
        f"port {port} is taken by another program: stop that one, or set another port under [{command}] in the "
        "configuration."
    )


async def test_an_address_that_is_not_ours_is_told(desk: Desk) -> None:
    desk.configure('host = "127.0.0.1"', 'host = "192.0.2.1"')
    error = refused(await desk.run("serve"))
    assert "look at host and port under [serve] in the configuration." in error


async def test_a_configuration_elsewhere_is_named_by_option_or_variable(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "kris.toml"
    shutil.copy(desk.folder / "config.toml", elsewhere)
    for name in ("broadcaster.key", "broadcaster.db"):
        shutil.copy(desk.folder / name, elsewhere.parent)
    shutil.copytree(desk.folder / "secrets", elsewhere.parent / "secrets")

    by_option, by_variable = await asyncio.gather(
        desk.run("--config", str(elsewhere), "check"), desk.run("check", env={"BROADCASTER_CONFIG": str(elsewhere)})
    )

    assert by_option.out == by_variable.out
    assert by_option.out.startswith(f"{elsewhere}: good.")


async def test_programs_get_what_is_wrong_as_data(desk: Desk) -> None:
    desk.configure("time_zone =", "timezone =")
    ran = await desk.run("status", "--json")
    assert ran.code == 3
    (problem,) = ran.data["problems"]
    assert (problem["file"], problem["line"], problem["key"]) == ("config.toml", 19, "timezone")
    assert ran.err.startswith("error: config.toml:19: timezone: ")
