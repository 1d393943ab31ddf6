"""Do the steps of the first start, each by its own form."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, Sentence, sentence
from helpdesk.people import accounts
from helpdesk.store.registration import Registration
from helpdesk.store.request_categories import CategoryValues
from helpdesk.store.tracker import first_steps, projects
from helpdesk.store.tracker.first_steps import Added
from helpdesk.store.tracker.projects import ProjectRow
from helpdesk.web.admin.people.access import link_of
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import Json, answer, answer_refusal, json_response
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tracker import pages, setup
from helpdesk.web.tracker.pages import Prepare, Work
from helpdesk.web.tracker.projects import read_project

LONGEST_NAME, LONGEST_HINT = 100, 200
MOST_STAFF = 100
PROJECT_MADE = sentence("The project was made.")
SET_MADE = sentence("Statuses, priorities, types, roles and their workflow were made.")
STAFF_CHOSEN = sentence("They work on tasks now.")
NOBODY = sentence("Choose at least one person.")
CATEGORY_MADE = sentence("The category was made.")
ADDED_BEFORE = sentence("The account was added already. A fresh link for its password can be made here.")
FINISHED = sentence("The first steps are finished.")


async def project(request: Request) -> Response:
    """Make the first project, open to everybody unless the form says otherwise."""

    def prepare(fields: Fields, actor: int) -> Work[ProjectRow]:
        wanted = read_project(fields, 0)
        return lambda db: projects.add(db, wanted, actor)

    return await _step(request, "project", prepare, PROJECT_MADE)


async def workflow(request: Request) -> Response:
    """Make a good set of statuses and the like, in the person's language, as far as there is none."""
    names = setup.names(request)
    return await _step(
        request,
        "workflow",
        lambda fields, actor: lambda db: first_steps.make_default_set(db, names, actor),
        SET_MADE,
    )


async def people(request: Request) -> Response:
    """Let the chosen people work on tasks in all projects."""

    def prepare(fields: Fields, actor: int) -> Work[None]:
        chosen = [request_data.whole("person_id", it) for it in fields.all_values("person_id", MOST_STAFF)]
        if not chosen:
            raise request_data.refusal("person_id", NOBODY)
        return lambda db: first_steps.add_staff(db, chosen, actor)

    return await _step(request, "people", prepare, STAFF_CHOSEN)


async def account(request: Request) -> Response:
    """Add an account, and show once the link by which its owner sets a password.

    The link is not in the answer that is stored: who sends the form again is led to the account, which has fresh links.
    """
    response = await _account_once(request)
    added: Added | None = getattr(request.state, "added", None)
    if added is None:
        return response
    link = link_of(request, added.token)
    response = await answer(
        request,
        json=lambda: json_response(request, _to_dict(request, added) | {"link": link}, 201),
        page=lambda: setup.form(request, "people", login=added.login, link=link),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@idempotent
async def _account_once(request: Request) -> Response:
    """Add an account, and keep what is to be shown once beside the answer."""
    fields, person = await request_data.read(request), await current_user(request)
    try:
        wanted, is_staff = _account(fields), fields.flag("is_staff")
        work = partial(first_steps.add_account, account=wanted, is_staff=is_staff, actor_id=person.id)
        request.state.added = added = await stored(request, work)
    except (Invalid, Conflict) as error:
        refusal = error
        return await answer_refusal(
            request, refusal, page=lambda: setup.form(request, "people", fields.values, refusal)
        )
    address = path_to(request, "admin:person", person_id=added.id)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(request, added), 201),
        page=lambda: flash.redirect(request, address, ADDED_BEFORE),
    )


def _to_dict(request: Request, added: Added) -> Json:
    return {"username": added.login, "address": path_to(request, "admin:person", person_id=added.id)}


async def category(request: Request) -> Response:
    """Make the first category of requests."""

    def prepare(fields: Fields, actor: int) -> Work[None]:
        name, hint = fields.required_text("name", LONGEST_NAME).strip(), fields.text("hint", LONGEST_HINT).strip()
        project_id, type_id = fields.number("project_id") or 0, pages.number(fields, "type_id")
        wanted = CategoryValues(name, hint, project_id, type_id, is_active=True)
        return lambda db: first_steps.add_category(db, wanted, actor)

    return await _step(request, "category", prepare, CATEGORY_MADE)


async def finish(request: Request) -> Response:
    """Offer the steps no more."""
    return await pages.write(
        request,
        lambda fields, actor: lambda db: first_steps.finish(db, actor),
        refused=setup.refused(request, ""),
        json=lambda _: {},
        path=lambda _: path_to(request, "home"),
        message=FINISHED,
    )


async def _step(request: Request, step: str, prepare: Prepare[object], message: Sentence) -> Response:
    """Do a step, and lead to the next one that is not done."""
    return await pages.write(
        request,
        prepare,
        refused=setup.refused(request, step),
        json=lambda _: {"step": step},
        path=lambda _: path_to(request, "tracker:setup"),
        message=message,
    )


def _account(fields: Fields) -> Registration:
    """Read an account without a password. Raises Invalid with every wrong field at once."""
    texts = {name: fields.text(name, accounts.LONGEST).strip() for name in ("username", "email", "full_name")}
    if wrong := accounts.mistakes(texts):
        raise Invalid({name: [mistake] for name, mistake in wrong.items()})
    return Registration(texts["username"], texts["email"], texts["full_name"])


async def are_wanted(request: Request) -> bool:
    """Tell whether the first steps are still to be offered; never where the tasks are in Redmine."""
    if services(request).settings.redmine_url is not None:
        return False
    return await pages.load(request, first_steps.are_wanted)
