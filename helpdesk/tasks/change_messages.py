"""Describe changes in a task's history in sentences."""

from collections.abc import Sequence
from datetime import date

from helpdesk.errors import Conflict, Sentence, sentence
from helpdesk.tasks.fields import is_day
from helpdesk.tasks.model import ConflictingChange, FieldChange, Written
from helpdesk.texts import called

LABELS = {
    "status": sentence("Status"),
    "priority": sentence("Priority"),
    "assignee": sentence("Assignee"),
    "tracker": sentence("Type"),
    "project": sentence("Project"),
    "subject": sentence("Subject"),
    "description": sentence("Description"),
    "start_date": sentence("Start date"),
    "due_date": sentence("Due date"),
    "done_ratio": sentence("Progress, %"),
    "estimated_hours": sentence("Estimated hours"),
    "parent_id": sentence("Parent task"),
    "child_id": sentence("Sub-task"),
    "fixed_version_id": sentence("Version"),
    "category_id": sentence("Category"),
    "is_private": sentence("Private"),
    "attachment": sentence("File"),
    "relation": sentence("Relation"),
}

CHANGED = sentence("%(field)s: %(old)s → %(new)s")
SET = sentence("%(field)s: %(new)s")
REMOVED = sentence("%(field)s removed: %(old)s")
EDITED = sentence("%(field)s: the text was changed")
OVERWROTE = sentence("%(who)s changed this at the same moment, and yours was saved over it. %(change)s")
NOT_WRITTEN = sentence("%(refusal)s %(changes)s")
CHANGED_BY = sentence("%(change)s (%(who)s)")
BOTH = sentence("%(one)s; %(other)s")
SOMEBODY = sentence("somebody")
YES_NO = {"1": sentence("yes"), "0": sentence("no")}
DAYS = {"start_date", "due_date"}


def in_words(change: FieldChange) -> Sentence:
    """Describe a change with its old and new value. Fields without a label here keep the backend's own name."""
    label = change.label or LABELS.get(change.field, change.field)
    values = {"field": label, "old": _readable(change, change.old), "new": _readable(change, change.new)}
    if change.old and change.new:
        return Sentence(CHANGED.text, values)
    if change.new:
        return Sentence(SET.text, values)
    if change.old:
        return Sentence(REMOVED.text, values)
    return Sentence(EDITED.text, values)


def overwritten(written: Written, person_id: int) -> list[Sentence]:
    """Describe changes by others that this person's write replaced unseen."""
    return [
        Sentence(
            OVERWROTE.text, {"who": called(entry.author) if entry.author else SOMEBODY, "change": in_words(change)}
        )
        for entry, change in written.overwrote(person_id)
    ]


def conflict(theirs: Sequence[ConflictingChange]) -> Sentence:
    """Say that nothing was written, and describe what others wrote into the same fields."""
    first, *others = map(_conflicting, theirs)
    for other in others:
        first = Sentence(BOTH.text, {"one": first, "other": other})
    return Sentence(NOT_WRITTEN.text, {"refusal": Conflict.default, "changes": first})


def _conflicting(it: ConflictingChange) -> Sentence:
    who = it.entry.author.name if it.entry.author else SOMEBODY
    return Sentence(CHANGED_BY.text, {"change": in_words(it.change), "who": who})


def _readable(change: FieldChange, value: str | None) -> object:
    """Return a value for people: days as on the rest of the page, yes and no."""
    if value and (change.kind == "date" or change.field in DAYS) and is_day(value):
        return date.fromisoformat(value).strftime("%d.%m.%Y")
    is_flag = change.kind == "yes_no" or change.field == "is_private"
    return YES_NO.get(value, value) if value and is_flag else value
