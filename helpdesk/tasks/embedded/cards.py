"""A board's cards in the embedded tracker."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from helpdesk.store import task_cards
from helpdesk.store import tasks as rows
from helpdesk.tasks.cards import Asking, Card, Cards, CardsAsked
from helpdesk.tasks.embedded.lists import condition, vocabulary
from helpdesk.tasks.embedded.reading import row_of
from helpdesk.tasks.embedded.rights import rights
from helpdesk.tasks.model import Actor


def cards(session: Session, actor: Actor, asked: Asking) -> Cards:
    """Tasks by status, and how many there are of each. Raises what `asked` does."""
    words = vocabulary(session, actor)
    wish = asked(words)
    totals = _totals(session, actor, wish)
    found = _found(session, actor, wish, totals)
    told = _comments(session, actor, found)
    ranks = {priority.id: priority for priority in words.priorities}
    shown = (Card(row_of(row, ranks), told.get(row.id, 0)) for row in found)
    return Cards(wish, words, wish.in_order(shown), totals)


def _totals(session: Session, actor: Actor, wish: CardsAsked) -> dict[int, int]:
    if not wish.counted:
        return {}
    counts = rows.by_status(session, condition(session, actor, wish.of_totals))
    return {status: counts.get(status, 0) for status in wish.counted}


def _found(session: Session, actor: Actor, wish: CardsAsked, totals: Mapping[int, int]) -> Sequence[Any]:
    query, statuses = wish.of_cards, wish.columns(totals)
    if query is None or not statuses:
        return ()
    matched = condition(session, actor, query)
    return task_cards.pages(session, matched, statuses, query.sort, query.descending, query.per_page, query.offset)


def _comments(session: Session, actor: Actor, found: Sequence[Any]) -> dict[int, int]:
    mine = rights(session, actor)
    with_private = {row.project_id for row in found if mine.has(row.project_id, "view_private")}
    return task_cards.comments(session, [row.id for row in found], with_private, actor.id)
