"""What is seen while a message goes out."""

from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from rich.progress import Progress as Bar

from broadcaster.cli.watching import DoneAt

ZONE = ZoneInfo("Asia/Kathmandu")  # a quarter of an hour apart from all others


def test_the_bar_tells_when_all_will_be_done_by_the_configured_clock() -> None:
    clock = count()
    bar = Bar(get_time=lambda: next(clock), auto_refresh=False)
    sending, done_at = bar.add_task("sending", total=7300), DoneAt(ZONE)
    before = done_at.render(bar.tasks[0]).plain
    for _ in range(10):
        bar.update(sending, advance=10)
    left = bar.tasks[0].time_remaining
    soonest = datetime.now(ZONE) + timedelta(seconds=left or 0)
    shown = done_at.render(bar.tasks[0]).plain

    assert before == ""
    assert left is not None
    assert shown in {f"done at {soonest + timedelta(minutes=late):%H:%M %Z}" for late in (0, 1)}
