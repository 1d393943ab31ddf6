"""Decide by the answer of a push service what became of a push."""

from datetime import datetime

from helpdesk.notifications.channels.port import SENT, Outcome
from helpdesk.notifications.channels.retry_after import retry_after

REFUSES_US = {401, 403}
"""Our token or our key is wrong for this service, or this subscription was made with another key of ours."""
MALFORMED = 400
"""Perhaps our token, perhaps this subscription alone: so it says nothing of the channel."""
BUSY = {429, 503}
GONE = {404, 410}


def outcome(status: int, header: str | None, now: datetime) -> Outcome:
    """Return the outcome by a status and a Retry-After."""
    detail = f"HTTP {status}"
    if 200 <= status < 300:
        return SENT
    if status in GONE:
        return Outcome("gone", "gone", detail)
    if status in REFUSES_US:
        return Outcome("later", "not_ours", detail, of_channel=True)
    if status == MALFORMED:
        return Outcome("later", "not_ours", detail)
    if status in BUSY:
        return Outcome("later", "busy", detail, retry_after(header, now))
    if status >= 500 or status == 408:
        return Outcome("later", "unreachable", detail, retry_after(header, now))
    return Outcome("failed", "refused", detail)
