"""Send notifications to browsers by Web Push (RFC 8030, 8291, 8292)."""

from helpdesk.notifications.channels.port import Resources, Sender


def connect(resources: Resources) -> Sender | None:
    """Return what sends; None until it is built."""
    return None
