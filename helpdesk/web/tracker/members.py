"""Let administrators give people roles in a project, and take them back."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, sentence
from helpdesk.store.tracker import projects
from helpdesk.store.tracker.projects import MemberRow
from helpdesk.web.core.request_data import Fields, path_id
from helpdesk.web.core.services import path_to
from helpdesk.web.tracker import pages
from helpdesk.web.tracker import projects as project_pages
from helpdesk.web.tracker.pages import Fact, Work

SAVED = sentence("The roles were saved.")
MEMBER = sentence("Roles now")
NONE = sentence("none")


async def member(request: Request) -> Response:
    """Let a person have exactly the roles that were sent; without any they are no member any more."""
    project_id, person_id = path_id(request, "project_id"), path_id(request, "person_id")

    def prepare(fields: Fields, actor: int) -> Work[MemberRow]:
        role_ids, mark = pages.ids(fields, "role_id"), fields.version()
        return lambda db: projects.set_roles(db, project_id, person_id, role_ids, mark, actor)

    async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        whole = await project_pages.load(request)
        return project_pages.form(request, whole, None, error, _now(whole, person_id))

    return await pages.write(
        request,
        prepare,
        refused=refused,
        json=lambda row: {"member": pages.to_dict(row)},
        path=lambda row: f"{path_to(request, 'tracker:project', project_id=project_id)}#member-{row.id}",
        message=SAVED,
    )


def _now(whole: project_pages.Whole, person_id: int) -> list[Fact]:
    """Return the roles that the person has by now."""
    row = next((it for it in whole.members if it.id == person_id), None)
    names = [it.name for it in whole.roles if row and it.id in row.role_ids]
    return [(MEMBER, ", ".join(names) or NONE)]
