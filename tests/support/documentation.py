"""What the documentation says, for tests that hold it to the code."""

from pathlib import Path

from channels.wire import Failure

CHANNELS = Path(__file__).parents[2] / "docs/reference/channels"

_WORDS = {"Deferred": "deferred", "Rejected": "rejected", "InDoubt": "in doubt", "Halted": "halted"}


def documented(outcome: Failure) -> tuple[str, str]:
    """Say an outcome the way the documentation's tables do: its kind, and the reason."""
    return _WORDS[type(outcome).__name__], outcome.reason


def documented_errors(provider: str) -> dict[str, tuple[str, str]]:
    """Return the table of errors on a provider's page: kind and reason by what stands in its first column."""
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in (CHANNELS / f"{provider}.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    return {
        name: (kind, reason) for name, kind, reason in (row for row in rows if len(row) == 3) if kind in _WORDS.values()
    }
