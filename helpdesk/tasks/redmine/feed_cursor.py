"""The cursor of the feed, which SQL and REST both understand: so either goes on where the other stopped."""

from datetime import datetime
from typing import NamedTuple

from helpdesk.tasks import watermark
from helpdesk.tasks.watermark import LONGEST_WRITE, Watermark


class FeedCursor(NamedTuple):
    """`begun` is the moment before which nothing is told, `updated` the last one that anything read so far tells of,
    both by Redmine's clock.

    A write takes its time no sooner than LONGEST_WRITE before it ends. So what was not there yet when something of the
    moment `updated` was, is no older than `since`.
    """

    issues: Watermark
    journals: Watermark
    begun: datetime
    updated: datetime

    @property
    def since(self) -> datetime:
        return self.updated - LONGEST_WRITE

    def believed(self, now: datetime) -> "FeedCursor":
        """Return the cursor without future moments: some clock was ahead when they were kept."""
        return self._replace(begun=min(self.begun, now - LONGEST_WRITE), updated=min(self.updated, now))

    def written(self) -> str:
        marks = {"issues": self.issues, "journals": self.journals}
        return f"{self.begun.isoformat()} {self.updated.isoformat()} {watermark.written(marks)}"


def beginning(issue: int, journal: int, updated: datetime, now: datetime) -> FeedCursor:
    """Return the cursor behind these numbers."""
    marks = watermark.beginning(issue, now), watermark.beginning(journal, now)
    return FeedCursor(*marks, updated - LONGEST_WRITE, updated)


def read(written: str) -> FeedCursor:
    begun, updated, marks = written.split(" ", 2)
    found = watermark.read(marks)
    return FeedCursor(
        found["issues"], found["journals"], datetime.fromisoformat(begun), datetime.fromisoformat(updated)
    )
