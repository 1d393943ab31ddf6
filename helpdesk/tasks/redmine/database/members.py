"""Who works in a project."""

import sqlalchemy as sa

from helpdesk.errors import NotFound
from helpdesk.tasks import projects
from helpdesk.tasks.projects import ProjectMember
from helpdesk.tasks.redmine.database import persons
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.reading import Reading


def members(read: Reading, project_id: int) -> tuple[ProjectMember, ...]:
    """Raises NotFound. Source: MembersController#index; who has no role in a membership is a member nevertheless."""
    if not read.sight.sees_members(project_id):
        raise NotFound
    found = read.db.execute(_MEMBERS, {"project": project_id})
    return projects.members(
        (row.id, persons.name(persons.Named(*row[: len(persons.NAMED)]), read.style), row.role) for row in found
    )


_MEMBERS = (
    sa.select(*persons.NAMED, t.roles.c.name.label("role"))
    .join(t.members, t.members.c.user_id == t.users.c.id)
    .outerjoin(t.member_roles, t.member_roles.c.member_id == t.members.c.id)
    .outerjoin(t.roles, t.roles.c.id == t.member_roles.c.role_id)
    .where(t.members.c.project_id == sa.bindparam("project"), t.users.c.type == "User")
    .order_by(t.roles.c.position)
)
