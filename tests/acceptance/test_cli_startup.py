"""What a command imports before it does anything: nothing that speaks to a provider, unless it sends."""

import pytest

from tests.support.desk import Desk

HEAVY = {"aiohttp", "facebook", "feedgen", "lxml", "requests", "twilio"}
"""What sending and serving stand on. Together they take as long to import as all that the other commands need."""


async def imported(desk: Desk, *arguments: str) -> set[str]:
    """Names of the packages that a command imports, by the interpreter's own account, if it ends well."""
    ran = await desk.run(*arguments, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert ran.code == 0
    told = [line for line in ran.err.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in told}


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "--recent"],
        ["check"],
        ["doubts", "list"],
        ["subscribers", "count"],
        ["preview", "message.md"],
        ["send", "--dry-run", "message.md"],
    ],
    ids=" ".join,
)
async def test_a_command_that_only_looks_imports_nothing_that_sends(desk: Desk, arguments: list[str]) -> None:
    desk.message()

    packages = await imported(desk, *arguments)

    assert "sqlalchemy" in packages
    assert not packages & (HEAVY | {"alembic", "asyncpg"})


async def test_a_starter_waits_for_no_database(desk: Desk) -> None:
    packages = await imported(desk, "new", "it-incident")

    assert "messages" in packages
    assert not packages & (HEAVY | {"cryptography", "rich", "sqlalchemy"})


async def test_sending_does_import_what_the_others_can_do_without(desk: Desk) -> None:
    assert await imported(desk, "send", "--yes", desk.message()) >= HEAVY
