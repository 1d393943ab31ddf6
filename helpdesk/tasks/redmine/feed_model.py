"""The cursor of the feed, and the changes in a journal's details, alike by SQL and over REST.

Both understand the cursor, so either goes on where the other stopped. Nothing is read here.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from helpdesk.tasks import watermark
from helpdesk.tasks.feed import Change
from helpdesk.tasks.watermark import LONGEST_WRITE, Watermark


class FeedCursor(NamedTuple):
    """`begun` is the moment before which no event is read, `updated` the last moment of anything read so far, both by
    Redmine's clock.

    A write takes its moment no sooner than LONGEST_WRITE before it ends. So what was not written yet when `updated` was
    read is no older than `since`.
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


def cursor_behind(issue: int, journal: int, updated: datetime, now: datetime) -> FeedCursor:
    """Return the cursor behind these numbers."""
    marks = watermark.beginning(issue, now), watermark.beginning(journal, now)
    return FeedCursor(*marks, updated - LONGEST_WRITE, updated)


def read_cursor(written: str) -> FeedCursor:
    begun, updated, text = written.split(" ", 2)
    marks = watermark.read(text)
    return FeedCursor(
        marks["issues"], marks["journals"], datetime.fromisoformat(begun), datetime.fromisoformat(updated)
    )


class Detail(NamedTuple):
    """A journal's detail; `property` is Redmine's word: attr, cf, attachment, relation."""

    property: str
    name: str
    old: str | None
    new: str | None


class Assigned(NamedTuple):
    """The change of an issue's assignee in the journal of this number; None for nobody."""

    journal: int
    old: int | None
    new: int | None


def attribute_change(details: Iterable[Detail], attribute: str, names: Mapping[str, str]) -> Change | None:
    """Return the old and new name of an attribute; an id without a name is shown as such."""
    detail = _of(details, attribute)
    return Change(_name(detail.old, names), _name(detail.new, names)) if detail else None


def assignee_change(journal: int, details: Iterable[Detail]) -> Assigned | None:
    """Return the change of assignee in this journal, if there is one."""
    detail = _of(details, "assigned_to_id")
    return Assigned(journal, number(detail.old), number(detail.new)) if detail else None


def attached_files(details: Iterable[Detail]) -> tuple[str, ...]:
    """Return the names of the attached files."""
    return tuple(it.new for it in details if it.property == "attachment" and it.new)


def assignee_after(journal: int, changes: Iterable[Assigned], present: int | None) -> int | None:
    """Return the assignee when this journal was written: the old one of the next change, else the present one."""
    later = (change for change in changes if change.journal > journal)
    following = min(later, key=lambda change: change.journal, default=None)
    return following.old if following else present


def number(value: str | None) -> int | None:
    """Return an id of a detail, if it is one."""
    return int(value) if value and value.isdigit() else None


def _of(details: Iterable[Detail], name: str) -> Detail | None:
    return next((it for it in details if (it.property, it.name) == ("attr", name)), None)


def _name(value: str | None, names: Mapping[str, str]) -> str:
    return names.get(value, f"#{value}") if value else ""
