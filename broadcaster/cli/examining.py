"""What ``broadcaster check --online`` asks of providers, and shows. Nothing is sent."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console

from broadcaster.cli.output import table
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.cost import Fare, fares, segments_left
from broadcaster.opening import opened
from broadcaster.runtime import channels_of
from channels.contract import Channel, Condition, Examine
from channels.sources.fetching import Fetcher, Unreachable
from channels.wire import session

SOON = timedelta(days=30)
"""A right that ends within this is a trouble: whoever has to renew it may be on holiday."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found.

    Args:
        accounts: how they stand; None for those that nobody can be asked about.
        sources: why those that are followed cannot be fetched; empty where they can.
        fares: what an SMS to everybody costs, by account.
        troubles: what a person has to see to, in whole sentences.
    """

    accounts: Mapping[str, Condition | None]
    sources: Mapping[str, str]
    fares: Mapping[str, Fare]
    troubles: Sequence[str]

    @property
    def data(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "accounts": {name: _as_data(condition, self.fares.get(name)) for name, condition in self.accounts.items()},
            "sources": {name: {"answers": not reason, "trouble": reason} for name, reason in self.sources.items()},
            "troubles": self.troubles,
        }

    def print(self, out: Console) -> None:
        """Show it to people."""
        shown = table("account", "answers", "balance", "right ends", "an SMS to everybody")
        for name, condition in self.accounts.items():
            shown.add_row(name, *_row(condition, self.fares.get(name)))
        for name, reason in self.sources.items():
            shown.add_row(name, "no" if reason else "yes", "", "", "")
        out.print(shown)
        for trouble in self.troubles:
            out.print(trouble, style="red")
        if not self.troubles:
            out.print("Everything that could be asked answered, and nothing was sent.")


async def examine(config: Config) -> Examined:
    """Ask all providers at the same time, and all sources.

    It begins nothing in the database: where that is a copy, the copy stays one that nobody sends from.

    Raises:
        StoreError, SealError: the database or its key cannot be used.
    """
    async with opened(config) as store, session() as http:
        counts = await store.subscribers.counts()
        channels = channels_of(config, store.database, http, utc_now)
        conditions = await asyncio.gather(*map(_asked, channels.values()))
        fetcher = Fetcher(http)
        fetched = await asyncio.gather(*(fetcher.fetch(source.url) for source in config.sources.values()))
    accounts = dict(zip(channels, conditions, strict=True))
    reasons = [answer.reason if isinstance(answer, Unreachable) else "" for answer in fetched]
    sources, costs = dict(zip(config.sources, reasons, strict=True)), fares(config, counts)
    troubles = [*_of_accounts(accounts, costs, utc_now()), *_of_sources(sources)]
    return Examined(accounts, sources, costs, troubles)


async def _asked(channel: Channel) -> Condition | None:
    return await channel.examine() if isinstance(channel, Examine) else None


def _of_accounts(accounts: Mapping[str, Condition | None], costs: Mapping[str, Fare], now: datetime) -> Iterator[str]:
    for name, condition in accounts.items():
        if condition is None:
            continue
        if condition.trouble:
            yield f"{name}: {condition.trouble}."
        if condition.ends is not None and condition.ends - now < SOON:
            yield f"{name}: the right to use it ends on {condition.ends:%Y-%m-%d}. Renew it now."
        if condition.balance is not None and name in costs and segments_left(costs[name], condition.balance) == 0:
            yield f"{name}: the money is not enough for one SMS to everybody. Fill the account up."


def _of_sources(sources: Mapping[str, str]) -> Iterator[str]:
    return (f"the source {name}: {reason}." for name, reason in sources.items() if reason)


def _row(condition: Condition | None, fare: Fare | None) -> tuple[str, str, str, str]:
    if condition is None:
        return "cannot be asked", "", "", ""
    balance, ends = condition.balance, condition.ends
    return (
        "no" if condition.trouble else "yes",
        "" if balance is None else f"{balance.amount:,.2f} {balance.currency}",
        "" if ends is None else f"{ends:%Y-%m-%d}",
        "" if fare is None else _cost(condition, fare),
    )


def _cost(condition: Condition, fare: Fare) -> str:
    by_municipality = ", ".join(f"{municipality} {count:,}" for municipality, count in fare.people.items())
    if fare.cost is None:
        return f"{by_municipality}; set a price to see what it costs"
    left = None if condition.balance is None else segments_left(fare, condition.balance)
    enough = "" if left is None else f"; the money is enough for {left:,} of them"
    return f"{by_municipality}: {fare.cost:,.2f} kr a segment{enough}"


def _as_data(condition: Condition | None, fare: Fare | None) -> dict[str, Any]:
    if condition is None:
        return {"answers": None}
    data: dict[str, Any] = {"answers": not condition.trouble, "trouble": condition.trouble}
    if condition.balance is not None:
        data["balance"] = {"amount": condition.balance.amount, "currency": condition.balance.currency}
    if condition.ends is not None:
        data["ends"] = condition.ends.isoformat()
    if fare is not None:
        left = None if condition.balance is None else segments_left(fare, condition.balance)
        data["sms_to_everybody"] = {"people": dict(fare.people), "kronor_a_segment": fare.cost, "segments_left": left}
    return data
