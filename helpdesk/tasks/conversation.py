"""How a task's page tells its history: which files came with a comment, and which statuses most often follow an answer.

Pure functions of the task.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from helpdesk.tasks.colors import Colors, Mark
from helpdesk.tasks.model import Attachment, Entry, Status, Task

WITH_THE_TASK = 0
LONG_AGO = datetime.min.replace(tzinfo=UTC)
NEXT: Mapping[Mark, tuple[Mark, ...]] = {
    "new": ("active", "resolved", "closed", "waiting"),
    "active": ("resolved", "closed", "waiting", "active"),
    "waiting": ("active", "resolved", "closed", "waiting"),
    "resolved": ("closed", "active", "waiting"),
    "closed": ("active", "new", "resolved"),
}
"""The marks of the statuses that most often follow an answer, the likeliest first."""


def files_by_entry(task: Task) -> dict[int, list[Attachment]]:
    """Return the files of a task by the entry that brought them; those of no entry came with the task itself.

    A history names a file only by its name: of several with that name, an entry brought the one nearest in time.
    """
    left, by_entry = list(task.attachments), dict[int, list[Attachment]]()
    for entry in task.entries:
        for change in entry.changes:
            named = [file for file in left if change.field == "attachment" and file.filename == change.new]
            if named:
                nearest = min(named, key=lambda file: _distance(entry, file))
                left.remove(nearest)
                by_entry.setdefault(entry.id, []).append(nearest)
    return {**by_entry, WITH_THE_TASK: left}


def _distance(entry: Entry, file: Attachment) -> float:
    return abs((entry.created_on - (file.created_on or LONG_AGO)).total_seconds())


def next_statuses(task: Task, colors: Colors) -> list[Status]:
    """Return the other statuses that this person may choose, those that most often follow an answer first."""
    order = NEXT[colors.mark(task.row.status)]

    def rank(status: Status) -> int:
        mark = colors.mark(status)
        return order.index(mark) if mark in order else len(order)

    return sorted((it for it in task.choices.statuses if it.id != task.row.status.id), key=rank)
