"""Residents join and leave on the web: over real sockets, with the code read from the sandbox's phone."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from broadcaster.config import SandboxSettings
from broadcaster.rehearsal import sandbox_of
from broadcaster.residents.turnstile import OF_ONE
from broadcaster.store.consents import How
from messages.segments import segment
from tests.support.joining import Answered, Door, code_in, door
from tests.support.storing import execute, fetch
from tests.support.world import resident

ANNA, BO, CAT, DAN = (resident(place) for place in range(4))
ONE_EACH = {"codes_per_day = 500": "codes_per_number = 1\ncodes_per_day = 500"}


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncIterator[Door]:
    async with door(tmp_path, database_url) as made:
        yield made


@pytest.fixture
async def by_sqlite(tmp_path: Path) -> AsyncIterator[Door]:
    async with door(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db") as made:
        yield made


async def test_a_resident_joins_and_leaves_with_codes_from_the_phone(here: Door) -> None:
    asked = await here.ask("070-174 06 05", language="en")
    assert (asked.status, asked.location) == (303, f"anmalan/{asked.id}")
    assert await here.subscriptions() == []
    text = await here.text()
    assert text.to == ANNA
    assert "din kod för att få sms från Borgholms kommun" in text.body
    assert segment(text.body).count == 1

    done = await here.confirm(asked, code_in(text))
    assert (done.status, done.location) == (303, "klar")
    assert "Klart, du får sms" in (await here.get("borgholm/anmalan/klar")).body
    assert await here.subscriptions() == [(ANNA, "borgholm", "en")]

    leaving = await here.ask(ANNA, "avsluta")
    text = await here.text(count=2)
    assert "din kod för att avsluta sms från Borgholms kommun" in text.body
    assert (await here.confirm(leaving, code_in(text), "avsluta")).location == "klar"
    assert await here.subscriptions() == []


async def test_consent_is_kept_with_the_words_that_the_page_showed(here: Door) -> None:
    page = (await here.get("borgholm/anmalan")).body
    asked = await here.ask(ANNA)
    await here.confirm(asked, code_in(await here.text()))
    [evidence] = await here.broadcaster.store.subscribers.evidence(ANNA)
    assert (evidence.municipality, evidence.how) == ("borgholm", How.WEB)
    assert evidence.shown is not None
    assert evidence.shown.startswith("När du bekräftar godkänner du att Borgholms kommun")
    assert evidence.shown in page


async def test_neither_number_nor_code_stands_in_the_database_in_clear_and_a_sent_code_not_at_all(here: Door) -> None:
    await here.ask(ANNA)
    code = code_in(await here.text())
    [row] = await fetch(here.broadcaster.store.database, "SELECT * FROM signups")
    assert not any(code == str(cell) or ANNA[1:] in str(cell) for cell in row)
    assert await fetch(here.broadcaster.store.database, "SELECT outgoing FROM signups") == [(None,)]


async def test_a_code_counts_once_for_ten_minutes_and_five_tries(by_sqlite: Door) -> None:
    here = by_sqlite
    asked = await here.ask(ANNA)
    code = code_in(await here.text())
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(4):
        refused = await here.confirm(asked, wrong)
        assert (refused.status, "Koden stämmer inte" in refused.body) == (422, True)
    assert (await here.confirm(asked, f" {code[:3]}-{code[3:]} ")).status == 303
    assert (await here.confirm(asked, code)).status == 422

    asked = await here.ask(BO)
    code = code_in(await here.text(count=2))
    for _ in range(5):
        await here.confirm(asked, wrong)
    assert (await here.confirm(asked, code)).status == 422

    asked = await here.ask(CAT)
    code = code_in(await here.text(count=3))
    here.world.clock.move(timedelta(minutes=10))
    assert (await here.confirm(asked, code)).status == 422
    assert [number for number, *_ in await here.subscriptions()] == [ANNA]


async def test_a_code_is_good_for_its_own_wish_only(by_sqlite: Door) -> None:
    here = by_sqlite
    asked = await here.ask(ANNA)
    code = code_in(await here.text())
    elsewhere = await here.post(f"morbylanga/anmalan/{asked.id}", {"code": code})
    other = await here.post(f"borgholm/avsluta/{asked.id}", {"code": code})
    nothing = await here.post(f"borgholm/anmalan/{'x' * 22}", {"code": code})
    assert [elsewhere.status, other.status, nothing.status] == [422, 422, 422]
    assert await here.subscriptions() == []


@contextmanager
def statements() -> Iterator[list[str]]:
    """All that databases are asked meanwhile, but for what the pages look at, whoever asks."""
    seen: list[str] = []

    def note(*arguments: object) -> None:
        statement = re.sub(r"\s+", " ", str(arguments[2]))
        if not re.search(r"^BEGIN$|FROM (surfaces|incidents|services)\b", statement):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("name", ["anmalan", "avsluta"])
async def test_nobody_learns_who_subscribes_by_asking(tmp_path: Path, database_url: str, name: str) -> None:
    async with door(tmp_path, database_url, ONE_EACH, sends=False) as here:
        await here.world.subscribe([ANNA, BO])
        database = here.broadcaster.store.database
        await execute(database, "UPDATE subscribers SET gone = 1 WHERE id = 2")
        await here.ask(DAN, name)  # from here on limited
        answers: list[tuple[int, str, str]] = []
        work: list[list[str]] = []
        for number in (ANNA, BO, CAT, DAN):  # subscribed, gone, unknown, limited
            with statements() as seen:
                asked = await here.ask(number, name)
            shown = await here.get(f"borgholm/{asked.location}")
            wrong = await here.confirm(asked, "12", name)
            answers.append((wrong.status, unnamed(shown, asked), unnamed(wrong, asked)))
            work.append(seen)
        assert len(set(answers)) == 1
        assert all(seen == work[0] for seen in work)
        assert not any("subscri" in statement for statement in work[0])
        [(outgoing,)] = await fetch(database, "SELECT count(*) FROM signups WHERE outgoing IS NOT NULL")
        assert outgoing == 4  # all but the one that was limited
        assert await fetch(database, "SELECT count(*) FROM signups WHERE code = ''") == [(1,)]  # nor can it be guessed


def unnamed(answered: Answered, asked: Answered) -> str:
    return answered.body.replace(asked.id, "…")


async def test_limits_hold_for_a_number_an_address_and_a_day_and_begin_anew_the_next_day(tmp_path: Path) -> None:
    limits = {"codes_per_day = 500": "codes_per_number = 2\ncodes_per_address = 4\ncodes_per_day = 50"}
    async with behind_a_proxy(tmp_path, limits) as here:
        assert [await sent(here, ANNA, "192.0.2.1") for _ in range(3)] == [True, True, False]
        assert [await sent(here, BO, "192.0.2.1") for _ in range(3)] == [True, False, False]  # the fourth from there
        assert [await sent(here, BO, "198.51.100.2") for _ in range(2)] == [True, False]  # refused for nobody's account
        await execute(here.broadcaster.store.database, "UPDATE daily_counts SET count = 49 WHERE subject = 'codes'")
        assert [await sent(here, CAT, f"198.51.{place}.2") for place in range(2)] == [True, False]  # the day's fiftieth
        here.world.clock.move(timedelta(days=1))
        assert await sent(here, CAT, "192.0.2.2")


@asynccontextmanager
async def behind_a_proxy(folder: Path, changes: Mapping[str, str]) -> AsyncIterator[Door]:
    """A door behind a web server that names its visitors; nothing leaves."""
    proxy = {"port = 8080\n": 'port = 8080\ntrusted_proxies = ["127.0.0.1"]\n'}
    async with door(folder, f"sqlite+aiosqlite:///{folder}/broadcaster.db", {**changes, **proxy}, sends=False) as made:
        yield made


async def sent(here: Door, number: str, address: str) -> bool:
    """Whether a code goes to a number that somebody asks for from an address."""
    before = await going(here)
    asked = await here.ask(number, **{"X-Forwarded-For": f"203.0.113.99, {address}"})
    assert asked.status == 303
    return await going(here) > before


@pytest.mark.parametrize(
    "greedy",
    ["192.0.2.{}", "2001:db8:1:{}::7"],
    ids=["a network of IPv4, from each of its addresses", "a site of IPv6, from each of its networks"],
)
async def test_one_network_gets_a_tenth_of_what_is_left_of_the_days_codes_and_others_get_theirs(
    tmp_path: Path, greedy: str
) -> None:
    async with behind_a_proxy(tmp_path, {"codes_per_day = 500": "codes_per_day = 40"}) as here:
        got = [await sent(here, resident(place), greedy.format(place + 1)) for place in range(6)]
        assert got == [True, True, True, False, False, False]
        await execute(here.broadcaster.store.database, "UPDATE daily_counts SET count = 39 WHERE subject = 'codes'")
        assert await sent(here, resident(9), "203.0.113.5")  # the day's last goes to somebody who has had none


async def test_who_floods_the_forms_waits_and_takes_a_tenth_of_the_databases_time_at_most(tmp_path: Path) -> None:
    async with behind_a_proxy(tmp_path, {}) as here:
        ask = partial(here.ask, ANNA, **{"X-Forwarded-For": "192.0.2.1"})
        flood = [asked.status for asked in await asyncio.gather(*(ask() for _ in range(40)))]
        other = await here.ask(BO, **{"X-Forwarded-For": "198.51.100.7"})
    assert set(flood) == {303, 429}
    assert flood.count(303) >= OF_ONE
    assert other.status == 303


async def going(here: Door) -> int:
    """How many codes are on their way."""
    [(count,)] = await fetch(here.broadcaster.store.database, "SELECT count(*) FROM signups WHERE outgoing IS NOT NULL")
    assert isinstance(count, int)
    return count


async def test_who_stopped_by_text_gets_a_code_when_asking_for_one_and_joins_anew(by_sqlite: Door) -> None:
    here = by_sqlite
    await here.world.subscribe([ANNA])
    departure = await here.broadcaster.store.subscribers.remove(ANNA, None, here.world.clock.now, "test", How.SMS)
    assert departure is not None
    asked = await here.ask(ANNA)
    assert (await here.confirm(asked, code_in(await here.text()))).status == 303
    assert await here.subscriptions() == [(ANNA, "borgholm", "sv")]


@pytest.mark.parametrize(
    "number",
    ["", "0485-880 00", "+4740612345", "071-123", "😀", "070-174 06 05 ext. 9", "<script>", "9" * 60_000, "112"],
)
async def test_what_is_no_swedish_mobile_number_is_sent_back_with_a_word(by_sqlite: Door, number: str) -> None:
    refused = await by_sqlite.ask(number)
    assert refused.status == 422
    assert "<title>Något behöver rättas: Få sms från Borgholms kommun</title>" in refused.body
    assert 'aria-invalid="true"' in refused.body
    assert "<script>" not in refused.body
    assert len(refused.body) < 15_000
    assert await going(by_sqlite) == 0


async def test_other_countries_can_join_where_the_configuration_says_so(tmp_path: Path) -> None:
    abroad = {"[sign_up]": '[residents]\ncountries = ["SE", "NO"]\n\n[sign_up]'}
    async with door(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db", abroad, sends=False) as here:
        assert "Med landskod" in (await here.get("borgholm/anmalan")).body
        assert (await here.ask("+47 406 12 345")).status == 303
        assert (await here.ask("+49 1512 3456789")).status == 422


async def test_forms_of_other_sites_are_refused(by_sqlite: Door) -> None:
    assert (await by_sqlite.ask(ANNA, **{"Sec-Fetch-Site": "cross-site"})).status == 403
    assert (await by_sqlite.ask(ANNA, Origin="https://elsewhere.example.se")).status == 403
    assert (await by_sqlite.ask(ANNA, **{"Sec-Fetch-Site": "same-origin", "Origin": "null"})).status == 303
    assert (await by_sqlite.ask(ANNA, Origin=by_sqlite.url)).status == 303


async def test_what_is_no_form_or_leads_nowhere_is_refused(by_sqlite: Door) -> None:
    async with by_sqlite.http.post(f"{by_sqlite.url}/borgholm/anmalan", data=b"number=\xff") as answer:
        assert answer.status == 400
    assert (await by_sqlite.get("nowhere/anmalan")).status == 404
    assert (await by_sqlite.get("borgholm/anmalan/short")).status == 404


async def test_without_its_database_it_says_to_come_back(by_sqlite: Door) -> None:
    await execute(by_sqlite.broadcaster.store.database, "DROP TABLE signups")
    refused = await by_sqlite.ask(ANNA)
    assert (refused.status, refused.body) == (503, "Det går inte just nu. Försök igen om en stund.\n")


async def test_the_sandbox_leads_a_resident_to_the_forms(by_sqlite: Door) -> None:
    config = by_sqlite.world.config
    async with (
        sandbox_of(replace(config, sandbox=SandboxSettings(port=0))) as sandbox,
        by_sqlite.http.get(sandbox.url) as answer,
    ):
        shown = await answer.text()
    assert 'href="http://127.0.0.1:8080/borgholm/anmalan"' in shown
    assert 'href="http://127.0.0.1:8080/morbylanga/anmalan"' in shown


async def test_where_it_is_switched_off_there_are_no_such_pages_and_nothing_leads_there(tmp_path: Path) -> None:
    off = {"[sign_up]\nenabled = true": "[sign_up]\nenabled = false"}
    async with door(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db", off, sends=False) as here:
        assert (await here.get("borgholm/anmalan")).status == 404
        assert "anmalan" not in (await here.get("borgholm/")).body


async def test_the_public_page_leads_to_the_form_in_its_own_language(by_sqlite: Door) -> None:
    assert 'href="../borgholm/anmalan"' in (await by_sqlite.get("borgholm/")).body
    assert 'href="../../borgholm/anmalan?lang=en"' in (await by_sqlite.get("borgholm/en/")).body
    page = (await by_sqlite.get("borgholm/anmalan?lang=en")).body
    assert 'href="./en/om/"' in page
    assert "Accessibility statement" in (await by_sqlite.get("borgholm/en/om/")).body
    assert "Get texts from Borgholm Municipality" in page
    assert '<option value="en" lang="en" selected>' in page
