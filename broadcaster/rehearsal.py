"""The sandbox of a configuration."""

from broadcaster.config import Config
from broadcaster.contacts import contacts_of
from broadcaster.residents.addresses import call_webhook, webhook
from channels.providers.elks import ElksSettings
from channels.providers.elks_voice import ElksVoiceSettings
from channels.providers.feed import FEED
from channels.providers.twilio import TwilioSettings
from channels.providers.twilio_voice import TwilioVoiceSettings
from channels.sandbox import Inbox, Receipts, Sandbox


def sandbox_of(config: Config) -> Sandbox:
    """A sandbox that stands in for the configuration's providers, and calls and texts its numbers as they would."""
    public_url = config.serve.public_url
    names = {m: municipality for m, municipality in config.municipalities.items() if FEED.name in municipality.channels}
    voices = [one.settings for one in config.accounts.values() if isinstance(one.settings, TwilioVoiceSettings)]
    tokens = {line.auth_token.get_secret_value() for line in voices}
    return Sandbox(
        port=config.sandbox.port,
        lines=_lines(config, TwilioVoiceSettings),
        elks_lines=_lines(config, ElksVoiceSettings),
        inboxes=_inboxes(config),
        feeds=[f"{public_url}/feeds/{name}/{m.languages[0]}.rss" for name, m in names.items()] if public_url else [],
        sites=[f"{public_url}/{one.sign_up}" for one in contacts_of(config).values() if one.sign_up]
        if public_url
        else [],
        twilio_auth_token=next(iter(tokens), "sandbox"),
        receipts=Receipts(),
        sources=config.sandbox.sources,
    )


def _lines(config: Config, kind: type[TwilioVoiceSettings | ElksVoiceSettings]) -> dict[str, str]:
    """The webhook of each phone line at a provider, where ``serve`` can be reached."""
    return {
        account.settings.line: url
        for name, account in config.accounts.items()
        if isinstance(account.settings, kind)
        and (url := call_webhook(name, account.settings, config.serve.public_url or ""))
        and config.serve.public_url
    }


def _inboxes(config: Config) -> list[Inbox]:
    """What residents can text to, where ``serve`` can be reached."""
    found: list[Inbox] = []
    for account in config.accounts.values() if config.serve.public_url else ():
        url = webhook(account.settings, config.serve.public_url or "")
        match account.settings:
            case TwilioSettings() as own if url:
                token = own.auth_token.get_secret_value()
                found += [Inbox(number, "twilio", url, own.account_sid, token) for number in own.inbound.values()]
            case ElksSettings() as own if url:
                found += [Inbox(number, "46elks", url, own.username) for number in own.inbound.values()]
            case _:
                pass  # nobody texts to it
    return found
