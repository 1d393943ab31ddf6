"""One task with all that a person may see of it, and what the person may do to it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from helpdesk.errors import NotFound
from helpdesk.tasks.fields import CustomValue
from helpdesk.tasks.model import Attachment, Choices, Link, Member, Ref, Task
from helpdesk.tasks.redmine import choosing
from helpdesk.tasks.redmine.custom import Definition, labelled, texts
from helpdesk.tasks.redmine.database import choices as may_be
from helpdesk.tasks.redmine.database import history, persons
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.reading import AUTHOR, JOINED, ROWS, Reading
from helpdesk.tasks.redmine.links import SEEN_FROM_THERE, Links
from helpdesk.tasks.redmine.reading import plain
from helpdesk.tasks.redmine.rights import Rights

_MORE = (
    "description",
    "author_id",
    "assigned_to_id",
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
    *(t.issues.c[name] for name in _MORE), AUTHOR.c.status.label("author_status"), *may_be.SURROUNDINGS
).select_from(JOINED)

_TASK: sa.BindParameter[int] = sa.bindparam("task")
_KIND, _ZERO = sa.literal("Issue"), sa.literal(0)
_FILES = (
    sa.select(t.attachments)
    .where(t.attachments.c.container_id == _TASK, t.attachments.c.container_type == _KIND)
    .order_by(t.attachments.c.created_on, t.attachments.c.id)
)
_HANGING = sa.union_all(
    sa.select(
        sa.literal("value").label("what"),
        t.custom_values.c.id.label("id"),
        t.custom_values.c.custom_field_id.label("one"),
        sa.null().label("other"),
        t.custom_values.c.value.label("says"),
    ).where(t.custom_values.c.customized_id == _TASK, t.custom_values.c.customized_type == _KIND),
    sa.select(sa.literal("watcher"), t.watchers.c.id, t.watchers.c.user_id, sa.null(), sa.null()).where(
        t.watchers.c.watchable_id == _TASK, t.watchers.c.watchable_type == _KIND
    ),
    sa.select(
        sa.literal("relation"),
        t.issue_relations.c.id,
        t.issue_relations.c.issue_from_id,
        t.issue_relations.c.issue_to_id,
        t.issue_relations.c.relation_type,
    ).where(sa.or_(t.issue_relations.c.issue_from_id == _TASK, t.issue_relations.c.issue_to_id == _TASK)),
    sa.select(
        sa.literal("hours"), sa.literal(0), t.time_entries.c.user_id, sa.null(), sa.func.sum(t.time_entries.c.hours)
    )
    .where(t.time_entries.c.issue_id == _TASK)
    .group_by(t.time_entries.c.user_id),
)


class Hanging(NamedTuple):
    """What hangs on a task: rows of custom values, watchers and relations, oldest first, and hours by person."""

    values: list[Any]
    watchers: list[int]
    relations: list[Any]
    hours: dict[int, float]


def task(read: Reading, task_id: int) -> Task:
    """Raises NotFound, also for what the person may not see."""
    row = row_of(read, task_id)
    project, tracker = row.project_id, row.tracker_id
    may = may_be.rights(read, project, tracker)
    hanging = _hanging(read, task_id)
    told = history.journals(read, task_id, project)
    files = read.db.execute(_FILES, {"task": task_id}).all()
    watchers = hanging.watchers if may.has("view_issue_watchers") else []
    ids = history.people_in(told) | {file.author_id for file in files} | set(watchers)
    people, assignable = may_be.people(read, project, tracker, ids)
    named = _named(row, hanging, told)
    seen = _links(read, row, {*named.ids, *(other for it in told for other in it.other_tasks)})
    parent, children, relations = named._replace(children=seen.children).to(seen.links)
    entries = history.entries(read, told, project, may, people, seen.links)
    flow = may_be.workflow(read, row)
    custom = _custom(read, row, hanging.values, flow.named("required"))
    found = Task(
        row=read.row(row),
        description=plain(row.description),
        start_date=row.start_date,
        done_ratio=_ratio(read, row),
        closed_on=read.moment(row.closed_on) if row.closed_on else None,
        entries=entries,
        attachments=tuple(_file(read, file, people) for file in files),
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
    return found._replace(choices=_choices(read, row, may, flow, found, assignable))


def row_of(read: Reading, task_id: int) -> Any:
    """The task's row. Raises NotFound for what the person may not see."""
    asked = WHOLE.where(t.issues.c.id == task_id, read.sight.tasks)
    row = read.db.execute(asked, {"closed": read.rules.closed}).one_or_none()
    if row is None:
        raise NotFound
    return row


def attachment(read: Reading, task_id: int, file_id: int) -> Attachment:
    """A file of a task. Raises NotFound, also for a file of another task or one that the person may not see."""
    row_of(read, task_id)
    found = read.db.execute(_FILES.where(t.attachments.c.id == file_id), {"task": task_id}).one_or_none()
    if found is None:
        raise NotFound
    return _file(read, found, {})


def _choices(
    read: Reading, row: Any, may: Rights, flow: may_be.Workflow, found: Task, assignable: Iterable[Ref]
) -> Choices:
    rules, present, is_parent = read.rules, row.tracker_id, row.rgt - row.lft > 1
    derived = [fields for what, fields in choosing.DERIVED.items() if is_parent and rules.is_derived(what)]
    if rules.has_ratio_by_status:
        derived.append(choosing.DERIVED["done_ratio"])
    trackers = may_be.trackers(read, row.project_id, present)
    has_others = any(each.id != present for each in trackers)
    offers = choosing.Offers(
        statuses=may_be.statuses(read, row, flow),
        priorities=rules.usable_priorities,
        assignees=_assignees(row, found, assignable),
        trackers=tuple(Ref(each.id, each.name) for each in trackers) if has_others else (),
        fields=tracker.fields if (tracker := rules.trackers.get(present)) else frozenset(),
        fixed=frozenset().union(*derived, flow.named("readonly")),
        required=flow.named("required"),
    )
    chosen = choosing.choices(may, read.person.id, found, offers)
    # Redmine's own page lets one watch in a closed project, too; its REST API, by which we write, does not.
    return chosen._replace(may_watch=may_be.is_open_for_writing(read, row.project_id))


def _assignees(row: Any, found: Task, members: Iterable[Ref]) -> tuple[Ref, ...]:
    """With the author, while active, and whoever has the task. Source: Issue#assignable_users."""
    author = [found.row.author] if found.row.author and row.author_status == persons.ACTIVE else []
    holder = [found.row.assignee] if found.row.assignee else []
    return choosing.by_name([*members, *(Ref(who.id, who.name) for who in (*author, *holder))])


def _hanging(read: Reading, task_id: int) -> Hanging:
    found: dict[str, list[Any]] = {"value": [], "watcher": [], "relation": [], "hours": []}
    for row in sorted(read.db.execute(_HANGING, {"task": task_id}), key=lambda it: it.id):
        found[row.what].append(row)
    hours = {row.one: float(row.says) for row in found["hours"]}
    return Hanging(found["value"], [row.one for row in found["watcher"]], found["relation"], hours)


def _named(row: Any, hanging: Hanging, told: Iterable[history.Told]) -> Links:
    pairs = (
        (it.says, it.other) if it.one == row.id else (SEEN_FROM_THERE.get(it.says, it.says), it.one)
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
    rows = read.db.execute(sa.select(*columns).where(asked, read.sight.tasks).order_by(t.issues.c.lft)).all()
    return _Seen(
        {it.id: Link(it.id, it.subject, read.status(it.status_id)) for it in rows},
        tuple(it.id for it in rows if it.parent_id == row.id),
    )


def _custom(read: Reading, row: Any, values: list[Any], required: frozenset[str]) -> tuple[CustomValue, ...]:
    """What the task holds in the fields that the person sees. Source: Issue#visible_custom_field_values."""
    fields = [one for one in read.rules.fields_in(row.project_id, row.tracker_id) if read.sees(one, row.project_id)]
    held = {one.field.id: [it.says for it in values if it.one == one.field.id] for one in fields}
    return tuple(_labelled(read, one, texts(held[one.field.id]), str(one.field.id) in required) for one in fields)


def _labelled(read: Reading, one: Definition, value: tuple[str, ...], required: bool) -> CustomValue:
    """A value, with the names of people and versions where the field keeps their ids."""
    found = CustomValue(one.field._replace(required=one.field.required or required), value)
    ids = [int(each) for each in value if each.isdigit()]
    if one.format == "user" and ids:
        return labelled(found, {str(number): name for number, name in persons.names(read.db, ids, read.style).items()})
    if one.format == "version" and ids:
        rows = read.db.execute(sa.select(t.versions).where(t.versions.c.id.in_(ids)))
        return labelled(found, {str(it.id): it.name for it in rows})
    return found


def _ratio(read: Reading, row: Any) -> int:
    """The progress; by the status where Redmine is set so. Source: Issue#done_ratio."""
    kept = row.done_ratio or 0
    return read.rules.ratios.get(row.status_id, kept) if read.rules.has_ratio_by_status else kept


def _spent(read: Reading, hours: dict[int, float], project_id: int) -> float:
    match read.sight.spent_time(project_id):
        case "none":
            return 0.0
        case "own":
            return hours.get(read.person.id, 0.0)
        case "all":
            return sum(hours.values())


def _file(read: Reading, row: Any, people: dict[int, str]) -> Attachment:
    author = Member(row.author_id, people.get(row.author_id, f"#{row.author_id}"))
    created = read.moment(row.created_on) if row.created_on else None
    return Attachment(row.id, row.filename, row.filesize, row.content_type or "", author, created)
