"""How far the feed has got, in words that both ways of reading know: so either goes on where the other stopped."""

from datetime import datetime
from typing import NamedTuple

from helpdesk.tasks import watermark
from helpdesk.tasks.watermark import LONGEST_WRITE, Watermark


class Position(NamedTuple):
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

    def written(self) -> str:
        marks = {"issues": self.issues, "journals": self.journals}
        return f"{self.begun.isoformat()} {self.updated.isoformat()} {watermark.written(marks)}"


def beginning(issue: int, journal: int, updated: datetime, now: datetime) -> Position:
    """The position behind these numbers."""
    marks = watermark.beginning(issue, now), watermark.beginning(journal, now)
    return Position(*marks, updated - LONGEST_WRITE, updated)


def read(written: str) -> Position:
    begun, updated, marks = written.split(" ", 2)
    found = watermark.read(marks)
    return Position(found["issues"], found["journals"], datetime.fromisoformat(begun), datetime.fromisoformat(updated))
