"""How many residents a plan reaches, what that costs and how long it takes."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.config import Config
from broadcaster.plan import Plan, submission
from broadcaster.store.database import Database
from broadcaster.store.submissions import foreseen
from broadcaster.untranslated import Untranslated, untranslated
from channels.registry import FORMS
from channels.sms import SMS, SmsSettings
from messages.rendering import measure


@dataclass(frozen=True, slots=True)
class Audience:
    """Who gets an SMS.

    Args:
        readers: how many read a rendition, by municipality and language of the rendition.
        untranslated: where the message is not said in a language.
        cost: in kronor; None where an account has no price.
        duration: how long the SMS take, at the rates of the preferred accounts.
    """

    readers: dict[tuple[str, str], int]
    untranslated: Sequence[Untranslated]
    cost: float | None
    duration: timedelta

    @property
    def people(self) -> int:
        """How many residents there are in all."""
        return sum(self.readers.values())


async def estimate(plan: Plan, config: Config, database: Database, now: datetime) -> Audience:
    """Count the residents a plan would reach by SMS if it were sent ``now``.

    Raises:
        RefusedError: it could not be sent, as it does not fit what was said before in its incident.
        StoreError: the database cannot be used.
    """
    spoken = {(r.municipality, r.language): r for r in plan.of_channel(SMS.name)}
    readers: Counter[tuple[str, str]] = Counter()
    borrowed: Counter[tuple[str, str]] = Counter()
    found = await foreseen(database, submission(plan, now))
    for municipality, language, count in found.get(SMS.name, ()):
        own = (municipality, language)
        borrowed[own] += 0 if own in spoken else count
        readers[own if own in spoken else (municipality, config.municipalities[municipality].languages[0])] += count
    cost: float | None = 0.0
    weights: Counter[str] = Counter()  # of all that go by an account
    for key, count in readers.items():
        account = config.account_for(key[0], SMS.name)
        settings = account.settings
        price = settings.price if isinstance(settings, SmsSettings) else None
        segments = measure(spoken[key], FORMS[SMS.name]).segments or 0
        cost = None if cost is None or price is None else cost + price * segments * count
        weights[account.name] += count * settings.weight(spoken[key])
    rates = {name: config.accounts[name].rate for name in weights}
    seconds = (math.ceil(weight / rate) for name, weight in weights.items() if (rate := rates[name]) is not None)
    duration = timedelta(seconds=max(seconds, default=0))
    missing = untranslated(plan, config.municipalities, borrowed)
    return Audience(dict(readers), missing, None if cost is None else round(cost, 2), duration)
