"""What ``broadcaster check`` looks at and shows."""

from typing import Any

from broadcaster.cli.output import console, print_json, table
from broadcaster.config import Config, Mode, is_loopback
from broadcaster.runtime import opened


async def report(config: Config, *, as_json: bool) -> None:
    """Open everything that can be opened without sending, and show it.

    Raises:
        StoreError, SealError: with what is wrong.
    """
    async with opened(config) as store:
        people = await store.subscribers.people()
        await store.subscribers.expect_key()
    remarks = _remarks(config, people)
    if as_json:
        print_json(_as_data(config, people, remarks))
        return
    out = console()
    shown = table("municipality", "channel", "account", "provider", "goes to")
    for municipality, channel, name in _routes(config):
        account = config.accounts[name]
        shown.add_row(municipality, channel, name, account.provider.name, _destination(config, name))
    out.print(f"{config.file}: good. Mode: {config.mode}. Subscribers: {people}.")
    out.print(shown)
    for remark in remarks:
        out.print(f"note: {remark}")


def _routes(config: Config) -> list[tuple[str, str, str]]:
    """Municipality, channel and account, one by one; the preferred account first."""
    return [(municipality, channel, name) for (municipality, channel), order in config.routes.items() for name in order]


def _destination(config: Config, account: str) -> str:
    settings = config.accounts[account].settings
    for name in ("base_url", "line", "directory"):
        value = getattr(settings, name, None)
        if value is not None:
            return str(value)
    return ""


def _remarks(config: Config, people: int) -> list[str]:
    remarks = []
    if people == 0:
        remarks.append("nobody subscribes yet: `broadcaster subscribers import numbers.csv`.")
    if config.serve.public_url is None:
        remarks.append("without serve.public_url no receipts come back and no phone line can be answered.")
    if config.mode is Mode.LIVE:
        remarks += [
            f"the mode is live, but the account {name} talks to this machine: residents get nothing through it."
            for name, account in config.accounts.items()
            if is_loopback(getattr(account.settings, "base_url", ""))
        ]
    return remarks


def _as_data(config: Config, people: int, remarks: list[str]) -> dict[str, Any]:
    return {
        "config": str(config.file),
        "mode": config.mode,
        "subscribers": people,
        "routes": [
            {"municipality": m, "channel": c, "account": a, "provider": config.accounts[a].provider.name}
            for m, c, a in _routes(config)
        ],
        "remarks": remarks,
    }
