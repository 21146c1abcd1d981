"""Every provider the broadcaster knows. A new one is a line here."""

from channels.contract import ChannelKind
from channels.provider import Provider
from channels.providers import elks, elks_voice, facebook, feed, page, prompts, twilio, twilio_voice, websub
from messages.model import Form

PROVIDERS: dict[str, Provider] = {
    module.PROVIDER.name: module.PROVIDER
    for module in (facebook, twilio, elks, feed, page, websub, twilio_voice, elks_voice, prompts)
}
"""Providers by the name that the configuration gives them."""

CHANNELS: dict[str, ChannelKind] = {provider.channel.name: provider.channel for provider in PROVIDERS.values()}
"""Channels by name, in the order in which people are shown them."""

FORMS: dict[str, Form] = {channel.name: channel.form for channel in CHANNELS.values()}
"""What each channel's texts look like, as rendering wants to know it."""
