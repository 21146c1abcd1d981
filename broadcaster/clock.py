"""The one clock; whatever depends on the time gets it as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)
