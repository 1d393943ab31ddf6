"""Query the members of the embedded backend's projects."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.models.tables import Person
from helpdesk.store.tracker.tasks import MEMBERSHIP, ROLE, table


def members(session: Session, project_id: int) -> list[Any]:
    """Return (person id, full name, permissions) of a project's active members, by name."""
    person = table(Person)
    return list(
        session.execute(
            sa.select(person.c.id, person.c.full_name, ROLE.c.permissions)
            .select_from(MEMBERSHIP)
            .join(person, person.c.id == MEMBERSHIP.c.person_id)
            .join(ROLE, ROLE.c.id == MEMBERSHIP.c.role_id)
            .where(MEMBERSHIP.c.project_id == project_id, person.c.is_active.is_(True))
            .order_by(person.c.full_name)
        )
    )


def memberships(session: Session, project_id: int) -> list[Any]:
    """Return (person id, full name, role) of each membership in a project, roles in their order."""
    person = table(Person)
    return list(
        session.execute(
            sa.select(person.c.id, person.c.full_name, ROLE.c.name)
            .select_from(MEMBERSHIP)
            .join(person, person.c.id == MEMBERSHIP.c.person_id)
            .join(ROLE, ROLE.c.id == MEMBERSHIP.c.role_id)
            .where(MEMBERSHIP.c.project_id == project_id)
            .order_by(ROLE.c.id)
        )
    )
