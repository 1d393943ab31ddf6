"""Whether a wish may be done to a task, before anything is written: what every adapter asks first."""

from collections.abc import Iterable, Mapping
from datetime import date

from helpdesk.errors import Conflict, Invalid, NotAllowed, Sentence, TransitionNotAllowed, Unchanged, sentence
from helpdesk.tasks.creation import Blank, NewTask
from helpdesk.tasks.fields import CustomField, Detail, Texts, Value, fault, name_of
from helpdesk.tasks.model import Choices, Edit, Field, Task

LONGEST_SUBJECT = 255
MOST_HOURS = 1_000_000
EMPTY = sentence("Please fill this in.")
BAD_DATES = sentence("This must not be before the start date.")
REFUSALS: dict[Field, tuple[str, type[Invalid], Sentence]] = {
    "status": ("status_id", TransitionNotAllowed, TransitionNotAllowed.default),
    "priority": ("priority_id", Invalid, sentence("There is no such priority.")),
    "assignee": ("assignee_id", Invalid, sentence("This person can't be assigned here.")),
}


def wanted(before: Task, edit: Edit) -> Edit:
    """The edit narrowed to what it really changes, once it is sure that it may be done.

    Raises Conflict for a stale version, Unchanged when there is nothing to do, NotAllowed, Invalid.
    """
    if edit.version is not None and edit.version != before.version:
        raise Conflict(before)
    wish = changed(before, edit)
    if not wish.says_something:
        raise Unchanged
    _require_offered(before.choices, wish.changes)
    _require_writable(before.choices, wish)
    _require_sound(before, wish)
    if wish.comment.strip():
        require_comment(before)
    return wish


def changed(before: Task, edit: Edit) -> Edit:
    """The edit without the fields that have the value already."""
    return edit._replace(
        changes={field: value for field, value in edit.changes.items() if before.value(field) != value},
        details={detail: value for detail, value in edit.details.items() if before.detail(detail) != value},
        custom={number: value for number, value in edit.custom.items() if before.custom_value(number) != value},
    )


def require_comment(before: Task, private: bool = False) -> None:
    """Raise NotAllowed for somebody who may not comment, or not privately."""
    choices = before.choices
    if not (choices.may_comment_privately if private else choices.may_comment):
        raise NotAllowed


def faults(details: Mapping[Detail, Value], required: Iterable[Detail] = ()) -> dict[str, list[Sentence]]:
    """What is wrong with details by themselves, by field; those that are absent are not looked at.

    Source: Redmine's Issue, its validations of subject, done_ratio, estimated_hours and due_date.
    """
    found: dict[str, list[Sentence]] = {}
    subject, ratio, hours = details.get("subject"), details.get("done_ratio"), details.get("estimated_hours")
    if isinstance(subject, str) and len(subject) > LONGEST_SUBJECT:
        found["subject"] = [sentence("This is too long: at most %(limit)s characters.", limit=LONGEST_SUBJECT)]
    if isinstance(ratio, int) and not 0 <= ratio <= 100:
        found["done_ratio"] = [sentence("This must be from 0 to 100.")]
    if isinstance(hours, int | float) and not 0 <= hours < MOST_HOURS:
        found["estimated_hours"] = [sentence("This must be a number of hours.")]
    start, due = details.get("start_date"), details.get("due_date")
    if isinstance(start, date) and isinstance(due, date) and due < start:
        found["due_date"] = [BAD_DATES]
    empty = [detail for detail in required if detail in details and not str(details[detail] or "").strip()]
    return found | {detail: [EMPTY] for detail in empty}


def custom_faults(fields: Iterable[CustomField], values: Mapping[int, Texts]) -> dict[str, list[Sentence]]:
    """What is wrong with the values of custom fields, by `cf_ID`; fields without a value here are not looked at."""
    told = ((field.id, fault(field, values[field.id])) for field in fields if field.id in values)
    return {name_of(number): [says] for number, says in told if says}


def require_creatable(blank: Blank, wish: NewTask) -> None:
    """Raise NotAllowed for what this person may not say of a new task, Invalid for what no tracker would take."""
    given = _details(wish)
    foreign = {detail for detail, value in given.items() if value} - blank.details - blank.required
    if foreign or (wish.files and not blank.may_attach) or wish.custom.keys() - {field.id for field in blank.custom}:
        raise NotAllowed
    chosen: dict[Field, int | None] = {
        "status": wish.status_id,
        "priority": wish.priority_id,
        "assignee": wish.assignee_id,
    }
    made = {field: value for field, value in chosen.items() if value is not None}
    _require_offered(Choices(blank.statuses, blank.priorities, blank.assignees), made)
    held = {field.id: wish.custom.get(field.id, field.default) for field in blank.custom}
    if found := faults(given, blank.required) | custom_faults(blank.custom, held):
        raise Invalid(found)


def _details(wish: NewTask) -> dict[Detail, Value]:
    return {
        "subject": wish.subject,
        "description": wish.description,
        "start_date": wish.start_date,
        "due_date": wish.due_date,
        "estimated_hours": wish.estimated_hours,
        "parent": wish.parent_id,
    }


def _require_offered(choices: Choices, changes: Mapping[Field, int | None]) -> None:
    """Raise NotAllowed for a field this person may not write, Invalid for a value that is not offered."""
    offers = {"status": choices.statuses, "priority": choices.priorities, "assignee": choices.assignees}
    for field, value in changes.items():
        offered = {choice[0] for choice in offers[field]}
        if not offered:
            raise NotAllowed
        if value not in offered and not (field == "assignee" and value is None):
            name, error, says = REFUSALS[field]
            raise error({name: [says]})


def _require_writable(choices: Choices, wish: Edit) -> None:
    """Raise NotAllowed for details, custom fields or files that this person may not add or change."""
    foreign = wish.details.keys() - choices.details or wish.custom.keys() - choices.custom
    if foreign or (wish.files and not choices.may_attach):
        raise NotAllowed


def _require_sound(before: Task, wish: Edit) -> None:
    """Raise Invalid for values that no tracker would take."""
    details = dict(wish.details)
    if "due_date" in details:
        details.setdefault("start_date", before.start_date)
    elif "start_date" in details:
        details["due_date"] = before.row.due_date
    found = faults(details, before.choices.required)
    tracker = wish.details.get("tracker", before.row.tracker.id)
    if tracker not in {before.row.tracker.id, *(offered.id for offered in before.choices.trackers)}:
        found["tracker_id"] = [sentence("There is no such tracker here.")]
    found |= custom_faults((held.field for held in before.custom), wish.custom)
    if found:
        raise Invalid(found)
