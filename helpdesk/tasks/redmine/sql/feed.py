"""Reads events from Redmine's database by the numbers of issues and journals: a poll that finds nothing new is
one trip to the ends of two primary keys, however many people there are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.feed import Event
from helpdesk.tasks.model import Member
from helpdesk.tasks.redmine import feed_cursor, journal_events
from helpdesk.tasks.redmine.feed_cursor import FeedCursor
from helpdesk.tasks.redmine.journal_events import Assigned, Detail
from helpdesk.tasks.redmine.rest.json_mapper import plain
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.batched_selects import BatchedSelects
from helpdesk.tasks.redmine.sql.config_snapshot import ConfigSnapshot
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.source import Source
from helpdesk.tasks.redmine.sql.tables import grouped

NEW_AT_ONCE = 500
"""So many rows that had not been seen, of each table, a look takes in: after a long silence several looks follow."""


class Found(NamedTuple):
    """Oldest first; where to read on, and whether it is known that there is more."""

    events: list[Event]
    after: FeedCursor
    more: bool


class News(NamedTuple):
    """The rows above the floors, and what belongs to them: details by journal, changes of assignee by task."""

    created: Sequence[Any]
    journals: Sequence[Any]
    tasks: Mapping[int, Any]
    details: Mapping[int, list[Detail]]
    assigned: Mapping[int, list[Assigned]]
    watchers: Mapping[int, frozenset[int]]


def start(db: Connection, database: RedmineDatabase) -> FeedCursor:
    """Return the cursor behind the present rows."""
    ends = [db.execute(last).one_or_none() for last in _LAST]
    now = datetime.now(UTC)
    moments = [database.moment(row.created_on) for row in ends if row]
    issue, journal = (row.id if row else 0 for row in ends)
    return feed_cursor.beginning(issue, journal, min(now, max(moments, default=now)), now)


def read(db: Connection, source: Source, known: FeedCursor) -> Found:
    """Return the events since the cursor."""
    began = datetime.now(UTC)
    marks = {
        "issue": known.issues.floor,
        "issue_seen": known.issues.highest,
        "journal": known.journals.floor,
        "journal_seen": known.journals.highest,
        "at_once": NEW_AT_ONCE,
    }
    found, ended = _NEW.ask(db, marks), datetime.now(UTC)
    created, journals = found["issue"], found["journal"]
    moments = (source.database.moment(row.created_on) for row in (*created, *journals))
    # Nothing is of later than now, whatever the time zone was taken for.
    after = known._replace(
        issues=known.issues.after((row.id for row in created), began, ended),
        journals=known.journals.after((row.id for row in journals), began, ended),
        updated=max(known.updated, min(ended, max(moments, default=known.updated))),
    )
    if not created and not journals:
        return Found([], after, False)
    new = known.issues.new(row.id for row in created), known.journals.new(row.id for row in journals)
    events = _events(db, source, _news(db, created, journals))
    return Found(sorted(events, key=lambda it: it.at), after, max(new) >= NEW_AT_ONCE)


def event(db: Connection, source: Source, task_id: int, number: int) -> Event | None:
    """Return the event of a journal of that issue."""
    journals = db.execute(_JOURNALS.where(_JOURNAL.id == number, _JOURNAL.journalized_id == task_id)).all()
    return next(iter(_events(db, source, _news(db, (), journals))), None) if journals else None


def _news(db: Connection, created: Sequence[Any], journals: Sequence[Any]) -> News:
    tasks = {row.id for row in created} | {row.journalized_id for row in journals}
    numbers = [row.id for row in journals] or [0]
    found = _ABOUT.ask(db, {"tasks": sorted(tasks), "first": min(numbers), "last": max(numbers)})
    details, assigned = defaultdict(list), defaultdict(list)
    for row in sorted(found["detail"], key=lambda it: it.id):
        details[row.journal_id].append(Detail(row.property, row.prop_key, row.old_value, row.value))
    for row in found["assigned"]:
        change = Assigned(row.id, journal_events.number(row.old_value), journal_events.number(row.value))
        assigned[row.journalized_id].append(change)
    watchers = grouped((row.watchable_id, row.user_id) for row in found["watcher"])
    return News(created, journals, {row.id: row for row in found["task"]}, details, assigned, watchers)


class _People:
    """The names of people, and the people meant by a number: a group stands for its members."""

    def __init__(self, db: Connection, ids: Iterable[int | None], style: str) -> None:
        found = _WHO.ask(db, {"ids": sorted({each for each in ids if each is not None}) or [0]})
        self.names = {row.id: users.name(users.Named(*row), style) for row in found["user"]}
        self.groups = {row.id for row in found["user"] if row.type not in users.PEOPLE}
        self.members = grouped((row.group_id, row.user_id) for row in found["member"])

    def people(self, *ids: int | None) -> frozenset[int]:
        each = (self.members.get(id, frozenset()) if id in self.groups else {id} for id in ids if id is not None)
        return frozenset().union(*each)

    def member(self, number: int) -> Member:
        return Member(number, self.names.get(number, f"#{number}"))


def _events(db: Connection, source: Source, news: News) -> Iterable[Event]:
    config = source.config(db)
    changes = (change for found in news.assigned.values() for change in found)
    ids = {row.user_id for row in news.journals} | {id for found in news.watchers.values() for id in found}
    ids |= {id for row in news.tasks.values() for id in (row.author_id, row.assigned_to_id)}
    ids |= {id for change in changes for id in (change.old, change.new)}
    people = _People(db, ids, config.settings.get("user_format", users.USUAL_FORMAT))
    mapper = _EventMapper(source.database, config, news, people)
    for row in news.created:
        if row.id in news.tasks:
            yield mapper.created(row)
    for row in news.journals:
        if row.journalized_id in news.tasks:
            yield mapper.journal(row)


class _EventMapper:
    """Maps rows to events."""

    def __init__(self, database: RedmineDatabase, config: ConfigSnapshot, news: News, people: _People) -> None:
        self.moment = database.moment
        self.news, self.people = news, people
        self.projects = {project.id: project.name for project in config.projects}
        self.statuses = {str(number): status.name for number, status in config.statuses.items()}
        self.priorities = {str(number): priority.name for number, priority in config.priorities.items()}

    def created(self, row: Any) -> Event:
        author = self.news.tasks[row.id].author_id
        return self._of(row.id, 0)._replace(
            key=f"issue.{row.id}",
            at=self.moment(row.created_on),
            by=self.people.member(author),
            is_new=True,
            notes=plain(row.description),
        )

    def journal(self, row: Any) -> Event:
        details = self.news.details.get(row.id, [])
        change = journal_events.assigned(row.id, details)
        return self._of(row.journalized_id, row.id)._replace(
            key=f"journal.{row.id}",
            at=self.moment(row.created_on),
            by=self.people.member(row.user_id),
            notes=plain(row.notes),
            private=bool(row.private_notes),
            status=journal_events.change(details, "status_id", self.statuses),
            priority=journal_events.change(details, "priority_id", self.priorities),
            was_assigned=change is not None,
            files=journal_events.files(details),
            former=self.people.people(change.old) if change else frozenset(),
        )

    def _of(self, task_id: int, journal: int) -> Event:
        """Return the state of a task after a journal."""
        task = self.news.tasks[task_id]
        assignee = journal_events.assignee_after(journal, self.news.assigned.get(task_id, ()), task.assigned_to_id)
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
            watchers=self.people.people(*self.news.watchers.get(task_id, ())),
        )


def _above(table: sa.Table, name: str, **which: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The rows above a floor with these values, as far as NEW_AT_ONCE of them beyond the highest that had been seen.

    Other rows must not count: a look that finds nothing but those would go on from the same place for ever.
    """
    seen: sa.BindParameter[int] = sa.bindparam(f"{name}_seen")
    floor: sa.BindParameter[int] = sa.bindparam(name)
    other = table.alias()
    theirs = (other.c[column] == value for column, value in which.items())
    following = sa.select(other.c.id).where(other.c.id > seen, *theirs).order_by(other.c.id).limit(_AT_ONCE).subquery()
    last = sa.select(sa.func.coalesce(sa.func.max(following.c.id), seen)).scalar_subquery()
    return sa.and_(table.c.id > floor, table.c.id <= last, *(table.c[it] == value for it, value in which.items()))


_AT_ONCE: sa.BindParameter[int] = sa.bindparam("at_once")
_KIND = sa.literal("Issue")
_DETAIL, _JOURNAL, _WATCHER = t.journal_details.c, t.journals.c, t.watchers.c
_TASKS: sa.BindParameter[Any] = sa.bindparam("tasks", expanding=True)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_TASK_COLUMNS = ("id", "subject", "project_id", "author_id", "assigned_to_id", "created_on")
_LAST = [
    sa.select(table.c.id, table.c.created_on).order_by(table.c.id.desc()).limit(1) for table in (t.issues, t.journals)
]
_JOURNALS = sa.select(t.journals).where(_JOURNAL.journalized_type == _KIND)
_NEW = BatchedSelects(
    issue=sa.select(t.issues.c.id, t.issues.c.created_on, t.issues.c.description).where(_above(t.issues, "issue")),
    journal=_JOURNALS.where(_above(t.journals, "journal", journalized_type=_KIND)),
)
_ABOUT = BatchedSelects(
    task=sa.select(*(t.issues.c[name] for name in _TASK_COLUMNS)).where(t.issues.c.id.in_(_TASKS)),
    detail=sa.select(t.journal_details).where(
        _DETAIL.journal_id.between(sa.bindparam("first"), sa.bindparam("last")),
        _DETAIL.property.in_(["attr", "attachment"]),
    ),
    assigned=sa.select(_JOURNAL.id, _JOURNAL.journalized_id, _DETAIL.old_value, _DETAIL.value)
    .join_from(t.journals, t.journal_details, _DETAIL.journal_id == _JOURNAL.id)
    .where(_JOURNAL.journalized_id.in_(_TASKS), _JOURNAL.journalized_type == _KIND)
    .where(_DETAIL.property == "attr", _DETAIL.prop_key == "assigned_to_id"),
    watcher=sa.select(_WATCHER.watchable_id, _WATCHER.user_id).where(
        _WATCHER.watchable_id.in_(_TASKS), _WATCHER.watchable_type == _KIND
    ),
)
_WHO = BatchedSelects(
    user=sa.select(*users.NAMED).where(t.users.c.id.in_(_IDS)),
    member=sa.select(t.groups_users).where(t.groups_users.c.group_id.in_(_IDS)),
)
