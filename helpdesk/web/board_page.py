"""The board as a page, and as JSON."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import board as store
from helpdesk.store.views import View
from helpdesk.tasks import board
from helpdesk.tasks.board import Column, Rule
from helpdesk.tasks.cards import Cards
from helpdesk.tasks.model import Actor
from helpdesk.web import board_address, card_looks, list_page
from helpdesk.web.api import shapes
from helpdesk.web.keeping import person_here
from helpdesk.web.list_inputs import MOST_PER_PAGE
from helpdesk.web.listing import COLUMNS, LISTS, Listing
from helpdesk.web.narrowing import chips, selects
from helpdesk.web.rendering import html, path_to, services

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
    """What we keep of the board: the rules of its columns, and what this person chose."""

    rules: Mapping[int, Rule]
    folds: Mapping[int, bool]
    shows_tips: bool


async def kept(request: Request) -> OfPerson:
    person = await person_here(request)

    def work(db: Session) -> OfPerson:
        rules = {id: Rule(it.phase, it.wip_limit) for id, it in store.columns(db).items()}
        return OfPerson(rules, *store.of_person(db, person.id))

    return await services(request).database.run(work)


async def page(
    request: Request, who: Actor, asked: Listing, found: Cards, kept: OfPerson, saved: list[View]
) -> Response:
    """The whole board with its form, its chips and the person's saved views."""
    words, by = found.words, board_address.lanes(asked.also)
    columns = shown(asked, found, kept)
    names = await list_page.named(request, who, asked, list_page.people_of(card.row for card in found.cards))
    fields = selects(asked, words, {id: name for id, name in names.items() if id != who.id})
    priorities = [it.id for it in words.priorities]
    told: dict[str, Any] = {
        "asked": asked,
        "columns": columns,
        "lanes": board.lanes(found.cards, by, priorities),
        "lanes_now": by or "",
        "lanes_by": LANES,
        "compact": board_address.is_compact(asked.also),
        "phases": board.phases(columns),
        "newest": _newest(asked, found),
        "spoken": SPOKEN,
        "tips": kept.shows_tips,
        "chips": chips(asked, words, names | {who.id: (await person_here(request)).full_name}),
        "selects": fields,
        "hidden": asked.kept(*list_page.TYPED, *(field.name for field in fields)),
        "sorted_by": COLUMNS,
        "searches": services(request).tracker.capabilities.searches,
        "listed": _list(request, asked).link(),
        "views": saved,
    }
    told |= _links(request, asked) | await card_looks.looks(request, by, found.cards)
    return html(request, "board/page.html", **told)


async def one_column(request: Request, asked: Listing, found: Cards, column: Column) -> Response:
    """One column of a board without lanes, as fragments."""
    told: dict[str, Any] = {"column": column, "lane": board.lanes(found.cards, None)[0], "lanes_now": ""}
    told |= _links(request, asked) | await card_looks.looks(request, None, found.cards, asked.is_newest_first)
    return html(request, "board/_folded.html", **told)


def shown(asked: Listing, found: Cards, kept: OfPerson) -> tuple[Column, ...]:
    """The columns as this person has them."""
    folded = board_address.folded(asked, found.words, kept.folds)
    return board.columns(board_address.statuses(asked, found.words), found, kept.rules, folded)


def shape(asked: Listing, found: Cards, kept: OfPerson) -> dict[str, Any]:
    """The board for programs; a folded column has its total alone."""
    cards = board.lanes(found.cards, None)[0].cards
    return {
        "columns": [
            {
                **shapes.named(column.status),
                "phase": column.phase,
                "total": column.total,
                "limit": column.limit,
                "folded": column.folded,
                "tasks": [
                    shapes.row(card.row) | {"comments": card.comments} for card in cards.get(column.status.id, ())
                ],
            }
            for column in shown(asked, found, kept)
        ]
    }


def _newest(asked: Listing, found: Cards) -> float | None:
    """When the last of these tasks was changed, for a board that has the newest first."""
    return max((card.row.updated_on.timestamp() for card in found.cards), default=0) if asked.is_newest_first else None


def _links(request: Request, asked: Listing) -> dict[str, Any]:
    """Where more cards of a column are, and what the board asks for."""
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
    longer = asked.query.per_page + board_address.MORE
    if longer <= MOST_PER_PAGE:
        return asked.link(per_page=longer)
    return _list(request, asked).link(status_ids=(column.status.id,), per_page=MOST_PER_PAGE)
