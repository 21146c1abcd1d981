"""What the command line says about itself, and what it does with what it does not know."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import typer

from broadcaster import __version__
from broadcaster.cli.app import app
from tests.support.desk import PROGRAM, ended, environment
from tests.support.warm import Ran


def commands(group: typer.Typer, *above: str) -> Iterator[tuple[str, ...]]:
    """Every command there is, as it is typed."""
    yield above
    for command in group.registered_commands:
        assert command.callback is not None
        yield (*above, command.name or command.callback.__name__)
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        assert inner.name is not None
        yield from commands(inner.typer_instance, *above, inner.name)


COMMANDS = list(commands(app))


async def run(*arguments: str, more: Mapping[str, str] = MappingProxyType({})) -> Ran:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *arguments,
        env=environment() | {"COLUMNS": "80", **more},
        cwd=Path(__file__).parent,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)


def test_the_commands_are_those_that_were_designed() -> None:
    assert {command[0] for command in COMMANDS if command} == {
        *("init", "check", "new", "preview", "send", "status", "doubts", "subscribers"),
        *("update", "correct", "all-clear", "retract", "incident", "schedule", "sources", "report"),
        *("services", "site", "prompts"),
        *("serve", "worker", "sandbox", "demo", "db", "completion"),
    }


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
async def test_help_shows_an_example_on_a_line_of_its_own(command: tuple[str, ...]) -> None:
    ran = await run(*command, "--help")

    assert ran.code == 0
    assert ran.err == ""
    assert f"\n  Example: broadcaster {' '.join(command)}" in ran.out
    assert "..." not in ran.out.replace("[ARGS]...", ""), "a summary is too long to be listed in full"


@pytest.mark.parametrize("named", [(), ("incident",), ("db",)], ids=" ".join)
async def test_help_is_asked_for_in_three_ways_and_goes_to_standard_output(named: tuple[str, ...]) -> None:
    long, short, bare = [await run(*named, *asked) for asked in (("--help",), ("-h",), ())]
    assert long == short == bare
    assert (long.code, long.err) == (0, "")
    assert "\nCommands:\n" in long.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_a_script_lets_each_shell_complete_commands(shell: str) -> None:
    ran = await run("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert f"_BROADCASTER_COMPLETE=complete_{shell}" in ran.out


async def test_the_shell_is_told_what_a_command_may_go_on_with() -> None:
    typed = {"COMP_WORDS": "broadcaster incident ex", "COMP_CWORD": "2", "_BROADCASTER_COMPLETE": "complete_bash"}
    assert (await run(more=typed)).out.split() == ["export"]


async def test_the_program_says_its_version() -> None:
    assert (await run("--version")).out == f"broadcaster {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sned",), "No such command 'sned'. Did you mean 'send'?"),
        (("send",), "Missing argument 'FILE'."),
        (("send", "message.md", "--jsn"), "No such option: --jsn"),
        (("send", "message.md", "--wait", "soon"), "'--wait'"),
    ],
)
async def test_what_is_typed_wrong_is_said_and_costs_nothing(arguments: tuple[str, ...], said: str) -> None:
    ran = await run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert said in ran.err
