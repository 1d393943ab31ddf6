"""List the channels. Preferences, their page and the delivery of notifications ask this list."""

from helpdesk.errors import sentence
from helpdesk.notifications.channels import sse
from helpdesk.notifications.channels.port import Channel, Option
from helpdesk.notifications.kinds import Type

IMPORTANT = frozenset[Type]({"assigned", "mention", "comment"})

CHANNELS: list[Channel] = [
    sse.CHANNEL,
    # People may choose these two before they are built, so that the choice is there when they are.
    Channel("email", (Option("email", sentence("E-mail"), IMPORTANT, digested=True),)),
    Channel("push", (Option("push", sentence("Push"), IMPORTANT),)),
]
"""In the order of the preferences' columns."""


def options() -> tuple[Option, ...]:
    """Return what the channels offer, in the order of the preferences' columns."""
    return tuple(option for channel in CHANNELS for option in channel.options)
