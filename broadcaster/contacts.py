"""How residents reach each municipality's messages of their own accord, as the configuration has it."""

from collections.abc import Mapping
from dataclasses import replace

from broadcaster.config import Config
from broadcaster.residents.replies import place_name
from channels.address import leads_here
from channels.announcements import IVR
from channels.provider import Contacts, Profile
from channels.providers.elks_voice import ElksVoiceSettings
from channels.providers.facebook import FACEBOOK, FacebookSettings
from channels.providers.twilio_voice import TwilioVoiceSettings
from channels.sms import ALL, SMS, SmsSettings


def contacts_of(config: Config) -> Mapping[str, Contacts]:
    """The phone line, the number to text to, the page to sign up on and the profile of each municipality."""
    return {
        name: Contacts(_line(config, name), *_sms(config, name), _sign_up(config, name), _profile(config, name))
        for name in config.municipalities
    }


def _line(config: Config, municipality: str) -> str | None:
    for account in config.routes.get((municipality, IVR.name), ()):
        settings = config.accounts[account].settings
        if isinstance(settings, TwilioVoiceSettings | ElksVoiceSettings):
            return settings.line
    return None


def _sms(config: Config, municipality: str) -> tuple[str | None, str]:
    """The number, and what to text: a number that several share has to be told whose messages are wanted."""
    for account in config.routes.get((municipality, SMS.name), ()):
        settings = config.accounts[account].settings
        inbound = settings.inbound if isinstance(settings, SmsSettings) else {}
        if municipality in inbound:
            return inbound[municipality], "START"
        if ALL in inbound:
            alone = len(config.municipalities) == 1
            return inbound[ALL], "START" if alone else f"START {place_name(config.municipalities[municipality])}"
    return None, ""


def _sign_up(config: Config, municipality: str) -> str | None:
    """Where one joins on the web: only where a code can be sent."""
    return f"{municipality}/anmalan" if config.sign_up.enabled and (municipality, SMS.name) in config.routes else None


def _profile(config: Config, municipality: str) -> Profile:
    """What a municipality says of itself, with what is known besides: its Facebook page, and who sends its SMS."""
    own = config.profiles.get(municipality, Profile())
    accounts = [config.accounts[name] for name in config.routes.get((municipality, SMS.name), ())]
    firms = dict.fromkeys(account.provider.firm for account in accounts if account.provider.firm is not None)
    return replace(own, facebook=own.facebook or _facebook(config, municipality), firms=tuple(firms))


def _facebook(config: Config, municipality: str) -> str:
    """The address of its Facebook page; of one in the sandbox there is none."""
    for account in config.routes.get((municipality, FACEBOOK.name), ()):
        settings = config.accounts[account].settings
        if isinstance(settings, FacebookSettings) and not leads_here(settings.base_url):
            return f"https://www.facebook.com/{settings.page}"
    return ""
