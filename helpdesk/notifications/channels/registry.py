"""List the channels. Preferences, their page and the delivery of notifications ask this list."""

from helpdesk.errors import sentence
from helpdesk.notifications.channels import email, fcm, sse, webpush
from helpdesk.notifications.channels.port import Channel, Option
from helpdesk.notifications.kinds import Type

IMPORTANT = frozenset[Type]({"assigned", "mention", "comment", "promise"})

EMAIL = Option("email", sentence("E-mail"), IMPORTANT, waits=True)
PUSH = Option("push", sentence("Push"), IMPORTANT | {"post", "quality"}, needs_browser=True)

CHANNELS: list[Channel] = [
    sse.CHANNEL,
    Channel("email", (EMAIL,), {"email": email.connect}),
    Channel("push", (PUSH,), {"fcm": fcm.connect, "webpush": webpush.connect}),
]
"""In the order of the preferences' columns."""

OPTION_OF = {name: channel.options[0].name for channel in CHANNELS for name in channel.connect}
"""The option of the preferences by the names that rows of the outbox have."""


def options() -> tuple[Option, ...]:
    """Return what the channels offer, in the order of the preferences' columns."""
    return tuple(option for channel in CHANNELS for option in channel.options)
