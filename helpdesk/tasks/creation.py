"""A task that is not there yet: the form for it, and the values given."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from helpdesk.tasks.fields import CustomField, Detail, Texts
from helpdesk.tasks.files import Staged
from helpdesk.tasks.model import Priority, Ref, Status


class NewTaskForm(NamedTuple):
    """The fields and choices for a new task of this project and tracker, for one person.

    `projects` are those where this person may create tasks, `trackers` those of the project. An empty tuple of choices
    means that there is nothing to choose. `details` may be given besides, `required` must be, as must custom fields
    that say so. `default_priority` is the id of the usual one.
    """

    project: Ref
    tracker: Ref
    trackers: tuple[Ref, ...]
    statuses: tuple[Status, ...] = ()
    priorities: tuple[Priority, ...] = ()
    assignees: tuple[Ref, ...] = ()
    default_priority: int | None = None
    details: frozenset[Detail] = frozenset()
    required: frozenset[Detail] = frozenset({"subject"})
    custom: tuple[CustomField, ...] = ()
    may_attach: bool = False


class NewTask(NamedTuple):
    """The values of a new task; what is None or absent is left to the tracker. `custom` is by the field's id."""

    project_id: int
    subject: str
    description: str = ""
    tracker_id: int | None = None
    status_id: int | None = None
    priority_id: int | None = None
    assignee_id: int | None = None
    start_date: date | None = None
    due_date: date | None = None
    estimated_hours: float | None = None
    parent_id: int | None = None
    is_private: bool | None = None
    custom: Mapping[int, Texts] = {}
    files: tuple[Staged, ...] = ()
