"""Remember which of Redmine's tasks were reopened once: nothing else needs all of the histories.

Redmine has no index by what was changed, so to find them reads all changes, which takes a second where there are a
million. They are few, and what was changed stays as it is: later only newer changes are read.
"""

from array import array
from collections.abc import Sequence
from threading import Lock
from time import monotonic

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.reports.sql import Events, Steps
from helpdesk.tasks.redmine.sql import tables as t

REREAD_SECONDS = 3600.0
"""After so long all is read again, in case somebody changed the history itself."""
OVERLAP = 5_000
"""As many ids before the last one are read once more: some changes are committed late."""

_LAST = sa.select(sa.func.coalesce(sa.func.max(t.journal_details.c.id), 0))


def status_changes() -> Events:
    """Return the changes of status, as tables of their own in a statement."""
    detail, journal = t.journal_details.alias(), t.journals.alias()
    return Events(
        source=detail.join(journal, journal.c.id == detail.c.journal_id),
        condition=sa.and_(
            detail.c.property == "attr", detail.c.prop_key == "status_id", journal.c.journalized_type == "Issue"
        ),
        id=detail.c.id,
        task=journal.c.journalized_id,
        moment=journal.c.created_on,
        author=journal.c.user_id,
        old=detail.c.old_value,
        new=detail.c.value,
    )


class Again:
    """The ids of tasks that were reopened, by their histories. One for all people and threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed: tuple[int, ...] = ()
        self._last, self._read_at = 0, 0.0
        self._ids = array("l")

    def ids(self, db: Connection, closed: Sequence[int]) -> Sequence[int]:
        """Return the ids as of the snapshot that the connection reads."""
        with self._lock:
            last = db.scalar(_LAST) or 0
            if tuple(closed) != self._closed or last < self._last or monotonic() - self._read_at > REREAD_SECONDS:
                self._closed, self._last, self._read_at, self._ids = tuple(closed), 0, monotonic(), array("l")
            found = set(self._ids)
            found.update(db.scalars(_reopened(self._last - OVERLAP, closed)))
            self._last, self._ids = last, array("l", sorted(found))
            return self._ids


def _reopened(after: int, closed: Sequence[int]) -> sa.Select[int]:
    step = Steps(status_changes(), [str(each) for each in closed])
    return step.select(step.events.task).where(step.events.id > after, step.reopens).distinct()
