"""Good practice as the configuration wants it: what is found in a message, and what a severity insists on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from broadcaster.config import Config
from channels.contract import Standing
from channels.registry import FORMS
from messages import practice
from messages.model import Message, Rendition, Severity
from messages.practice import Finding
from messages.problems import InputError
from messages.services import sites_down


def findings(
    message: Message, renditions: Sequence[Rendition], config: Config, board: Sequence[Standing]
) -> tuple[Finding, ...]:
    """Hold a message against every rule of good practice; see :func:`messages.practice.findings`.

    Args:
        board: the board of services, on which the message then puts what it says of them.
    """
    told = [(one.municipality, one.name, one.status) for one in board]
    told += [
        (municipality, service.name, service.status)
        for service in message.services
        for municipality in service.municipalities or message.municipalities
    ]
    down = sites_down(told, config.municipalities)
    return practice.findings(message, renditions, config.municipalities, FORMS, config.practice.domains, down)


def demanded(found: Iterable[Finding], severity: Severity, config: Config) -> None:
    """Insist on the rules that the configuration demands of messages of a severity.

    Raises:
        InputError: with every finding against one of them.
    """
    rules = config.practice.demand.get(severity, ())
    asked = f"The configuration demands it of {severity} messages."
    if problems := [replace(f.what, advice=f"{f.what.advice} {asked}") for f in found if f.rule in rules]:
        raise InputError(problems)
