"""Leave of a task what its requester may see, and choose the statuses to which a requester moves it.

Pure functions of the task.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from helpdesk.requests.model import Request
from helpdesk.requests.source import Means
from helpdesk.store.casefold import fold
from helpdesk.tasks import colors
from helpdesk.tasks.model import Attachment, Entry, FieldChange, Ref, Status, Task, TaskRow
from helpdesk.tasks.phases import Phase, Rules, phase
from helpdesk.texts import is_blank

PrivateFiles = Mapping[int, frozenset[int]]
SHOWN = ("status", "attachment")
WORD = re.compile(r"\w{3,}")
MOST_WORDS = 20
ENDING = 2
"""Letters at the end of a word that may differ, as cases do."""
SHORTEST_STEM = 3


def entries(task: Task, private_files: PrivateFiles) -> tuple[Entry, ...]:
    """Return the public comments, changes of the status, and public files of a history."""
    pruned = (_pruned(entry, entry.id in private_files) for entry in task.entries if not entry.private)
    return tuple(entry for entry in pruned if entry.notes or entry.changes)


def files(task: Task, private_files: PrivateFiles) -> tuple[Attachment, ...]:
    """Return the files of a task that no private comment brought."""
    hidden = frozenset[int]().union(*private_files.values())
    return tuple(file for file in task.attachments if file.id not in hidden)


def reopens(task: Task, its_phase: Phase, means: Means, known: Mapping[int, Status], rules: Rules) -> Ref | None:
    """Return the status to which an answer moves a task that waits for it: the one before it waited, if possible."""
    active = [it for it in means.statuses if phase(known.get(it.id, it), rules) in ("new", "active")]
    if its_phase != "waiting" or not active:
        return None
    before = _before(task, known, rules)
    chosen = next((it for it in active if it.name == before), active[0])
    return Ref(chosen.id, chosen.name)


def solves(task: Task, means: Means, rules: Rules) -> Ref | None:
    """Return the status of a request that its requester calls solved."""
    if task.row.status.is_closed:
        return None
    resolved = colors.resolved(means.statuses, rules)
    offered = [it for it in means.statuses if it.is_closed] or [it for it in means.statuses if it.id in resolved]
    return Ref(offered[0].id, offered[0].name) if offered else None


def version(request: Request) -> str:
    """Return an opaque text that changes with what the requester sees."""
    row, entries = request.row, [it._replace(author=None) for it in request.entries]
    seen = row.subject, row.status.id, row.assignee, request.description, entries, [it.id for it in request.files]
    offered = request.phase, request.may_answer, request.reopens, request.solves, request.grade
    return sha256(repr((seen, offered)).encode("utf-8", "replace")).hexdigest()[:16]


def similar(rows: Iterable[TaskRow], words: str, limit: int) -> tuple[TaskRow, ...]:
    """Return the rows whose subjects have most of these words, those with more of them first."""
    stems = [word[: max(SHORTEST_STEM, len(word) - ENDING)] for word in _words(words)]
    counted = [(sum(stem in fold(row.subject) for stem in stems), row) for row in rows] if stems else []
    matching = [(count, row) for count, row in counted if count * 2 > len(stems) or count == len(stems)]
    return tuple(row for _, row in sorted(matching, key=lambda it: -it[0])[:limit])


def _words(text: str) -> Sequence[str]:
    return list(dict.fromkeys(WORD.findall(fold(text[:1000]))))[:MOST_WORDS]


def _pruned(entry: Entry, has_private_files: bool) -> Entry:
    shown = SHOWN[:1] if has_private_files else SHOWN
    changes = tuple(it for it in entry.changes if it.field in shown)
    return entry._replace(notes="" if is_blank(entry.notes) else entry.notes, changes=changes, may_edit=False)


def _before(task: Task, known: Mapping[int, Status], rules: Rules) -> str | None:
    """Return the name of the last status in which the task did not wait."""
    waiting = {it.name for it in known.values() if phase(it, rules) == "waiting"}
    changes: list[FieldChange] = [it for entry in task.entries for it in entry.changes if it.field == "status"]
    return next((it.old for it in reversed(changes) if it.old not in waiting), None)
