"""Let administrators keep the forms of criteria by which closed tasks are assessed."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.store import assessment_forms
from helpdesk.store.assessment_forms import FormRow
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.quality.assessments import form_input
from helpdesk.web.quality.assessments.form_input import Typed
from helpdesk.web.quality.assessments.sections import html

SAVED = sentence("The form was saved.")
OUTDATED = sentence("Please send the lock_version that you have read.")
LIMITS = {
    "longest_name": assessment_forms.LONGEST_NAME,
    "longest_criterion": assessment_forms.LONGEST_CRITERION,
    "longest_hint": assessment_forms.LONGEST_HINT,
    "most_weight": assessment_forms.MOST_WEIGHT,
    "most_mark": assessment_forms.MOST_MARK,
}


async def index(request: Request) -> Response:
    """List all forms; a POST adds one."""
    if request.method == "POST":
        return await _add(request)
    forms = await services(request).database.run(assessment_forms.all)
    return await answer(
        request,
        json=lambda: json_response(request, {"forms": [to_dict(it) for it in forms]}),
        page=lambda: _page(request, forms, form_input.shown(None)),
    )


async def edit(request: Request) -> Response:
    """Show a form; a POST changes it, unless somebody else has changed it meanwhile."""
    if request.method == "POST":
        return await _change(request)
    form = await _load(request)
    return await answer(
        request,
        json=lambda: json_response(request, to_dict(form)),
        page=lambda: _form(request, form, form_input.shown(form)),
    )


def to_dict(form: FormRow) -> Json:
    """Return a form for programs."""
    criteria = [it._asdict() for it in form.values.criteria]
    named = {"id": form.id, "name": form.values.name, "is_active": form.values.is_active}
    return {**named, "criteria": criteria, "lock_version": str(form.version)}


async def _add(request: Request) -> Response:
    person, fields = await current_user(request), await request_data.read(request)
    try:
        wanted = form_input.read(fields)
        form = await stored(request, lambda db: assessment_forms.add(db, person.id, wanted))
    except Invalid as error:
        refusal, forms = error, await services(request).database.run(assessment_forms.all)
        shown = partial(_page, request, forms, error=refusal)
        return await answer_refusal(request, refusal, page=lambda: shown(form_input.typed(fields)))
    return await _saved(request, form, 201)


async def _change(request: Request) -> Response:
    person, fields = await current_user(request), await request_data.read(request)
    number, known = request_data.path_id(request, "form_id"), request_data.an_id(fields.version() or "")
    try:
        if not known:
            raise request_data.refusal("lock_version", OUTDATED)
        wanted = form_input.read(fields)
        form = await stored(request, lambda db: assessment_forms.change(db, person.id, number, wanted, known))
    except Conflict:
        current = await _load(request)
        refused = Conflict(to_dict(current))
        page = partial(_form, request, current, form_input.typed(fields, current), refused)
        return await answer_refusal(request, refused, page=page)
    except Invalid as error:
        refusal, current = error, await _load(request)
        shown = partial(_form, request, current, error=refusal, version=known or current.version)
        return await answer_refusal(request, refusal, page=lambda: shown(form_input.typed(fields)))
    return await _saved(request, form, 200)


async def _load(request: Request) -> FormRow:
    """Return the form in the address. Raises NotFound."""
    number = request_data.path_id(request, "form_id")
    return await services(request).database.run(lambda db: assessment_forms.one(db, number))


async def _saved(request: Request, form: FormRow, status: int) -> Response:
    body = {"message": translate(request, SAVED), **to_dict(form)}
    address = path_to(request, "quality:form", form_id=form.id)
    return await answer(
        request,
        json=lambda: json_response(request, body, status),
        page=lambda: flash.redirect(request, address, SAVED),
    )


def _page(request: Request, forms: list[FormRow], typed: Typed, error: Invalid | None = None) -> Response:
    status = status_of(error) if error else 200
    return html(request, "forms.html", status, forms=forms, typed=typed, error=error, **LIMITS)


def _form(
    request: Request,
    form: FormRow,
    typed: Typed,
    error: Invalid | Conflict | None = None,
    version: int | None = None,
) -> Response:
    """Show a form with the typed values. After a conflict it has the version that is there now."""
    return html(
        request,
        "form.html",
        status_of(error) if error else 200,
        form=form,
        typed=typed,
        error=error,
        version=version or form.version,
        **LIMITS,
    )
