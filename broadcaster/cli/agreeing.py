"""Asking the person at the keyboard."""

import sys

from broadcaster.cli.errors import UsageError


def agreed(question: str, otherwise: str) -> bool:
    """Ask, and tell whether the answer is yes; Ctrl-C means no.

    Args:
        question: "Send it to residents?".
        otherwise: what to do where nobody can be asked.

    Raises:
        UsageError: nobody can be asked.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(f"nobody can be asked here: {otherwise}")
    try:
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes", "j", "ja"}
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return False
