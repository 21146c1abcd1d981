"""What ``broadcaster check`` looks at and shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from broadcaster.cli.errors import NOT_DELIVERED
from broadcaster.cli.output import console, print_json, table
from broadcaster.cli.voices import expect_voices
from broadcaster.config import Config, ConfigError, Mode
from broadcaster.opening import opened
from broadcaster.placeholders import placeholders
from broadcaster.residents.addresses import call_webhook, webhook
from channels import fiction
from channels.providers.elks_voice import ElksVoiceSettings
from channels.sms import SmsSettings
from messages.problems import Problem

if TYPE_CHECKING:
    from broadcaster.cli.examining import Examined


async def report(config: Config, *, online: bool, as_json: bool) -> int:
    """Open everything that can be opened without sending, and show it; returns the exit code.

    Raises:
        ConfigError: with what is wrong, or stands there only for something though the mode is live.
        StoreError, SealError: with what is wrong.
    """
    expect_voices(config)
    async with opened(config) as store:
        people = await store.subscribers.people()
        await store.subscribers.expect_key()
        database = await store.database.version()
        residents = await store.subscribers.among(fiction.MOBILES) if config.mode is Mode.LIVE else 0
    _expect_nothing_made_up(config, residents)
    remarks = _remarks(config, people)
    examined = await _examined(config) if online else None
    if as_json:
        told = _as_data(config, people, remarks) | {"database": database}
        print_json(told if examined is None else told | {"online": examined.data})
    else:
        _print(console(), config, people, remarks, database)
        if examined is not None:
            examined.print(console())
    return NOT_DELIVERED if examined is not None and examined.troubles else 0


async def _examined(config: Config) -> "Examined":
    from broadcaster.cli.examining import examine  # with all that speaks to providers

    return await examine(config)


def _print(out: Console, config: Config, people: int, remarks: Sequence[str], database: str) -> None:
    shown = table("municipality", "channel", "account", "provider", "goes to")
    for municipality, channel, name in _routes(config):
        account = config.accounts[name]
        shown.add_row(municipality, channel, name, account.provider.name, _destination(config, name))
    out.print(f"{config.file}: good. Mode: {config.mode}. Subscribers: {people}.")
    out.print(f"Database: {database}.")
    out.print(shown)
    for remark in remarks:
        out.print(f"note: {remark}")


def _expect_nothing_made_up(config: Config, residents: int) -> None:
    problems = placeholders(config)
    if residents:
        advice = "Start with an empty database: see `docs/how-to/go-live.md`."
        problems.append(Problem(f"{residents} of the subscribers have numbers that belong to nobody.", advice=advice))
    if problems:
        raise ConfigError(problems)


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
