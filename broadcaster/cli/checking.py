"""What ``broadcaster check`` looks at and shows."""

from typing import Any

from broadcaster.cli.output import console, print_json, table
from broadcaster.cli.voices import expect_voices
from broadcaster.config import Config, Mode, is_loopback
from broadcaster.opening import opened
from broadcaster.residents.addresses import call_webhook, webhook
from channels.providers.elks_voice import ElksVoiceSettings
from channels.sms import SmsSettings


async def report(config: Config, *, as_json: bool) -> None:
    """Open everything that can be opened without sending, and show it.

    Raises:
        ConfigError, StoreError, SealError: with what is wrong.
    """
    expect_voices(config)
    async with opened(config) as store:
        people = await store.subscribers.people()
        await store.subscribers.expect_key()
        database = await store.database.version()
    remarks = _remarks(config, people)
    if as_json:
        print_json(_as_data(config, people, remarks) | {"database": database})
        return
    out = console()
    shown = table("municipality", "channel", "account", "provider", "goes to")
    for municipality, channel, name in _routes(config):
        account = config.accounts[name]
        shown.add_row(municipality, channel, name, account.provider.name, _destination(config, name))
    out.print(f"{config.file}: good. Mode: {config.mode}. Subscribers: {people}.")
    out.print(f"Database: {database}.")
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
        remarks.append(
            "without serve.public_url no receipts come back, and neither calls nor texts of residents can be answered."
        )
    remarks += [*_inbound(config), *_calls(config)]
    if config.mode is Mode.LIVE:
        remarks += [
            f"the mode is live, but the account {name} talks to this machine: residents get nothing through it."
            for name, account in config.accounts.items()
            if is_loopback(getattr(account.settings, "base_url", ""))
        ]
    return remarks


def _inbound(config: Config) -> list[str]:
    """What is missing for residents to text us, and what has to be set at the providers."""
    remarks = []
    for name, account in config.accounts.items():
        if not isinstance(account.settings, SmsSettings):
            continue
        numbers, public_url = account.settings.inbound, config.serve.public_url
        if not numbers:
            remarks.append(f"residents cannot text the account {name}, not even STOPP: give it a number as inbound.")
        elif public_url is not None and config.mode is Mode.LIVE:
            address = webhook(account.settings, public_url)
            remarks.append(
                f"at {account.provider.name}, texts to {', '.join(numbers.values())} have to go to {address}"
            )
    return remarks


def _calls(config: Config) -> list[str]:
    """What has to be set at 46elks, whose addresses nobody could write down otherwise."""
    public_url = config.serve.public_url
    if public_url is None or config.mode is not Mode.LIVE:
        return []
    return [
        f"at 46elks, calls to {account.settings.line} have to go to {call_webhook(name, account.settings, public_url)}"
        for name, account in config.accounts.items()
        if isinstance(account.settings, ElksVoiceSettings)
    ]


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
