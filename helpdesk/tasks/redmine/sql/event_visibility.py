"""Finds the people who see one event of an issue at this moment, by a few short queries."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.feed import Event
from helpdesk.tasks.redmine.rest.custom_fields import Definition
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.batched_selects import BatchedSelects
from helpdesk.tasks.redmine.sql.config_snapshot import ConfigSnapshot
from helpdesk.tasks.redmine.visibility import Permissions, Person

HIDEABLE = ("cf", "relation")
"""The kinds of details that not everybody sees who sees the issue. Source: Journal#visible_details."""


def visible_to(db: Connection, config: ConfigSnapshot, event: Event, people: Iterable[int]) -> frozenset[int]:
    """Return the active people who see the issue and something of the event; nobody when either is gone."""
    kind, _, number = event.key.partition(".")
    journal = int(number) if kind == "journal" else 0
    found = _PLACE.ask(db, {"task": event.task_id, "journal": journal})
    if not found["task"] or (journal and not found["journal"]):
        return frozenset()
    project, asked = found["task"][0].project_id, users.people(db, people)
    if journal:
        asked = _reading(db, config, asked, project, found["journal"][0], found["detail"])
    # The rights in this project alone: of the task's condition nothing else can hold.
    project_info = {project: config.project_info[project]} if project in config.project_info else {}
    return _seeing(db, (Permissions(person, config.roles, project_info) for person in asked.values()), [event.task_id])


def _reading(
    db: Connection, config: ConfigSnapshot, people: dict[int, Person], project: int, said: Any, details: Sequence[Any]
) -> dict[int, Person]:
    """Return the people who find the journal in the issue's history. Source: Issue#visible_journals_with_index."""
    all_permissions = [Permissions(person, config.roles, config.project_info) for person in people.values()]
    if said.private_notes:
        all_permissions = [
            it for it in all_permissions if it.permits("view_private_notes", project) or it.person.id == said.user_id
        ]
    if not (said.notes or "").strip() and all(detail.property in HIDEABLE for detail in details):
        fields = [config.fields[number] for number in _named(details, "cf") if number in config.fields]
        seen = {it.person.id for it in all_permissions if _sees_any(it, fields, project)}
        seen |= _seeing(db, (it for it in all_permissions if it.person.id not in seen), _named(details, "relation"))
        all_permissions = [it for it in all_permissions if it.person.id in seen]
    return {it.person.id: it.person for it in all_permissions}


def _sees_any(permissions: Permissions, fields: Iterable[Definition], project: int) -> bool:
    roles = [role.id for role in permissions.roles_in(project)]
    return any(field.seen_by(roles, permissions.person.is_admin) for field in fields)


def _named(details: Iterable[Any], kind: str) -> list[int]:
    """The fields, or the other issues, that details of a kind name."""
    return [int(it.named) for it in details if it.property == kind and (it.named or "").isdigit()]


def _seeing(db: Connection, all_permissions: Iterable[Permissions], tasks: Sequence[int]) -> frozenset[int]:
    """The people who see any of these tasks."""
    asked = [
        sa.select(sa.literal(it.person.id)).select_from(t.issues).where(t.issues.c.id.in_(tasks), it.tasks)
        for it in all_permissions
    ]
    return frozenset(db.scalars(sa.union_all(*asked))) if asked and tasks else frozenset()


_DETAIL, _JOURNAL = t.journal_details.c, t.journals.c
_WHAT = sa.case(
    (_DETAIL.property == "cf", _DETAIL.prop_key),
    (_DETAIL.property == "relation", sa.func.coalesce(sa.func.nullif(_DETAIL.value, ""), _DETAIL.old_value)),
    else_="",
)
"""The field or the other issue that a detail is of."""
_PLACE = BatchedSelects(
    task=sa.select(t.issues.c.project_id).where(t.issues.c.id == sa.bindparam("task")),
    journal=sa.select(_JOURNAL.private_notes, _JOURNAL.user_id, _JOURNAL.notes).where(
        _JOURNAL.id == sa.bindparam("journal")
    ),
    detail=sa.select(_DETAIL.property, _WHAT.label("named")).where(_DETAIL.journal_id == sa.bindparam("journal")),
)
