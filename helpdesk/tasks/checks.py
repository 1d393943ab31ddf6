"""Check an edit or a new task before anything is written, in the same way for every backend."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from helpdesk.errors import Conflict, Invalid, NotAllowed, NotFound, Sentence, TransitionNotAllowed, Unchanged, sentence
from helpdesk.tasks.creation import NewTask, NewTaskForm
from helpdesk.tasks.fields import (
    CustomField,
    Detail,
    Texts,
    Value,
    cf_name,
    detail_name,
    fault,
    history_name,
    in_normal_form,
)
from helpdesk.tasks.model import Choices, ConflictingChange, Edit, Entry, Field, Task
from helpdesk.texts import is_blank, trimmed

LONGEST_SUBJECT = 255
MOST_HOURS = 1_000_000
EMPTY = sentence("Please fill this in.")
OPEN_FILES = sentence("An internal comment can't bring files: everybody who sees the task would see them.")
BAD_DATES = sentence("This must not be before the start date.")
Since = Callable[[Task, str], Sequence[Entry] | None]
"""Returns the entries of a task that are newer than a version; None when not every change since is known."""
LARGE_CHANGES = ("tracker", "project")
REFUSALS: dict[Field, tuple[str, type[Invalid], Sentence]] = {
    "status": ("status_id", TransitionNotAllowed, TransitionNotAllowed.default),
    "priority": ("priority_id", Invalid, sentence("There is no such priority.")),
    "assignee": ("assignee_id", Invalid, sentence("This person can't be assigned here.")),
}


def wanted(before: Task, edit: Edit, since: Since) -> Edit:
    """Check an edit and return the part of it that really changes the task.

    Raises Conflict when others changed the same after the version that it names, Unchanged when nothing is left,
    NotAllowed, Invalid.
    """
    effective = changed(before, edit)
    if effective.is_empty:
        raise Unchanged
    require_apart(before, effective, since)
    _require_offered(before.choices, effective.changes)
    _require_writable(before.choices, effective)
    _require_sound(before, effective)
    if trimmed(effective.comment):
        require_comment(before, effective.private)
    if effective.private and effective.files:  # with or without words
        raise Invalid({"files": [OPEN_FILES]})
    return effective


def changed(before: Task, edit: Edit) -> Edit:
    """Return the edit without fields that have the value already, with custom values in their normal form."""
    custom = _in_normal_form((it.field for it in before.custom), edit.custom)
    return edit._replace(
        changes={field: value for field, value in edit.changes.items() if before.value(field) != value},
        details={detail: value for detail, value in edit.details.items() if before.detail(detail) != value},
        custom={number: value for number, value in custom.items() if before.custom_value(number) != value},
    )


def normal(form: NewTaskForm, new_task: NewTask) -> NewTask:
    """Return the new task with custom values in their normal form."""
    return new_task._replace(custom=_in_normal_form(form.custom, new_task.custom))


def _in_normal_form(fields: Iterable[CustomField], values: Mapping[int, Texts]) -> dict[int, Texts]:
    known = {field.id: field for field in fields}
    return {
        number: in_normal_form(known[number], value) if number in known else value for number, value in values.items()
    }


def require_apart(task: Task, edit: Edit, since: Since) -> None:
    """Raise Conflict when others changed what `edit` changes after the version that it names.

    `edit` has only fields whose value differs from the task's: the same value written by both is no conflict, and
    comments and files never are.
    """
    if edit.version is None or edit.version == task.version or not (edit.changes or edit.details or edit.custom):
        return
    newer = since(task, edit.version)
    if newer is None:
        raise Conflict(task)
    if theirs := overlapping(task, edit, newer):
        raise Conflict(task, theirs=theirs)


def overlapping(task: Task, edit: Edit, newer: Iterable[Entry]) -> list[ConflictingChange]:
    """Return the changes in these entries of the fields that `edit` changes."""
    names = history_names(task, edit)
    named = ((entry, change, names.get((change.field, change.label))) for entry in newer for change in entry.changes)
    return [ConflictingChange(name, entry, change) for entry, change, name in named if name]


def history_names(task: Task, edit: Edit) -> dict[tuple[str, str], str]:
    """Return the fields of an edit by their names in a history (field and label), each with its name in forms.

    A custom field that the task no longer has went with its tracker or project.
    """
    names = {(str(field), ""): REFUSALS[field][0] for field in edit.changes}
    names |= {(history_name(detail), ""): detail_name(detail) for detail in edit.details}
    labels = {each.field.id: each.field.name for each in task.custom}
    names |= {("custom_field", labels[number]): cf_name(number) for number in edit.custom if number in labels}
    gone = [cf_name(number) for number in edit.custom if number not in labels]
    return {(field, ""): name for field in LARGE_CHANGES for name in gone} | names


def require_comment(before: Task, private: bool = False) -> None:
    """Raise NotAllowed unless the person may comment, or comment privately."""
    choices = before.choices
    if not (choices.may_comment_privately if private else choices.may_comment):
        raise NotAllowed


def require_new_text(before: Task, entry_id: int, text: str) -> Entry:
    """Return the comment to which the person may give this text. Raises NotFound, NotAllowed, Unchanged."""
    entry = next((entry for entry in before.entries if entry.id == entry_id), None)
    if entry is None:
        raise NotFound
    if not entry.may_edit:
        raise NotAllowed
    if entry.notes.strip() == text.strip():
        raise Unchanged
    return entry


def faults(details: Mapping[Detail, Value], required: Iterable[Detail] = ()) -> dict[str, list[Sentence]]:
    """Return the faults of details by themselves, by field; absent ones are skipped.

    Source: Redmine's Issue, its validations of subject, done_ratio, estimated_hours and due_date.
    """
    errors: dict[str, list[Sentence]] = {}
    subject, ratio, hours = details.get("subject"), details.get("done_ratio"), details.get("estimated_hours")
    if isinstance(subject, str) and len(subject) > LONGEST_SUBJECT:
        errors["subject"] = [sentence("This is too long: at most %(limit)s characters.", limit=LONGEST_SUBJECT)]
    if "done_ratio" in details and not (isinstance(ratio, int) and 0 <= ratio <= 100):
        errors["done_ratio"] = [sentence("This must be from 0 to 100.")]
    if isinstance(hours, int | float) and not 0 <= hours < MOST_HOURS:
        errors["estimated_hours"] = [sentence("This must be a number of hours.")]
    start, due = details.get("start_date"), details.get("due_date")
    if isinstance(start, date) and isinstance(due, date) and due < start:
        errors["due_date"] = [BAD_DATES]
    empty = [detail for detail in required if detail in details and is_blank(str(details[detail] or ""))]
    return errors | {detail_name(detail): [EMPTY] for detail in empty}


def custom_faults(fields: Iterable[CustomField], values: Mapping[int, Texts]) -> dict[str, list[Sentence]]:
    """Return the faults of custom fields' values, by `cf_ID`; fields without a value here are skipped."""
    checked = ((field.id, fault(field, values[field.id])) for field in fields if field.id in values)
    return {cf_name(number): [message] for number, message in checked if message}


def require_creatable(form: NewTaskForm, new_task: NewTask) -> None:
    """Raise NotAllowed for fields that this person may not set, Invalid for values that no backend would accept."""
    details = _details(new_task)
    foreign = {detail for detail, value in details.items() if value} - form.details - form.required
    if (
        foreign
        or (new_task.files and not form.may_attach)
        or new_task.custom.keys() - {field.id for field in form.custom}
    ):
        raise NotAllowed
    chosen: dict[Field, int | None] = {
        "status": new_task.status_id,
        "priority": new_task.priority_id,
        "assignee": new_task.assignee_id,
    }
    changes = {field: value for field, value in chosen.items() if value is not None}
    _require_offered(Choices(form.statuses, form.priorities, form.assignees), changes)
    custom = {field.id: new_task.custom.get(field.id, field.default) for field in form.custom}
    if errors := faults(details, form.required) | custom_faults(form.custom, custom):
        raise Invalid(errors)


def _details(new_task: NewTask) -> dict[Detail, Value]:
    return {
        "subject": new_task.subject,
        "description": new_task.description,
        "start_date": new_task.start_date,
        "due_date": new_task.due_date,
        "estimated_hours": new_task.estimated_hours,
        "parent": new_task.parent_id,
        "is_private": new_task.is_private,
    }


def _require_offered(choices: Choices, changes: Mapping[Field, int | None]) -> None:
    """Raise NotAllowed for a field this person may not write, Invalid for a value that is not offered."""
    offers = {"status": choices.statuses, "priority": choices.priorities, "assignee": choices.assignees}
    for field, value in changes.items():
        offered = {choice[0] for choice in offers[field]}
        if not offered:
            raise NotAllowed
        if value not in offered and not (field == "assignee" and value is None):
            name, error, message = REFUSALS[field]
            raise error({name: [message]})


def _require_writable(choices: Choices, edit: Edit) -> None:
    """Raise NotAllowed for details, custom fields or files that this person may not add or change."""
    foreign = edit.details.keys() - choices.details or edit.custom.keys() - choices.custom
    if foreign or (edit.files and not choices.may_attach):
        raise NotAllowed


def _require_sound(before: Task, edit: Edit) -> None:
    """Raise Invalid for values that no backend would accept."""
    details = dict(edit.details)
    if "due_date" in details:
        details.setdefault("start_date", before.start_date)
    elif "start_date" in details:
        details["due_date"] = before.row.due_date
    errors = faults(details, before.choices.required)
    tracker = edit.details.get("tracker", before.row.tracker.id)
    if tracker not in {before.row.tracker.id, *(offered.id for offered in before.choices.trackers)}:
        errors["tracker_id"] = [sentence("There is no such type here.")]
    errors |= custom_faults((it.field for it in before.custom), edit.custom)
    if errors:
        raise Invalid(errors)
