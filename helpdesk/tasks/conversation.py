"""How a task's page tells its history: which files came with a comment, and which statuses most often follow an answer.

Pure functions of the task.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta

from helpdesk.tasks.colors import Colors, Mark
from helpdesk.tasks.model import Attachment, Entry, Status, Task

WITH_THE_TASK = 0
WITHIN = timedelta(minutes=60)
"""A file is stored before its entry: as long before as somebody mends a refused answer that had sent it already."""
NEXT: Mapping[Mark, tuple[Mark, ...]] = {
    "new": ("active", "resolved", "closed", "waiting"),
    "active": ("resolved", "closed", "waiting", "active"),
    "waiting": ("active", "resolved", "closed", "waiting"),
    "resolved": ("closed", "active", "waiting"),
    "closed": ("active", "new", "resolved"),
}
"""The marks of the statuses that most often follow an answer, the likeliest first."""


def files_by_entry(entries: Iterable[Entry], attachments: Iterable[Attachment]) -> dict[int, list[Attachment]]:
    """Return the files of a task by the entry that brought them; those of no entry came with the task itself.

    A history names a file only by its name: each file goes to the nearest in time of the entries that name it. Others
    of that name, far from every entry, are gone or came with the task.
    """
    names = [(entry, change.new) for entry in entries for change in entry.changes if change.field == "attachment"]
    files = defaultdict[str, list[Attachment]](list)
    for file in attachments:
        files[file.filename].append(file)
    pairs = [
        (distance, place, file)
        for place, (entry, name) in enumerate(names)
        for file in files.get(name or "", ())
        if (distance := _distance(entry, file)) <= WITHIN
    ]
    brought, taken = dict[int, int](), set[int]()
    for _, place, file in sorted(pairs, key=lambda pair: pair[0]):
        if place not in taken and file.id not in brought:
            taken.add(place)
            brought[file.id] = names[place][0].id
    by_entry = dict[int, list[Attachment]]({WITH_THE_TASK: []})
    for file in attachments:
        by_entry.setdefault(brought.get(file.id, WITH_THE_TASK), []).append(file)
    return by_entry


def _distance(entry: Entry, file: Attachment) -> timedelta:
    """Return the time between a file and an entry; an unknown one counts as the longest."""
    return abs(entry.created_on - file.created_on) if file.created_on else WITHIN


def next_statuses(task: Task, colors: Colors) -> list[Status]:
    """Return the other statuses that this person may choose, those that most often follow an answer first."""
    order = NEXT[colors.mark(task.row.status)]

    def rank(status: Status) -> int:
        mark = colors.mark(status)
        return order.index(mark) if mark in order else len(order)

    return sorted(other_statuses(task), key=rank)


def other_statuses(task: Task) -> list[Status]:
    """Return the statuses that this person may choose, without the present one."""
    return [status for status in task.choices.statuses if status.id != task.row.status.id]
