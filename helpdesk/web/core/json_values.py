"""Values as JSON has them."""

from datetime import date, datetime
from typing import Any

Json = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    """Return ISO 8601 in UTC, whole seconds, ending in Z."""
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z") if at else None


def day(on: date | None) -> str | None:
    return on.isoformat() if on else None
