"""Pages in a real browser: opened as residents do, and held to what shuts nobody out."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from axe_playwright_python.async_playwright import Axe

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, SMALLEST, DESK = (390, 844), (320, 640), (1280, 900)


@asynccontextmanager
async def opened(
    browser: "Browser", scheme: str, size: tuple[int, int], *, scripts: bool = False
) -> "AsyncIterator[Page]":
    """A page of its own in the browser; with scripts only for the sake of axe, which is one."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
        bypass_csp=scripts,
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def violations(page: "Page") -> Sequence[str]:
    """What is wrong for somebody, as axe says it."""
    found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": STANDARDS}})
    return [
        f"{one['id']} ({one['impact']}): {node['html']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]
