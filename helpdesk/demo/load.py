"""Put the demo's world into a store: once, when it is empty."""

from datetime import datetime

from sqlmodel import Session, SQLModel, select

from helpdesk.demo import duty, parts, story, undertaking, world
from helpdesk.people.passwords import hashed
from helpdesk.store import board, people, replies, tables
from helpdesk.store.folding import fold

PASSWORD = "demo"

Ids = dict[str, int]


def load(session: Session, now: datetime) -> bool:
    """The demo's people, projects, rules and tasks.

    False when there are people already; then only the colleague on duty is added, if he is not there.
    """
    is_new = session.exec(select(tables.Person.id).limit(1)).first() is None
    if is_new:
        _fill(session, now)
    duty.hire(session)
    return is_new


def _fill(session: Session, now: datetime) -> None:
    accounts = _people(session)
    ids = _rules(session, accounts)
    board.keep_columns(session, {ids["status"][it.key]: it.column for it in world.STATUSES if it.column})
    told = story.tell(now)
    _tasks(session, accounts, ids, told)
    _undertaking(session, accounts, ids, len(told) + 1, now)
    for reply in world.REPLIES:
        replies.add(session, None, reply.name, reply.text)


def _people(session: Session) -> Ids:
    ids: Ids = {}
    password_hash = hashed(PASSWORD)
    for one in world.PEOPLE:
        person = people.add_local(session, one.login, one.full_name, one.email, password_hash, one.is_admin)
        person.department, person.position = one.department, one.position
        session.add(person)
        ids[one.login] = _id(person)
    return ids


def _rules(session: Session, accounts: Ids) -> dict[str, Ids]:
    """Statuses, priorities, trackers, roles, projects, memberships and the workflow; their ids by kind and key."""
    ids = {
        "status": {
            it.key: _add(
                session,
                tables.Status(name=it.name, position=place, is_closed=it.is_closed, is_default=it.is_default),
            )
            for place, it in enumerate(world.STATUSES)
        },
        "priority": {
            it.key: _add(session, tables.Priority(name=it.name, position=place, is_default=it.is_default))
            for place, it in enumerate(world.PRIORITIES)
        },
        "tracker": {
            it.key: _add(session, tables.Kind(name=it.name, position=place)) for place, it in enumerate(world.TRACKERS)
        },
        "role": {
            it.key: _add(session, tables.Role(name=it.name, permissions=" ".join(sorted(it.permissions))))
            for it in world.ROLES
        },
        "project": _projects(session),
    }
    ids["field"] = {
        it.name: _add(
            session,
            tables.CustomField(name=it.name, kind=it.kind, position=place, options="\n".join(it.options), hint=it.hint),
        )
        for place, it in enumerate(world.CUSTOM_FIELDS)
    }
    session.add_all(
        tables.Membership(project_id=ids["project"][it.key], person_id=accounts[login], role_id=ids["role"][role])
        for it in world.PROJECTS
        for login, role in it.members
    )
    session.add_all(
        tables.Transition(role_id=ids["role"][role], old_status_id=ids["status"][old], new_status_id=ids["status"][new])
        for role, leads in world.WORKFLOW.items()
        for old, chosen in leads.items()
        for new in chosen
    )
    return ids


def _projects(session: Session) -> Ids:
    ids: Ids = {}
    for it in world.PROJECTS:
        parent = ids[it.parent] if it.parent else None
        row = tables.Project(identifier=it.key, name=it.name, description=it.description, parent_id=parent)
        ids[it.key] = _add(session, row)
    return ids


def _tasks(session: Session, accounts: Ids, ids: dict[str, Ids], told: list[story.Task]) -> None:
    """The tasks with what happened to them and what hangs on them, numbered from 1 as they were told."""
    for number, it in enumerate(told, start=1):
        own = parts.of_task(number, it)
        _history(session, accounts, ids, _task(number, it, accounts, ids, own.estimated), it)
        session.add_all(tables.Watcher(task_id=number, person_id=accounts[who]) for who in own.watchers)
        session.add_all(tables.Relation(task_id=number, other_id=other, kind="relates") for other in own.related)
        session.add_all(
            tables.SpentTime(task_id=number, person_id=accounts[it.login], spent_on=it.on, hours=it.hours)
            for it in own.spent
        )
        session.add_all(
            tables.CustomValue(task_id=number, field_id=ids["field"][name], place=0, value=value)
            for name, value in own.custom
        )


def _undertaking(session: Session, accounts: Ids, ids: dict[str, Ids], number: int, now: datetime) -> None:
    """The task with sub-tasks, from this number on."""
    whole, subtasks = undertaking.tell(now)
    _history(session, accounts, ids, _task(number, whole, accounts, ids), whole)
    for place, it in enumerate(subtasks, start=1):
        row = _task(number + place, it, accounts, ids)
        row.parent_id = number
        _history(session, accounts, ids, row, it)
    session.add(tables.Relation(task_id=number + 1, other_id=number + 3, kind="blocks"))


def _history(session: Session, accounts: Ids, ids: dict[str, Ids], row: tables.Task, it: story.Task) -> None:
    """A task with its entries."""
    words = {**ids, "assignee": accounts}
    number = _add(session, row)
    for entry in it.entries:
        entry_id = _add(
            session,
            tables.Entry(
                task_id=number,
                author_id=accounts[entry.author],
                created_at=entry.at,
                notes=entry.notes,
                is_private=entry.private,
            ),
        )
        for change in entry.changes:
            old, new = (str(words[change.field][key]) if key else None for key in (change.old, change.new))
            session.add(tables.Change(entry_id=entry_id, field=change.field, old_value=old, new_value=new))


def _task(
    number: int, it: story.Task, accounts: Ids, ids: dict[str, Ids], estimated: float | None = None
) -> tables.Task:
    return tables.Task(
        id=number,
        project_id=ids["project"][it.project],
        kind_id=ids["tracker"][it.tracker],
        status_id=ids["status"][it.status],
        priority_id=ids["priority"][it.priority],
        author_id=accounts[it.author],
        assignee_id=accounts[it.assignee] if it.assignee else None,
        subject=it.subject,
        description=it.description,
        words=fold(f"{it.subject}\n{it.description}"),
        start_date=it.start_date,
        due_date=it.due_date,
        done_ratio=it.done_ratio,
        estimated_hours=estimated,
        version=len(it.entries) + 1,
        created_at=it.created_at,
        updated_at=it.updated_at,
        closed_at=it.closed_at,
    )


def _add(session: Session, row: SQLModel) -> int:
    session.add(row)
    session.flush()
    return _id(row)


def _id(row: SQLModel) -> int:
    found: int = row.id  # type: ignore[attr-defined]  # every table given here has one
    return found
