"""Let administrators say what each role may do, as a grid of permissions."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, sentence
from helpdesk.store.tracker import roles
from helpdesk.store.tracker.roles import PERMISSIONS, RoleRow
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.request_data import Fields, path_id
from helpdesk.web.core.services import path_to
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tracker import pages
from helpdesk.web.tracker.pages import DELETED, Work

LONGEST_NAME = 100
NAMES = {
    "view_all": sentence("see all tasks of the project, who watches them, and the time spent"),
    "create": sentence("create tasks"),
    "edit": sentence("change the priority, the assignee, the details and the custom fields of tasks"),
    "comment": sentence("comment on tasks and attach files"),
    "comment_privately": sentence("write internal comments"),
    "view_private": sentence("read internal comments and see private tasks of others"),
    "edit_own_comments": sentence("edit one's own comments"),
    "edit_comments": sentence("edit all comments"),
    "set_private": sentence("make any task private"),
    "set_own_private": sentence("make one's own tasks private"),
    "assignable": sentence("be an assignee"),
    "delete": sentence("delete tasks"),
}
"""What each permission means."""


async def index(request: Request) -> Response:
    """List the roles; a POST adds one."""
    if request.method == "POST":
        return await _add(request)
    rows = await pages.load(request, roles.all_roles)
    return await answer(
        request,
        json=lambda: json_response(request, {"roles": [pages.to_dict(it) for it in rows]}),
        page=lambda: _list(request),
    )


async def edit(request: Request) -> Response:
    """Show one role in a form; a POST changes it."""
    if request.method == "POST":
        return await _change(request)
    role = await _load(request)
    return await answer(
        request,
        json=lambda: json_response(request, {"role": pages.to_dict(role)}),
        page=lambda: _form(request, role, role._asdict() | {"permissions": list(role.permissions)}),
    )


async def remove(request: Request) -> Response:
    """Delete a role that nobody has."""
    number = path_id(request, "role_id")
    return await pages.write(
        request,
        lambda fields, actor: lambda db: roles.remove(db, number, actor),
        refused=lambda values, error: _list(request, {}, error),
        json=lambda _: {},
        path=lambda _: path_to(request, "tracker:roles"),
        message=DELETED,
    )


@idempotent
async def _add(request: Request) -> Response:
    def prepare(fields: Fields, actor: int) -> Work[RoleRow]:
        wanted = _input(fields, 0)
        return lambda db: roles.add(db, wanted, actor)

    return await pages.write(
        request,
        prepare,
        refused=lambda values, error: _list(request, values, error),
        json=lambda role: {"role": pages.to_dict(role)},
        path=lambda role: path_to(request, "tracker:role", role_id=role.id),
        status=201,
    )


@idempotent
async def _change(request: Request) -> Response:
    number = path_id(request, "role_id")

    async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        return await _form(request, await _load(request), values, error)

    return await pages.write(
        request,
        pages.changing(number, roles.one, _input, roles.change),
        refused=refused,
        json=lambda role: {"role": pages.to_dict(role)},
        path=lambda role: f"{path_to(request, 'tracker:roles')}#role-{role.id}",
    )


def _input(fields: Fields, number: int) -> RoleRow:
    """Read a role. What is left out is not permitted. Raises Invalid."""
    name, chosen = fields.required_text("name", LONGEST_NAME).strip(), fields.all_values("permissions", 100)
    if set(map(str, chosen)) - set(PERMISSIONS):
        raise request_data.refusal("permissions", request_data.NO_CHOICE)
    return RoleRow(number, name, tuple(map(str, chosen)), fields.flag("for_everybody"))


async def _load(request: Request) -> RoleRow:
    number = path_id(request, "role_id")
    return await pages.load(request, lambda db: roles.one(db, number))


async def _list(request: Request, typed: Mapping[str, Any] = {}, error: HelpdeskError | None = None) -> Response:
    def read(db: Session) -> tuple[list[RoleRow], dict[int, int]]:
        return roles.all_roles(db), roles.members(db)

    rows, members = await pages.load(request, read)
    return await pages.page(
        request, "tracker/roles.html", error, roles=rows, members=members, names=NAMES, **_shown(typed)
    )


async def _form(
    request: Request, role: RoleRow, typed: Mapping[str, Any], error: HelpdeskError | None = None
) -> Response:
    held, chosen = set(role.permissions), set(pages.many(typed, "permissions"))
    theirs = pages.differing([
        ((sentence("Name"), role.name), typed.get("name") != role.name),
        *(((sentence("It may"), NAMES[it]), True) for it in PERMISSIONS if it in held - chosen),
        *(((sentence("It may not"), NAMES[it]), True) for it in PERMISSIONS if it in chosen - held),
    ])  # fmt: skip
    context = {"role": role, "mark": pages.mark_of(role), "names": NAMES, **_shown(typed)}
    return await pages.page(request, "tracker/role.html", error, theirs, **context)


def _shown(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {"typed": typed, "chosen": set(pages.many(typed, "permissions"))}
