"""Let administrators arrange the projects: their tree, what each is, and its archive."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, sentence
from helpdesk.store.tracker import projects, roles
from helpdesk.store.tracker.projects import MemberRow, ProjectRow
from helpdesk.store.tracker.roles import RoleRow
from helpdesk.tasks.projects import Project, with_depths
from helpdesk.web.core.faces import Json, answer, json_response
from helpdesk.web.core.request_data import Fields, an_id, clean, page_size, path_id, query_number
from helpdesk.web.core.services import path_to
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tracker import pages
from helpdesk.web.tracker.pages import Fact, Work

LONGEST_NAME, LONGEST_IDENTIFIER, LONGEST_SEARCH = 200, 100, 200
MEMBERS, MOST_MEMBERS = 50, 100
ARCHIVED = sentence("The project was archived. Nobody sees its tasks until it is restored.")
RESTORED = sentence("The project was restored with everything in it.")
NONE = sentence("none")


class Line(NamedTuple):
    """A project in the tree, `depth` projects deep."""

    project: ProjectRow
    depth: int


class Whole(NamedTuple):
    """A project with what its page shows, a page of members at a time.

    `found` are people outside who were searched for, None without a search; the roles of `opened` are in a form.
    """

    project: ProjectRow
    tree: Sequence[Line]
    members: Sequence[MemberRow]
    total: int
    roles: Sequence[RoleRow]
    found: Sequence[MemberRow] | None
    opened: MemberRow | None
    tasks: int
    above_archived: bool


class Shown(NamedTuple):
    """Which members a page shows, and whose roles are opened."""

    search: str = ""
    page: int = 1
    per_page: int = MEMBERS
    opened: int | None = None

    def link(self, **changed: Any) -> str:
        """Return the query of the page with other values; empty for the beginning."""
        values = self._replace(**changed)
        named = {"q": values.search, "page": values.page if values.page > 1 else "", "member": values.opened or ""}
        query = urlencode({name: it for name, it in named.items() if it})
        return f"?{query}" if query else ""


BEGINNING = Shown()


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
    shown = shown_by(request)
    whole = await load(request, shown)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(whole, shown)),
        page=lambda: form(request, whole, shown),
    )


async def archive(request: Request) -> Response:
    """Archive a project, or restore it, as `archived` says."""
    number = path_id(request, "project_id")

    def prepare(fields: Fields, actor: int) -> Work[ProjectRow]:
        archived = fields.flag("archived", default=True)
        return lambda db: projects.archive(db, number, archived, actor)

    async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        return await form(request, await load(request), typed={}, error=error)

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

    async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        return await form(request, await load(request), typed=values, error=error)

    return await pages.write(
        request,
        pages.changing(number, projects.one, read_project, projects.change),
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


def shown_by(request: Request) -> Shown:
    """Read which members an address asks for. Raises Invalid."""
    params = request.query_params
    search, opened = clean("q", params.get("q", ""), LONGEST_SEARCH), params.get("member", "")
    size = page_size(params, MEMBERS, MOST_MEMBERS)
    return Shown(search, query_number(params, "page", 1), size, an_id(opened) if opened else None)


async def load(request: Request, shown: Shown = BEGINNING) -> Whole:
    """Read a project with what its page shows. Raises NotFound."""
    number, search = path_id(request, "project_id"), shown.search

    def read(db: Session) -> Whole:
        project, known = projects.one(db, number), projects.all_projects(db)
        total, offset = projects.count_members(db, number, search), (shown.page - 1) * shown.per_page
        members = projects.members(db, number, search, offset, shown.per_page)
        found = projects.find_people(db, search, outside=number) if search.strip() else None
        opened = None if shown.opened is None else projects.member(db, number, shown.opened)
        own = projects.below(known, number)
        tree = in_tree([it for it in known if it.id not in own and not it.is_archived])
        above = any(it.id == project.parent_id and it.is_archived for it in known)
        tasks = projects.tasks(db).get(number, 0)
        return Whole(project, tree, members, total, roles.all_roles(db), found, opened, tasks, above)

    return await pages.load(request, read)


async def form(
    request: Request,
    whole: Whole,
    shown: Shown = BEGINNING,
    typed: Mapping[str, Any] | None = None,
    error: HelpdeskError | None = None,
    theirs: Sequence[Fact] = (),
) -> Response:
    """Render the page of a project, with what was typed into its form."""
    project = whole.project
    stored = project._asdict() | {"parent_id": str(project.parent_id or "")}
    context = {
        **whole._asdict(),
        "typed": stored if typed is None else typed,
        "mark": pages.mark_of(project),
        "mark_of": pages.mark_of,
        "listed": shown,
        "pages": pages_of(whole.total, shown.per_page),
    }
    return await pages.page(request, "tracker/project.html", error, [*theirs, *_theirs(whole, typed)], **context)


def _to_dict(whole: Whole, shown: Shown) -> Json:
    members = [pages.to_dict(it) for it in whole.members]
    numbers = {"page": shown.page, "per_page": shown.per_page, "total": whole.total}
    pagination = numbers | {"pages": pages_of(whole.total, shown.per_page)}
    return {"project": pages.to_dict(whole.project), "members": members, "pagination": pagination}


def pages_of(count: int, per_page: int) -> int:
    return max(1, -(-count // per_page))


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
    return await pages.page(request, "tracker/projects.html", error, typed=typed or {}, **context)
