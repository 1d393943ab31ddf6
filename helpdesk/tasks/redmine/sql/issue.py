"""One task with all that a person may see of it, and the person's allowed actions."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from helpdesk.errors import NotFound
from helpdesk.tasks.fields import CustomValue
from helpdesk.tasks.model import Attachment, Choices, Link, Member, Ref, Task, TaskRow
from helpdesk.tasks.redmine import allowed_actions
from helpdesk.tasks.redmine.allowed_actions import Rights
from helpdesk.tasks.redmine.rest import lock_version
from helpdesk.tasks.redmine.rest.custom_fields import texts
from helpdesk.tasks.redmine.rest.json_mapper import Links, plain
from helpdesk.tasks.redmine.sql import history, users, workflow
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.batched_selects import BatchedSelects
from helpdesk.tasks.redmine.sql.source import ROWS, Reading
from helpdesk.tasks.redmine.visibility import ACTIVE
from helpdesk.tasks.relations import relation_from

_MORE = "description start_date done_ratio closed_on lock_version estimated_hours parent_id root_id lft rgt"
WHOLE = ROWS.add_columns(
    *t.select_columns(t.issues, _MORE).selected_columns, t.users.c.status.label("author_status"), *workflow.SURROUNDINGS
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
_PARTS = BatchedSelects(
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
    member=workflow.MEMBERS,
    rule=workflow.RULES,
)


def task(read: Reading, task_id: int) -> Task:
    """Read a task. Raises NotFound, also for one that the person may not see."""
    row = _row(read, task_id)
    project, tracker = row.project_id, row.tracker_id
    may = workflow.rights(read, project, tracker)
    parts = _parts(read, row)
    journals = history.journals(read, task_id, project)
    watching = [it.user_id for it in parts["watcher"]]
    watchers = watching if may.has("view_issue_watchers") else []
    writers = {row.author_id, row.assigned_to_id, *(file.author_id for file in parts["file"])}
    people = read.names(history.people_in(journals) | writers | set(watchers))
    links = Links(row.parent_id, (), tuple(_relation(it, row.id) for it in parts["relation"]))
    seen, children_seen = _seen(read, row, {*links.ids, *(other for it in journals for other in it.other_tasks)})
    parent, children, relations = links._replace(children=children_seen).to(seen)
    entries = history.entries(read, journals, project, may, people, seen)
    flow = workflow.workflow(read, row, parts["rule"])
    task = Task(
        row=read.task_row(row, people),
        description=plain(row.description),
        start_date=row.start_date,
        done_ratio=_ratio(read, row),
        closed_on=read.moment(row.closed_on) if row.closed_on else None,
        entries=entries,
        attachments=tuple(_file(read, file, people) for file in parts["file"]),
        choices=Choices(),
        version=lock_version.version(read.moment(row.updated_on), entries, row.lock_version or 0),
        estimated_hours=row.estimated_hours,
        spent_hours=_spent(read, {it.user_id: it.hours for it in parts["spent"]}, project),
        custom=_custom(read, row, parts["value"], flow.fields("required")),
        parent=parent,
        children=children,
        relations=relations,
        watchers=tuple(Member(number, people.get(number, f"#{number}")) for number in watchers),
        watched=not read.person.principals.isdisjoint(watching),
    )
    return task._replace(choices=_choices(read, row, may, flow, task, parts["member"]))


def _row(read: Reading, task_id: int) -> Any:
    query = WHOLE.where(t.issues.c.id == task_id, read.permissions.tasks)
    row = read.db.execute(query, {"closed": read.config.closed}).one_or_none()
    if row is None:
        raise NotFound
    return row


def attachment(read: Reading, task_id: int, file_id: int) -> Attachment:
    """Return a file of a task, or of one of its custom fields. Raises NotFound, also for a file of another task or one
    that the person may not see. Source: CustomValue#attachments_visible?."""
    row, is_wanted, values = _row(read, task_id), t.attachments.c.id == file_id, {"task": task_id}
    file = read.db.execute(_FILES.where(is_wanted), values).one_or_none()
    if file is None:
        file = read.db.execute(_FILES_OF_FIELDS.where(is_wanted), values).one_or_none()
        field = read.config.fields.get(file.custom_field_id) if file else None
        file = file if field and read.sees(field, row.project_id) else None
    if file is None:
        raise NotFound
    return _file(read, file, {})


def _choices(
    read: Reading, row: Any, may: Rights, flow: workflow.Workflow, task: Task, members: Iterable[Any]
) -> Choices:
    config, present, is_parent = read.config, row.tracker_id, row.rgt - row.lft > 1
    derived = [fields for name, fields in allowed_actions.DERIVED.items() if is_parent and config.is_derived(name)]
    if config.has_ratio_by_status:
        derived.append(allowed_actions.DERIVED["done_ratio"])
    trackers = workflow.trackers(read, row.project_id, present)
    has_others = any(each.id != present for each in trackers)
    offers = allowed_actions.Offers(
        statuses=workflow.statuses(read, row, flow),
        priorities=config.usable_priorities,
        assignees=_assignees(row, task.row, workflow.assignable(read, members)),
        trackers=tuple(Ref(each.id, each.name) for each in trackers) if has_others else (),
        fields=tracker.fields if (tracker := config.trackers.get(present)) else frozenset(),
        fixed=frozenset().union(*derived, flow.fields("readonly")),
        required=flow.fields("required"),
    )
    chosen = allowed_actions.choices(may, read.person.id, task, offers)
    # Redmine's own page lets one watch in a closed project, too; its REST API, by which we write, does not.
    return chosen._replace(may_watch=config.project_info[row.project_id].status == ACTIVE)


def _assignees(row: Any, task_row: TaskRow, members: Iterable[Ref]) -> tuple[Ref, ...]:
    """Add the author, while active, and the present assignee. Source: Issue#assignable_users."""
    author = task_row.author if row.author_status == users.ACTIVE else None
    others = (Ref(it.id, it.name) for it in (author, task_row.assignee) if it)
    return allowed_actions.by_name([*members, *others])


def _parts(read: Reading, row: Any) -> dict[str, list[Any]]:
    """Return the rows of _PARTS for a task, its own ones oldest first."""
    project, tracker = row.project_id, row.tracker_id
    values = workflow.rule_values(read, project, tracker, row.status_id)
    values |= workflow.member_values(read, project, tracker)
    rows = _PARTS.ask(read.db, {"task": row.id, **values})
    for name in ("value", "watcher", "relation"):
        rows[name].sort(key=lambda it: it.id)
    rows["file"].sort(key=lambda it: (it.created_on or datetime.min, it.id))
    return rows


def _relation(row: Any, task_id: int) -> tuple[str, int]:
    return relation_from(task_id, row.relation_type, row.issue_from_id, row.issue_to_id)


def _seen(read: Reading, row: Any, ids: set[int]) -> tuple[dict[int, Link], tuple[int, ...]]:
    """Return the tasks of these ids and the sub-tasks that the person sees, and the ids of these sub-tasks."""
    if not ids and row.rgt - row.lft == 1:
        return {}, ()
    columns = t.select_columns(t.issues, "id subject status_id parent_id")
    wanted = sa.or_(t.issues.c.id.in_(sorted(ids)), t.issues.c.parent_id == row.id)
    rows = read.db.execute(columns.where(wanted, read.permissions.tasks).order_by(t.issues.c.lft)).all()
    links = {it.id: Link(it.id, it.subject, read.status(it.status_id)) for it in rows}
    return links, tuple(it.id for it in rows if it.parent_id == row.id)


def _custom(read: Reading, row: Any, values: list[Any], required: frozenset[str]) -> tuple[CustomValue, ...]:
    """Return the values of the fields that the person sees. Source: Issue#visible_custom_field_values."""
    result = []
    for definition in read.config.fields_in(row.project_id, row.tracker_id):
        if read.sees(definition, row.project_id):
            value = [it.value for it in values if it.custom_field_id == definition.field.id]
            field = history.with_value_names(read, definition, value)
            is_required = field.required or str(field.id) in required
            result.append(CustomValue(field._replace(required=is_required), texts(value)))
    return tuple(result)


def _ratio(read: Reading, row: Any) -> int:
    """Return the progress, by the status where Redmine's setting says so. Source: Issue#done_ratio."""
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
