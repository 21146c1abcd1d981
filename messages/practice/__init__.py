"""The lint of practice: what makes a message good for those who read it, beyond that it can be sent."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from messages.model import Form, Message, Municipality, Rendition
from messages.practice.draft import draft
from messages.practice.rules import RULES, Rule
from messages.problems import Problem

__all__ = ["RULES", "Finding", "Rule", "findings"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a message does not meet a rule of good practice.

    Args:
        what: what was found, the place and the next step.
        reason: why it matters to a resident.
        source: where the rule, or what it is made from, is published.
    """

    rule: Rule
    what: Problem
    reason: str
    source: str


def findings(
    message: Message,
    renditions: Sequence[Rendition],
    municipalities: Mapping[str, Municipality],
    forms: Mapping[str, Form],
    domains: Iterable[str] = (),
    down: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Hold a message that can be sent against every rule.

    Rules about words hold for languages that have a ``[practice]``. What is derived from one part is told once.

    Args:
        renditions: all that was rendered from it.
        municipalities: the configured ones by id.
        forms: of every channel that the renditions are for.
        domains: hosts that may be linked to, with all below them, besides those of the municipalities' variables.
        down: the municipalities whose own web site does not work.

    Returns:
        The findings in the order of the rules, then of the renditions that they concern.
    """
    held = draft(message, renditions, municipalities, forms, domains, down)
    found = (
        Finding(rule, problem, ground.reason, ground.source)
        for rule, ground in RULES.items()
        for problem in ground.check(held)
    )
    return tuple(dict.fromkeys(found))
