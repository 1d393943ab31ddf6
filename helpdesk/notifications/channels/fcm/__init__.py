"""Send notifications to phones by Firebase Cloud Messaging."""

from helpdesk.notifications.channels.port import Resources, Sender


def connect(resources: Resources) -> Sender | None:
    """Return what sends; None until it is built."""
    return None
