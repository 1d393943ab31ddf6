"""List accounts for administrators: found by words, narrowed, sorted, a page at a time. Make local ones."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.people import accounts
from helpdesk.store import account_acts, account_search, people
from helpdesk.store.account_search import PER_PAGE, AccountPage, AccountQuery
from helpdesk.store.registration import LOGIN_TAKEN, Registration
from helpdesk.store.rights import is_named
from helpdesk.web.admin.people import access, person
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, json_response
from helpdesk.web.core.services import path_to, services

LONGEST = 100
"""The most characters of a search that count."""
FILTERS = {
    "": sentence("all"),
    "administrators": sentence("administrators"),
    "disabled": sentence("disabled"),
    "blocked": sentence("blocked by a directory"),
    "never": sentence("never signed in"),
    "joined": sentence("joined into others"),
}
SORTS = {
    "name": sentence("Full name"),
    "login": sentence("Login"),
    "last_seen": sentence("Last seen"),
    "created_at": sentence("Made"),
}
NEW_FIELDS = ("username", "full_name", "email")


async def index(request: Request) -> Response:
    """List the accounts that are looked for. Raises Invalid for a choice that there is not."""
    query, named = _query(request), services(request).settings.administrators or ()
    page = await services(request).database.run(lambda db: account_search.find(db, query, named))
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(query, page)),
        page=lambda: _page(request, query, page),
    )


async def new(request: Request) -> Response:
    """Show the form of a new local account; a POST makes it and shows the link by which its person sets a password."""
    if request.method != "POST":
        return _form(request, {})
    fields = await request_data.read(request)
    try:
        account = _account(fields)
        number, token = await stored(request, lambda db: account_acts.add_with_link(db, account))
    except Invalid as error:
        is_taken = LOGIN_TAKEN in error.fields.get("username", ())
        existing = await _existing(request, fields.text("username")) if is_taken else None
        return await answer_refusal(
            request, error, page=partial(_form, request, fields.values, error, existing=existing)
        )
    link = access.link_of(request, token)
    made = {"id": number, "login": account.login, "link": link}
    response = await answer(
        request,
        json=lambda: json_response(request, made, 201),
        page=lambda: _form(request, {}, made=made),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def _existing(request: Request, login: str) -> int | None:
    """Return the local account with this login: a form that is sent twice has made it, and its link was not seen."""
    rows = await services(request).database.run(lambda db: people.with_login(db, login.strip(), "local"))
    return rows[0].id if rows else None


def _query(request: Request) -> AccountQuery:
    params = request.query_params
    only, sort = params.get("only", ""), params.get("sort") or "name"
    if only not in FILTERS:
        raise request_data.refusal("only", request_data.NO_CHOICE)
    if sort not in SORTS:
        raise request_data.refusal("sort", request_data.NO_CHOICE)
    words = request_data.clean("q", params.get("q", "")[:LONGEST])
    return AccountQuery(words, only, sort, request_data.query_number(params, "page", 1))


def _page(request: Request, query: AccountQuery, page: AccountPage) -> Response:
    named = services(request).settings.administrators

    def link(**changed: Any) -> str:
        """Return the address of the list with other parameters."""
        values = {"q": query.text, "only": query.only, "sort": query.sort, "page": 1, **changed}
        usual = {"sort": "name", "page": 1}
        kept = {name: value for name, value in values.items() if value and value != usual.get(name)}
        return path_to(request, "admin:people") + (f"?{urlencode(kept)}" if kept else "")

    context: dict[str, Any] = {
        "filters": FILTERS,
        "sorts": SORTS,
        "is_named": lambda row: is_named(named, row.source, row.login),
    }
    return section_page(request, "admin/people.html", query=query, page=page, link=link, **context)


def _to_dict(query: AccountQuery, page: AccountPage) -> Json:
    counts = {"page": query.page, "per_page": PER_PAGE, "total": page.total, "pages": page.pages}
    return {"people": [person.summary(row, held) for row, held in page.rows], "pagination": counts}


def _account(fields: request_data.Fields) -> Registration:
    """Read a new account. Raises Invalid with every mistake at once; the e-mail may be left out."""
    typed = {name: fields.text(name, accounts.LIMITS[name]).strip() for name in NEW_FIELDS}
    entered = {name: text for name, text in typed.items() if text or name != "email"}
    if wrong := accounts.mistakes(entered):
        raise Invalid({name: [message] for name, message in wrong.items()})
    return Registration(typed["username"], typed["email"], typed["full_name"])


def _form(
    request: Request,
    typed: Mapping[str, Any],
    error: Invalid | None = None,
    made: Mapping[str, Any] | None = None,
    existing: int | None = None,
) -> Response:
    status = status_of(error) if error else 201 if made else 200
    labels: Mapping[str, Sentence] = {
        "username": sentence("Login"),
        "full_name": sentence("Full name"),
        "email": sentence("E-mail"),
    }
    context: dict[str, Any] = {"labels": labels, "limits": accounts.LIMITS, "made": made, "existing": existing}
    context |= {"has_redmine": bool(services(request).settings.redmine_url)}
    return section_page(request, "admin/new_person.html", status, typed=typed, error=error, **context)
