"""The conditions and the order of a query of tasks, and of the tasks that an e-mail address asked for."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.lists import TaskQuery, Who
from helpdesk.tasks.projects import Project, with_descendants
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.source import Reading
from helpdesk.tasks.redmine.visibility import Condition

MAY_LACK = {"due_date", "assigned_to"}
# Who asked for a task that somebody else or a mail robot entered: an e-mail address, in two columns of Easy Redmine's
# own or in a custom field. No page asks for this yet.
EASY_REDMINE = ("easy_email_to", "easy_email_cc")
SEPARATORS = (";", " ", "\t", "\r", "\n")
ONE_ADDRESS = re.compile(r"[^\s,;@]+@[^\s,;@]+")

issues = t.issues.c


def projects(read: Reading) -> tuple[Project, ...]:
    """Return the projects that the person sees, in the order of their tree; a hidden parent is not named."""
    visible = read.permissions.projects
    return tuple(
        project if project.parent_id in visible else project._replace(parent_id=None)
        for project in read.config.projects
        if project.id in visible
    )


def matching(read: Reading, query: TaskQuery) -> Condition:
    """Return the condition of a query, limited to visible tasks."""
    return sa.and_(read.permissions.tasks, *_conditions(read, query))


def _conditions(read: Reading, query: TaskQuery) -> Iterator[Condition]:
    yield from _searched(read, query)
    if query.status_ids or query.only_open:
        yield issues.status_id.in_(query.status_ids or open_statuses(read))
    if query.priority_ids:
        yield issues.priority_id.in_(query.priority_ids)
    if query.project_ids:
        yield issues.project_id.in_(with_descendants(query.project_ids, projects(read)))
    if query.tracker_ids:
        yield issues.tracker_id.in_(query.tracker_ids)
    if query.task_ids:
        yield issues.id.in_(query.task_ids)
    if query.updated_since:
        yield issues.updated_on >= read.local(query.updated_since)
    if query.created_since:
        yield issues.created_on >= read.local(query.created_since)
    if query.created_before:
        yield issues.created_on < read.local(query.created_before)
    if query.due_by:
        yield issues.due_date <= query.due_by


def open_statuses(read: Reading) -> list[int]:
    return [status.id for status in read.config.statuses.values() if not status.is_closed]


def _searched(read: Reading, query: TaskQuery) -> Iterator[Condition]:
    """Return the conditions for people and words; a task found by its number needs none of them."""
    conditions = [_containing(read, word) for word in query.words]
    if query.assignees:
        conditions.append(_any_of(issues.assigned_to_id, query.assignees, sorted(read.person.principals)))
    if query.authors:
        conditions.append(_any_of(issues.author_id, query.authors, [read.person.id]))
    if query.wanted_id is None:
        yield from conditions
    else:
        by_number = issues.id == query.wanted_id
        yield sa.or_(by_number, sa.and_(*conditions)) if query.words else by_number


def _any_of(column: sa.ColumnElement[Any], people: tuple[Who, ...], me: list[int]) -> Condition:
    ids = [each for who in people if who != "nobody" for each in (me if who == "me" else [who])]
    return sa.or_(column.in_(ids), column.is_(None)) if "nobody" in people else column.in_(ids)


def _containing(read: Reading, word: str) -> Condition:
    """Return the condition that a word is in the subject, the description or a comment that the person may read."""
    comment = (
        sa.exists()
        .where(t.journals.c.journalized_id == issues.id, t.journals.c.journalized_type == "Issue")
        .where(t.journals.c.notes.contains(word, autoescape=True), read.permissions.notes)
        .correlate(t.issues)
    )
    texts = (issues.subject, issues.description)
    return sa.or_(*(text.contains(word, autoescape=True) for text in texts), comment)


def order_of(read: Reading, query: TaskQuery) -> tuple[list[sa.ColumnElement[Any]], sa.FromClause]:
    """Return the columns to sort by, and the tables that hold them. Tasks without a value come last either way, the
    task of a number first."""
    columns, joined = _sorting(read, query.sort)
    order = [column.desc() if query.descending else column.asc() for column in columns]
    first = [] if query.wanted_id is None else [sa.case((issues.id == query.wanted_id, 0), else_=1)]
    last = [columns[0].is_(None)] if query.sort in MAY_LACK else []
    return [*first, *last, *order, issues.id.desc()], joined


def _sorting(read: Reading, sort: str) -> tuple[list[sa.ColumnElement[Any]], sa.FromClause]:
    match sort:
        case "status":
            statuses = t.issue_statuses
            return [statuses.c.position], t.issues.join(statuses, statuses.c.id == issues.status_id)
        case "priority":
            priorities = t.enumerations
            return [priorities.c.position], t.issues.join(priorities, priorities.c.id == issues.priority_id)
        case "project":
            return [t.projects.c.name], t.issues.join(t.projects, t.projects.c.id == issues.project_id)
        case "assigned_to":
            return _by_person(read, issues.assigned_to_id)
        case "author":
            return _by_person(read, issues.author_id)
        case _:
            return [issues[sort]], t.issues


def _by_person(read: Reading, number: sa.ColumnElement[int]) -> tuple[list[sa.ColumnElement[Any]], sa.FromClause]:
    return users.in_order(read.style, t.users), t.issues.outerjoin(t.users, t.users.c.id == number)


class RequesterFields(NamedTuple):
    """The fields in which this Redmine keeps requesters' addresses: some of EASY_REDMINE, and a custom field's id."""

    columns: tuple[str, ...] = ()
    field: int | None = None


def requester_fields(db: Connection, field_name: str | None) -> RequesterFields:
    """Return the fields that this database has; `field_name` is the company's name of its custom field, if any."""
    present = {column["name"] for column in sa.inspect(db).get_columns(t.issues.name)}
    fields = t.custom_fields.c
    named = sa.select(fields.id).where(fields.type == "IssueCustomField", fields.name == field_name)
    return RequesterFields(
        tuple(name for name in EASY_REDMINE if name in present), db.scalar(named) if field_name else None
    )


def asked_by(email: str, fields: RequesterFields) -> sa.ColumnElement[bool]:
    """Return the condition that a task names exactly this address, in any case, among several parted by commas,
    semicolons or spaces.

    No task names what is no address. It gives no right: it is used beside the condition of visible tasks.
    """
    if not ONE_ADDRESS.fullmatch(email.strip()):
        return sa.false()
    columns = [_names(sa.literal_column(f"issues.{name}", sa.Text), email) for name in fields.columns]
    values = t.custom_values.c
    of_field = sa.exists().where(
        values.customized_type == "Issue",
        values.customized_id == t.issues.c.id,
        values.custom_field_id == fields.field,
        _names(values.value, email),
    )
    return sa.or_(sa.false(), *columns, *([of_field] if fields.field is not None else []))


def _names(listed: sa.ColumnElement[str], email: str) -> sa.ColumnElement[bool]:
    """Compare bytes, for a collation takes `à` for `á`; and not by LIKE, to which `_` and `%` are wildcards."""
    parted: sa.ColumnElement[str] = sa.func.lower(listed)
    for separator in SEPARATORS:
        parted = sa.func.replace(parted, separator, ",")
    between = sa.func.concat(",", parted, ",")
    return sa.func.instr(sa.cast(between, sa.LargeBinary), f",{email.strip().lower()},") > 0
