"""Good practice on the command line: shown before anything is sent, and demanded where the configuration says so."""

from tests.support.desk import Desk

ALERT = """+++
incident = "Dataintrång"
kind = "alert"
severity = "{severity}"
municipalities = ["borgholm"]
+++
# Dataintrång hos {{{{ municipality.name }}}}

Samtliga system är avstängda. Det berör dig som bor i Borgholm. Vi utreder händelsen. Ring {{{{ municipality.phone }}}}.

## @ivr
Våra datorsystem är avstängda.
"""

FINDINGS = [
    "practice: alert.md:1: next_update: No time is promised for the next update. Write next_update.",
    "practice: alert.md:1: expires: The message does not say how long it is true. Write expires.",
    "practice: alert.md:9: body: 'Samtliga' is officialese. Say what people say: alla.",
]


def alert(desk: Desk, severity: str = "severe") -> str:
    return desk.write("alert.md", ALERT.format(severity=severity))


def told(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if line.startswith("practice: ")]


async def test_preview_tells_what_is_found_with_the_reason_and_the_source(desk: Desk) -> None:
    ran = await desk.run("preview", alert(desk))

    assert ran.code == 0
    assert told(ran.out) == FINDINGS
    below = ran.out.split(f"{FINDINGS[-1]}\n", 1)[1].splitlines()
    assert below[0] == "    officialese: People read words that only authorities use twice, or skip them."
    assert below[1] == "    Source: Språklagen (2009:600) 11 §; Språkrådet, Myndigheternas skrivregler."


async def test_programs_get_what_is_found_as_data(desk: Desk) -> None:
    preview = await desk.run("preview", alert(desk), "--json")
    send = await desk.run("send", alert(desk), "--dry-run", "--json")

    assert preview.data["findings"][2] == {
        "rule": "officialese",
        "text": "'Samtliga' is officialese.",
        "file": "alert.md",
        "line": 9,
        "key": "body",
        "advice": "Say what people say: alla.",
        "reason": "People read words that only authorities use twice, or skip them.",
        "source": "Språklagen (2009:600) 11 §; Språkrådet, Myndigheternas skrivregler",
    }
    assert send.data["findings"] == preview.data["findings"]
    assert preview.data["problems"] == []


async def test_send_tells_a_line_each_before_it_asks_and_sends_all_the_same(desk: Desk) -> None:
    async with desk.terminal("send", alert(desk), columns=200) as terminal:
        shown = await terminal.until("[y/N]")
        terminal.type("y\n")
        code = await terminal.end()

    assert [line in shown for line in FINDINGS] == [True] * 3
    assert "Why, and by what source: `broadcaster preview alert.md`." in shown
    assert "Språklagen" not in shown
    assert code == 0


async def test_what_the_severity_demands_is_not_sent_without(desk: Desk) -> None:
    desk.configure("# demand = {", "demand = {")

    refused = await desk.run("send", alert(desk), "--yes")
    preview = await desk.run("preview", alert(desk), "--json")
    milder = await desk.run("send", alert(desk, "moderate"), "--yes")

    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines() == [
        f"error: {finding.removeprefix('practice: ')} The configuration demands it of severe messages."
        for finding in FINDINGS[:2]
    ]
    assert preview.code == 2
    assert preview.data["findings"] == []
    assert [problem["key"] for problem in preview.data["problems"]] == ["next_update", "expires"]
    assert milder.code == 0


LEADS = (
    "practice: alert.md:11: body: 'https://www.borgholm.se' leads to a web site that the board of services says is down"
)


async def test_a_text_that_leads_to_a_web_site_that_is_down_is_told_by_the_board_or_by_the_message(desk: Desk) -> None:
    text = ALERT.format(severity="severe").replace("## @ivr", "Läs på {{ municipality.web }}.\n\n## @ivr")
    up = await desk.run("preview", desk.write("alert.md", text))
    says_so = text.replace("\n+++\n#", '\n[[services]]\nname = "Hemsidan"\nstatus = "down"\n+++\n#')
    by_message = await desk.run("preview", desk.write("other.md", says_so))
    await desk.run("services", "set", "Webbplatsen", "down", "-m", "borgholm", "--yes")
    by_board = await desk.run("preview", desk.write("alert.md", text))
    to_the_page = await desk.run(
        "preview", desk.write("alert.md", text.replace("municipality.web", "municipality.page"))
    )

    assert [LEADS in "\n".join(told(ran.out)) for ran in (up, by_board, to_the_page)] == [False, True, False]
    assert "leads to a web site that the board of services says is down" in by_message.out
