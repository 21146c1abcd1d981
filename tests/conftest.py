"""What tests ask for by name: databases, a browser; and what holds for every one of them: nothing leaves loopback."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support import loopback, postgresql
from tests.support.components import CHROMIUM, ESPEAK, FONTS, POSTGRESQL, REQUIRED, Component

if TYPE_CHECKING:
    from playwright.async_api import Browser

# The same examples every time, so that a red run is about the change; HYPOTHESIS_PROFILE=thorough searches at random.
settings.register_profile("quick", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

_guard = loopback.Guard()
_guard.watch()


@pytest.fixture(autouse=True)
def loopback_guard() -> Iterator[loopback.Guard]:
    """Fail a test that tried to leave this machine, even if the code under test swallowed the error."""
    _guard.stopped.clear()
    yield _guard
    assert not _guard.stopped, f"the test tried to reach {', '.join(_guard.stopped)}"


def _need(component: Component) -> Path:
    """Return where the component is; without it the test is skipped, or fails where nothing may be skipped."""
    place = component.find()
    if place is not None:
        return place
    reason = f"{component.name} is not here; `make test` as root installs it ({' '.join(component.packages)})"
    if REQUIRED in os.environ:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server of this run's own (of each worker's, where several run)."""
    with postgresql.serving(_need(POSTGRESQL)) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db"
        return
    server: postgresql.Server = request.getfixturevalue("postgresql_server")
    async with server.database() as name:
        yield f"postgresql+asyncpg://{server.address}/{name}"


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program."""
    _need(FONTS)
    return _need(CHROMIUM)


@pytest.fixture(scope="session")
def espeak() -> Path:
    """The program that speaks."""
    return _need(ESPEAK)


@pytest.fixture
async def browser(chromium: Path) -> "AsyncIterator[Browser]":
    """A headless browser that knows no way off this machine."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - half a second that only its users should pay

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",  # tests may run as root
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        await browser.close()
