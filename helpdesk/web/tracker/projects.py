"""Let administrators arrange the projects: their tree, what each is, and its archive."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, sentence
from helpdesk.store.tracker import projects, roles
from helpdesk.store.tracker.projects import MemberRow, ProjectRow
from helpdesk.store.tracker.roles import RoleRow
from helpdesk.tasks.projects import Project, with_depths
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.request_data import Fields, clean, path_id
from helpdesk.web.core.services import path_to
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tracker import pages
from helpdesk.web.tracker.pages import Fact, Work

LONGEST_NAME, LONGEST_IDENTIFIER, LONGEST_SEARCH = 200, 100, 200
ARCHIVED = sentence("The project was archived. Nobody sees its tasks until it is restored.")
RESTORED = sentence("The project was restored with everything in it.")
NONE = sentence("none")


class Line(NamedTuple):
    """A project in the tree, `depth` projects deep."""

    project: ProjectRow
    depth: int


class Whole(NamedTuple):
    """A project with what its page shows. `found` are people who were searched for, None without a search."""

    project: ProjectRow
    tree: Sequence[Line]
    members: Sequence[MemberRow]
    roles: Sequence[RoleRow]
    found: Sequence[MemberRow] | None
    tasks: int
    above_archived: bool


async def index(request: Request) -> Response:
    """Show the tree of projects; a POST adds one."""
    if request.method == "POST":
        return await _add(request)
    rows = await pages.load(request, projects.all_projects)
    return await answer(
        request,
        json=lambda: json_response(request, {"projects": [pages.to_dict(it.project) for it in in_tree(rows)]}),
        page=lambda: _list(request),
    )


async def edit(request: Request) -> Response:
    """Show one project with its members; a POST changes it."""
    if request.method == "POST":
        return await _change(request)
    whole = await load(request)
    members = [pages.to_dict(it) for it in whole.members]
    return await answer(
        request,
        json=lambda: json_response(request, {"project": pages.to_dict(whole.project), "members": members}),
        page=lambda: form(request, whole),
    )


async def archive(request: Request) -> Response:
    """Archive a project, or restore it, as `archived` says."""
    number = path_id(request, "project_id")

    def prepare(fields: Fields, actor: int) -> Work[ProjectRow]:
        archived = fields.flag("archived", default=True)
        return lambda db: projects.archive(db, number, archived, actor)

    async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        return form(request, await load(request), {}, error)

    before = await pages.load(request, lambda db: projects.one(db, number))
    return await pages.write(
        request,
        prepare,
        refused=refused,
        json=lambda project: {"project": pages.to_dict(project)},
        path=lambda project: path_to(request, "tracker:project", project_id=project.id),
        message=RESTORED if before.is_archived else ARCHIVED,
    )


@idempotent
async def _add(request: Request) -> Response:
    def prepare(fields: Fields, actor: int) -> Work[ProjectRow]:
        wanted = read_project(fields.over({"members_only": True}), 0)
        return lambda db: projects.add(db, wanted, actor)

    return await pages.write(
        request,
        prepare,
        refused=lambda values, error: _list(request, values, error),
        json=lambda project: {"project": pages.to_dict(project)},
        path=lambda project: path_to(request, "tracker:project", project_id=project.id),
        status=201,
    )


@idempotent
async def _change(request: Request) -> Response:
    number = path_id(request, "project_id")

    def prepare(fields: Fields, actor: int) -> Work[ProjectRow]:
        mark = fields.version()

        def work(db: Session) -> ProjectRow:
            wanted = read_project(pages.over_stored(db, fields, lambda db: projects.one(db, number)), number)
            return projects.change(db, wanted, mark, actor)

        return work

    async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        return form(request, await load(request), values, error)

    return await pages.write(
        request,
        prepare,
        refused=refused,
        json=lambda project: {"project": pages.to_dict(project)},
        path=lambda project: path_to(request, "tracker:project", project_id=project.id),
    )


def read_project(fields: Fields, number: int) -> ProjectRow:
    """Read a project. What is left out is no, or nothing. Raises Invalid."""
    return ProjectRow(
        number,
        fields.required_text("name", LONGEST_NAME).strip(),
        fields.text("identifier", LONGEST_IDENTIFIER).strip(),
        fields.text("description").strip(),
        pages.number(fields, "parent_id"),
        fields.flag("members_only"),
    )


def in_tree(rows: Sequence[ProjectRow]) -> list[Line]:
    """Return projects in the order of their tree."""
    known = {it.id: it for it in rows}
    tree = with_depths(Project(it.id, it.name, parent_id=it.parent_id) for it in rows)
    return [Line(known[project.id], depth) for project, depth in tree]


async def load(request: Request) -> Whole:
    """Read a project with what its page shows. Raises NotFound."""
    number, search = path_id(request, "project_id"), clean("q", request.query_params.get("q", ""), LONGEST_SEARCH)

    def read(db: Session) -> Whole:
        project, known = projects.one(db, number), projects.all_projects(db)
        members = projects.members(db, number)
        held = {it.id for it in members}
        found = [it for it in projects.find_people(db, search) if it.id not in held] if search.strip() else None
        own = projects.below(known, number)
        tree = in_tree([it for it in known if it.id not in own and not it.is_archived])
        above = any(it.id == project.parent_id and it.is_archived for it in known)
        return Whole(project, tree, members, roles.all_roles(db), found, projects.tasks(db).get(number, 0), above)

    return await pages.load(request, read)


def form(
    request: Request,
    whole: Whole,
    typed: Mapping[str, Any] | None = None,
    error: HelpdeskError | None = None,
    theirs: Sequence[Fact] = (),
) -> Response:
    """Render the page of a project, with what was typed into its form."""
    project = whole.project
    shown = project._asdict() | {"parent_id": str(project.parent_id or "")} if typed is None else typed
    context = {
        **whole._asdict(),
        "typed": shown,
        "mark": pages.mark_of(project),
        "mark_of": pages.mark_of,
        "searched": request.query_params.get("q", ""),
    }
    return pages.page(request, "tracker/project.html", error, [*theirs, *_theirs(whole, typed)], **context)


def _theirs(whole: Whole, typed: Mapping[str, Any] | None) -> list[Fact]:
    """Return what is stored of a project as far as it differs from what was typed."""
    if not typed:
        return []
    project = whole.project
    above = next((it.project.name for it in whole.tree if it.project.id == project.parent_id), None)
    return pages.differing([
        ((sentence("Name"), project.name), typed.get("name") != project.name),
        ((sentence("Identifier"), project.identifier), typed.get("identifier") != project.identifier),
        ((sentence("Description"), project.description or NONE), typed.get("description") != project.description),
        ((sentence("Project above"), above or NONE), str(typed.get("parent_id") or "") != str(project.parent_id or "")),
    ])  # fmt: skip


async def _list(
    request: Request, typed: Mapping[str, Any] | None = None, error: HelpdeskError | None = None
) -> Response:
    def read(db: Session) -> dict[str, Any]:
        return {"tree": in_tree(projects.all_projects(db)), "tasks": projects.tasks(db)}

    context = await pages.load(request, read)
    return pages.page(request, "tracker/projects.html", error, typed=typed or {}, **context)
