"""Render the board as a page, as JSON, and as the fragments that keep an open board up to date."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.promises.service import Clocks
from helpdesk.store import board as store
from helpdesk.store import notifications
from helpdesk.tasks import board
from helpdesk.tasks.board import Column
from helpdesk.tasks.lists import Card, CardQuery, Cards, Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.tasks.phases import Rules
from helpdesk.web.board import query as board_query
from helpdesk.web.clocks import promised
from helpdesk.web.clocks import shown as clocks
from helpdesk.web.core.faces import html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.navigation import LISTS
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists import statistics, statistics_tables
from helpdesk.web.lists.filter_form import SHOWN_FIELDS, chips, selects
from helpdesk.web.lists.urls import COLUMNS, Listing
from helpdesk.web.tasks import colors
from helpdesk.web.tasks import schemas as task_schemas

LANE_LABELS = {
    "": sentence("No lanes"),
    "assignee": sentence("By assignee"),
    "project": sentence("By project"),
    "priority": sentence("By priority"),
}
SPOKEN_MESSAGES = {
    "taken": sentence("Held: %(card)s. Left and right choose a column, Space drops, Escape puts it back.", card="%s"),
    "dropped": sentence("Moving to: %(column)s.", column="%s"),
    "back": sentence("Put back."),
    "panel": sentence("Task"),
    "closing": sentence("Close"),
}


class BoardSettings(NamedTuple):
    """The stored part of a board: the rules of its columns, and those that this person folded or unfolded."""

    rules: Rules
    folds: Mapping[int, bool]


async def settings(request: Request) -> BoardSettings:
    person = await current_user(request)

    def work(db: Session) -> BoardSettings:
        return BoardSettings(colors.phase_rules(db), store.folds(db, person.id))

    return await services(request).database.run(work)


async def page(request: Request, who: Actor, listing: Listing, cards: Cards, settings: BoardSettings) -> Response:
    """Render the whole board with its form and its chips."""
    vocabulary, extra = cards.vocabulary, dict(listing.extra)
    by, columns, as_list = list_params.lanes(extra), columns_of(listing, cards, settings), _as_list(request, listing)
    names, _ = await asyncio.gather(_names(request, who, listing, cards), colors.prepare(request))
    context: dict[str, Any] = {
        "columns": columns,
        "lanes": board.lanes(cards.cards, by, [it.id for it in vocabulary.priorities]),
        "lanes_now": by or "",
        "lanes_by": LANE_LABELS,
        "compact": list_params.is_compact(extra),
        "totals": statistics_tables.totals(board.summary(columns), as_list, vocabulary.statuses, settings.rules),
        "shortened": list_params.is_shortened(request.query_params),
        "partly": await promised.is_partial(request, who),
        "newest": _newest(listing, cards),
        "spoken": SPOKEN_MESSAGES,
        "chips": chips(listing, vocabulary, names | {who.id: (await current_user(request)).full_name}),
        "as_list": as_list.link(),
    }
    shows_form = list_page.shows_form(request)
    context |= (
        await _filter(request, who, listing, vocabulary, names) if shows_form else {"listing": listing, "selects": []}
    )
    context |= _links(request, listing)
    context |= await card_context(request, request.query_params, cards.cards, vocabulary.may_edit)
    return html(request, "board/page.html", **context)


async def filter_form(request: Request, who: Actor, listing: Listing, cards: Cards) -> Response:
    """Render the form with all filters alone."""
    names = await _names(request, who, listing, cards)
    return html(request, "board/_filter.html", **await _filter(request, who, listing, cards.vocabulary, names))


async def _names(request: Request, who: Actor, listing: Listing, cards: Cards) -> dict[int, str]:
    return await list_page.people_names(request, who, listing, list_page.people_of(card.row for card in cards.cards))


async def _filter(
    request: Request, who: Actor, listing: Listing, vocabulary: Vocabulary, names: Mapping[int, str]
) -> dict[str, Any]:
    """Return the context of the form with all filters, a fifth of a small board's bytes, so only for who wants it."""
    others = {id: name for id, name in names.items() if id != who.id}
    fields = selects(listing, vocabulary, others, await clocks.are_there(request))
    return {
        "listing": listing,
        "query": listing.query,
        "selects": fields,
        "hidden": listing.hidden_fields(*SHOWN_FIELDS, *(field.name for field in fields)),
        "sorted_by": COLUMNS,
        "searches": services(request).backend.capabilities.searches,
    }


async def one_column(request: Request, params: QueryParams, listing: Listing, cards: Cards, column: Column) -> Response:
    """Render one column of a board without lanes, as fragments."""
    await colors.prepare(request)
    context = await card_context(request, params, cards.cards, cards.vocabulary.may_edit, listing.is_newest_first)
    context |= {"column": column, "lane": board.lanes(cards.cards, None)[0], "lanes_now": ""}
    return html(request, "board/_folded.html", **context, **_links(request, listing))


def columns_of(listing: Listing, cards: Cards, settings: BoardSettings) -> tuple[Column, ...]:
    """Return the columns as this person has them."""
    folded = board_query.folded(listing, cards.vocabulary, settings.folds)
    return board.columns(board_query.statuses(listing, cards.vocabulary), cards, settings.rules, folded)


def to_dict(listing: Listing, cards: Cards, settings: BoardSettings, promises: Clocks) -> dict[str, Any]:
    """Return the board for programs; a folded column has its total alone."""
    by_status, columns = board.lanes(cards.cards, None)[0].cards, columns_of(listing, cards, settings)
    return {
        "summary": statistics.totals_to_dict(board.summary(columns)),
        "columns": [
            {
                **task_schemas.named(column.status),
                "phase": column.phase,
                "total": column.total,
                "limit": column.limit,
                "folded": column.folded,
                "tasks": clocks.with_promises(
                    [
                        task_schemas.row(card.row) | {"comments": card.comments}
                        for card in by_status.get(column.status.id, ())
                    ],
                    promises,
                ),
            }
            for column in columns
        ],
    }


async def updated_cards(
    request: Request, params: QueryParams, ids: Sequence[int], changed: Collection[int] | None = None
) -> dict[str, Any]:
    """Return the context of the cards of these tasks, the ids `gone` from the board, and the columns to count again.

    These are the columns of the `changed` statuses; without them all columns.
    """

    def query(listing: Listing, vocabulary: Vocabulary) -> CardQuery:
        columns = tuple(it.id for it in board_query.statuses(listing, vocabulary))
        counted = tuple(id for id in columns if changed is None or id in changed)
        return CardQuery(listing.query._replace(page=1, per_page=len(ids) or 1), columns, counted, tuple(ids))

    listing, cards = await board_query.load(request, await actor(request), params, query)
    counted = [it for it in cards.vocabulary.statuses if it.id in cards.totals]
    gone = sorted(set(ids) - {card.row.id for card in cards.cards})
    columns = board.columns(counted, cards, (await settings(request)).rules)
    context = await card_context(request, params, cards.cards, cards.vocabulary.may_edit, listing.is_newest_first)
    return {**context, "columns": columns, "gone": gone}


async def card_context(
    request: Request, params: QueryParams, cards: Sequence[Card], may_move: bool, dated: bool = False
) -> dict[str, Any]:
    """Return the context of cards on the board of these parameters: their cells and ages, and which tasks have unread
    notifications; `dated` ones also say when their task was changed, for a board to put them in order.

    On a board of one's own tasks a card does not name the person as its assignee.
    """
    by, who, is_own_board = list_params.lanes(params), await actor(request), board_query.is_mine(params)
    person, ids, now = await current_user(request), [card.row.id for card in cards], services(request).clock()
    return {
        "cards": cards,
        "clocks": await clocks.of_rows(request, who, [card.row for card in cards]),
        "with_news": await services(request).database.run(lambda db: notifications.unread_tasks(db, person.id, ids)),
        "at": lambda row: board.cell_of(row, by),
        "on": lambda row: row.updated_on.timestamp() if dated else "",
        "age": lambda since: board.age(since, now),
        "today": today(request),
        "mine": lambda row: is_own_board and row.assignee is not None and row.assignee.id == who.id,
        "may_move": may_move,
    }


def _newest(listing: Listing, cards: Cards) -> float | None:
    """Return the time of the last change of these tasks, for a board that has the newest first."""
    changed = (card.row.updated_on.timestamp() for card in cards.cards)
    return max(changed, default=0) if listing.is_newest_first else None


def _links(request: Request, listing: Listing) -> dict[str, Any]:
    """Return the addresses of more cards, and the query of the board."""
    return {
        "longer": lambda column: _address_of_more(request, listing, column),
        "query_string": listing.link().removeprefix(listing.path),
    }


def _as_list(request: Request, listing: Listing) -> Listing:
    """Return the list with the same query: one's own if the board shows that."""
    is_mine = listing.query.assignees == ("me",)
    return Listing(listing.query, path_to(request, LISTS[0] if is_mine else LISTS[1]), is_mine)


def _address_of_more(request: Request, listing: Listing, column: Column) -> str:
    """Return the address of a board with more cards in each column, for browsers without scripts; beyond its limit,
    that of the list of the column's status."""
    per_page = listing.query.per_page + board_query.MORE
    if per_page <= list_params.MOST_PER_PAGE:
        return listing.link(per_page=per_page)
    return _as_list(request, listing).link(status_ids=(column.status.id,), per_page=list_params.MOST_PER_PAGE)
