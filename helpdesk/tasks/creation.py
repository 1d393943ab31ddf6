"""Define the form of a new task and its values."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple, Protocol, TypeVar

from helpdesk.errors import NotFound
from helpdesk.tasks.fields import CustomField, Detail, Texts
from helpdesk.tasks.files import Staged
from helpdesk.tasks.model import Priority, Ref, Status


class Numbered(Protocol):
    """Something with an id."""

    @property
    def id(self) -> int: ...


N = TypeVar("N", bound=Numbered)


class NewTaskForm(NamedTuple):
    """The fields and choices for a new task of this project and tracker, for one person.

    `trackers` are those of the project. An empty tuple means that there is no choice. `details` are optional fields;
    `required` ones, and custom fields marked so, must have a value. `default_priority` is an id.
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
    """The values of a new task; the backend chooses those that are None or absent. `custom` is by the field's id."""

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


def one_of(offered: Iterable[N], wanted: int | None) -> N:
    """Return the offered one with this id, the first one for None. Raises NotFound."""
    for each in offered:
        if wanted in (None, each.id):
            return each
    raise NotFound


def default_priority(priorities: Iterable[Priority]) -> int | None:
    """Return the id of the default priority, which has the rank 1 (`ranked`)."""
    return next((priority.id for priority in priorities if priority.rank == 1), None)
