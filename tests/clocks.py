"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta

import pytest

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    """It begins at noon; `pass_` moves the time of day and the ticks alike."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def ticks(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()
