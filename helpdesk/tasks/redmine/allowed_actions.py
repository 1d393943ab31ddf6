"""A person's allowed actions on a Redmine task, from rights, workflow and fields.

The database tells all of it. REST does not tell a workflow's read-only and required fields, roles' limits to some
trackers, and the settings by which a parent's dates, priority and progress follow from its sub-tasks. Redmine enforces
the first two: what it ignores is noticed by reading back. The values of a parent are taken to follow, as is Redmine's
default, and are not offered.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from helpdesk.tasks.fields import Detail
from helpdesk.tasks.model import Choices, Member, Priority, Ref, Status, Task

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
"""The fields of a parent that follow from its sub-tasks, by Redmine's settings `parent_issue_…`."""


class Rights(NamedTuple):
    """One person's permissions in one project; `known` is False over REST for somebody who is no member.

    Source of the rules: Redmine 5, Issue#attributes_editable?, Issue#notes_addable?, Role#permissions.
    """

    is_admin: bool
    known: bool
    permissions: frozenset[str]

    def may_edit(self, is_author: bool) -> bool:
        return self.has("edit_issues") or (is_author and self.has("edit_own_issues"))

    def may_edit_note_of(self, author: Member | None, own_id: int) -> bool:
        """Source: Redmine's Journal#editable_by?."""
        own = author is not None and author.id == own_id
        return self.has("edit_issue_notes") or (own and self.has("edit_own_issue_notes"))

    def in_project(self, is_closed: bool) -> "Rights":
        """Return the rights in a project: in a closed one nobody may write, administrators neither.

        Source: Redmine's User#allowed_to?.
        """
        return Rights(False, True, frozenset()) if is_closed else self

    @property
    def may_comment(self) -> bool:
        return not self.known or self.has("add_issue_notes")

    @property
    def may_comment_privately(self) -> bool:
        """Never guessed: Redmine saves the private note of somebody without the permission as a public one."""
        return self.has("add_issue_notes") and self.has("set_notes_private")

    def may_hide(self, is_author: bool) -> bool:
        """Whether a task may be made private, or public again. Source: Issue's safe attribute `is_private`."""
        return self.has("set_issues_private") or (is_author and self.has("set_own_issues_private"))

    def has(self, permission: str) -> bool:
        """Whether a permission of Redmine's is known to be given."""
        return self.is_admin or permission in self.permissions


class Offers(NamedTuple):
    """The choices for somebody with all rights, by Redmine's own names of fields.

    `fields` are those that the task's tracker uses, `fixed` those that can't be written nevertheless (custom ones by
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
    """Return the allowed actions of a person on a task.

    Sources: Redmine's Issue#safe_attribute_names, Issue#allowed_target_trackers, app/views/issues/_edit.html.erb (files
    go with comments).
    """
    is_author = task.row.author is not None and task.row.author.id == own_id
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
            it.field.id for it in task.custom if it.field.is_writable and _is_free(str(it.field.id), offers)
        ),
        required=required(offers.required),
    )


def details(may: Rights, fields: frozenset[str]) -> frozenset[Detail]:
    """Return the details among `fields`; writing sub-tasks takes a permission of its own."""
    used = frozenset(detail for detail, field in DETAILS.items() if field in fields)
    return used if may.has("manage_subtasks") else used - {"parent"}


def of_new(may: Rights, fields: frozenset[str], fixed: frozenset[str] = frozenset()) -> frozenset[Detail]:
    """Return the details that the person may give to a new task."""
    private = PRIVATE if may.may_hide(is_author=True) and "is_private" not in fixed else frozenset[Detail]()
    return (details(may, fields) - {"done_ratio"}) | private


def required(fields: frozenset[str]) -> frozenset[Detail]:
    """Return the details that may not be left empty, when Redmine's rules require `fields`. A required flag must be
    set: no is empty to Redmine (Issue#validate_required_fields)."""
    return ALWAYS | (PRIVATE & fields) | {detail for detail, field in DETAILS.items() if field in fields}


def _is_free(field: str, offers: Offers) -> bool:
    return field not in offers.fixed


def by_name(people: Iterable[Ref]) -> tuple[Ref, ...]:
    """Return each person once, sorted by name."""
    return tuple(Ref(*item) for item in sorted(dict(people).items(), key=itemgetter(1)))
