"""How findings of practice are shown: a line each before a send, with reason and source in a preview, as data."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.console import Console

from messages.practice import Finding


def print_lines(out: Console, findings: Sequence[Finding], file: str) -> None:
    """Print a line for each, and where to read more."""
    for finding in findings:
        out.print(f"practice: {finding.what}", style="yellow")
    if findings and file:
        out.print(f"Why, and by what source: `broadcaster preview {file}`.")


def print_grounds(out: Console, findings: Sequence[Finding]) -> None:
    """Print each with its rule, reason and source; what is the same for several stands once, below them."""
    for rule, group in groupby(findings, key=lambda finding: finding.rule):
        alike = list(group)
        for finding in alike:
            out.print(f"practice: {finding.what}", style="yellow")
        out.print(f"    {rule}: {alike[0].reason}\n    Source: {alike[0].source}.", style="dim")


def as_data(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as ``--json`` prints them."""
    return [
        {
            "rule": finding.rule,
            "text": finding.what.text,
            "file": finding.what.place.file,
            "line": finding.what.place.line,
            "key": finding.what.place.key,
            "advice": finding.what.advice,
            "reason": finding.reason,
            "source": finding.source,
        }
        for finding in findings
    ]
