"""Remember which of Redmine's tasks left a closed status once: nothing else needs all of the histories.

Redmine has no index by what was changed, so to find them reads all changes, which takes a second where there are a
million. They are few, and what was changed stays as it is: later only newer changes are read.
"""

from array import array
from collections.abc import Sequence
from threading import Lock
from time import monotonic

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.redmine.sql import tables as t

REREAD_SECONDS = 3600.0
"""After so long all is read again, in case somebody changed the history itself."""
OVERLAP = 5_000
"""As many ids before the last one are read once more: some changes are committed late."""

_LAST = sa.select(sa.func.coalesce(sa.func.max(t.journal_details.c.id), 0))


class Again:
    """The ids of tasks whose status was a closed one before a change. One for all people and threads."""

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
            found.update(db.scalars(_changed(self._last - OVERLAP, closed)))
            self._last, self._ids = last, array("l", sorted(found))
            return self._ids


def _changed(after: int, closed: Sequence[int]) -> sa.Select[int]:
    detail, journal = t.journal_details, t.journals
    wanted = sa.select(journal.c.journalized_id).join(detail, detail.c.journal_id == journal.c.id)
    return wanted.where(
        detail.c.id > after,
        detail.c.property == "attr",
        detail.c.prop_key == "status_id",
        detail.c.old_value.in_([str(each) for each in closed]),
        journal.c.journalized_type == "Issue",
    ).distinct()
