"""Read how long a service asks us to wait."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_HEADER = 60
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After asks for, which may be given as a date; None for something else."""
    text = (header or "").strip()
    if not text or len(text) > LONGEST_HEADER:
        return None
    if SECONDS.fullmatch(text):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
    except (ValueError, OverflowError):
        return None
