"""What one SMS to everybody costs, and whether the money on the accounts is enough for it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broadcaster.config import Config
from channels.contract import Balance
from channels.sms import SMS, SmsSettings

PRICED_IN = "SEK"
"""What prices in the configuration are in."""


@dataclass(frozen=True, slots=True)
class Fare:
    """What one SMS to all who are reached by an account takes.

    Args:
        people: by municipality.
        price: for a segment; None where nobody has said.
    """

    people: Mapping[str, int]
    price: float | None

    @property
    def cost(self) -> float | None:
        """In kronor, for a text of one segment."""
        return None if self.price is None else round(self.price * sum(self.people.values()), 2)


def fares(config: Config, subscriptions: Iterable[tuple[str, str, int]]) -> dict[str, Fare]:
    """Count it for the preferred SMS accounts.

    Args:
        subscriptions: how many there are, by municipality and language. Who has several gets one text of a message to
            several municipalities, so it may cost less.
    """
    people: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for municipality, _, count in subscriptions:
        if (municipality, SMS.name) in config.routes:
            people[config.account_for(municipality, SMS.name).name][municipality] += count
    return {
        name: Fare(dict(of_account), settings.price if isinstance(settings, SmsSettings) else None)
        for name, of_account in people.items()
        for settings in (config.accounts[name].settings,)
    }


def segments_left(fare: Fare, balance: Balance) -> int | None:
    """How many segments everybody can be sent; None where nobody can tell: no price, another currency, or nobody."""
    return int(max(0.0, balance.amount) / fare.cost) if fare.cost and balance.currency == PRICED_IN else None
