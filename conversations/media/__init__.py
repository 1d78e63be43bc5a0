"""What a medium can show and take: SMS, chat, the hotline's voice. A channel belongs to one of them."""

from typing import Final

from core.messages import SMS_CHANNEL, VOICE_CHANNEL

SMS: Final = "sms"
CHAT: Final = "chat"
IVR: Final = "ivr"
MEDIA: Final = (SMS, CHAT, IVR)


def medium_of(channel: str) -> str:
    """The medium of a channel; whatever is neither SMS nor a call is a chat."""
    return {SMS_CHANNEL: SMS, VOICE_CHANNEL: IVR}.get(channel, CHAT)
