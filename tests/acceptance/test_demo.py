"""The demo: everything at work on one machine, as a first-time user sees it."""

import re
from pathlib import Path

import aiohttp

from tests.support.desk import Desk, plain


async def test_the_demo_sends_to_everybody_and_shows_what_each_got(desk: Desk) -> None:
    ran = await desk.run("demo")

    assert ran.code == 0
    assert ran.err == ""
    assert "All 64 deliveries were accepted. Known to have arrived: 48." in ran.out
    assert "4 posts on 2 pages, 48 SMS on 48 phones" in ran.out
    page, sms, feed, line = re.split(r"^== ", ran.out, flags=re.MULTILINE)[1:]
    assert page.startswith("Facebook page\nDataintrång: våra datorsystem är avstängda\n\nMåndagen den 12 december")
    assert re.match(r"SMS\n(Borgholms|Mörbylånga) kommun: Dataintrång\.|SMS\n\w+ Municipality: data breach\.", sms)
    assert "/feeds/morbylanga/sv.rss)\nDataintrång: våra datorsystem är avstängda\n\nMåndagen" in feed
    assert "<" not in feed
    assert line.startswith("phone line (+46846500400)\nFor English, press 2.\n\nDet här är Borgholms kommun.")
    assert line.endswith("[ringing +4648588000]\n\n")
    assert is_gone(folder_of(ran.out))


async def test_the_demo_stays_up_to_be_looked_at_until_ctrl_c(desk: Desk) -> None:
    async with desk.terminal("demo", "--stay") as terminal:
        shown = plain(await terminal.until("Ctrl-C ends it."))
        found = re.search(r"Look around: (\S+)[^:]*\) and\s+(\S+)\s", shown)
        assert found
        async with aiohttp.ClientSession() as http:
            for address in (found[1], f"{found[2]}/feeds/borgholm/en.atom", f"{found[2]}/borgholm/"):
                async with http.get(address) as answer:
                    assert answer.status == 200
        terminal.type("\x03")
        code = await terminal.end()

    assert code == 0
    assert is_gone(folder_of(shown))


async def test_the_demo_needs_no_configuration_and_leaves_none(desk: Desk) -> None:
    (desk.folder / "config.toml").unlink()
    before = sorted(desk.folder.rglob("*"))
    assert (await desk.run("demo")).code == 0
    assert sorted(desk.folder.rglob("*")) == before


def is_gone(folder: Path) -> bool:
    return not folder.exists()


def folder_of(shown: str) -> Path:
    """The folder that the demo works in."""
    found = re.search(r"\S*broadcaster-demo-\w+", shown)
    assert found
    return Path(found[0])
