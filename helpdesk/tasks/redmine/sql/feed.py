"""Reads events from Redmine's database by the numbers of issues and journals, and finds the people who see one.

A poll that finds nothing new is one trip to the ends of two primary keys, however many people there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.feed import Event, FeedPage
from helpdesk.tasks.redmine import feed_model
from helpdesk.tasks.redmine.feed_model import Assigned, Detail, FeedCursor
from helpdesk.tasks.redmine.rest.custom_fields import Definition
from helpdesk.tasks.redmine.rest.json_mapper import plain
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.batched_selects import BatchedSelects
from helpdesk.tasks.redmine.sql.config_snapshot import ConfigSnapshot
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.involved import WATCHERS, People
from helpdesk.tasks.redmine.sql.source import Source
from helpdesk.tasks.redmine.sql.tables import grouped
from helpdesk.tasks.redmine.visibility import Permissions, Person

NEW_AT_ONCE = 500
"""The most unseen rows of each table that one poll takes: after a long silence several polls follow."""


def start(db: Connection, database: RedmineDatabase) -> FeedCursor:
    """Return the cursor behind the present rows."""
    ends = [db.execute(last).one_or_none() for last in _LAST]
    now = datetime.now(UTC)
    moments = [database.moment(row.created_on) for row in ends if row]
    issue, journal = (row.id if row else 0 for row in ends)
    return feed_model.cursor_behind(issue, journal, min(now, max(moments, default=now)), now)


def read(db: Connection, source: Source, known: FeedCursor) -> FeedPage:
    """Return the events since the cursor, oldest first."""
    began = datetime.now(UTC)
    marks = {
        "issue": known.issues.floor,
        "issue_seen": known.issues.highest,
        "journal": known.journals.floor,
        "journal_seen": known.journals.highest,
        "at_once": NEW_AT_ONCE,
    }
    rows, ended = _NEW.ask(db, marks), datetime.now(UTC)
    created, journals = rows["issue"], rows["journal"]
    moments = (source.database.moment(row.created_on) for row in (*created, *journals))
    # No moment is later than now, even when the time zone is set wrong.
    after = known._replace(
        issues=known.issues.after((row.id for row in created), began, ended),
        journals=known.journals.after((row.id for row in journals), began, ended),
        updated=max(known.updated, min(ended, max(moments, default=known.updated))),
    )
    if not created and not journals:
        return FeedPage((), after.written())
    new = known.issues.new(row.id for row in created), known.journals.new(row.id for row in journals)
    events = sorted(_EventMapper(db, source, created, journals).events(), key=lambda it: it.at)
    return FeedPage(tuple(events), after.written(), max(new) >= NEW_AT_ONCE)


def event(db: Connection, source: Source, task_id: int, number: int) -> Event | None:
    """Return the event of a journal of that issue."""
    journals = db.execute(_JOURNALS.where(_JOURNAL.id == number, _JOURNAL.journalized_id == task_id)).all()
    return next(iter(_EventMapper(db, source, (), journals).events()), None) if journals else None


class _EventMapper:
    """Reads the parts of new issues and journals, and maps them to events."""

    def __init__(self, db: Connection, source: Source, created: Sequence[Any], journals: Sequence[Any]) -> None:
        self.new_issues, self.new_journals, self.moment = created, journals, source.database.moment
        numbers = [row.id for row in journals] or [0]
        tasks = {row.id for row in created} | {row.journalized_id for row in journals}
        rows = _PARTS.ask(db, {"tasks": sorted(tasks), "first": min(numbers), "last": max(numbers)})
        self.tasks = {row.id: row for row in rows["task"]}
        self.details: defaultdict[int, list[Detail]] = defaultdict(list)
        for row in sorted(rows["detail"], key=lambda it: it.id):
            self.details[row.journal_id].append(Detail(row.property, row.prop_key, row.old_value, row.value))
        self.assigned: defaultdict[int, list[Assigned]] = defaultdict(list)
        for row in rows["assigned"]:
            change = Assigned(row.id, feed_model.number(row.old_value), feed_model.number(row.value))
            self.assigned[row.journalized_id].append(change)
        self.watchers = grouped((row.watchable_id, row.user_id) for row in rows["watcher"])
        config = source.config(db)
        self.people = People(db, self._people_ids(), config.settings["user_format"])
        self.projects = {project.id: project.name for project in config.projects}
        self.statuses = {str(number): status.name for number, status in config.statuses.items()}
        self.priorities = {str(number): priority.name for number, priority in config.priorities.items()}

    def _people_ids(self) -> Iterator[int | None]:
        yield from (row.user_id for row in self.new_journals)
        yield from (id for of_task in self.watchers.values() for id in of_task)
        yield from (id for row in self.tasks.values() for id in (row.author_id, row.assigned_to_id))
        yield from (id for of_task in self.assigned.values() for it in of_task for id in (it.old, it.new))

    def events(self) -> Iterator[Event]:
        yield from (self.created(row) for row in self.new_issues if row.id in self.tasks)
        yield from (self.journal(row) for row in self.new_journals if row.journalized_id in self.tasks)

    def created(self, row: Any) -> Event:
        author = self.tasks[row.id].author_id
        return self._of(row.id, 0)._replace(
            key=f"issue.{row.id}",
            at=self.moment(row.created_on),
            by=self.people.member(author),
            is_new=True,
            notes=plain(row.description),
        )

    def journal(self, row: Any) -> Event:
        details = self.details.get(row.id, [])
        change = feed_model.assignee_change(row.id, details)
        return self._of(row.journalized_id, row.id)._replace(
            key=f"journal.{row.id}",
            at=self.moment(row.created_on),
            by=self.people.member(row.user_id),
            notes=plain(row.notes),
            private=bool(row.private_notes),
            status=feed_model.attribute_change(details, "status_id", self.statuses),
            priority=feed_model.attribute_change(details, "priority_id", self.priorities),
            was_assigned=change is not None,
            files=feed_model.attached_files(details),
            former=self.people.people(change.old) if change else frozenset(),
        )

    def _of(self, task_id: int, journal: int) -> Event:
        task = self.tasks[task_id]
        assignee = feed_model.assignee_after(journal, self.assigned.get(task_id, ()), task.assigned_to_id)
        return Event(
            key="",
            task_id=task_id,
            subject=task.subject,
            project_id=task.project_id,
            project=self.projects.get(task.project_id, f"#{task.project_id}"),
            at=self.moment(task.created_on),
            by=None,
            author=task.author_id,
            assignees=self.people.people(assignee),
            watchers=self.people.people(*self.watchers.get(task_id, ())),
        )


def _above(table: sa.Table, name: str, **which: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition for the rows above a floor with these values, at most NEW_AT_ONCE beyond the highest seen.

    Other rows must not count: a poll that finds only those would never move on.
    """
    seen: sa.BindParameter[int] = sa.bindparam(f"{name}_seen")
    floor: sa.BindParameter[int] = sa.bindparam(name)
    other = table.alias()
    matches = (other.c[column] == value for column, value in which.items())
    following = sa.select(other.c.id).where(other.c.id > seen, *matches).order_by(other.c.id).limit(_AT_ONCE).subquery()
    last = sa.select(sa.func.coalesce(sa.func.max(following.c.id), seen)).scalar_subquery()
    return sa.and_(table.c.id > floor, table.c.id <= last, *(table.c[it] == value for it, value in which.items()))


_AT_ONCE: sa.BindParameter[int] = sa.bindparam("at_once")
_KIND = sa.literal("Issue")
_DETAIL, _JOURNAL, _WATCHER = t.journal_details.c, t.journals.c, t.watchers.c
_TASKS: sa.BindParameter[Any] = sa.bindparam("tasks", expanding=True)
_LAST = [
    sa.select(table.c.id, table.c.created_on).order_by(table.c.id.desc()).limit(1) for table in (t.issues, t.journals)
]
_JOURNALS = sa.select(t.journals).where(_JOURNAL.journalized_type == _KIND)
_NEW = BatchedSelects(
    issue=sa.select(t.issues.c.id, t.issues.c.created_on, t.issues.c.description).where(_above(t.issues, "issue")),
    journal=_JOURNALS.where(_above(t.journals, "journal", journalized_type=_KIND)),
)
_PARTS = BatchedSelects(
    task=t.select_columns(t.issues, "id subject project_id author_id assigned_to_id created_on").where(
        t.issues.c.id.in_(_TASKS)
    ),
    detail=sa.select(t.journal_details).where(
        _DETAIL.journal_id.between(sa.bindparam("first"), sa.bindparam("last")),
        _DETAIL.property.in_(["attr", "attachment"]),
    ),
    assigned=sa.select(_JOURNAL.id, _JOURNAL.journalized_id, _DETAIL.old_value, _DETAIL.value)
    .join_from(t.journals, t.journal_details, _DETAIL.journal_id == _JOURNAL.id)
    .where(_JOURNAL.journalized_id.in_(_TASKS), _JOURNAL.journalized_type == _KIND)
    .where(_DETAIL.property == "attr", _DETAIL.prop_key == "assigned_to_id"),
    watcher=WATCHERS,
)


HIDEABLE = ("cf", "relation")
"""The kinds of details that may be hidden from people who see the issue. Source: Journal#visible_details."""


def visible_to(db: Connection, config: ConfigSnapshot, event: Event, people: Iterable[int]) -> frozenset[int]:
    """Return the active people who see the issue and something of the event; nobody when either is gone."""
    kind, _, number = event.key.partition(".")
    journal = int(number) if kind == "journal" else 0
    rows = _EVENT.ask(db, {"task": event.task_id, "journal": journal})
    if not rows["task"] or (journal and not rows["journal"]):
        return frozenset()
    project, persons = rows["task"][0].project_id, [*users.people(db, people).values()]
    if journal:
        persons = _readers(db, config, persons, project, rows["journal"][0], rows["detail"])
    # The rights in this project alone: the task's condition can hold in no other.
    project_info = {project: config.project_info[project]} if project in config.project_info else {}
    return _seeing(db, (Permissions(person, config.roles, project_info) for person in persons), [event.task_id])


def _readers(
    db: Connection, config: ConfigSnapshot, people: list[Person], project: int, journal: Any, details: Sequence[Any]
) -> list[Person]:
    """Return the people who see the journal in the issue's history. Source: Issue#visible_journals_with_index."""
    every = [Permissions(person, config.roles, config.project_info) for person in people]
    if journal.private_notes:
        every = [it for it in every if it.permits("view_private_notes", project) or it.person.id == journal.user_id]
    if not (journal.notes or "").strip() and all(detail.property in HIDEABLE for detail in details):
        fields = [config.fields[number] for number in _ids(details, "cf") if number in config.fields]
        seen = {it.person.id for it in every if _sees_any(it, fields, project)}
        seen |= _seeing(db, (it for it in every if it.person.id not in seen), _ids(details, "relation"))
        every = [it for it in every if it.person.id in seen]
    return [it.person for it in every]


def _sees_any(permissions: Permissions, fields: Iterable[Definition], project: int) -> bool:
    roles = [role.id for role in permissions.roles_in(project)]
    return any(field.seen_by(roles, permissions.person.is_admin) for field in fields)


def _ids(details: Iterable[Any], kind: str) -> list[int]:
    """Return the fields, or the other issues, that details of a kind name."""
    return [int(it.named) for it in details if it.property == kind and (it.named or "").isdigit()]


def _seeing(db: Connection, all_permissions: Iterable[Permissions], tasks: Sequence[int]) -> frozenset[int]:
    selects = [
        sa.select(sa.literal(it.person.id)).select_from(t.issues).where(t.issues.c.id.in_(tasks), it.tasks)
        for it in all_permissions
    ]
    return frozenset(db.scalars(sa.union_all(*selects))) if selects and tasks else frozenset()


_NAMED = sa.case(
    (_DETAIL.property == "cf", _DETAIL.prop_key),
    (_DETAIL.property == "relation", sa.func.coalesce(sa.func.nullif(_DETAIL.value, ""), _DETAIL.old_value)),
    else_="",
)
"""The id of the field or of the other issue that a detail names."""
_EVENT = BatchedSelects(
    task=sa.select(t.issues.c.project_id).where(t.issues.c.id == sa.bindparam("task")),
    journal=sa.select(_JOURNAL.private_notes, _JOURNAL.user_id, _JOURNAL.notes).where(
        _JOURNAL.id == sa.bindparam("journal")
    ),
    detail=sa.select(_DETAIL.property, _NAMED.label("named")).where(_DETAIL.journal_id == sa.bindparam("journal")),
)
