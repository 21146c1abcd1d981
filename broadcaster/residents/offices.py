"""Which municipalities are behind the numbers that residents text to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broadcaster.config import Config
from broadcaster.residents.replies import Office
from channels.sms import ALL, SmsSettings
from messages.model import Municipality


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of an account.

    Args:
        by_number: the offices behind the numbers that are configured.
        other: the one behind any other number of the account: nobody who texts it goes without an answer.
    """

    by_number: Mapping[str, Office]
    other: Office

    def office(self, recipient: str) -> Office:
        """Who is behind a number."""
        return self.by_number.get(recipient, self.other)


def numbers_of(config: Config, accounts: Sequence[str]) -> Numbers:
    """The numbers of some SMS accounts, which are one at the provider."""
    by_number: dict[str, Office] = {}
    everybody: dict[str, Municipality] = {}
    for account in accounts:
        settings = config.accounts[account].settings
        municipalities = {name: config.municipalities[name] for name in config.senders_of(account)}
        everybody |= municipalities
        inbound = settings.inbound if isinstance(settings, SmsSettings) else {}
        for municipality, number in inbound.items():
            by_number[number] = _office(municipalities or config.municipalities, municipality, config)
    return Numbers(by_number, _office(everybody or config.municipalities, ALL, config))


def _office(municipalities: Mapping[str, Municipality], home: str, config: Config) -> Office:
    if home == ALL:
        return Office(municipalities, next(iter(municipalities)) if len(municipalities) == 1 else None, config.zone)
    return Office(municipalities, home, config.zone)
