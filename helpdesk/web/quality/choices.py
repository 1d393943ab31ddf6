"""Let administrators choose what quality control counts: the trackers of each kind, and the fields that say what about.

Forms and programs use the names of the roles: `complaint` with one id or several, `object` with one.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, Sentence, sentence
from helpdesk.quality.model import FIELD_NAMES, KIND_NAMES, Numbers, QualityChoices, chosen
from helpdesk.store import quality_choices
from helpdesk.web.core import flash, request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.services import path_to
from helpdesk.web.core.templating import translate
from helpdesk.web.quality import desk as desks
from helpdesk.web.quality.desk import Desk

SAVED = sentence("The choice was saved.")
MOST = 50
"""As many types are chosen for a kind at most."""
TWICE = sentence("This is chosen for something else already.")
Refusal = Invalid | Conflict


async def choices(request: Request) -> Response:
    """Show what counts as what; a POST changes it, unless somebody else has changed it meanwhile."""
    if request.method == "POST":
        return await _change(request)
    desk = await desks.desk_of(request)
    version = quality_choices.version(await desk.quality.numbers())
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(desk.choices, version)),
        page=lambda: _page(request, desk, desk.choices.numbers()),
    )


async def _change(request: Request) -> Response:
    person, fields = (await session.required(request)).person, await request_data.read(request)
    desk = await desks.desk_of(request)
    typed = _typed(fields)
    try:
        wanted = _checked(typed, desk)
        await stored(request, lambda db: quality_choices.save(db, person.id, wanted, fields.version()))
    except (Invalid, Conflict) as error:
        return await answer_refusal(request, error, page=partial(_page, request, desk, typed, error))
    saved = chosen(wanted or desk.quality.given, desk.quality.projects)
    body = {"message": translate(request, SAVED), **_to_dict(saved, quality_choices.version(wanted))}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: flash.redirect(request, path_to(request, "quality:choices"), SAVED),
    )


def _typed(fields: request_data.Fields) -> Numbers:
    """Return the ids of a body by their roles. Raises Invalid for anything else than ids."""
    found: dict[str, tuple[int, ...]] = {}
    for role in (*KIND_NAMES, *FIELD_NAMES):
        given = [it for it in fields.all_values(role, MOST) if it not in ("", None)]
        ids = tuple(dict.fromkeys(request_data.an_id(str(it)) for it in given))
        if request_data.NO_ID in ids:
            raise request_data.refusal(role, request_data.NO_CHOICE)
        if ids:
            found[role] = ids
    return found


def _checked(typed: Numbers, desk: Desk) -> Numbers:
    """Return the ids, each of which exists or was chosen before, and has one role. Raises Invalid."""
    kept, offered = desk.choices.numbers(), desk.offered
    known = {it.id for it in offered.vocabulary.trackers}, {it.id for it in offered.fields}
    wrong: dict[str, Sequence[Sentence]] = {}
    for roles, there in zip((KIND_NAMES, FIELD_NAMES), known, strict=True):
        taken: set[int] = set()
        for role in roles:
            ids = set(typed.get(role, ()))
            if not ids <= there | set(kept.get(role, ())) or (roles is FIELD_NAMES and len(ids) > 1):
                wrong[role] = [request_data.NO_CHOICE]
            elif ids & taken:
                wrong[role] = [TWICE]
            taken |= ids
    if wrong:
        raise Invalid(wrong)
    return typed


def _to_dict(choices: QualityChoices, version: str) -> dict[str, Any]:
    kinds = {kind: list(ids) for kind, ids in choices.kinds.items()}
    return {"kinds": kinds, "fields": dict(choices.fields), "projects": list(choices.projects), "lock_version": version}


async def _page(request: Request, desk: Desk, typed: Numbers, error: Refusal | None = None) -> Response:
    """Show the form with the typed ids. After a conflict it has the version that is there now."""
    kept = await desk.quality.numbers()
    return html(
        request,
        "quality/choices.html",
        status_of(error) if error else 200,
        **desks.context(request, desk, await session.required(request)),
        typed=typed,
        kept=kept,
        version=quality_choices.version(kept),
        error=error,
    )
