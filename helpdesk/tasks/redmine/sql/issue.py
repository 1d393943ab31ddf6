"""One task with all that a person may see of it, and what the person may do to it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from helpdesk.errors import NotFound
from helpdesk.tasks.fields import CustomValue
from helpdesk.tasks.model import Attachment, Choices, Link, Member, Ref, Task
from helpdesk.tasks.redmine import allowed_actions
from helpdesk.tasks.redmine.rest.custom_fields import texts
from helpdesk.tasks.redmine.rest.json_mapper import SEEN_FROM_THERE, Links, plain
from helpdesk.tasks.redmine.rest.permissions import Rights
from helpdesk.tasks.redmine.sql import history, users
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import workflow as may_be
from helpdesk.tasks.redmine.sql.batched_selects import BatchedSelects
from helpdesk.tasks.redmine.sql.read_context import ROWS, Reading

_MORE = (
    "description",
    "start_date",
    "done_ratio",
    "closed_on",
    "lock_version",
    "estimated_hours",
    "parent_id",
    "root_id",
    "lft",
    "rgt",
)
WHOLE = ROWS.add_columns(
    *(t.issues.c[name] for name in _MORE), t.users.c.status.label("author_status"), *may_be.SURROUNDINGS
).outerjoin_from(t.issues, t.users, t.users.c.id == t.issues.c.author_id)

_TASK: sa.BindParameter[int] = sa.bindparam("task")
_KIND = sa.literal("Issue")
_FILES = sa.select(t.attachments).where(t.attachments.c.container_id == _TASK, t.attachments.c.container_type == _KIND)
_VALUES = t.custom_values.c
_FILES_OF_FIELDS = (
    sa.select(t.attachments, _VALUES.custom_field_id)
    .join(t.custom_values, _VALUES.id == t.attachments.c.container_id)
    .where(t.attachments.c.container_type == "CustomValue", _VALUES.customized_type == _KIND)
    .where(_VALUES.customized_id == _TASK)
)
_RELATIONS = t.issue_relations.c
_HANGING = BatchedSelects(
    value=sa.select(t.custom_values.c.id, t.custom_values.c.custom_field_id, t.custom_values.c.value).where(
        t.custom_values.c.customized_id == _TASK, t.custom_values.c.customized_type == _KIND
    ),
    watcher=sa.select(t.watchers.c.id, t.watchers.c.user_id).where(
        t.watchers.c.watchable_id == _TASK, t.watchers.c.watchable_type == _KIND
    ),
    relation=sa.select(t.issue_relations).where(
        sa.or_(_RELATIONS.issue_from_id == _TASK, _RELATIONS.issue_to_id == _TASK)
    ),
    spent=sa.select(t.time_entries.c.user_id, sa.func.sum(t.time_entries.c.hours).label("hours"))
    .where(t.time_entries.c.issue_id == _TASK)
    .group_by(t.time_entries.c.user_id),
    file=_FILES,
    member=may_be.MEMBERS,
    rule=may_be.RULES,
)


class Hanging(NamedTuple):
    """The parts of a task, oldest first; hours by person; and the members and workflow rules for it."""

    values: list[Any]
    watchers: list[int]
    relations: list[Any]
    hours: dict[int, float]
    files: list[Any]
    members: list[Any]
    rules: list[Any]


def task(read: Reading, task_id: int) -> Task:
    """Raises NotFound, also for what the person may not see."""
    row = row_of(read, task_id)
    project, tracker = row.project_id, row.tracker_id
    may = may_be.rights(read, project, tracker)
    hanging = _hanging(read, row)
    journals = history.journals(read, task_id, project)
    watchers = hanging.watchers if may.has("view_issue_watchers") else []
    writers = {row.author_id, row.assigned_to_id, *(file.author_id for file in hanging.files)}
    people = read.names(history.people_in(journals) | writers | set(watchers))
    named = _named(row, hanging, journals)
    seen = _links(read, row, {*named.ids, *(other for it in journals for other in it.other_tasks)})
    parent, children, relations = named._replace(children=seen.children).to(seen.links)
    entries = history.entries(read, journals, project, may, people, seen.links)
    flow = may_be.workflow(read, row, hanging.rules)
    custom = _custom(read, row, hanging.values, flow.named("required"))
    found = Task(
        row=read.row(row, people),
        description=plain(row.description),
        start_date=row.start_date,
        done_ratio=_ratio(read, row),
        closed_on=read.moment(row.closed_on) if row.closed_on else None,
        entries=entries,
        attachments=tuple(_file(read, file, people) for file in hanging.files),
        choices=Choices(),
        version=f"{read.moment(row.updated_on):%Y-%m-%dT%H:%M:%SZ}"
        f".{max((entry.id for entry in entries), default=0)}.{row.lock_version or 0}",
        estimated_hours=row.estimated_hours,
        spent_hours=_spent(read, hanging.hours, project),
        custom=custom,
        parent=parent,
        children=children,
        relations=relations,
        watchers=tuple(Member(number, people.get(number, f"#{number}")) for number in watchers),
        watched=not read.person.principals.isdisjoint(hanging.watchers),
    )
    return found._replace(choices=_choices(read, row, may, flow, found, hanging.members))


def row_of(read: Reading, task_id: int) -> Any:
    """The task's row. Raises NotFound for what the person may not see."""
    asked = WHOLE.where(t.issues.c.id == task_id, read.permissions.tasks)
    row = read.db.execute(asked, {"closed": read.config.closed}).one_or_none()
    if row is None:
        raise NotFound
    return row


def attachment(read: Reading, task_id: int, file_id: int) -> Attachment:
    """A file of a task, or of one of its custom fields. Raises NotFound, also for a file of another task or one that
    the person may not see. Source: CustomValue#attachments_visible?."""
    row, number, bound = row_of(read, task_id), t.attachments.c.id == file_id, {"task": task_id}
    found = read.db.execute(_FILES.where(number), bound).one_or_none()
    if found is None:
        found = read.db.execute(_FILES_OF_FIELDS.where(number), bound).one_or_none()
        field = read.config.fields.get(found.custom_field_id) if found else None
        found = found if field and read.sees(field, row.project_id) else None
    if found is None:
        raise NotFound
    return _file(read, found, {})


def _choices(
    read: Reading, row: Any, may: Rights, flow: may_be.Workflow, found: Task, members: Iterable[Any]
) -> Choices:
    config, present, is_parent = read.config, row.tracker_id, row.rgt - row.lft > 1
    derived = [fields for what, fields in allowed_actions.DERIVED.items() if is_parent and config.is_derived(what)]
    if config.has_ratio_by_status:
        derived.append(allowed_actions.DERIVED["done_ratio"])
    trackers = may_be.trackers(read, row.project_id, present)
    has_others = any(each.id != present for each in trackers)
    offers = allowed_actions.Offers(
        statuses=may_be.statuses(read, row, flow),
        priorities=config.usable_priorities,
        assignees=_assignees(row, found, may_be.assignable(read, members)),
        trackers=tuple(Ref(each.id, each.name) for each in trackers) if has_others else (),
        fields=tracker.fields if (tracker := config.trackers.get(present)) else frozenset(),
        fixed=frozenset().union(*derived, flow.named("readonly")),
        required=flow.named("required"),
    )
    chosen = allowed_actions.choices(may, read.person.id, found, offers)
    # Redmine's own page lets one watch in a closed project, too; its REST API, by which we write, does not.
    return chosen._replace(may_watch=may_be.is_open_for_writing(read, row.project_id))


def _assignees(row: Any, found: Task, members: Iterable[Ref]) -> tuple[Ref, ...]:
    """With the author, while active, and whoever has the task. Source: Issue#assignable_users."""
    author = [found.row.author] if found.row.author and row.author_status == users.ACTIVE else []
    holder = [found.row.assignee] if found.row.assignee else []
    return allowed_actions.by_name([*members, *(Ref(who.id, who.name) for who in (*author, *holder))])


def _hanging(read: Reading, row: Any) -> Hanging:
    project, tracker = row.project_id, row.tracker_id
    rules, members = may_be.of_rules(read, project, tracker, row.status_id), may_be.of_members(read, project, tracker)
    found = _HANGING.ask(read.db, {"task": row.id, **rules, **members})
    by_age = {name: sorted(found[name], key=lambda it: it.id) for name in ("value", "watcher", "relation")}
    return Hanging(
        values=by_age["value"],
        watchers=[it.user_id for it in by_age["watcher"]],
        relations=by_age["relation"],
        hours={it.user_id: it.hours for it in found["spent"]},
        files=sorted(found["file"], key=lambda it: (it.created_on or datetime.min, it.id)),
        members=found["member"],
        rules=found["rule"],
    )


def _named(row: Any, hanging: Hanging, journals: Iterable[history.JournalRow]) -> Links:
    pairs = (
        (it.relation_type, it.issue_to_id)
        if it.issue_from_id == row.id
        else (SEEN_FROM_THERE.get(it.relation_type, it.relation_type), it.issue_from_id)
        for it in hanging.relations
    )
    return Links(row.parent_id, (), tuple(pairs))


class _Seen(NamedTuple):
    links: dict[int, Link]
    children: tuple[int, ...]


def _links(read: Reading, row: Any, ids: set[int]) -> _Seen:
    """The tasks of these ids, and the sub-tasks, that the person sees."""
    if not ids and row.rgt - row.lft == 1:
        return _Seen({}, ())
    columns = (t.issues.c[name] for name in ("id", "subject", "status_id", "parent_id"))
    asked = sa.or_(t.issues.c.id.in_(sorted(ids)), t.issues.c.parent_id == row.id)
    rows = read.db.execute(sa.select(*columns).where(asked, read.permissions.tasks).order_by(t.issues.c.lft)).all()
    return _Seen(
        {it.id: Link(it.id, it.subject, read.status(it.status_id)) for it in rows},
        tuple(it.id for it in rows if it.parent_id == row.id),
    )


def _custom(read: Reading, row: Any, values: list[Any], required: frozenset[str]) -> tuple[CustomValue, ...]:
    """Return the values of the fields that the person sees. Source: Issue#visible_custom_field_values."""
    fields = [one for one in read.config.fields_in(row.project_id, row.tracker_id) if read.sees(one, row.project_id)]
    held = {one.field.id: [it.value for it in values if it.custom_field_id == one.field.id] for one in fields}
    return tuple(
        CustomValue(field._replace(required=field.required or str(field.id) in required), texts(held[field.id]))
        for field in (history.with_value_names(read, one, held[one.field.id]) for one in fields)
    )


def _ratio(read: Reading, row: Any) -> int:
    """The progress; by the status where Redmine is set so. Source: Issue#done_ratio."""
    ratio = row.done_ratio or 0
    return read.config.ratios.get(row.status_id, ratio) if read.config.has_ratio_by_status else ratio


def _spent(read: Reading, hours: dict[int, float], project_id: int) -> float:
    match read.permissions.spent_time(project_id):
        case "none":
            return 0.0
        case "own":
            return hours.get(read.person.id, 0.0)
        case "all":
            return sum(hours.values())


def _file(read: Reading, row: Any, people: Mapping[int, str]) -> Attachment:
    author = Member(row.author_id, people.get(row.author_id, f"#{row.author_id}"))
    created = read.moment(row.created_on) if row.created_on else None
    return Attachment(row.id, row.filename, row.filesize, row.content_type or "", author, created)
