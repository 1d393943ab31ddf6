"""Send notifications to phones by Firebase Cloud Messaging."""

from helpdesk.notifications.channels.port import Resources, Sender


def connect(resources: Resources) -> Sender | None:
    """Return what sends when the settings ask for it. Its file is read with the first push."""
    if not resources.settings.sends_fcm:
        return None
    from helpdesk.notifications.channels.fcm.sender import FcmSender

    return FcmSender(resources.settings)
