"""What a person may do to a task in Redmine, as far as its REST API tells.

Not told are a workflow's read-only and required fields, roles' limits to some trackers, and the settings by which a
parent's dates, priority and progress follow from its sub-tasks. Redmine decides of the first two: what it ignores is
found by reading back. A parent's are taken to follow, as is Redmine's default, and are not offered.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from helpdesk.tasks.fields import Detail
from helpdesk.tasks.model import Actor, Choices, Priority, Ref, Status, Task
from helpdesk.tasks.redmine.rights import Rights

DETAILS: dict[Detail, str] = {
    "description": "description",
    "start_date": "start_date",
    "due_date": "due_date",
    "done_ratio": "done_ratio",
    "estimated_hours": "estimated_hours",
    "parent": "parent_issue_id",
}
ALWAYS: frozenset[Detail] = frozenset({"subject"})
TRACKER: frozenset[Detail] = frozenset({"tracker"})
DERIVED: frozenset[Detail] = frozenset({"start_date", "due_date", "done_ratio"})


class Offers(NamedTuple):
    """What could be chosen by somebody who may. `fields` are Redmine's own that the task's tracker uses."""

    statuses: tuple[Status, ...]
    priorities: tuple[Priority, ...]
    assignees: tuple[Ref, ...]
    trackers: tuple[Ref, ...]
    fields: frozenset[str]
    is_parent: bool


def choices(may: Rights, actor: Actor, task: Task, offers: Offers) -> Choices:
    """Sources: Redmine's Issue#safe_attribute_names, Issue#allowed_target_trackers,
    app/views/issues/_edit.html.erb (files go with comments)."""
    row = task.row
    free = Choices(
        may_comment=may.may_comment,
        may_comment_privately=may.may_comment_privately,
        may_attach=may.may_comment,
        may_delete=may.has("delete_issues"),
    )
    if not may.may_edit(is_author=row.author is not None and row.author.id == actor.id):
        return free
    people = (*offers.assignees, *(Ref(who.id, who.name) for who in (row.author, row.assignee) if who))
    trackers = offers.trackers if may.has("add_issues") else ()
    return free._replace(
        statuses=offers.statuses,
        priorities=() if offers.is_parent else offers.priorities,
        assignees=by_name(people) if "assigned_to_id" in offers.fields else (),
        trackers=trackers,
        details=details(may, offers.fields, offers.is_parent) | ALWAYS | (TRACKER if trackers else set()),
        custom=frozenset(held.field.id for held in task.custom if held.field.kind != "other"),
    )


def details(may: Rights, fields: frozenset[str], is_parent: bool = False) -> frozenset[Detail]:
    """The details that a tracker uses, of those Redmine lets one disable; sub-tasks take a permission of their own."""
    used = frozenset(detail for detail, field in DETAILS.items() if field in fields)
    return used - (DERIVED if is_parent else set()) - (set() if may.has("manage_subtasks") else {"parent"})


def by_name(people: Iterable[Ref]) -> tuple[Ref, ...]:
    """Each person once."""
    return tuple(Ref(*who) for who in sorted(dict(people).items(), key=itemgetter(1)))
