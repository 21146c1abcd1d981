"""Scripts of sending from the command line: what is asked, shown and printed, and what then becomes of the message."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from channels.sandbox import Behaviour, Fault
from tests.support.desk import PATIENCE, PROGRAM, Desk, ended, environment, plain
from tests.support.world import resident

THREE = [resident(0), resident(1), resident(2)]
STATES = {
    "waiting",
    "pending",
    "sending",
    "accepted",
    "delivered",
    "undelivered",
    "rejected",
    "in_doubt",
    "abandoned",
    "expired",
    "cancelled",
}


async def test_a_message_is_sent_to_everyone_and_nothing_of_it_is_shown_that_is_not_asked_for(desk: Desk) -> None:
    await desk.subscribe(THREE)

    ran = await desk.run("send", desk.message(), "--yes")

    assert ran.code == 0
    assert "All 19 deliveries were accepted." in ran.out
    assert ran.err == ""
    assert "\x1b" not in ran.out
    assert desk.reached() == THREE
    assert len(desk.sandbox.posts) == 4


async def test_send_and_status_print_one_and_the_same_object(desk: Desk) -> None:
    await desk.subscribe(THREE)

    sent = await desk.run("send", desk.message(), "--yes", "--json")
    status = await desk.run("status", "--json")

    assert sent.code == status.code == 0
    assert sent.err == ""
    assert sent.data == status.data
    assert set(sent.data) == {"message", "state", "deliveries"}
    assert sent.data["state"] == "done"
    assert list(sent.data["deliveries"]) == ["facebook", "sms", "feed", "page", "websub", "ivr"]
    assert {name: counts["accepted"] for name, counts in sent.data["deliveries"].items()} == {
        "facebook": 4,
        "sms": 3,
        "feed": 4,
        "page": 4,
        "websub": 0,
        "ivr": 4,
    }
    assert all(set(counts) == STATES for counts in sent.data["deliveries"].values())


async def test_a_dry_run_shows_what_would_go_where_and_sends_nothing(desk: Desk) -> None:
    await desk.subscribe(THREE)
    file = desk.message()

    shown, as_data = await asyncio.gather(
        desk.run("send", file, "--dry-run"), desk.run("send", file, "--dry-run", "--json")
    )
    data = as_data.data

    assert shown.code == 0
    assert "alert, severe: Våra system är avstängda" in shown.out
    assert "borgholm      sv, en    3 sv, 0 en  sv, en  sv, en" in shown.out
    assert "Residents by SMS: 3, about 1.05 kronor. Done at about " in shown.out
    assert shown.out.endswith("Nothing was sent.\n")
    assert data["state"] == "planned"
    assert {name: counts["pending"] for name, counts in data["deliveries"].items()} == {
        "facebook": 4,
        "sms": 3,
        "feed": 4,
        "page": 4,
        "websub": 0,
        "ivr": 4,
    }
    assert desk.sandbox.requests == []
    assert "no message has been sent yet" in (await desk.run("status")).err


@pytest.mark.parametrize("answer", ["n\n", "\x03"])
async def test_who_does_not_say_yes_has_sent_nothing(desk: Desk, answer: str) -> None:
    async with desk.terminal("send", desk.message()) as terminal:
        await terminal.until("Send it to the sandbox? [y/N]")
        terminal.type(answer)
        code = await terminal.end()

    assert code == 1
    assert "Nothing was sent." in terminal.shown
    assert desk.sandbox.requests == []


async def test_on_a_terminal_one_is_asked_and_sees_it_go(desk: Desk) -> None:
    await desk.subscribe(THREE)
    desk.sandbox.behave("twilio", Behaviour(Fault.SLOW, seconds=0.5))

    async with desk.terminal("send", desk.message()) as terminal:
        await terminal.until("[y/N]")
        terminal.type("y\n")
        await terminal.until("/19")
        code = await terminal.end()

    assert code == 0
    assert plain(terminal.shown).rstrip().splitlines()[-2] == "All 19 deliveries were accepted."
    assert desk.reached() == THREE


async def test_on_a_narrow_terminal_nothing_is_left_out(desk: Desk) -> None:
    columns = 60
    async with (
        desk.terminal("preview", desk.message(), columns=columns) as preview,
        desk.terminal("check", columns=columns) as check,
    ):
        await preview.end()
        await check.end()

    shown = plain(preview.shown + check.shown)
    assert max(map(len, shown.splitlines())) <= columns
    assert "…" not in shown


async def test_colours_are_left_out_where_nobody_wants_them(desk: Desk) -> None:
    async with desk.terminal("send", desk.message(), "--yes", env={"NO_COLOR": "1"}) as terminal:
        assert await terminal.end() == 0
    assert "\x1b[32m" not in terminal.shown


async def test_in_a_pipe_nobody_can_be_asked(desk: Desk) -> None:
    ran = await desk.run("send", desk.message(), stdin=b"y\n")
    assert ran.code == 2
    assert ran.err == "error: nobody can be asked here: add --yes to send, or --dry-run to look. Nothing was sent.\n"
    assert desk.sandbox.requests == []


async def test_with_standard_input_closed_nobody_can_be_asked(desk: Desk) -> None:
    file = desk.message()
    process = await asyncio.create_subprocess_shell(
        f'exec "$0" -m broadcaster send {file} <&-'.replace("$0", PROGRAM[0]),
        cwd=desk.folder,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    ran = await ended(process)
    assert ran.code == 2
    assert "add --yes" in ran.err


async def test_the_same_file_again_sends_nothing_and_shows_what_became_of_it(desk: Desk) -> None:
    await desk.subscribe(THREE)
    file = desk.message()
    first = await desk.run("send", file, "--yes", "--json")

    again, as_data = await asyncio.gather(
        desk.run("send", file),  # nobody has to be asked, for nothing will happen
        desk.run("send", file, "--yes", "--json"),
    )

    assert again.code == 0
    assert "sent before, and nothing goes out twice" in again.out
    assert "All 19 deliveries were accepted." in again.out
    assert as_data.data == first.data
    assert desk.reached() == THREE


async def test_two_who_send_the_same_file_at_once_send_it_once(desk: Desk) -> None:
    await desk.subscribe(THREE)
    file = desk.message()

    one, other = await asyncio.gather(*(desk.run("send", file, "--yes", "--json") for _ in range(2)))

    assert one.code == other.code == 0
    assert one.data == other.data
    assert desk.reached() == THREE
    assert len(desk.sandbox.posts) == 4


async def test_a_rejected_number_is_told_and_the_exit_code_says_so(desk: Desk) -> None:
    await desk.subscribe(THREE)
    desk.sandbox.behave("twilio", Behaviour(Fault.REFUSE, to=THREE[1], code=21610))

    ran = await desk.run("send", desk.message(), "--yes")
    status = await desk.run("status")

    assert ran.code == status.code == 1
    for shown in (ran.out, status.out):
        assert "1 rejected (sms): the resident has opted out of messages from this sender" in shown
        assert "18 of 19 were accepted." in shown
    assert THREE[1] not in ran.out + ran.err


async def test_an_account_that_does_not_let_us_in_is_named_and_the_others_send(desk: Desk) -> None:
    await desk.subscribe(THREE)
    desk.sandbox.behave("twilio", Behaviour(Fault.UNAUTHORISED))
    file = desk.message()

    ran = await desk.run("send", file, "--yes")
    desk.sandbox.behave("twilio")
    mended = await desk.run("send", file, "--yes")

    assert ran.code == 1
    assert "sms is halted: Twilio does not accept the credentials: check account_sid and auth_token" in ran.out
    assert "3 are still to come." in ran.out
    assert len(desk.sandbox.posts) == 4
    assert mended.code == 0
    assert desk.reached() == THREE


async def test_what_does_not_move_is_not_watched_for_ever(desk: Desk) -> None:
    await desk.subscribe(THREE)
    desk.sandbox.behave("twilio", Behaviour(Fault.THROTTLE, retry_after=600))

    ran = await desk.run("send", desk.message(), "--yes", "--wait", "0.5")

    assert ran.code == 1
    assert "3 are still to come. They go on with `broadcaster send message.md` or `broadcaster serve`" in ran.out
    assert "nothing is sent twice" in ran.out


async def test_ctrl_c_ends_a_send_in_good_order_and_the_next_one_goes_on(desk: Desk) -> None:
    everybody = [resident(place) for place in range(12)]
    await desk.subscribe(everybody)
    desk.configure("rate = 2000\nconcurrency = 8 ", "rate = 4\nconcurrency = 2 ")
    file = desk.message()

    async with desk.started("send", file, "--yes") as process:
        await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 3)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)
    got = len(desk.reached())
    desk.configure("rate = 4\nconcurrency = 2 ", "rate = 2000\nconcurrency = 8 ")
    resumed = await desk.run("send", file, "--yes")

    assert stopped.code == 1
    assert "stopping: what is on its way is finished first." in stopped.err
    assert 3 <= got < 12
    assert f"{12 - got} are still to come. They go on with `broadcaster send {file}`" in stopped.out
    assert "in doubt" not in stopped.out.replace("in doubt  rejected", "")
    assert resumed.code == 0
    assert "Only a part of this message was sent before" in resumed.out
    assert desk.reached() == everybody


async def test_a_second_ctrl_c_ends_it_at_once_and_what_was_in_the_air_is_in_doubt(desk: Desk) -> None:
    await desk.subscribe(THREE)
    desk.sandbox.behave("twilio", Behaviour(Fault.HANG))
    file = desk.message()

    async with desk.terminal("send", file, "--yes") as terminal:
        await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 3)
        terminal.type("\x03")
        await terminal.until("Ctrl-C again stops at once.")
        terminal.type("\x03")
        code = await terminal.end()
    status = await desk.run("status", "--json")
    again = await desk.run("send", file, "--yes", "--wait", "1")

    assert code == 130
    assert "stopped at once." in terminal.shown
    assert "Traceback" not in terminal.shown
    assert status.data["deliveries"]["sms"]["in_doubt"] == 3
    assert again.code == 1
    assert desk.reached() == THREE


async def test_recent_messages_are_listed(desk: Desk) -> None:
    empty = await desk.run("status", "--recent")
    await desk.run("send", desk.message(), "--yes")
    shown, as_data = await asyncio.gather(desk.run("status", "--recent"), desk.run("status", "--recent", "--json"))
    data = as_data.data

    assert empty.out == "no message has been sent yet.\n"
    assert "done   Våra system är avstängda" in shown.out
    assert [(entry["headline"], entry["state"]) for entry in data["messages"]] == [("Våra system är avstängda", "done")]
    assert data["messages"][0]["message"] in shown.out


async def test_a_message_is_found_by_the_beginning_of_its_id(desk: Desk) -> None:
    sent = (await desk.run("send", desk.message(), "--yes", "--json")).data

    found, unknown = await asyncio.gather(desk.run("status", sent["message"][:4], "--json"), desk.run("status", "zz"))

    assert found.data == sent
    assert unknown.code == 2
    assert unknown.err == "error: there is no message zz. `broadcaster status --recent` lists those sent last.\n"


@pytest.mark.parametrize("command", [("status", "--recent"), ("preview", "message.md", "--json")])
async def test_a_reader_who_leaves_is_no_error(desk: Desk, command: tuple[str, ...]) -> None:
    desk.message()
    reading, writing = os.pipe()
    os.close(reading)

    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *command, cwd=desk.folder, env=environment(), stdout=writing, stderr=asyncio.subprocess.PIPE
    )
    os.close(writing)
    async with asyncio.timeout(PATIENCE):
        _, err = await process.communicate()

    assert err == b""


@pytest.mark.parametrize(
    "env", [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}]
)
async def test_a_terminal_without_swedish_letters_shows_what_it_can_and_programs_get_all(
    desk: Desk, env: dict[str, str]
) -> None:
    file = desk.message()

    async with desk.terminal("preview", file, env=env) as terminal:
        as_data = await desk.run("preview", file, "--json", env=env)
        code = await terminal.end()

    assert code == 0
    assert "V?ra system" in terminal.shown
    assert as_data.data["renditions"][0]["text"].startswith("Våra system är avstängda")


async def test_numbers_secrets_and_texts_stay_out_of_what_is_logged(desk: Desk) -> None:
    await desk.subscribe(THREE)
    desk.sandbox.behave("twilio", Behaviour(Fault.REFUSE, to=THREE[0]), Behaviour(Fault.ERROR, to=THREE[1]))
    desk.sandbox.behave("facebook", Behaviour(Fault.GARBAGE))
    for name in ("twilio", "facebook-borgholm", "facebook-morbylanga"):
        desk.write(f"secrets/{name}", "geheim-and-long")

    ran = await desk.run("send", desk.message(), "--yes", "--wait", "1", env={"PYTHONASYNCIODEBUG": "1"})

    said = ran.out + ran.err
    assert ran.code == 1
    for number in THREE:
        assert number not in said
        assert number[3:] not in said
    assert "geheim" not in said
    assert (Path(desk.folder) / "broadcaster.key").read_text().strip() not in said
    assert "om du behöver oss" not in said
