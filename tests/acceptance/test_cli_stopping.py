"""Ending a send that is not alone: who goes on is said, how to end that, and what really went out."""

import asyncio
import signal

from channels.sandbox import Behaviour, Fault
from tests.support.desk import PATIENCE, Desk, ended, plain
from tests.support.world import resident

EVERYBODY = [resident(place) for place in range(40)]
SLOWLY = ("rate = 2000\nconcurrency = 8 ", "rate = 1\nconcurrency = 4 ")


async def started(process: asyncio.subprocess.Process) -> None:
    """Wait until a ``serve`` or ``worker`` is at work."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        assert await process.stdout.readline()


async def test_whoever_stops_a_send_beside_serve_is_told_who_goes_on_and_a_retraction_ends_it_and_counts_what_left(
    desk: Desk,
) -> None:
    await desk.subscribe(EVERYBODY)
    desk.configure(*SLOWLY)
    desk.sandbox.behave("twilio", Behaviour(Fault.SLOW, seconds=0.3))

    async with desk.started("serve") as serve:
        await started(serve)
        async with desk.started("send", desk.message(), "--yes") as process:
            await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 3, PATIENCE)
            process.send_signal(signal.SIGINT)
            stopped = await ended(process)
        at_the_end = len(desk.sandbox.texts)
        await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) > at_the_end)  # serve goes on indeed
        message = stopped.out.rpartition("`broadcaster status ")[2].partition("`")[0]
        retracted = await desk.run("retract", message, "--yes", "--json")
        left = len(desk.reached())
        status = await desk.run("status")
        recent = await desk.run("status", "--recent")

        assert stopped.code == 1
        assert (
            f"`broadcaster serve` or `worker` (process {serve.pid} on this machine) goes on with them." in stopped.out
        )
        assert f"To call the rest off: `broadcaster retract {message}`" in stopped.out
        assert f"stop that process (`kill {serve.pid}`)" in stopped.out
        assert "No process is sending them now" not in stopped.out
        assert retracted.code == 0
        assert 3 < left < len(EVERYBODY)
        assert retracted.data["residents_reached"] == left
        assert (retracted.data["residents_in_doubt"], retracted.data["leaving"]) == (0, 0)
        assert retracted.data["deliveries"]["sms"]["accepted"] == left
        assert retracted.data["deliveries"]["sms"]["cancelled"] == len(EVERYBODY) - left
        assert ", taken back " in status.out
        assert "taken back" in recent.out
        assert len(desk.reached()) == left  # and nothing left after it


async def test_whoever_stops_a_send_while_another_one_runs_is_told_of_that_process(desk: Desk) -> None:
    await desk.subscribe(EVERYBODY)
    desk.configure(*SLOWLY)
    file = desk.message()

    async with desk.started("send", file, "--yes") as other:
        await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 3, PATIENCE)
        async with desk.terminal("send", file, "--yes", columns=300) as terminal:
            await terminal.until("/56")
            terminal.type("\x03")
            await terminal.end()

    assert f"another command (process {other.pid} on this machine) goes on with them" in plain(terminal.shown)
    assert "phone lines that it serves" not in terminal.shown


async def test_at_ctrl_c_one_hears_at_once_who_goes_on_however_long_the_provider_takes(desk: Desk) -> None:
    await desk.subscribe(EVERYBODY[:3])
    desk.sandbox.behave("twilio", Behaviour(Fault.HANG))

    async with desk.started("worker") as worker:
        await started(worker)
        async with desk.terminal("send", desk.message(), "--yes", columns=300) as terminal:
            await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 3, PATIENCE)
            terminal.type("\x03")
            shown = await terminal.until(f"process {worker.pid} on this machine) goes on all the same.")

    assert "Ctrl-C again stops at once." in shown
    assert "still to come" not in shown
