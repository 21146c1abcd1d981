"""``sources`` as a person at a terminal uses it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from channels.sources.item import Action, Area, Status
from tests.support.desk import Desk
from tests.support.sourcing import FIRE, vma

NOW = datetime.now(UTC).replace(microsecond=0)
ALERT = replace(FIRE, sent=NOW, expires=NOW + timedelta(hours=12))
TEST = replace(ALERT, id="SR2", version="SR2-1", status=Status.TEST)
ELSEWHERE = replace(ALERT, id="SR3", version="SR3-1", areas=(Area(("14",), "Västra Götalands län"),))
CANCEL = replace(ALERT, version="SR1-2", action=Action.CANCEL, wordings=(), sent=NOW + timedelta(minutes=1))
SECTION = '[sources.vma]\nkind = "sr-vma"\nurl = "{url}/sources/sr-vma"\n'


@pytest.fixture
async def following(desk: Desk) -> Desk:
    """A desk that follows Sveriges Radio."""
    desk.configure("[sandbox]\n", f"{SECTION.format(url=desk.sandbox.url)}\n[sandbox]\n")
    desk.sandbox.sources.play("sr-vma", vma(ALERT, TEST, ELSEWHERE))
    return desk


async def test_the_shipped_sections_work_when_their_marks_are_taken_away(desk: Desk) -> None:
    text = (desk.folder / "config.toml").read_text(encoding="utf-8")
    shipped = text[text.index("# [sources.smhi]") :]
    desk.configure(shipped, "\n".join(line.removeprefix("# ") for line in shipped.split("\n")))
    (desk.folder / "starters").mkdir()
    desk.write("starters/vma.md", "# {{ item.headline }}\n\n{{ item.text }}\n")
    checked = await desk.run("check")
    polled = await desk.run("sources", "poll", "--dry-run")
    assert (checked.code, checked.err) == (0, "")
    assert polled.code == 0
    assert "an exercise or a test" in polled.out


async def test_without_sources_it_says_where_to_read_on(desk: Desk) -> None:
    listed = await desk.run("sources", "list")
    assert listed.code == 0
    assert "docs/reference/configuration.md" in listed.out
    polled = await desk.run("sources", "poll")
    assert (polled.code, polled.out) == (0, listed.out)


async def test_a_dry_run_says_what_would_be_done_and_why_and_does_nothing(following: Desk) -> None:
    tried = await following.run("sources", "poll", "vma", "--dry-run")
    assert tried.code == 0
    for words in ("the rule says so", "an exercise or a test", "not for us", "Nothing was done"):
        assert words in tried.out
    assert (await following.run("sources", "items", "--json")).data == {"items": []}
    assert not (following.folder / "drafts").exists()


async def test_a_draft_can_be_looked_at_and_sent(following: Desk) -> None:
    polled = await following.run("sources", "poll", "--json")
    drafted = {one["item"]: one["became"] for one in polled.data["sources"]["vma"]["items"]}
    assert drafted == {"SR1": "vma-SR1.md", "SR2": None, "SR3": None}
    listed = await following.run("sources", "drafts")
    assert "drafts/vma-SR1.md" in listed.out
    assert "newest" in listed.out

    shown = await following.run("preview", "drafts/vma-SR1.md")
    assert shown.code == 0
    assert "Gå inomhus." in shown.out
    sent = await following.run("send", "drafts/vma-SR1.md", "--yes")
    assert sent.code == 0
    [post] = [one for one in following.sandbox.posts if "Det brinner i hamnen" in one.message]
    assert "Källa: Sveriges Radio" in post.message


async def test_a_draft_that_no_longer_holds_says_so(following: Desk) -> None:
    await following.run("sources", "poll")
    following.sandbox.sources.play("sr-vma", vma(ALERT, CANCEL))
    await following.run("sources", "poll")
    [draft] = (await following.run("sources", "drafts", "--json")).data["drafts"]
    assert draft["state"] == "the source has withdrawn it"
    (following.folder / "drafts/vma-SR1.md").unlink()
    assert "its file is gone" in (await following.run("sources", "drafts")).out


async def test_the_items_that_were_seen_are_listed_with_what_became_of_them(following: Desk) -> None:
    await following.run("sources", "poll")
    items = (await following.run("sources", "items", "vma", "--json")).data["items"]
    assert {one["item"]: (one["decision"], one["reason"]) for one in items} == {
        "SR1": ("draft", "rule"),
        "SR2": ("ignored", "not_real"),
        "SR3": ("ignored", "not_for_us"),
    }
    assert "text" not in items[0]
    assert "vma-SR1.md" in (await following.run("sources", "items")).out


async def test_a_source_that_cannot_be_polled_is_said_to(following: Desk) -> None:
    following.sandbox.sources.play("sr-vma", b"<!doctype html><html>Logga in</html>", content_type="text/html")
    polled = await following.run("sources", "poll")
    assert polled.code == 1
    assert "vma: could not be polled: it is HTML, not JSON." in polled.out
    assert polled.err == ""
    listed = await following.run("sources", "list")
    assert "it is HTML, not JSON" in listed.out
    [state] = (await following.run("sources", "list", "--json")).data["sources"]
    assert (state["failures"], state["reason"], state["succeeded"]) == (1, "it is HTML, not JSON", None)


async def test_nothing_new_is_said_to_be_that(following: Desk) -> None:
    await following.run("sources", "poll")
    assert "vma: nothing new." in (await following.run("sources", "poll")).out


@pytest.mark.parametrize("command", ["poll", "items"])
async def test_an_unknown_source_is_refused(following: Desk, command: str) -> None:
    ran = await following.run("sources", command, "vmaa")
    assert ran.code == 2
    assert "there is no source 'vmaa'. Did you mean vma?" in ran.err


WARNING = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier>
<sender>vader@example.se</sender><sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
{infos}</alert>"""
INFO = """<info><language>sv-SE</language><category>Met</category><event>Vind</event><urgency>Immediate</urgency>
<severity>{severity}</severity><certainty>Observed</certainty><expires>{ends}</expires><senderName>Vädret</senderName>
<headline>{headline}</headline><description>Hårda byar.</description><area><areaDesc>{area}</areaDesc></area></info>"""


def warning(*infos: tuple[str, str, str]) -> bytes:
    """A warning of the weather: severity, headline and area of each of its parts."""
    ends = (NOW + timedelta(hours=12)).isoformat()
    written = [INFO.format(severity=how, headline=what, area=where, ends=ends) for how, what, where in infos]
    return WARNING.format(name="storm", sent=NOW.isoformat(), infos="".join(written)).encode()


@pytest.fixture
async def warned(desk: Desk) -> Desk:
    """A desk that follows a publisher of CAP."""
    section = f'[sources.weather]\nkind = "cap"\nurl = "{desk.sandbox.url}/sources/cap"\n'
    desk.configure("[sandbox]\n", f"{section}\n[sandbox]\n")
    return desk


async def test_each_municipality_gets_the_warning_of_its_area(warned: Desk) -> None:
    yellow, red = ("Moderate", "Gul varning", "Borgholms kommun"), ("Extreme", "Röd varning", "Mörbylånga")
    warned.sandbox.sources.play("cap", warning(yellow, red))
    polled = await warned.run("sources", "poll", "--json")
    items = polled.data["sources"]["weather"]["items"]
    assert {(one["headline"], one["severity"], one["decision"]) for one in items} == {
        ("Gul varning", "moderate", "draft"),
        ("Röd varning", "extreme", "draft"),
    }
    drafts = [warned.folder / "drafts" / one["became"] for one in items]
    written = {file.read_text(encoding="utf-8") for file in drafts}
    assert {("Gul" in text, '"moderate"' in text, '["borgholm"]' in text) for text in written} == {
        (True, True, True),
        (False, False, False),
    }
    assert (await warned.run("preview", f"drafts/{drafts[0].name}")).code == 0


async def test_a_warning_that_nobody_can_place_is_shown_to_a_person_with_the_reason(warned: Desk) -> None:
    nowhere, elsewhere = ("Severe", "Skyfall", "Västra delarna"), ("Severe", "Snö", "Norrbottens län")
    warned.sandbox.sources.play("cap", warning(nowhere, elsewhere))
    polled = await warned.run("sources", "poll")
    assert "nobody can tell" in polled.out
    listed = await warned.run("sources", "items", "--json")
    assert {(one["reason"], one["details"]) for one in listed.data["items"]} == {
        ("unplaced", "Västra delarna: cannot be placed by its name"),
        ("not_for_us", "Norrbottens län: elsewhere by its name"),
    }
    [draft] = (warned.folder / "drafts").glob("*.md")
    assert "Västra delarna: cannot be placed by its name" in draft.read_text(encoding="utf-8").split("\n")[1]


async def test_an_untidy_feed_is_read_and_the_source_is_marked(desk: Desk) -> None:
    section = f'[sources.power]\nkind = "feed"\nurl = "{desk.sandbox.url}/sources/feed"\n'
    desk.configure("[sandbox]\n", f"{section}\n[sandbox]\n")
    title, date = "Avbrott i Löttorp & Byxelkrok", format_datetime(NOW)
    item = f"<item><guid>4</guid><title>{title}</title><pubDate>{date}</pubDate></item>"
    feed = f"\n<?xml version='1.0'?><rss version='2.0'><channel><title>Elnät</title>{item}</channel></rss>"
    desk.sandbox.sources.play("feed", feed.encode())
    polled = await desk.run("sources", "poll")
    assert "had to be mended: blank lines before its beginning, an unescaped &" in " ".join(polled.out.split())
    [state] = (await desk.run("sources", "list", "--json")).data["sources"]
    assert state["untidy"] == "blank lines before its beginning, an unescaped &"
    [draft] = (desk.folder / "drafts").glob("*.md")
    assert "# Avbrott i Löttorp \\& Byxelkrok" in draft.read_text(encoding="utf-8")

    desk.sandbox.sources.play("feed", feed.strip().replace("&", "&amp;").encode())
    await desk.run("sources", "poll")
    [state] = (await desk.run("sources", "list", "--json")).data["sources"]
    assert state["untidy"] is None
