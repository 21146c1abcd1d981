"""What a former text says once there is a newer one: for posts that stay where they are and can be edited."""

from datetime import datetime, tzinfo

from messages.languages import language
from messages.moments import told


def superseded(text: str, code: str, at: datetime, zone: tzinfo) -> str:
    """Let a text begin by saying that there is a newer one; if it says so already, only the time becomes another.

    Args:
        text: a former text, in lines.
        code: its language.
        at: since when there is a newer one.
        zone: whose times residents are told.
    """
    words = language(code)
    first, _, rest = text.partition("\n\n")
    before, _, after = words.superseded.partition("{time}")
    says_so = "\n" not in first and first.startswith(before) and first.endswith(after)
    line = words.superseded.format(time=told(at, words.moments.written, code, zone))
    return f"{line}\n\n{rest if says_so else text}"
