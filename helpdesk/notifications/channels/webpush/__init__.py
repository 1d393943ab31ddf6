"""Send notifications to browsers by Web Push (RFC 8030, 8291, 8292)."""

import logging

from helpdesk.notifications.channels.port import Resources, Sender
from helpdesk.notifications.channels.webpush import keys
from helpdesk.texts import in_english

log = logging.getLogger(__name__)


def connect(resources: Resources) -> Sender | None:
    """Return what sends when the settings ask for it; None with a warning when our keys are wrong."""
    settings = resources.settings
    if not settings.sends_web_push:
        return None
    public, private, email = settings.vapid_public_key, settings.vapid_private_key, settings.vapid_claim_email
    if trouble := keys.trouble(public or "", private or "", email or ""):
        log.warning("there is no Web Push", extra={"error": in_english(trouble)})
        return None
    from helpdesk.notifications.channels.webpush.sender import WebPushSender

    return WebPushSender(settings)
