"""Reads of Redmine's database: as one person, by a configuration at most a few seconds old.

A `Reading` is the context of one read, for the functions of this package.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.model import Actor, Member, Priority, Ref, Status, TaskRow
from helpdesk.tasks.redmine.rest.custom_fields import Definition
from helpdesk.tasks.redmine.sql import config_snapshot, users
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.config_snapshot import ConfigSnapshot
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.failures import Silent
from helpdesk.tasks.redmine.sql.tables import COMPANY
from helpdesk.tasks.redmine.visibility import Permissions, Person

P = ParamSpec("P")
T = TypeVar("T")

CONFIG_SECONDS = 5.0
"""How long a change of roles, projects, workflow settings, fields or names may go unnoticed. A person's own state,
groups and memberships are read each time."""
STALE_SECONDS = 1.0
"""How much longer the configuration is used by others while one thread reads it again."""
ROWS = t.select_columns(
    t.issues,
    "id subject status_id priority_id project_id tracker_id author_id assigned_to_id due_date created_on updated_on"
    " is_private",
)


class Reading:
    """A connection, the configuration, and a person's permissions."""

    def __init__(self, db: Connection, database: RedmineDatabase, config: ConfigSnapshot, person: Person) -> None:
        self.db = db
        self.moment = database.moment
        self.local = database.local
        self.config = config
        self.person = person
        self.permissions = Permissions(person, config.roles, config.project_info)
        self.style = config.settings["user_format"]

    def sees(self, field: Definition, project_id: int) -> bool:
        """Whether the person sees a custom field in a project. Source: IssueCustomField#visible_by?."""
        return field.seen_by((role.id for role in self.permissions.roles_in(project_id)), self.person.is_admin)

    @cached_property
    def project_names(self) -> dict[int, str]:
        return {project.id: project.name for project in self.config.projects}

    def names(self, ids: Iterable[int | None]) -> dict[int, str]:
        """Return the names of these people and groups, by id; no name is older than the configuration."""
        wanted, names = {each for each in ids if each is not None}, self.config.user_names
        if missing := wanted - names.keys():
            names |= users.names(self.db, missing, self.style)
        return {each: names[each] for each in wanted if each in names}

    def task_rows(self, rows: Sequence[Any]) -> tuple[TaskRow, ...]:
        """Map rows of ROWS to tasks of a list."""
        names = self.names(each for row in rows for each in (row.author_id, row.assigned_to_id))
        return tuple(self.task_row(row, names) for row in rows)

    def task_row(self, row: Any, names: Mapping[int, str]) -> TaskRow:
        """Map a row of ROWS to a task of a list. A priority, project or tracker that is gone is shown by its number."""
        config, tracker = self.config, self.config.trackers.get(row.tracker_id)
        return TaskRow(
            id=row.id,
            subject=row.subject,
            status=self.status(row.status_id),
            priority=config.priorities.get(row.priority_id) or Priority(row.priority_id, f"#{row.priority_id}"),
            project=Ref(row.project_id, self.project_names.get(row.project_id, f"#{row.project_id}")),
            tracker=Ref(row.tracker_id, tracker.name if tracker else f"#{row.tracker_id}"),
            due_date=row.due_date,
            assignee=_member(row.assigned_to_id, names),
            author=_member(row.author_id, names),
            created_on=self.moment(row.created_on),
            updated_on=self.moment(row.updated_on),
            is_private=bool(row.is_private),
        )

    def status(self, number: int) -> Status:
        """Return a status as a task shows it."""
        known = self.config.statuses.get(number) or Status(number, f"#{number}")
        return known._replace(is_default=False)


def _member(number: int | None, names: Mapping[int, str]) -> Member | None:
    return Member(number, names[number]) if number is not None and number in names else None


class Source:
    """The database with its configuration, of which one copy serves everybody."""

    def __init__(self, database: RedmineDatabase, config_seconds: float = CONFIG_SECONDS) -> None:
        self.database = database
        self.config_seconds = config_seconds
        self._cached: tuple[float, ConfigSnapshot] | None = None
        self._loading: Future[ConfigSnapshot] | None = None
        self._lock = Lock()

    async def read(self, actor: Actor, work: Callable[[Reading], T]) -> T:
        """Run `work` as the actor and return its result. Raises Silent, LockedOut, and whatever `work` does."""

        def run(db: Connection) -> T:
            return work(Reading(db, self.database, self.config(db), users.person(db, actor)))

        return await self.database.run(run)

    def reader(
        self, work: Callable[Concatenate[Reading, P], T]
    ) -> Callable[Concatenate[Actor, P], Coroutine[Any, Any, T]]:
        """Return `work` as a function of the actor, which reads as `read` does."""

        async def read(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return await self.read(actor, lambda reading: work(reading, *args, **kwargs))

        return read

    def or_rest(
        self, by_sql: Callable[P, Awaitable[T]], over_rest: Callable[P, Awaitable[T]]
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        """Return a reader by SQL that asks REST while the database does not answer, or with what can't be read."""

        async def read(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                with self.database.readable():
                    return await by_sql(*args, **kwargs)
            except Silent:
                return await over_rest(*args, **kwargs)

        return read

    def config(self, db: Connection) -> ConfigSnapshot:
        """Return the configuration, read again when it is older than `config_seconds`, by one thread for all.

        The others use the old one meanwhile, or wait for the new when it is too old. Raises what reading does.
        """
        with self._lock:
            loading, cached = self._loading, self._cached
            age = monotonic() - cached[0] if cached else 0.0
            if cached and age <= self.config_seconds + (STALE_SECONDS if loading else 0):
                return cached[1]
            if loading is None:
                promise = self._loading = Future()
        return loading.result() if loading else self._load(db, promise)

    def _load(self, db: Connection, promise: Future[ConfigSnapshot]) -> ConfigSnapshot:
        """Read the configuration for all threads that wait for it, or fail for all of them."""
        began = monotonic()
        try:
            config = config_snapshot.load(db, _company_tables(db))
        except BaseException as error:
            self._end(self._cached)
            promise.set_exception(error)
            raise
        self._end((began, config))
        promise.set_result(config)
        return config

    def _end(self, cached: tuple[float, ConfigSnapshot] | None) -> None:
        with self._lock:
            self._cached, self._loading = cached, None


def _company_tables(db: Connection) -> frozenset[str]:
    """Return the present ones of the tables that only some companies have."""
    present = sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
    return frozenset(db.scalars(present)) & COMPANY.tables.keys()
