"""A person's allowed actions on a Redmine task, from rights, workflow and fields.

REST does not tell a workflow's read-only and required fields, roles' limits to some trackers, and the settings by which
a parent's dates, priority and progress follow from its sub-tasks. Redmine decides of the first two: what it ignores is
found by reading back. A parent's are taken to follow, as is Redmine's default, and are not offered. The database
tells all of it.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from helpdesk.tasks.fields import Detail
from helpdesk.tasks.model import Choices, Priority, Ref, Status, Task
from helpdesk.tasks.redmine.rest.permissions import Rights

DETAILS: dict[Detail, str] = {
    "description": "description",
    "start_date": "start_date",
    "due_date": "due_date",
    "done_ratio": "done_ratio",
    "estimated_hours": "estimated_hours",
    "parent": "parent_issue_id",
}
ALWAYS: frozenset[Detail] = frozenset({"subject"})
PRIVATE: frozenset[Detail] = frozenset({"is_private"})
TRACKER: frozenset[Detail] = frozenset({"tracker"})
DERIVED = {
    "dates": frozenset({"start_date", "due_date"}),
    "priority": frozenset({"priority_id"}),
    "done_ratio": frozenset({"done_ratio"}),
}
"""What a parent's sub-tasks may decide, by Redmine's settings `parent_issue_…`."""


class Offers(NamedTuple):
    """The choices for somebody with all rights, by Redmine's own names of fields.

    `fields` are those that the task's tracker uses, `fixed` those that can't be written all the same (custom ones by
    their ids), `required` those that may not be left empty.
    """

    statuses: tuple[Status, ...]
    priorities: tuple[Priority, ...]
    assignees: tuple[Ref, ...]
    trackers: tuple[Ref, ...]
    fields: frozenset[str]
    fixed: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()


def choices(may: Rights, own_id: int, task: Task, offers: Offers) -> Choices:
    """Sources: Redmine's Issue#safe_attribute_names, Issue#allowed_target_trackers,
    app/views/issues/_edit.html.erb (files go with comments)."""
    row = task.row
    is_author = row.author is not None and row.author.id == own_id
    private = PRIVATE if may.may_hide(is_author) and _is_free("is_private", offers) else frozenset[Detail]()
    free = Choices(
        details=private if may.may_edit(is_author) or may.may_comment else frozenset(),
        may_comment=may.may_comment,
        may_comment_privately=may.may_comment_privately,
        may_attach=may.may_comment,
        may_delete=may.has("delete_issues"),
    )
    if not may.may_edit(is_author):
        return free
    trackers = offers.trackers if _is_free("tracker_id", offers) else ()
    return free._replace(
        statuses=offers.statuses if _is_free("status_id", offers) else (),
        priorities=offers.priorities if _is_free("priority_id", offers) else (),
        assignees=offers.assignees if "assigned_to_id" in offers.fields - offers.fixed else (),
        trackers=trackers,
        details=details(may, offers.fields - offers.fixed)
        | (ALWAYS if _is_free("subject", offers) else set())
        | (TRACKER if trackers else set())
        | private,
        custom=frozenset(
            held.field.id for held in task.custom if held.field.is_writable and _is_free(str(held.field.id), offers)
        ),
        required=required(offers.required),
    )


def details(may: Rights, fields: frozenset[str]) -> frozenset[Detail]:
    """The details among `fields`; to write sub-tasks takes a permission of their own."""
    used = frozenset(detail for detail, field in DETAILS.items() if field in fields)
    return used if may.has("manage_subtasks") else used - {"parent"}


def of_new(may: Rights, fields: frozenset[str], fixed: frozenset[str] = frozenset()) -> frozenset[Detail]:
    """The details that a new task may say, of which the person is the author."""
    private = PRIVATE if may.may_hide(is_author=True) and "is_private" not in fixed else frozenset[Detail]()
    return (details(may, fields) - {"done_ratio"}) | private


def required(fields: frozenset[str]) -> frozenset[Detail]:
    """The details that may not be left empty, when Redmine's rules require `fields`. A flag that is required must be
    set: no is empty to Redmine (Issue#validate_required_fields)."""
    return ALWAYS | (PRIVATE & fields) | {detail for detail, field in DETAILS.items() if field in fields}


def _is_free(field: str, offers: Offers) -> bool:
    return field not in offers.fixed


def by_name(people: Iterable[Ref]) -> tuple[Ref, ...]:
    """Each person once."""
    return tuple(Ref(*who) for who in sorted(dict(people).items(), key=itemgetter(1)))
