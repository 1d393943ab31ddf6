"""Remember which of Redmine's tasks have a history that `closed_on` does not tell: those that were reopened, and those
that were closed by it at another time. Nothing else needs all of the histories.

An administrator may say later that a status closes tasks, or closes none. Redmine then leaves `closed_on` of the tasks
that went through it as it is, or fills it in for some. Reports take the statuses as they are now.

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
SAME_SECONDS = 10
"""As far apart are at most the moments that Redmine notes of one closing, in the task and in its history."""

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
    """The ids of such tasks, by their histories. One for all people and threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed: tuple[int, ...] = ()
        self._last, self._read_at = 0, 0.0
        self._ids = array("l")

    def ids(self, db: Connection, closed: Sequence[int]) -> Sequence[int]:
        """Return the ids as of the snapshot that the connection reads."""
        with self._lock:
            last = db.scalar(_LAST) or 0
            # Who began to read somewhat earlier does not know the last ones yet, which is no reason to read all again.
            is_other = tuple(closed) != self._closed or last < self._last - OVERLAP
            if is_other or monotonic() - self._read_at > REREAD_SECONDS:
                self._closed, self._last, self._read_at, self._ids = tuple(closed), 0, monotonic(), array("l")
            found = set(self._ids)
            found.update(db.scalars(_told_by_history(self._last - OVERLAP, closed)))
            self._last, self._ids = last, array("l", sorted(found))
            return self._ids


def _told_by_history(after: int, closed: Sequence[int]) -> sa.Select[int]:
    step, task = Steps(status_changes(), [str(each) for each in closed]), t.issues.c
    noted = sa.func.coalesce(task.closed_on, task.created_on)
    is_apart = sa.func.abs(sa.func.timestampdiff(sa.text("SECOND"), noted, step.events.moment)) > SAME_SECONDS
    source = step.events.source.join(t.issues, task.id == step.events.task)
    found = sa.select(step.events.task).select_from(source).where(step.events.condition)
    return found.where(step.events.id > after, sa.or_(step.reopens, sa.and_(step.closes, is_apart))).distinct()
