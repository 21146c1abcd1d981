"""How what a provider lists is told apart, whoever the provider is."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import elks, facebook, twilio
from channels.contract import Deferred, Doubt, Finding, Matches, Parcel, Unclear
from channels.finding import AT_ONCE, FEW, MOST_PAGES, TOLERANCE, TRIAL, Listing, Page, Read, Taken, look_up
from channels.identity import gist
from channels.wire import Answer, Response, Silence, by_status
from messages.model import Kind, Rendition, Severity
from tests.support.documentation import CHANNELS

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
NUMBER, OTHER = "+46701740605", "+46701740606"
TEXT = "Våra datasystem är avstängda."


def doubt(key: str = "d", target: str = NUMBER, text: str = TEXT, since: datetime = NOW) -> Doubt:
    parcel = Parcel(
        key=key,
        target=target,
        rendition=Rendition("borgholm", "sms", "sv", "", text),
        message="m1",
        kind=Kind.ALERT,
        severity=Severity.SEVERE,
        issued=NOW,
        expires=NOW + timedelta(hours=1),
    )
    return Doubt(parcel, since)


def taken(remote_id: str = "SM1", target: str = NUMBER, text: str | None = TEXT, seconds: float = 0) -> Taken:
    return Taken(remote_id, target, text, NOW + timedelta(seconds=seconds))


@dataclass
class Provider:
    """Lists what it took, newest first, as a page number asks for it.

    Args:
        ahead: how far its clock is ahead of ours; None if it does not tell its time.
        fails: what it answers after so many pages, instead of the next.
    """

    taken: Sequence[Taken] = ()
    page_size: int = 100
    ahead: timedelta | None = timedelta(0)
    fails: tuple[int, Answer] | None = None
    asked: list[Mapping[str, str]] = field(default_factory=list)

    async def find(self, *doubts: Doubt) -> Mapping[str, Finding]:
        listing = Listing(self._get, {"page": "0"}, "to", self._read, by_status)
        return await look_up(listing, doubts, lambda: NOW)

    async def _get(self, query: Mapping[str, str], read: Read) -> Page | Unclear | Silence:
        answer = self._answer(query)
        return read(answer) if isinstance(answer, Response) else answer

    def _answer(self, query: Mapping[str, str]) -> Answer:
        self.asked.append(query)
        if self.fails is not None and len(self.asked) > self.fails[0]:
            return self.fails[1]
        headers = {} if self.ahead is None else {"Date": format_datetime(NOW + self.ahead)}
        listed = [n for n, one in enumerate(self.taken) if query.get("to") in {None, one.target}]
        first = int(query["page"]) * self.page_size
        page = {"shown": listed[first : first + self.page_size], "more": len(listed) > first + self.page_size}
        return Response(200, headers, json.dumps(page).encode())

    def _read(self, response: Response, query: Mapping[str, str]) -> Page:
        match response.json():
            case {"shown": list(shown), "more": bool(more)}:
                following = {**query, "page": str(int(query["page"]) + 1)} if more else None
                return Page([self.taken[n] for n in shown], following)
            case _:
                raise ValueError("no page")


async def found(*listed: Taken, ahead: timedelta | None = timedelta(0)) -> tuple[str, ...]:
    """Return what is found for a doubt since NOW among these, newest first."""
    finding = (await Provider(listed, ahead=ahead).find(doubt()))["d"]
    assert isinstance(finding, Matches)
    return finding.remote_ids


async def test_nothing_in_time_is_missed_and_nothing_older_is_taken() -> None:
    limit = -TOLERANCE.total_seconds()
    listed = [
        taken("later", seconds=60),
        taken("at once"),
        taken("just", seconds=limit),
        taken("old", seconds=limit - 1),
    ]
    assert await found(*listed) == ("just", "at once", "later")


@pytest.mark.parametrize("minutes", [-90, -3, 3, 90])
async def test_a_clock_that_is_wrong_by_minutes_leads_nobody_astray(minutes: int) -> None:
    ahead = timedelta(minutes=minutes)
    listed = [taken("ours", seconds=ahead.total_seconds()), taken("old", seconds=ahead.total_seconds() - 60)]
    assert await found(*listed, ahead=ahead) == ("ours",)


async def test_a_provider_that_does_not_tell_its_time_is_taken_to_agree_with_ours() -> None:
    assert await found(taken("ours"), taken("old", seconds=-60), ahead=None) == ("ours",)


@pytest.mark.parametrize(
    "listed",
    [
        "Våra datasystem är avstängda.\n",
        " Våra  datasystem\r\när avstängda. ",
        "Va\u030ara datasystem a\u0308r avsta\u0308ngda.",
        "Våra datasystem är avstängda",
    ],
)
async def test_what_providers_change_in_a_text_does_not_hide_it(listed: str) -> None:
    assert await found(taken(text=listed)) == ("SM1",)


@pytest.mark.parametrize(("text", "smart"), [("”Nej” – inte än…", '"Nej" - inte än...'), ("kl. 14.30", "kl 14:30")])
def test_quotes_and_dashes_are_not_what_a_text_says(text: str, smart: str) -> None:
    assert gist(text) == gist(smart)


@pytest.mark.parametrize("other", ["Våra datasystem är igång.", "Vara datasystem ar avstangda.", "", "Våra datasystem"])
async def test_other_words_are_another_text(other: str) -> None:
    assert await found(taken(text=other)) == ()


async def test_a_text_that_is_not_told_may_be_ours_if_the_rest_fits() -> None:
    listed = [taken("hidden", text=None), taken("theirs", OTHER, text=None), taken("old", text=None, seconds=-60)]
    assert await found(*listed) == ("hidden",)


async def test_a_few_targets_are_asked_for_one_by_one() -> None:
    numbers = [f"+467017406{n:02}" for n in range(5, 5 + FEW)]
    provider = Provider([taken(f"SM{number}", number) for number in numbers])
    findings = await provider.find(*(doubt(number, number) for number in numbers))
    assert findings == {number: Matches((f"SM{number}",)) for number in numbers}
    assert sorted(query["to"] for query in provider.asked) == numbers


async def test_more_targets_are_looked_for_among_all() -> None:
    numbers = [f"+467017406{n:02}" for n in range(5, 6 + FEW)]
    provider = Provider([taken(f"SM{number}", number) for number in numbers], page_size=10)
    findings = await provider.find(*(doubt(number, number) for number in numbers))
    assert findings == {number: Matches((f"SM{number}",)) for number in numbers}
    assert [dict(query) for query in provider.asked] == [{"page": str(page)} for page in range(3)]


async def test_one_that_is_too_old_does_not_end_the_list_but_a_whole_page_of_them_does() -> None:
    old = taken("old", seconds=-60)
    listed = [taken("c", seconds=9), old, old, taken("b", seconds=8), old, old, taken("a", seconds=7)]
    provider = Provider(listed, page_size=2)
    assert await provider.find(doubt()) == {"d": Matches(("b", "c"))}
    assert len(provider.asked) == 3


async def test_what_is_listed_again_on_the_next_page_is_one() -> None:
    provider = Provider([taken("a"), taken("b"), taken("b"), taken("c")], page_size=2)
    assert await provider.find(doubt()) == {"d": Matches(("c", "b", "a"))}


@pytest.mark.parametrize("fault", [Deferred("too much traffic"), Response(503, {}, b""), Response(200, {}, b"<html>")])
async def test_a_page_that_cannot_be_had_leaves_open_what_was_not_found_before_it(fault: Answer) -> None:
    provider = Provider([taken("a"), taken("b", text="Annat"), taken("c", text="Något")], 1, fails=(2, fault))
    first, last = doubt("first"), doubt("last", text="Något")
    findings = await provider.find(first, last)
    assert findings["first"] == Matches(("a",))
    assert isinstance(findings["last"], Unclear)


async def test_a_provider_in_trouble_is_not_asked_for_everybody() -> None:
    numbers = [f"+467017406{n:02}" for n in range(5, 5 + FEW)]
    provider = Provider(fails=(0, Deferred("too much traffic")))
    findings = await provider.find(*(doubt(number, number) for number in numbers))
    assert set(findings.values()) == {Unclear("too much traffic")}
    assert len(provider.asked) == AT_ONCE


async def test_a_list_without_end_is_not_followed_to_its_end() -> None:
    provider = Provider([taken(f"SM{n}", text="Annat") for n in range(MOST_PAGES + 1)], page_size=1)
    (finding,) = (await provider.find(doubt())).values()
    assert isinstance(finding, Unclear)
    assert f"{MOST_PAGES} requests" in finding.reason
    assert len(provider.asked) == MOST_PAGES


def crowd(count: int, listed: Callable[[int], Taken]) -> tuple[list[Doubt], list[Taken]]:
    """Doubts about so many, each longer ago than the one before, and what is listed of them."""
    doubts = [doubt(f"{n}", f"+46070174{n:04}", since=NOW - timedelta(seconds=n)) for n in range(count)]
    return doubts, [listed(n) for n in range(count)]


def theirs(count: int, seconds: float = 0) -> list[Taken]:
    """What others got, one a second, the newest first."""
    return [taken(f"theirs{n}", OTHER, seconds=seconds - n) for n in range(count)]


async def test_where_all_is_too_much_they_are_asked_for_one_by_one_longest_in_doubt_first() -> None:
    doubts, ours = crowd(300, lambda n: taken(f"SM{n}", f"+46070174{n:04}", seconds=-n))
    provider = Provider([*theirs(1000, seconds=1000), *ours], page_size=1)
    findings = await provider.find(*doubts)
    targets = [query["to"] for query in provider.asked if "to" in query]
    assert len(provider.asked) == MOST_PAGES
    assert len(provider.asked) - len(targets) == TRIAL
    assert sorted(targets) == sorted(one.parcel.target for one in doubts[-len(targets) :])
    settled = {key for key, finding in findings.items() if isinstance(finding, Matches)}
    assert settled == {one.parcel.key for one in doubts if one.parcel.target in targets}
    assert all(findings[key] == Matches((f"SM{key}",)) for key in settled)


async def test_asking_again_settles_them_all() -> None:
    doubts, ours = crowd(200, lambda n: taken(f"SM{n}", f"+46070174{n:04}", seconds=-n))
    listed, rounds = [*theirs(1000, seconds=1000), *ours[::2]], 0
    found: dict[str, Finding] = {}
    while doubts:
        rounds += 1
        findings = await Provider(listed, page_size=1).find(*doubts)
        found |= {key: finding for key, finding in findings.items() if isinstance(finding, Matches)}
        doubts = [one for one in doubts if one.parcel.key not in found]
    assert found == {f"{n}": Matches((f"SM{n}",) if n % 2 == 0 else ()) for n in range(200)}
    assert rounds == 4


async def test_some_are_asked_for_even_if_it_shows_late_that_all_is_too_much() -> None:
    """The list begins as if a page held much time, and then it holds ever less."""
    doubts, ours = crowd(50, lambda n: taken(f"SM{n}", f"+46070174{n:04}", seconds=-n))
    lulled = [taken(f"theirs{n}", OTHER, seconds=1000 / (n + 1)) for n in range(200)]
    provider = Provider([*lulled, *ours], page_size=1)
    findings = await provider.find(*doubts)
    settled = [finding for finding in findings.values() if finding != Matches(()) and isinstance(finding, Matches)]
    assert len(settled) >= FEW
    assert len(provider.asked) <= MOST_PAGES


async def test_the_list_settles_those_it_reaches_though_one_is_far_older() -> None:
    doubts, ours = crowd(50, lambda n: taken(f"SM{n}", f"+46070174{n:04}", seconds=-n))
    old = doubt("old", OTHER, "Något annat", since=NOW - timedelta(days=1))
    provider = Provider([*ours, *theirs(1000, seconds=-60)], page_size=5)
    findings = await provider.find(old, *doubts)
    assert findings == {f"{n}": Matches((f"SM{n}",)) for n in range(50)} | {"old": findings["old"]}
    assert [query["to"] for query in provider.asked if "to" in query][:1] == [OTHER]


async def test_a_list_that_cannot_be_asked_otherwise_is_read_as_far_as_the_requests_go() -> None:
    """Facebook's: a page's own posts."""
    posts = [taken(f"post{n}", text="Annat", seconds=-n) for n in range(MOST_PAGES - 1)]
    provider = Provider([*posts, taken("ours", seconds=-99)], page_size=1)
    listing = Listing(provider._get, {"page": "0"}, None, provider._read, by_status)
    ours = doubt(since=NOW - timedelta(seconds=200))
    assert await look_up(listing, [ours], lambda: NOW) == {"d": Matches(("ours",))}
    assert len(provider.asked) == MOST_PAGES


targets, texts = st.sampled_from([f"+467017406{n:02}" for n in range(5, 35)]), st.sampled_from(["Ett.", "Två."])
ages = st.integers(-60, 60).filter(lambda seconds: abs(seconds) > 0)


@given(
    st.lists(st.builds(taken, st.uuids().map(str), targets, texts, ages), max_size=40),
    st.lists(st.tuples(targets, texts, ages), max_size=40),
    st.integers(1, 10),
)
async def test_the_list_is_gone_through_as_if_it_was_one_page(
    listed: list[Taken], wanted: list[tuple[str, str, int]], page_size: int
) -> None:
    newest_first = sorted(listed, key=lambda one: one.at, reverse=True)
    doubts = [doubt(str(n), to, text, NOW + timedelta(seconds=age)) for n, (to, text, age) in enumerate(wanted)]
    findings = await Provider(newest_first, page_size).find(*doubts)
    for one in doubts:
        fitting = [
            entry.remote_id
            for entry in reversed(newest_first)
            if (entry.target, entry.text) == (one.parcel.target, one.parcel.rendition.text)
            and entry.at >= one.since - TOLERANCE
        ]
        assert findings[one.parcel.key] == Matches(tuple(fitting))


def test_the_documentation_has_the_same_times() -> None:
    page = (CHANNELS / "outcomes.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| (\w+) \| (\d+) seconds \| [^|]+ \| (\d+) \|", page)
    assert rows == [
        (name, f"{provider.SETTLE.seconds}", f"{provider.MOST}")
        for name, provider in (("Twilio", twilio), ("46elks", elks), ("Facebook", facebook))
    ]
