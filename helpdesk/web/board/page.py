"""The board as a page, and as JSON."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import board as store
from helpdesk.store.saved_views import View
from helpdesk.tasks import board
from helpdesk.tasks.board import Column
from helpdesk.tasks.lists import Cards
from helpdesk.tasks.model import Actor
from helpdesk.tasks.phases import Rules
from helpdesk.web.board import card_context
from helpdesk.web.board import query as board_query
from helpdesk.web.core.faces import html
from helpdesk.web.core.navigation import LISTS
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.lists import board_listing, statistics_schemas, statistics_tables
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.filter_form import chips, selects
from helpdesk.web.lists.params import MOST_PER_PAGE
from helpdesk.web.lists.urls import COLUMNS, Listing
from helpdesk.web.tasks import colors
from helpdesk.web.tasks import schemas as task_schemas

LANES = {
    "": sentence("No lanes"),
    "assignee": sentence("By assignee"),
    "project": sentence("By project"),
    "priority": sentence("By priority"),
}
SPOKEN = {
    "taken": sentence("Held: %(card)s. Left and right choose a column, Space drops, Escape puts it back.", card="%s"),
    "dropped": sentence("Moving to: %(column)s.", column="%s"),
    "back": sentence("Put back."),
}


class OfPerson(NamedTuple):
    """The stored part of a board: the rules of its columns, and this person's choices."""

    rules: Rules
    folds: Mapping[int, bool]
    shows_tips: bool


async def kept(request: Request) -> OfPerson:
    person = await current_user(request)

    def work(db: Session) -> OfPerson:
        return OfPerson(colors.phase_rules(db), *store.of_person(db, person.id))

    return await services(request).database.run(work)


async def page(
    request: Request, who: Actor, asked: Listing, found: Cards, kept: OfPerson, saved: list[View]
) -> Response:
    """The whole board with its form, its chips and the person's saved views."""
    words, by = found.vocabulary, board_listing.lanes(asked.also)
    columns, listed = shown(asked, found, kept), _list(request, asked)
    names = await list_page.named(request, who, asked, list_page.people_of(card.row for card in found.cards))
    fields = selects(asked, words, {id: name for id, name in names.items() if id != who.id})
    priorities = [it.id for it in words.priorities]
    context: dict[str, Any] = {
        "asked": asked,
        "columns": columns,
        "lanes": board.lanes(found.cards, by, priorities),
        "lanes_now": by or "",
        "lanes_by": LANES,
        "compact": board_listing.is_compact(asked.also),
        "totals": statistics_tables.totals(board.summary(columns), listed, words.statuses, kept.rules, whole=True),
        "shortened": list_params.shortened(request.query_params),
        "newest": _newest(asked, found),
        "spoken": SPOKEN,
        "tips": kept.shows_tips,
        "chips": chips(asked, words, names | {who.id: (await current_user(request)).full_name}),
        "selects": fields,
        "hidden": asked.kept(*list_page.TYPED, *(field.name for field in fields)),
        "sorted_by": COLUMNS,
        "searches": services(request).backend.capabilities.searches,
        "listed": listed.link(),
        "views": saved,
    }
    context |= _links(request, asked) | await card_context.of_cards(request, by, found.cards)
    return html(request, "board/page.html", **context)


async def one_column(request: Request, asked: Listing, found: Cards, column: Column) -> Response:
    """One column of a board without lanes, as fragments."""
    context: dict[str, Any] = {"column": column, "lane": board.lanes(found.cards, None)[0], "lanes_now": ""}
    context |= _links(request, asked) | await card_context.of_cards(request, None, found.cards, asked.is_newest_first)
    return html(request, "board/_folded.html", **context)


def shown(asked: Listing, found: Cards, kept: OfPerson) -> tuple[Column, ...]:
    """The columns as this person has them."""
    folded = board_query.folded(asked, found.vocabulary, kept.folds)
    return board.columns(board_query.statuses(asked, found.vocabulary), found, kept.rules, folded)


def to_dict(asked: Listing, found: Cards, kept: OfPerson) -> dict[str, Any]:
    """The board for programs; a folded column has its total alone."""
    cards, columns = board.lanes(found.cards, None)[0].cards, shown(asked, found, kept)
    return {
        "summary": statistics_schemas.totals(board.summary(columns)),
        "columns": [
            {
                **task_schemas.named(column.status),
                "phase": column.phase,
                "total": column.total,
                "limit": column.limit,
                "folded": column.folded,
                "tasks": [
                    task_schemas.row(card.row) | {"comments": card.comments} for card in cards.get(column.status.id, ())
                ],
            }
            for column in columns
        ],
    }


def _newest(asked: Listing, found: Cards) -> float | None:
    """When the last of these tasks was changed, for a board that has the newest first."""
    return max((card.row.updated_on.timestamp() for card in found.cards), default=0) if asked.is_newest_first else None


def _links(request: Request, asked: Listing) -> dict[str, Any]:
    """Return the addresses of more cards, and the query of the board."""
    return {
        "longer": lambda column: _longer(request, asked, column),
        "asks": asked.link().removeprefix(asked.path),
    }


def _list(request: Request, asked: Listing) -> Listing:
    """The list that asks the same: one's own if that is what the board shows."""
    mine, every = (path_to(request, name) for name in LISTS[:2])
    return Listing(asked.query, every, False) if asked.query.assignees != ("me",) else Listing(asked.query, mine, True)


def _longer(request: Request, asked: Listing, column: Column) -> str:
    """A board with more cards in each column, for who has no scripts; beyond what it takes, the list of that status."""
    longer = asked.query.per_page + board_query.MORE
    if longer <= MOST_PER_PAGE:
        return asked.link(per_page=longer)
    return _list(request, asked).link(status_ids=(column.status.id,), per_page=MOST_PER_PAGE)
