"""Which characters a text may have, and whether anything in it can be seen."""

import re

# Control characters but tab and line feed, and what is no character at all. Then the overrides of writing direction,
# which can make a resident see another phone number or address than the one that was approved. Last the stand-ins of
# ``messages.markdown``, which would become signs that nobody saw when the message was approved.
_NEVER = r"\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\u202d\u202e\ue000-\ue07f"
MISLEADING = re.compile(f"[{_NEVER}]")
"""What no text may have."""

FORBIDDEN = re.compile(rf"[{_NEVER}\u202a-\u202c\u2066-\u2069]")
"""What no name may have: also the marks that embed one direction of writing in the other, as running text may need."""


def is_blank(text: str) -> bool:
    """Whether there is nothing in it to be seen."""
    return not any(char.isprintable() and not char.isspace() for char in text)
