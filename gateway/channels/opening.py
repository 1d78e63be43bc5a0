"""Which channels there are: one file and one line each. The settings say which of them are open."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from gateway.channels import sms, telegram, voice, voicexml, whatsapp
from gateway.channels.channel import Channel, House
from gateway.web import chat

CHANNELS: Final[Sequence[Callable[[House], Iterator[Channel]]]] = (
    sms.open_channels,
    telegram.open_channels,
    whatsapp.open_channels,
    chat.open_channels,
    voice.open_channels,
    voicexml.open_channels,
)


def open_channels(house: House) -> list[Channel]:
    """Every channel that the settings name."""
    return [channel for open_them in CHANNELS for channel in open_them(house)]
