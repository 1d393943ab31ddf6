"""Ignore moments that were written by a clock that was ahead."""

from datetime import datetime, timedelta

AHEAD = timedelta(seconds=60)
"""The largest difference between the clocks of several machines. Later moments are not trusted."""


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Tell whether a moment that should be past lies too far in the future."""
    return moment > now + AHEAD
