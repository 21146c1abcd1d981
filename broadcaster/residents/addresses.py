"""Where providers bring what residents text, and ask what callers hear. The sandbox does as they do."""

from channels.elks_inbound import inbound_secret
from channels.elks_voice import call_secret
from channels.providers.elks import ElksSettings
from channels.providers.elks_voice import ElksVoiceSettings
from channels.providers.twilio import TwilioSettings
from channels.providers.twilio_voice import TwilioVoiceSettings
from channels.settings import AccountSettings


def webhook(settings: AccountSettings, public_url: str) -> str | None:
    """The address for the texts to an account's numbers; None for one to which nobody texts.

    That of 46elks holds a secret: it is shown only to those who configure the account.
    """
    match settings:
        case TwilioSettings():
            return f"{public_url}/webhooks/twilio/sms"
        case ElksSettings():
            return f"{public_url}/webhooks/46elks/sms/{inbound_secret(settings)}"
        case _:
            return None


def call_webhook(name: str, settings: AccountSettings, public_url: str) -> str | None:
    """The address that an account's provider asks what callers hear; None for one that nobody calls.

    That of 46elks holds a secret, as above.
    """
    match settings:
        case TwilioVoiceSettings():
            return f"{public_url}/webhooks/twilio/voice/{name}"
        case ElksVoiceSettings():
            return f"{public_url}/webhooks/46elks/voice/{call_secret(settings)}"
        case _:
            return None
