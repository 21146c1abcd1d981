from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.languages import KNOWN
from messages.superseding import superseded

ZONE = ZoneInfo("Europe/Stockholm")
AT = datetime(2022, 12, 13, 11, tzinfo=UTC)
TEXT = "Koka vattnet\n\nDet är en läcka."


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("sv", "Ny information finns sedan tisdag 13 december kl. 12.00. Se vårt senaste inlägg."),
        ("en", "There is newer information, from Tuesday 13 December at 12:00. See our latest post."),
    ],
)
def test_a_former_text_says_first_that_there_is_a_newer_one(code: str, line: str) -> None:
    assert superseded(TEXT, code, AT, ZONE) == f"{line}\n\n{TEXT}"


def test_a_text_that_only_sounds_like_it_stays_whole() -> None:
    text = "Ny information finns sedan\npolisen. Se vårt senaste inlägg.\n\nMer."
    assert superseded(text, "sv", AT, ZONE).endswith(f"\n\n{text}")


@given(st.text(), st.sampled_from(KNOWN), st.timedeltas(timedelta(0), timedelta(days=800)))
def test_said_again_it_is_said_once_with_the_last_time(text: str, code: str, later: timedelta) -> None:
    again = superseded(superseded(text, code, AT, ZONE), code, AT + later, ZONE)
    assert again == superseded(text, code, AT + later, ZONE)
