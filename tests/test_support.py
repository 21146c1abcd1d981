"""The tests' own support: what it promises, other tests rely on."""

import asyncio
import socket
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error
from sqlalchemy import text

from broadcaster.store.database import Database
from tests.support.loopback import Guard, LeftLoopbackError


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")])
def test_a_connection_to_another_machine_is_stopped(family: int, host: str, loopback_guard: Guard) -> None:
    with socket.socket(family) as sock, pytest.raises(LeftLoopbackError, match=host):
        sock.connect((host, 9))
    assert loopback_guard.stopped == [host]
    loopback_guard.stopped.clear()


async def test_a_name_that_would_be_looked_up_elsewhere_is_stopped(loopback_guard: Guard) -> None:
    with pytest.raises(LeftLoopbackError):
        await asyncio.open_connection("host.example", 9)
    assert loopback_guard.stopped == ["host.example"]
    loopback_guard.stopped.clear()


async def test_an_invalid_name_is_unknown_without_asking_anyone() -> None:
    with pytest.raises(socket.gaierror):
        await asyncio.open_connection("host.invalid", 9)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_connections_on_this_machine_are_let_through(host: str) -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1") as server:
        _, writer = await asyncio.open_connection(host, server.sockets[0].getsockname()[1])
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("_round", [1, 2])
async def test_every_test_gets_an_empty_database(database_url: str, _round: int) -> None:
    async with Database(database_url) as database, database.write() as connection:
        await connection.execute(text("CREATE TABLE things (id INTEGER)"))  # would fail if the last round's were there


async def test_the_browser_shows_a_page_and_finds_no_other_machine(browser: Browser, tmp_path: Path) -> None:
    page = await browser.new_page()
    (tmp_path / "page.html").write_text("<!doctype html><title>Kris</title>")
    await page.goto((tmp_path / "page.html").as_uri())
    assert await page.title() == "Kris"
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("https://host.example/")
