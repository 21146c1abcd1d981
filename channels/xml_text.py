"""Text that XML can carry, for the channels that write it."""

import re

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """The text without the characters that XML 1.0 has no way to write (its section 2.2).

    They are control characters, lone surrogates and two non-characters: nothing a reader or listener would miss, but
    a single one makes a whole feed or call unusable.
    """
    return _FORBIDDEN.sub("", text)
