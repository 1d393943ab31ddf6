"""Send notifications and letters by e-mail.

The modules that need the client library are imported only where mail is set.
"""

from collections.abc import Collection

from helpdesk.errors import NotConfigured
from helpdesk.notifications.channels.port import Resources, Sender
from helpdesk.settings.settings import Settings


def connect(resources: Resources) -> Sender | None:
    """Return what sends mails; None where the settings name no server or no sender."""
    if not resources.settings.sends_mail:
        return None
    from helpdesk.notifications.channels.email.sender import EmailSender

    return EmailSender(resources)


async def check(settings: Settings, recipients: Collection[str]) -> dict[str, str]:
    """Ask the mail server now, and return the words with which it refuses some of these addresses for good. Raises
    Unavailable when it can't be asked, and NotConfigured where no mail is set."""
    if not settings.sends_mail:
        raise NotConfigured
    from helpdesk.notifications.channels.email import recipients as asked

    return await asked.refusals(settings, recipients)
