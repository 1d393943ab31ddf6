"""Choose the columns of lists and the height of their rows. The browser keeps the choice, as it keeps its colours."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence
from helpdesk.web.core import flash, request_data, session
from helpdesk.web.core.faces import Json, answer, html, json_response
from helpdesk.web.core.navigation import safe_path
from helpdesk.web.core.services import path_to
from helpdesk.web.lists.urls import COLUMNS, LABELS

COOKIE = "columns"
DENSE = "dense"
OPTIONAL: dict[str, Sentence] = {
    "author": COLUMNS["author"],
    "project": COLUMNS["project"],
    "tracker": LABELS["tracker"],
    "due_date": COLUMNS["due_date"],
    "created_on": COLUMNS["created_on"],
    "updated_on": COLUMNS["updated_on"],
    "assigned_to": COLUMNS["assigned_to"],
}
"""The columns that may be left out, in their order. Number, priority, subject and status are in every list."""


class Layout(NamedTuple):
    """The optional columns of a list, and whether its rows are low."""

    columns: tuple[str, ...] = ("author", "project", "due_date", "updated_on", "assigned_to")
    is_dense: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """Return all columns of the table; the requester stands beside the subject."""
        return ("id", "priority", "subject", "status", *(it for it in self.columns if it != "author"))


def of_request(request: Request) -> Layout:
    """Return the choice of this browser; the usual layout when there is none."""
    chosen = session.cookie(request, COOKIE)
    return _layout(chosen.split(".")) if chosen else Layout()


async def layout(request: Request) -> Response:
    """Show the form of the layout, as a page or above the list; a POST saves it, or takes the usual one again."""
    if request.method == "POST":
        return await _save(request)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(of_request(request))),
        page=lambda: _form(request, "lists/layout.html"),
        fragment=lambda: _form(request, "lists/_layout.html"),
    )


async def _save(request: Request) -> Response:
    fields = await request_data.read(request)
    names = [str(it) for it in fields.all_values("columns", len(OPTIONAL))]
    chosen = Layout() if fields.flag("usual") else _layout([*names, *([DENSE] if fields.flag(DENSE) else [])])
    response = await answer(
        request,
        json=lambda: json_response(request, _to_dict(chosen)),
        page=lambda: flash.redirect(
            request, fields.next_path() or path_to(request, "tasks:my_tasks"), flash.CHOICE_SAVED
        ),
    )
    value = ".".join(["id", *chosen.columns, *([DENSE] if chosen.is_dense else [])])
    session.keep_choice(response, COOKIE, "" if chosen == Layout() else value)
    return response


def _layout(names: list[str]) -> Layout:
    return Layout(tuple(it for it in OPTIONAL if it in names), DENSE in names)


def _form(request: Request, template: str) -> Response:
    back = safe_path(request.query_params.get("next", "")) or path_to(request, "tasks:my_tasks")
    return html(request, template, layout=of_request(request), optional=OPTIONAL, back=back)


def _to_dict(layout: Layout) -> Json:
    return {"columns": list(layout.columns), "dense": layout.is_dense}
