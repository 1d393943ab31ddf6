"""Put the demo company into a store: once, when it is empty."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, select

from helpdesk.demo import (
    assessments,
    knowledge_pages,
    monitored_hosts,
    posts,
    promises,
    quality_requests,
    seed,
    simulated_colleague,
)
from helpdesk.demo.call_rows import call_rows
from helpdesk.demo.seed import Line, World
from helpdesk.demo.task_rows import Ids, task_rows
from helpdesk.people.passwords import hashed
from helpdesk.store import board, people, reply_templates, rights
from helpdesk.store.board import ColumnSettings
from helpdesk.store.models import tables
from helpdesk.store.tracker import first_steps

PASSWORD = "demo"
ONE_STATEMENT = {"render_nulls": True}
"""Otherwise rows with nulls in other columns are inserted by statements of their own, which takes twice as long."""


def load(session: Session, now: datetime) -> bool:
    """Store the demo's people, rules and tasks.

    Returns False when there are people already; then only the simulated colleague is added, if he is not there.
    """
    is_new = session.exec(select(tables.Person.id).limit(1)).first() is None
    if is_new:
        _fill(session, now)
    simulated_colleague.hire(session)
    return is_new


def _fill(session: Session, now: datetime) -> None:
    world, tasks = seed.read()
    ids = _keyed(session, world)
    _memberships(session, world["project"], ids)
    _workflow(session, world["transition"], ids)
    columns = {ids["status"][it["key"]]: ColumnSettings(**it["column"]) for it in world["status"] if "column" in it}
    board.save_columns(session, columns)
    for it in world["reply"]:
        reply_templates.add(session, None, it["name"], it["text"])
    knowledge_pages.add(session, world["page"], ids["assignee"], now)
    first_steps.finish(session, ids["assignee"]["admin"])
    names = {it["login"]: it["full_name"] for it in world["person"]}
    calls = call_rows(world["agent"], world["call"], names, ids, now)
    posts.add(session, world["post"], ids, now)
    monitored_hosts.add(session, now, ids["assignee"]["anna"])
    for table, rows in [*task_rows(tasks, ids, now), *calls]:
        session.execute(sa.insert(table), rows, execution_options=ONE_STATEMENT)
    quality_requests.add(session, now)
    assessments.add(session, now)
    promises.add(session, world, ids)


def _keyed(session: Session, world: World) -> Ids:
    """Store what other lines refer to. Returns the ids by kind and key."""
    return {
        "assignee": _people(session, world["person"]),
        "status": _ordered(session, tables.Status, world["status"]),
        "priority": _ordered(session, tables.Priority, world["priority"]),
        "tracker": _ordered(session, tables.Kind, world["tracker"]),
        "role": _roles(session, world["role"]),
        "project": _projects(session, world["project"]),
        "custom_field": _custom_fields(session, world["custom_field"]),
    }


def _people(session: Session, lines: list[Line]) -> dict[str, int]:
    ids: dict[str, int] = {}
    password_hash = hashed(PASSWORD)
    for it in lines:
        login, is_admin = it["login"], it.get("is_admin", False)
        person = people.add_local(session, login, it["full_name"], it["email"], password_hash, is_admin)
        person.department, person.position = it["department"], it["position"]
        person.phone, person.is_email_proven = it.get("phone", ""), True
        person.is_phone_proven, person.is_department_proven = bool(person.phone), True
        ids[login] = _add(session, person)
        for right in it.get("rights", ()):
            rights.grant(session, ids[login], right)
    return ids


def _ordered(session: Session, table: type[SQLModel], lines: list[Line]) -> dict[str, int]:
    return {
        it["key"]: _add(session, table(position=place, **_without(it, "key", "column")))
        for place, it in enumerate(lines)
    }


def _roles(session: Session, lines: list[Line]) -> dict[str, int]:
    rows = {it["key"]: tables.Role(name=it["name"], permissions=" ".join(it["permissions"])) for it in lines}
    return {key: _add(session, row) for key, row in rows.items()}


def _projects(session: Session, lines: list[Line]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for it in lines:
        parent = ids[it["parent"]] if "parent" in it else None
        row = tables.Project(identifier=it["key"], name=it["name"], description=it["description"], parent_id=parent)
        ids[it["key"]] = _add(session, row)
    return ids


def _custom_fields(session: Session, lines: list[Line]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for place, it in enumerate(lines):
        options = "\n".join(it.get("options", ()))
        row = tables.CustomField(position=place, options=options, **_without(it, "options"))
        ids[it["name"]] = _add(session, row)
    return ids


def _memberships(session: Session, projects: list[Line], ids: Ids) -> None:
    for it in projects:
        project = ids["project"][it["key"]]
        for login, role in it["members"].items():
            person = ids["assignee"][login]
            session.add(tables.Membership(project_id=project, person_id=person, role_id=ids["role"][role]))


def _workflow(session: Session, lines: list[Line], ids: Ids) -> None:
    statuses = ids["status"]
    for it in lines:
        role, old = ids["role"][it["role"]], statuses[it["old"]]
        for new in it["new"]:
            session.add(tables.Transition(role_id=role, old_status_id=old, new_status_id=statuses[new]))


def _without(line: Line, *names: str) -> Line:
    return {name: value for name, value in line.items() if name not in names}


def _add(session: Session, row: SQLModel) -> int:
    session.add(row)
    session.flush()
    id: int = row.id  # type: ignore[attr-defined]  # every table given here has one
    return id
