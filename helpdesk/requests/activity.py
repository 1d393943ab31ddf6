"""Tell what others did to a request, from its history."""

from collections.abc import Callable, Iterator
from datetime import datetime

from helpdesk.requests import pruning
from helpdesk.requests.model import Activity
from helpdesk.tasks.model import Entry, Task

AT_ONCE = 4
"""Histories that are read side by side."""


def of_task(
    task: Task, private_files: pruning.PrivateFiles, since: datetime, is_own: Callable[[Entry], bool]
) -> Iterator[Activity]:
    """Yield the comments and new statuses that others wrote since then."""
    for entry in pruning.entries(task, private_files):
        if entry.created_on < since or is_own(entry):
            continue
        told = Activity(task.id, task.row.subject, entry.created_on, entry.author)
        yield from (told._replace(status=it.new or "") for it in entry.changes if it.field == "status")
        if entry.notes:
            yield told._replace(comment=entry.notes)
