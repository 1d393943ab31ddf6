"""One read of Redmine's database: a connection, the rules, and how the person who asks sees them."""

from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.model import Member, Priority, Ref, Status, TaskRow
from helpdesk.tasks.redmine.custom import Definition
from helpdesk.tasks.redmine.database import persons
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.connection import RedmineDatabase
from helpdesk.tasks.redmine.database.rules import Rules
from helpdesk.tasks.redmine.visibility import Person, Sight


class Reading:
    """What the functions of this package read with."""

    def __init__(self, db: Connection, database: RedmineDatabase, rules: Rules, person: Person) -> None:
        self.db = db
        self.moment = database.moment
        self.local = database.local
        self.rules = rules
        self.person = person
        self.sight = Sight(person, rules.roles, rules.places)
        self.style = rules.settings.get("user_format", persons.USUAL_FORMAT)

    def sees(self, field: Definition, project_id: int) -> bool:
        """Whether the person sees a custom field in a project. Source: IssueCustomField#visible_by?."""
        return field.seen_by((role.id for role in self.sight.roles_in(project_id)), self.person.is_admin)

    @cached_property
    def project_names(self) -> dict[int, str]:
        return {project.id: project.name for project in self.rules.projects}

    def row(self, found: Any) -> TaskRow:
        """A row of ROWS as a task of a list. What Redmine itself has lost is shown by its number."""
        names, rules = self.project_names, self.rules
        tracker = rules.trackers.get(found.tracker_id)
        return TaskRow(
            id=found.id,
            subject=found.subject,
            status=self.status(found.status_id),
            priority=rules.priorities.get(found.priority_id) or Priority(found.priority_id, f"#{found.priority_id}"),
            project=Ref(found.project_id, names.get(found.project_id, f"#{found.project_id}")),
            tracker=Ref(found.tracker_id, tracker.name if tracker else f"#{found.tracker_id}"),
            due_date=found.due_date,
            assignee=self._member(found, "assignee"),
            author=self._member(found, "author"),
            created_on=self.moment(found.created_on),
            updated_on=self.moment(found.updated_on),
        )

    def status(self, number: int) -> Status:
        """A status as a task shows it."""
        known = self.rules.statuses.get(number) or Status(number, f"#{number}")
        return known._replace(is_default=False)

    def _member(self, found: Any, who: str) -> Member | None:
        user = persons.Named(*(getattr(found, f"{who}_{column}") for column in persons.Named._fields))
        return Member(user.id, persons.name(user, self.style)) if user.id is not None else None


AUTHOR, ASSIGNEE = t.users.alias("author"), t.users.alias("assignee")
JOINED = t.issues.outerjoin(AUTHOR, AUTHOR.c.id == t.issues.c.author_id).outerjoin(
    ASSIGNEE, ASSIGNEE.c.id == t.issues.c.assigned_to_id
)
_SHOWN = (
    "id",
    "subject",
    "status_id",
    "priority_id",
    "project_id",
    "tracker_id",
    "due_date",
    "created_on",
    "updated_on",
)
ROWS = sa.select(
    *(t.issues.c[name] for name in _SHOWN),
    *(AUTHOR.c[name].label(f"author_{name}") for name in persons.Named._fields),
    *(ASSIGNEE.c[name].label(f"assignee_{name}") for name in persons.Named._fields),
)
