"""A resident joins and leaves in a real browser, with the code read from the phone on the sandbox's page."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from broadcaster.numbers import masked
from tests.support.browsing import DESK, PHONE, SMALLEST, opened, violations
from tests.support.desk import Desk
from tests.support.joining import Door, door
from tests.support.world import resident

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

ANNA = resident(0)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Door]:
    async with door(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db") as made:
        yield made


async def read_code(browser: "Browser", here: Door, count: int) -> str:
    """Look at the phone on the sandbox's page for the last of so many codes."""
    await here.text(count)
    async with opened(browser, "light", DESK) as sandbox:
        await sandbox.goto(here.world.sandbox.url)
        phone = sandbox.locator("article", has_text=ANNA)
        shown = await phone.locator(".words").first.text_content() or ""
    found = re.match(r"\d{6}\b", shown)
    assert found is not None, shown
    return found[0]


async def listed(folder: Path, here: Door) -> list[tuple[str, str, str]]:
    """What ``broadcaster subscribers list`` shows."""
    ran = await Desk(folder, here.world.sandbox).run("subscribers", "list", "--json")
    assert ran.code == 0, ran.err
    return [(one["number"], one["municipality"], one["language"]) for one in json.loads(ran.out)["subscriptions"]]


async def focused(page: "Page") -> str:
    found = await page.locator(":focus").get_attribute("id") or await page.locator(":focus").get_attribute("class")
    return found or ""


async def test_a_resident_signs_up_through_the_page_and_leaves_again(
    browser: "Browser", here: Door, tmp_path: Path
) -> None:
    complaints: list[str] = []
    async with opened(browser, "light", PHONE) as page:
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(f"{here.url}/borgholm/")
        await page.get_by_role("link", name="Anmäl dig till sms").click()
        await page.get_by_label("Mobilnummer").fill("070-174 06 05")
        await page.get_by_label("Språk för sms").select_option("English")
        await page.get_by_role("button", name="Skicka kod").click()
        assert await focused(page) == "field"
        await page.reload()  # asks for nothing once more
        await page.get_by_label("Kod").fill(await read_code(browser, here, 1))
        await page.get_by_role("button", name="Anmäl mig").click()
        assert await page.get_by_role("heading", level=1).text_content() == "Klart, du får sms"
        assert await listed(tmp_path, here) == [(masked(ANNA), "borgholm", "en")]

        await page.get_by_role("link", name="Så är läget just nu").click()
        assert page.url == f"{here.url}/borgholm/"
        await page.goto(f"{here.url}/borgholm/anmalan")
        await page.get_by_role("link", name="Avsluta sms från Borgholms kommun").click()
        await page.get_by_label("Mobilnummer").fill(ANNA)
        await page.get_by_role("button", name="Skicka kod").click()
        await page.get_by_label("Kod").fill(await read_code(browser, here, 2))
        await page.get_by_role("button", name="Avsluta sms").click()
        assert await page.get_by_role("heading", level=1).text_content() == "Klart, du får inga fler sms"
        assert await listed(tmp_path, here) == []
    assert complaints == []
    assert len(here.world.sandbox.texts) == 2


async def test_what_is_wrong_is_said_first_and_leads_to_the_field(browser: "Browser", here: Door) -> None:
    async with opened(browser, "light", PHONE) as page:
        await page.goto(f"{here.url}/borgholm/anmalan")
        await page.get_by_label("Mobilnummer").fill("0485-880 00")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert (await page.title()).startswith("Något behöver rättas: ")
        assert await focused(page) == "warning"
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await focused(page) == "field"
        assert await page.get_by_label("Mobilnummer").input_value() == "0485-880 00"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALLEST, DESK], ids=["320px", "desktop"])
async def test_no_form_shuts_anybody_out(browser: "Browser", here: Door, scheme: str, size: tuple[int, int]) -> None:
    async with opened(browser, scheme, size, scripts=True) as page:
        for path in ("anmalan", "anmalan?lang=en", "avsluta", f"anmalan/{'x' * 22}", "anmalan/klar", "avsluta/klar"):
            await page.goto(f"{here.url}/borgholm/{path}")
            assert await violations(page) == [], path
            assert await page.evaluate("document.documentElement.scrollWidth") == size[0], path
        for path in ("anmalan", f"anmalan/{'x' * 22}"):
            await page.goto(f"{here.url}/borgholm/{path}")
            await page.locator("button").click()
            assert await page.locator(".warning").is_visible()
            assert await violations(page) == [], f"{path} with something wrong"
            assert await page.evaluate("document.documentElement.scrollWidth") == size[0], path
