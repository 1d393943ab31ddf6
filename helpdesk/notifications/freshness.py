"""Whether what happens is told as it happens."""

from datetime import UTC, datetime
from typing import NamedTuple


class Freshness(NamedTuple):
    """Whether it is live, since when that is so or not, and as of when all has been told."""

    live: bool
    since: datetime
    as_of: datetime | None


def never_looked() -> Freshness:
    """Where nobody reads the feed."""
    return Freshness(False, datetime.now(UTC), None)
