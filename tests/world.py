"""The people every test tells of, in the embedded tracker.

anna and boris work on tasks, irina asks for help, stranger must see nothing, admin sees all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlmodel import Session, SQLModel, select

from helpdesk.store import people
from helpdesk.store.blobs import Blobs
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.tasks.embedded.feed import EmbeddedFeed
from helpdesk.tasks.model import Actor

NAMES = {
    "admin": "Алла Админ",
    "anna": "Анна Смирнова",
    "boris": "Борис Кузнецов",
    "irina": "Ирина Соколова",
    "stranger": "Степан Чужой",
}
PASSWORDS = {login: f"demo-password-{login}" for login in NAMES}
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Its hashes are checked as any, at their own price: not a fifth of a second for each who signs in."""
STATUSES = ("new", "in_progress", "resolved", "waiting", "closed", "rejected")
PRIORITIES = ("low", "normal", "high", "urgent")
PROJECTS = ("help", "office", "warehouse")
SUPPORT = "view_all edit comment edit_own_comments view_private comment_privately set_private assignable create"
WORKFLOW = {
    "new": ("in_progress", "rejected"),
    "in_progress": ("resolved", "waiting"),
    "waiting": ("in_progress",),
    "resolved": ("closed", "in_progress"),
    "closed": ("in_progress",),
}
CUSTOM_FIELDS = {
    "Кабинет": ("text", ()),
    "Способ связи": ("list", ("Телефон", "Почта", "Лично")),
    "Согласовано": ("yes_no", ()),
    "Дата замены": ("date", ()),
    "Инвентарный номер": ("integer", ()),
}
PEOPLE_IDS = {login: number for number, login in enumerate(NAMES, start=1)}
STATUS_IDS = {name: number for number, name in enumerate(STATUSES, start=1)}
PRIORITY_IDS = {name: number for number, name in enumerate(PRIORITIES, start=1)}
PROJECT_IDS = {name: number for number, name in enumerate(PROJECTS, start=1)}
FIELD_IDS = {name: number for number, name in enumerate(CUSTOM_FIELDS, start=1)}


def settle(session: Session) -> None:
    """People, projects, roles and workflow; no tasks."""
    for login, name in NAMES.items():
        email = f"{login}@example.test"
        people.add_local(session, login, name, email, QUICK.hash(PASSWORDS[login]), is_admin=login == "admin")
    for name, number in STATUS_IDS.items():
        closed = name in ("closed", "rejected")
        session.add(tables.Status(id=number, name=name, position=number, is_closed=closed, is_default=number == 1))
    for name, number in PRIORITY_IDS.items():
        session.add(tables.Priority(id=number, name=name, position=number, is_default=name == "normal"))
    for name, number in PROJECT_IDS.items():
        session.add(tables.Project(id=number, identifier=name, name=name))
    session.add(tables.Kind(id=1, name="request", position=1))
    session.add(tables.Kind(id=2, name="incident", position=2))
    for name, (kind, options) in CUSTOM_FIELDS.items():
        number = FIELD_IDS[name]
        session.add(tables.CustomField(id=number, name=name, kind=kind, position=number, options="\n".join(options)))
    session.add(tables.Role(id=1, name="support", permissions=SUPPORT))
    session.add(tables.Role(id=2, name="requester", permissions="comment create"))
    session.flush()
    for name, number in PROJECT_IDS.items():
        members = [("anna", 1), ("boris", 1)] + ([("irina", 2)] if name != "warehouse" else [])
        for login, role in members:
            session.add(tables.Membership(project_id=number, person_id=PEOPLE_IDS[login], role_id=role))
    for old, leads in WORKFLOW.items():
        for new in leads:
            session.add(tables.Transition(role_id=1, old_status_id=STATUS_IDS[old], new_status_id=STATUS_IDS[new]))


class EmbeddedWorld:
    """The story in the embedded tracker. `knows_*` name what only some adapters can do."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.backend = EmbeddedBackend(database, Blobs(folder))
        self.feed = EmbeddedFeed(database)

    def actor(self, login: str) -> Actor:
        return Actor(PEOPLE_IDS[login], login, is_admin=login == "admin", session=f"session of {login}")

    def name(self, login: str) -> str:
        return NAMES[login]

    def status(self, name: str) -> int:
        return STATUS_IDS[name]

    def priority(self, name: str) -> int:
        return PRIORITY_IDS[name]

    def project(self, name: str) -> int:
        return PROJECT_IDS[name]

    @contextmanager
    def project_below(self, parent: str) -> Iterator[int]:
        """A project that its parent's members are members of, too."""

        def work(session: Session) -> int:
            row = tables.Project(
                identifier=uuid4().hex, name="Подпроект", description="Отдельно", parent_id=PROJECT_IDS[parent]
            )
            session.add(row)
            session.flush()
            assert row.id
            for number, role in session.exec(
                select(tables.Membership.person_id, tables.Membership.role_id).where(
                    tables.Membership.project_id == PROJECT_IDS[parent]
                )
            ):
                session.add(tables.Membership(project_id=row.id, person_id=number, role_id=role))
            return row.id

        yield self.database.run_here(work, writes=True)

    def custom_field(self, name: str) -> int:
        return FIELD_IDS[name]

    def alter_field(self, field: int, **values: object) -> None:
        """Set columns of a custom field."""
        change = sa.update(tables.CustomField).where(tables.CustomField.id == field).values(**values)
        self.database.run_here(lambda session: session.execute(change), writes=True)

    def relate(self, task: int, other: int, kind: str) -> None:
        """`task` stands to `other` as `kind` says: relates, duplicates, blocks, precedes, copied_to."""
        self._add(tables.Relation(task_id=task, other_id=other, kind=kind))

    def spend(self, task: int, hours: float, login: str = "anna") -> None:
        today = datetime.now(UTC).date()
        self._add(tables.SpentTime(task_id=task, person_id=PEOPLE_IDS[login], spent_on=today, hours=hours))

    def _add(self, row: SQLModel) -> None:
        self.database.run_here(lambda session: session.add(row), writes=True)

    def new_task(
        self,
        subject: str = "Не печатает принтер",
        *,
        project: str | int = "help",
        author: str = "irina",
        assignee: str | None = "anna",
        status: str = "new",
        priority: str = "normal",
        description: str = "",
        parent: int | None = None,
    ) -> int:
        now = datetime.now(UTC)

        def work(session: Session) -> int:
            task = tables.Task(
                project_id=PROJECT_IDS[project] if isinstance(project, str) else project,
                kind_id=1,
                status_id=STATUS_IDS[status],
                priority_id=PRIORITY_IDS[priority],
                author_id=PEOPLE_IDS[author],
                assignee_id=PEOPLE_IDS[assignee] if assignee else None,
                subject=subject,
                description=description,
                parent_id=parent,
                words=fold(f"{subject}\n{description}"),
                created_at=now,
                updated_at=now,
            )
            session.add(task)
            session.flush()
            assert task.id
            return task.id

        return self.database.run_here(work, writes=True)
