"""Scripts of the public page and the board of services: what a communicator types, and what residents then read."""

import asyncio
import gzip
from pathlib import Path

import aiohttp

from tests.acceptance.test_cli_serving import listening
from tests.support.desk import PATIENCE, Desk

SERVICES = """
[[services]]
name = "Trygghetslarm"
status = "working"

[[services]]
name = "Webbplats"
status = "down"
note = "Ring i stället"
municipalities = ["morbylanga"]
+++
#"""


async def until(http: aiohttp.ClientSession, address: str, words: str) -> str:
    """Ask for a page until it says these words."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.get(address) as answer:
                page = await answer.text()
            if words in page:
                return page


CALLED = 'Ring <a href="tel:112">112</a>'


async def test_what_is_sent_and_set_is_on_the_page(desk: Desk) -> None:
    desk.configure('# directory = "site"', 'directory = "site"')
    async with listening(desk, "serve") as service, aiohttp.ClientSession() as http:
        empty = await until(http, f"{service.address}/borgholm/", "Det finns inga aktuella meddelanden.")
        sent = await desk.run("send", desk.message(old="+++\n#", new=SERVICES), "--yes")
        swedish = await until(http, f"{service.address}/borgholm/", "Våra system är avstängda")
        english = await until(http, f"{service.address}/morbylanga/en/", "Our systems are shut down")
        board = await desk.run("services", "list", "--json")
        changed = await desk.run(
            "services", "set", "Trygghetslarm", "limited", "-m", "borgholm", "--note", "Ring 112", "--yes"
        )
        limited = await until(http, f"{service.address}/borgholm/", CALLED)
        joint = await until(http, f"{service.address}/", CALLED)
        await service.stop()

    assert sent.code == changed.code == 0
    assert "<article" not in empty
    assert 'Ring <a href="tel:+4648588000">0485-880 00</a> om du behöver oss.' in swedish
    assert "Nästa uppdatering" in swedish
    assert "Trygghetslarm" in swedish
    assert "Ring i stället" not in swedish
    assert "Ring i stället" in english
    assert {(s["municipality"], s["name"], s["status"]) for s in board.data["services"]} == {
        ("borgholm", "Trygghetslarm", "working"),
        ("morbylanga", "Trygghetslarm", "working"),
        ("morbylanga", "Webbplats", "down"),
    }
    assert "Fungerar delvis" in limited
    assert "Mörbylånga kommun" in joint
    written = (desk.folder / "site/borgholm/index.html").read_text(encoding="utf-8")
    assert "Våra system är avstängda" in written
    assert CALLED in written


async def test_an_exercise_leaves_the_board_alone(desk: Desk) -> None:
    message = desk.message(old="+++\n#", new=SERVICES)
    (desk.folder / message).write_text(
        (desk.folder / message).read_text().replace("+++\n", "+++\nexercise = true\n", 1)
    )
    sent = await desk.run("send", message, "--yes")
    board = await desk.run("services", "list")
    assert sent.code == 0
    assert board.out == "the board is empty.\n"


async def test_the_board_is_set_listed_and_cleared(desk: Desk) -> None:
    down = ("services", "set", "E-tjänster", "down", "--note", "Ring växeln", "--yes")
    first = await desk.run(*down, "--all")
    again = await desk.run(*down)
    listed = await desk.run("services", "list", "-m", "borgholm")
    one = await desk.run("services", "clear", "E-tjänster", "-m", "borgholm", "--yes")
    undone = await desk.run("services", "undo", "E-tjänster", "--yes")
    rest = await desk.run("services", "clear", "--all", "--yes")
    assert first.out.splitlines() == [
        "borgholm/E-tjänster: not on the board → down (Ring växeln)",
        "morbylanga/E-tjänster: not on the board → down (Ring växeln)",
        "The board is changed.",
        'To undo it: broadcaster services undo "E-tjänster" -m borgholm -m morbylanga',
    ]
    assert again.out == "E-tjänster is down in borgholm, morbylanga, as before.\n"
    assert "Ring växeln" in listed.out
    assert "morbylanga" not in listed.out
    assert one.out.startswith("borgholm/E-tjänster: down (Ring växeln) → not on the board\n")
    assert undone.out.startswith("borgholm/E-tjänster: not on the board → down (Ring växeln)\n")
    assert rest.out.count("→ not on the board\n") == 2


async def test_only_those_that_have_a_service_are_meant_where_nobody_is_named(desk: Desk) -> None:
    nobody = await desk.run("services", "set", "E-post", "down", "--yes")
    await desk.run("services", "set", "E-post", "down", "-m", "borgholm", "--yes")
    asked = await desk.run("services", "set", "E-post", "working")
    typed = await desk.run("services", "set", "epost", "working", "--since", "unknown", "--yes")
    board = await desk.run("services", "list", "--json")

    assert (nobody.code, asked.code, typed.code) == (2, 2, 0)
    assert "-m NAME, or add --all for every sender. There are: borgholm, morbylanga" in nobody.err
    assert "borgholm/E-post: down → working" in asked.out
    assert "--yes" in asked.err
    (service,) = board.data["services"]
    assert (service["municipality"], service["name"], service["status"]) == ("borgholm", "E-post", "working")
    assert service["since"] is None


async def test_a_service_with_a_name_like_anothers_is_asked_about_and_refused_where_nobody_can_be(desk: Desk) -> None:
    await desk.run("services", "set", "E-post", "down", "-m", "borgholm", "--yes")
    in_a_pipe = await desk.run("services", "set", "E-posten", "working", "-m", "borgholm", "--yes")
    async with desk.terminal("services", "set", "E-posten", "working") as terminal:
        await terminal.until("Did you mean 'E-post'? [y/N]")
        terminal.type("y\r")
        await terminal.until("borgholm/E-post: down → working\nChange the board? [y/N]")
        terminal.type("n\r")
        code = await terminal.end()
    other = await desk.run("services", "set", "E-posten", "working", "-m", "borgholm", "--new", "--yes")
    in_a_file = await desk.run("preview", desk.message(old="+++\n#", new=SERVICES.replace("Webbplats", "E-posterna")))

    assert (in_a_pipe.code, code, other.code) == (2, 1, 0)
    assert "'E-posten'" in in_a_pipe.err
    assert "'E-post' (borgholm)" in in_a_pipe.err
    assert "morbylanga" not in other.out
    assert in_a_file.code == 2
    assert "message.md:14: services.name: The board of services has no 'E-posterna', but it has " in in_a_file.err


async def test_what_cannot_be_said_of_services_is_refused(desk: Desk) -> None:
    for arguments, said in (
        (["set", "E-tjänster", "down", "-m", "kalmar"], "there is no municipality 'kalmar'"),
        (["set", "  ", "down"], "the service has no name"),
        (["set", "E-tjänster", "down", "--note", "a\nb"], "one line each"),
        (["set", "E-tjänster", "broken"], "'broken'"),
        (["set", "E-tjänster", "down", "--all", "-m", "borgholm"], "leave it out"),
        (["set", "E-tjänster", "down", "--all", "--since", "tomorrow 12:00"], "in the future"),
        (["set", "E-tjänster", "down", "--all", "--since", "nyss"], "--since"),
        (["undo", "E-tjänster"], "nothing was changed of a service 'E-tjänster'"),
        (["clear"], "name a service, or say --all"),
        (["clear", "Finns", "--all"], "name a service, or say --all"),
        (["clear", "Finns"], "there is no service 'Finns'"),
    ):
        refused = await desk.run("services", *arguments)
        assert refused.code == 2, arguments
        assert said in refused.err


async def test_a_message_changes_of_the_board_only_what_it_names_and_says_so_before(desk: Desk) -> None:
    message = desk.message(old="+++\n#", new=SERVICES)
    previewed = await desk.run("preview", message, "--json")
    sent = await desk.run("send", message, "--yes", "--json")
    await desk.run("services", "set", "Webbplats", "working", "--yes")
    begun = await desk.run("new", "--from", sent.data["message"], "-o", "update.md")
    update = (desk.folder / "update.md").read_text(encoding="utf-8")
    seen = await desk.run("preview", "update.md")
    updated = await desk.run("send", "update.md", "--yes")
    board = await desk.run("services", "list", "-m", "morbylanga")
    shown = await desk.run("incident", "show", "Dataintrång", "--json")

    assert (begun.code, updated.code) == (0, 0), updated.err
    assert [(one["municipality"], one["name"], one["before"]) for one in previewed.data["board"]] == [
        ("borgholm", "Trygghetslarm", None),
        ("morbylanga", "Trygghetslarm", None),
        ("morbylanga", "Webbplats", None),
    ]
    assert '# name = "Webbplats"\n# status = "working"\n# municipalities = ["morbylanga"]\n' in update
    assert "\n[[services]]" not in update
    assert "Board of services: nothing changes." in seen.out
    assert "working" in board.out
    assert "down" not in board.out
    changed = [(one["cause"], one["name"], one["after"]["status"]) for one in shown.data["board"]]
    assert changed == [
        ("message", "Trygghetslarm", "working"),
        ("message", "Trygghetslarm", "working"),
        ("message", "Webbplats", "down"),
        ("set", "Webbplats", "working"),
    ]


async def test_what_a_message_changed_is_put_back_when_it_is_taken_back_and_shown_before(desk: Desk) -> None:
    await desk.run("services", "set", "Webbplats", "working", "-m", "morbylanga", "--yes")
    sent = await desk.run("send", desk.message(old="+++\n#", new=SERVICES), "--yes", "--json")
    looked = await desk.run("retract", sent.data["message"], "--dry-run")
    await desk.run("retract", sent.data["message"], "--yes")
    board = await desk.run("services", "list", "--json")

    assert "before the message: morbylanga/Webbplats: down (Ring i stället) → working." in looked.out
    assert [(one["name"], one["status"]) for one in board.data["services"]] == [("Webbplats", "working")]


async def test_the_site_is_exported_twice_alike_and_without_what_is_gone(desk: Desk) -> None:
    await desk.run("send", desk.message(), "--yes")
    first = await desk.run("site", "export", "out")
    written = files(desk.folder / "out")
    second = await desk.run("site", "export", "out")
    desk.configure('languages = ["sv", "en"]\n', 'languages = ["sv"]\n')
    await desk.run("site", "export", "out")

    assert first.out == "10 pages and 23 files of feeds in out.\n"
    assert second.out == first.out
    assert "Våra system är avstängda".encode() in written["index.html"]
    assert "Våra system är avstängda".encode() in written["feeds/borgholm/sv.rss"]
    assert all(gzip.decompress(written[f"{name}.gz"]) == written[name] for name in written if name[-3:] != ".gz")
    assert "morbylanga/en/index.html" in written
    assert "morbylanga/en/index.html" not in files(desk.folder / "out")


async def test_a_site_that_cannot_be_exported_says_why(desk: Desk) -> None:
    nowhere = await desk.run("site", "export", "nowhere/out")
    desk.configure(', page = "pages"', "")
    without = await desk.run("site", "export", "out")
    assert nowhere.code == 3
    assert "the folder nowhere/out cannot be written" in nowhere.err
    assert without.code == 2
    assert "no municipality has a page" in without.err


def files(folder: Path) -> dict[str, bytes]:
    """What a web server could hand out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
