"""One read of Redmine's database: a connection, the configuration, and the person's permissions."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.model import Member, Priority, Ref, Status, TaskRow
from helpdesk.tasks.redmine.rest.custom_fields import Definition
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.config_snapshot import ConfigSnapshot
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.visibility import Permissions, Person


class Reading:
    """The context of one read, for the functions of this package."""

    def __init__(self, db: Connection, database: RedmineDatabase, config: ConfigSnapshot, person: Person) -> None:
        self.db = db
        self.moment = database.moment
        self.local = database.local
        self.config = config
        self.person = person
        self.permissions = Permissions(person, config.roles, config.project_info)
        self.style = config.settings.get("user_format", users.USUAL_FORMAT)

    def sees(self, field: Definition, project_id: int) -> bool:
        """Whether the person sees a custom field in a project. Source: IssueCustomField#visible_by?."""
        return field.seen_by((role.id for role in self.permissions.roles_in(project_id)), self.person.is_admin)

    @cached_property
    def project_names(self) -> dict[int, str]:
        return {project.id: project.name for project in self.config.projects}

    def names(self, ids: Iterable[int | None]) -> dict[int, str]:
        """Return the names of these people and groups, by id; no name is older than the configuration."""
        asked, called = {each for each in ids if each is not None}, self.config.called
        if missing := asked - called.keys():
            called |= users.names(self.db, missing, self.style)
        return {each: called[each] for each in asked if each in called}

    def rows(self, found: Sequence[Any]) -> tuple[TaskRow, ...]:
        """Rows of ROWS as tasks of a list."""
        called = self.names(each for row in found for each in (row.author_id, row.assigned_to_id))
        return tuple(self.row(row, called) for row in found)

    def row(self, found: Any, called: Mapping[int, str]) -> TaskRow:
        """A row of ROWS as a task of a list. What Redmine itself has lost is shown by its number."""
        names, config = self.project_names, self.config
        tracker = config.trackers.get(found.tracker_id)
        return TaskRow(
            id=found.id,
            subject=found.subject,
            status=self.status(found.status_id),
            priority=config.priorities.get(found.priority_id) or Priority(found.priority_id, f"#{found.priority_id}"),
            project=Ref(found.project_id, names.get(found.project_id, f"#{found.project_id}")),
            tracker=Ref(found.tracker_id, tracker.name if tracker else f"#{found.tracker_id}"),
            due_date=found.due_date,
            assignee=_member(found.assigned_to_id, called),
            author=_member(found.author_id, called),
            created_on=self.moment(found.created_on),
            updated_on=self.moment(found.updated_on),
            is_private=bool(found.is_private),
        )

    def status(self, number: int) -> Status:
        """A status as a task shows it."""
        known = self.config.statuses.get(number) or Status(number, f"#{number}")
        return known._replace(is_default=False)


def _member(number: int | None, called: Mapping[int, str]) -> Member | None:
    return Member(number, called[number]) if number is not None and number in called else None


_SHOWN = (
    "id",
    "subject",
    "status_id",
    "priority_id",
    "project_id",
    "tracker_id",
    "author_id",
    "assigned_to_id",
    "due_date",
    "created_on",
    "updated_on",
    "is_private",
)
ROWS = sa.select(*(t.issues.c[name] for name in _SHOWN))
