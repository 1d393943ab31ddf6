"""Let administrators give people roles in a project, and take them back."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, sentence
from helpdesk.store.tracker import projects
from helpdesk.store.tracker.projects import MemberRow
from helpdesk.web.core import request_data
from helpdesk.web.core.request_data import Fields, path_id
from helpdesk.web.core.services import path_to
from helpdesk.web.tracker import pages
from helpdesk.web.tracker import projects as project_pages
from helpdesk.web.tracker.pages import Fact, Work
from helpdesk.web.tracker.projects import Shown

SAVED = sentence("The roles were saved.")
MEMBER = sentence("Roles now")
NONE = sentence("none")


async def member(request: Request) -> Response:
    """Let a person have exactly the roles that were sent; without any they are no member any more."""
    project_id, person_id = path_id(request, "project_id"), path_id(request, "person_id")
    shown = _shown(await request_data.read(request))

    def prepare(fields: Fields, actor: int) -> Work[MemberRow]:
        role_ids, mark = pages.ids(fields, "role_id"), fields.version()
        return lambda db: projects.set_roles(db, project_id, person_id, role_ids, mark, actor)

    async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        opened = shown._replace(opened=person_id)
        whole = await project_pages.load(request, opened)
        return await project_pages.form(request, whole, opened, None, error, _now(whole))

    return await pages.write(
        request,
        prepare,
        refused=refused,
        json=lambda row: {"member": pages.to_dict(row)},
        path=lambda row: f"{path_to(request, 'tracker:project', project_id=project_id)}{shown.link()}#members",
        message=SAVED,
    )


def _shown(fields: Fields) -> Shown:
    """Read to which page of members a form leads back. Raises Invalid."""
    search, number = fields.text("q", project_pages.LONGEST_SEARCH), pages.number(fields, "page")
    return Shown(search, max(number or 1, 1))


def _now(whole: project_pages.Whole) -> list[Fact]:
    """Return the roles that the person has by now."""
    held = whole.opened.role_ids if whole.opened else ()
    names = [it.name for it in whole.roles if it.id in held]
    return [(MEMBER, ", ".join(names) or NONE)]
