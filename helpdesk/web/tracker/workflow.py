"""Let administrators say between which statuses each role may move tasks, as a grid of one role.

Forms and programs use the same names: the values of `to_3` are the statuses to which tasks may go from status 3.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, NotFound, Sentence, sentence
from helpdesk.store.tracker import roles, vocabulary
from helpdesk.store.tracker.roles import RoleRow, Transitions
from helpdesk.store.tracker.vocabulary import STATUSES, Word
from helpdesk.web.core.faces import Json, answer, json_response
from helpdesk.web.core.request_data import Fields, an_id, whole
from helpdesk.web.core.services import path_to
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tracker import pages
from helpdesk.web.tracker.pages import Fact, Work

SAVED = sentence("The workflow was saved.")
TO = "to_"


class Grid(NamedTuple):
    """The workflow of one role, with the roles and statuses that there are. Without roles there is none."""

    roles: list[RoleRow]
    statuses: list[Word]
    role: RoleRow | None = None
    moves: Transitions = frozenset()


async def workflow(request: Request) -> Response:
    """Show the grid of the role that the address names, else of the first; a POST saves it."""
    if request.method == "POST":
        return await _save(request)
    grid = await _load(request, request.query_params.get("role", ""))
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(grid.role, grid.moves)),
        page=lambda: _page(request, grid, grid.moves),
    )


@idempotent
async def _save(request: Request) -> Response:
    def prepare(fields: Fields, actor: int) -> Work[tuple[RoleRow, Transitions]]:
        role_id, wanted, mark = whole("role", fields.values.get("role")), moves_of(fields), fields.version()

        def work(db: Session) -> tuple[RoleRow, Transitions]:
            return roles.one(db, role_id), roles.save_transitions(db, role_id, wanted, mark, actor)

        return work

    async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        grid = await _load(request, str(values.get("role") or ""))
        return await _page(request, grid, frozenset(_typed(values)), error)

    return await pages.write(
        request,
        prepare,
        refused=refused,
        json=lambda saved: _to_dict(*saved),
        path=lambda saved: f"{path_to(request, 'tracker:workflow')}?role={saved[0].id}",
        message=SAVED,
    )


def moves_of(fields: Fields) -> Transitions:
    """Read the moves of a body. Raises Invalid for an id that is none."""
    names = [name for name in fields.values if name.startswith(TO)]
    return frozenset((whole(name, name.removeprefix(TO)), new) for name in names for new in pages.ids(fields, name))


def _typed(values: Mapping[str, Any]) -> Iterable[tuple[int, int]]:
    """Yield the moves of a refused form as far as they can be read."""
    for name in values:
        if name.startswith(TO):
            yield from ((an_id(name.removeprefix(TO)), an_id(new)) for new in pages.many(values, name))


async def _load(request: Request, role: str) -> Grid:
    """Read the grid. Raises NotFound for a role that is not there."""

    def read(db: Session) -> Grid:
        grid = Grid(roles.all_roles(db), vocabulary.all_words(db, STATUSES))
        if not grid.roles and not role:
            return grid
        chosen = next((it for it in grid.roles if not role or it.id == an_id(role)), None)
        if chosen is None:
            raise NotFound
        return grid._replace(role=chosen, moves=roles.transitions(db, chosen.id))

    return await pages.load(request, read)


def _to_dict(role: RoleRow | None, moves: Transitions) -> Json:
    listed: dict[str, list[int]] = {}
    for old, new in sorted(moves):
        listed.setdefault(f"{TO}{old}", []).append(new)
    return {"role": role and role.id, **listed, "lock_version": roles.mark_of(moves)}


async def _page(request: Request, grid: Grid, shown: Transitions, error: HelpdeskError | None = None) -> Response:
    theirs = [
        *_facts(sentence("Allowed now"), grid.moves - shown, grid.statuses),
        *_facts(sentence("Not allowed now"), shown - grid.moves, grid.statuses),
    ]
    context = {**grid._asdict(), "shown": shown, "mark": roles.mark_of(grid.moves)}
    return await pages.page(request, "tracker/workflow.html", error, theirs, **context)


def _facts(label: Sentence, moves: Iterable[tuple[int, int]], statuses: list[Word]) -> list[Fact]:
    names = {it.id: it.name for it in statuses}
    return [(label, f"{names[old]} → {names[new]}") for old, new in sorted(moves) if {old, new} <= names.keys()]
