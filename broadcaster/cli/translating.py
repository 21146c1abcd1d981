"""What ``preview`` and ``send`` say of residents who would read a message in another language than theirs."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from broadcaster.untranslated import Untranslated
from channels.sms import SMS


def print_untranslated(out: Console, found: Iterable[Untranslated]) -> None:
    """Say who gets another language, and which part to write."""
    for one in found:
        where = ", ".join(_where(one, channel) for channel in one.channels)
        parts = " and ".join(f"`{part}`" for part in one.parts)
        out.print(
            f"note: {one.municipality}: not in {one.language} on {where}. Write the part {parts}.", style="yellow"
        )


def as_data(found: Iterable[Untranslated]) -> Sequence[dict[str, Any]]:
    """The same as ``--json`` prints it."""
    return [asdict(one) for one in found]


def _where(one: Untranslated, channel: str) -> str:
    if channel != SMS.name or one.readers is None:
        return channel
    who = "1 resident gets" if one.readers == 1 else f"{one.readers} residents get"
    return f"{channel} ({who} {one.shown})"
