"""Let administrators arrange custom fields: what they hold, and which tasks have them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.store.tracker import custom_fields, projects, vocabulary
from helpdesk.store.tracker.custom_fields import FieldRow
from helpdesk.store.tracker.vocabulary import TYPES
from helpdesk.tasks.fields import CustomField, Kind, Option, fault, in_normal_form
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.request_data import Fields, path_id, refusal
from helpdesk.web.core.services import path_to
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tracker import pages
from helpdesk.web.tracker.pages import DELETED, Work

LONGEST_NAME, LONGEST_HINT, LONGEST_OPTION = 100, 200, 255
MOST_OPTIONS = 500
KINDS: dict[Kind, Sentence] = {
    "text": sentence("a line of text"),
    "long_text": sentence("a long text"),
    "integer": sentence("a whole number"),
    "decimal": sentence("a number"),
    "date": sentence("a day"),
    "yes_no": sentence("yes or no"),
    "list": sentence("a choice from a list"),
    "link": sentence("a link"),
}
"""What each kind holds."""
NO_OPTIONS = sentence("A list needs at least one value, each on a line of its own.")
TWICE = sentence("The value “%(value)s” is there twice.")
ONE_LINE = sentence("Each value is one line.")
LABELS = {
    "name": sentence("Name"),
    "kind": sentence("It holds"),
    "options": sentence("Values of the list"),
    "default": sentence("Value of new tasks"),
    "hint": sentence("Hint beside the field"),
    "position": sentence("Place in the list"),
}


async def index(request: Request) -> Response:
    """List the custom fields; a POST adds one."""
    if request.method == "POST":
        return await _add(request)
    rows = await pages.load(request, custom_fields.all_fields)
    return await answer(
        request,
        json=lambda: json_response(request, {"fields": [pages.to_dict(it) for it in rows]}),
        page=lambda: _list(request),
    )


async def edit(request: Request) -> Response:
    """Show one custom field in a form; a POST changes it."""
    if request.method == "POST":
        return await _change(request)
    field = await _load(request)
    return await answer(
        request,
        json=lambda: json_response(request, {"field": pages.to_dict(field)}),
        page=lambda: _form(request, field, _as_typed(field)),
    )


async def remove(request: Request) -> Response:
    """Delete a custom field that no task has a value of."""
    number = path_id(request, "field_id")
    return await pages.write(
        request,
        lambda fields, actor: lambda db: custom_fields.remove(db, number, actor),
        refused=lambda values, error: _list(request, {}, error),
        json=lambda _: {},
        path=lambda _: path_to(request, "tracker:fields"),
        message=DELETED,
    )


@idempotent
async def _add(request: Request) -> Response:
    def prepare(fields: Fields, actor: int) -> Work[FieldRow]:
        wanted = read_field(fields, 0)
        return lambda db: custom_fields.add(db, wanted, actor)

    return await pages.write(
        request,
        prepare,
        refused=lambda values, error: _list(request, values, error),
        json=lambda field: {"field": pages.to_dict(field)},
        path=lambda field: f"{path_to(request, 'tracker:fields')}#field-{field.id}",
        status=201,
    )


@idempotent
async def _change(request: Request) -> Response:
    number = path_id(request, "field_id")

    async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        return await _form(request, await _load(request), values, error)

    return await pages.write(
        request,
        pages.changing(number, custom_fields.one, read_field, custom_fields.change),
        refused=refused,
        json=lambda field: {"field": pages.to_dict(field)},
        path=lambda field: f"{path_to(request, 'tracker:fields')}#field-{field.id}",
    )


def read_field(fields: Fields, number: int) -> FieldRow:
    """Read a custom field. What is left out is no, or nothing. Raises Invalid."""
    name, kind = fields.required_text("name", LONGEST_NAME).strip(), fields.values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise refusal("kind", request_data.NO_CHOICE)
    is_list = kind == "list"
    row = FieldRow(
        number,
        name,
        kind,
        pages.place_of(fields) or 1,
        pages.number(fields, "project_id"),
        pages.number(fields, "type_id"),
        options=_options(fields) if is_list else (),
        multiple=is_list and fields.flag("multiple"),
        required=fields.flag("required"),
        hint=fields.text("hint", LONGEST_HINT).strip(),
    )
    return row._replace(default=_default(fields, row))


def _options(fields: Fields) -> tuple[str, ...]:
    """Read the values of a list. Raises Invalid for none, for too many, and for one that is there twice."""
    options = _lines(fields, "options")
    if not options:
        raise refusal("options", NO_OPTIONS)
    if len(options) > MOST_OPTIONS:
        raise refusal("options", request_data.too_many(MOST_OPTIONS))
    twice = next((it for place, it in enumerate(options) if it in options[:place]), None)
    if twice is not None:
        raise refusal("options", TWICE._replace(values={"value": twice}))
    return options


def _default(fields: Fields, row: FieldRow) -> tuple[str, ...]:
    """Read the value that new tasks get. Raises Invalid for one that the field can't have."""
    field = CustomField(
        row.id,
        row.name,
        cast(Kind, row.kind),
        tuple(Option(it, it) for it in row.options),
        multiple=row.multiple,
    )
    value = in_normal_form(field, _lines(fields, "default"))
    if (wrong := fault(field, value)) and value:
        raise refusal("default", wrong)
    return value


def _lines(fields: Fields, name: str) -> tuple[str, ...]:
    """Read texts, one a line in a form, in a list from a program. Raises Invalid."""
    value = fields.values.get(name)
    texts: Sequence[Any] = value if isinstance(value, list) else fields.text(name).splitlines()
    if any(not isinstance(it, str) or len(it.splitlines()) > 1 for it in texts):
        raise refusal(name, ONE_LINE)
    lines = (request_data.clean(name, it.strip(), LONGEST_OPTION) for it in texts)
    return tuple(it for it in lines if it)


async def _load(request: Request) -> FieldRow:
    number = path_id(request, "field_id")
    return await pages.load(request, lambda db: custom_fields.one(db, number))


async def _list(request: Request, typed: Mapping[str, Any] = {}, error: HelpdeskError | None = None) -> Response:
    def read(db: Session) -> dict[str, Any]:
        return {"fields": custom_fields.all_fields(db), "used": custom_fields.used_by(db), **_choices(db)}

    context = await pages.load(request, read)
    return await pages.page(request, "tracker/fields.html", error, **context, typed=_texts(typed))


async def _form(
    request: Request, field: FieldRow, typed: Mapping[str, Any], error: HelpdeskError | None = None
) -> Response:
    shown, now, texts = _as_typed(field), _words(field), _texts(typed)
    theirs = pages.differing([((LABELS[it], now[it]), texts.get(it) != shown[it]) for it in LABELS])
    choices = await pages.load(request, lambda db: _choices(db, field.project_id))
    used = (await pages.load(request, custom_fields.used_by)).get(field.id, 0)
    context = {"field": field, "mark": pages.mark_of(field), "typed": texts, "used": used, **choices}
    return await pages.page(request, "tracker/field.html", error, theirs, **context)


def _choices(db: Session, own_id: int | None = None) -> dict[str, Any]:
    """Return what a form offers: also the field's own project when it is archived, or saving would take it away."""
    known = [it for it in projects.all_projects(db) if not it.is_archived or it.id == own_id]
    return {"kinds": KINDS, "projects": known, "types": vocabulary.all_words(db, TYPES)}


def _as_typed(field: FieldRow) -> dict[str, Any]:
    """Return a field as its form shows it."""
    only = {"project_id": str(field.project_id or ""), "type_id": str(field.type_id or "")}
    lines = {"options": "\n".join(field.options), "default": "\n".join(field.default)}
    return {**field._asdict(), **only, **lines, "position": str(field.position)}


def _texts(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "\n".join(map(str, it)) if isinstance(it, list) else it for name, it in typed.items()}


def _words(field: FieldRow) -> dict[str, str | Sentence]:
    lists = {"options": ", ".join(field.options), "default": ", ".join(field.default)}
    kind = KINDS.get(cast(Kind, field.kind), Sentence(field.kind))
    return {**lists, "name": field.name, "kind": kind, "hint": field.hint, "position": str(field.position)}
