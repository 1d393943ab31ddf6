"""What happened, read from Redmine's database by the numbers of issues and journals: a look that finds nothing new is
one trip to the ends of two primary keys, however many people there are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.feed import Happening
from helpdesk.tasks.model import Member
from helpdesk.tasks.redmine import acts, position
from helpdesk.tasks.redmine.acts import Assigned, Detail
from helpdesk.tasks.redmine.database import persons
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.connection import RedmineDatabase
from helpdesk.tasks.redmine.database.grouping import grouped
from helpdesk.tasks.redmine.database.rules import Rules
from helpdesk.tasks.redmine.database.source import Source
from helpdesk.tasks.redmine.database.together import Together
from helpdesk.tasks.redmine.position import Position
from helpdesk.tasks.redmine.reading import plain

NEW_AT_ONCE = 500
"""So many rows that had not been seen, of each table, a look takes in: after a long silence several looks follow."""


class Found(NamedTuple):
    """Oldest first; where to read on, and whether it is known that there is more."""

    told: list[Happening]
    after: Position
    more: bool


class News(NamedTuple):
    """The rows above the floors, and what belongs to them: details by journal, changes of assignee by task."""

    created: Sequence[Any]
    journals: Sequence[Any]
    tasks: Mapping[int, Any]
    details: Mapping[int, list[Detail]]
    assigned: Mapping[int, list[Assigned]]
    watchers: Mapping[int, frozenset[int]]


def start(db: Connection, database: RedmineDatabase) -> Position:
    """The position behind what is there."""
    ends = [db.execute(last).one_or_none() for last in _LAST]
    now = datetime.now(UTC)
    moments = [database.moment(row.created_on) for row in ends if row]
    issue, journal = (row.id if row else 0 for row in ends)
    return position.beginning(issue, journal, min(now, max(moments, default=now)), now)


def read(db: Connection, source: Source, known: Position) -> Found:
    """What happened since."""
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
    told = _told(db, source, _news(db, created, journals))
    return Found(sorted(told, key=lambda it: it.at), after, max(new) >= NEW_AT_ONCE)


def act(db: Connection, source: Source, task_id: int, number: int) -> Happening | None:
    """What a journal of that issue tells."""
    journals = db.execute(_JOURNALS.where(_JOURNAL.id == number, _JOURNAL.journalized_id == task_id)).all()
    return next(iter(_told(db, source, _news(db, (), journals))), None) if journals else None


def _news(db: Connection, created: Sequence[Any], journals: Sequence[Any]) -> News:
    tasks = {row.id for row in created} | {row.journalized_id for row in journals}
    numbers = [row.id for row in journals] or [0]
    found = _ABOUT.ask(db, {"tasks": sorted(tasks), "first": min(numbers), "last": max(numbers)})
    details, assigned = defaultdict(list), defaultdict(list)
    for row in sorted(found["detail"], key=lambda it: it.id):
        details[row.journal_id].append(Detail(row.property, row.prop_key, row.old_value, row.value))
    for row in found["assigned"]:
        change = Assigned(row.id, acts.number(row.old_value), acts.number(row.value))
        assigned[row.journalized_id].append(change)
    watchers = grouped((row.watchable_id, row.user_id) for row in found["watcher"])
    return News(created, journals, {row.id: row for row in found["task"]}, details, assigned, watchers)


class _Who:
    """What people are called, and who is meant by a number: a group's members in its place."""

    def __init__(self, db: Connection, ids: Iterable[int | None], style: str) -> None:
        found = _WHO.ask(db, {"ids": sorted({each for each in ids if each is not None}) or [0]})
        self.names = {row.id: persons.name(persons.Named(*row), style) for row in found["user"]}
        self.groups = {row.id for row in found["user"] if row.type not in persons.PEOPLE}
        self.members = grouped((row.group_id, row.user_id) for row in found["member"])

    def people(self, *ids: int | None) -> frozenset[int]:
        each = (self.members.get(id, frozenset()) if id in self.groups else {id} for id in ids if id is not None)
        return frozenset().union(*each)

    def member(self, number: int) -> Member:
        return Member(number, self.names.get(number, f"#{number}"))


def _told(db: Connection, source: Source, news: News) -> Iterable[Happening]:
    rules = source.rules(db)
    changes = (change for found in news.assigned.values() for change in found)
    ids = {row.user_id for row in news.journals} | {id for found in news.watchers.values() for id in found}
    ids |= {id for row in news.tasks.values() for id in (row.author_id, row.assigned_to_id)}
    ids |= {id for change in changes for id in (change.old, change.new)}
    who = _Who(db, ids, rules.settings.get("user_format", persons.USUAL_FORMAT))
    telling = _Telling(source.database, rules, news, who)
    for row in news.created:
        if row.id in news.tasks:
            yield telling.created(row)
    for row in news.journals:
        if row.journalized_id in news.tasks:
            yield telling.journal(row)


class _Telling:
    """Rows as happenings."""

    def __init__(self, database: RedmineDatabase, rules: Rules, news: News, who: _Who) -> None:
        self.moment = database.moment
        self.news, self.who = news, who
        self.projects = {project.id: project.name for project in rules.projects}
        self.statuses = {str(number): status.name for number, status in rules.statuses.items()}
        self.priorities = {str(number): priority.name for number, priority in rules.priorities.items()}

    def created(self, row: Any) -> Happening:
        author = self.news.tasks[row.id].author_id
        return self._of(row.id, 0)._replace(
            key=f"issue.{row.id}",
            at=self.moment(row.created_on),
            by=self.who.member(author),
            is_new=True,
            notes=plain(row.description),
        )

    def journal(self, row: Any) -> Happening:
        details = self.news.details.get(row.id, [])
        change = acts.assigned(row.id, details)
        return self._of(row.journalized_id, row.id)._replace(
            key=f"journal.{row.id}",
            at=self.moment(row.created_on),
            by=self.who.member(row.user_id),
            notes=plain(row.notes),
            private=bool(row.private_notes),
            status=acts.became(details, "status_id", self.statuses),
            priority=acts.became(details, "priority_id", self.priorities),
            was_assigned=change is not None,
            files=acts.files(details),
            former=self.who.people(change.old) if change else frozenset(),
        )

    def _of(self, task_id: int, journal: int) -> Happening:
        """What is known of a task when a journal had been written."""
        task = self.news.tasks[task_id]
        assignee = acts.assignee_after(journal, self.news.assigned.get(task_id, ()), task.assigned_to_id)
        return Happening(
            key="",
            task_id=task_id,
            subject=task.subject,
            project_id=task.project_id,
            project=self.projects.get(task.project_id, f"#{task.project_id}"),
            at=self.moment(task.created_on),
            by=None,
            author=task.author_id,
            assignees=self.who.people(assignee),
            watchers=self.who.people(*self.news.watchers.get(task_id, ())),
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
_NEW = Together(
    issue=sa.select(t.issues.c.id, t.issues.c.created_on, t.issues.c.description).where(_above(t.issues, "issue")),
    journal=_JOURNALS.where(_above(t.journals, "journal", journalized_type=_KIND)),
)
_ABOUT = Together(
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
_WHO = Together(
    user=sa.select(*persons.NAMED).where(t.users.c.id.in_(_IDS)),
    member=sa.select(t.groups_users).where(t.groups_users.c.group_id.in_(_IDS)),
)
