"""A board's cards: one query for how many there are, one for all statuses' tasks, one for their comments."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from helpdesk.tasks.cards import Asking, Card, Cards, CardsAsked
from helpdesk.tasks.model import TaskRow
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.lists import by, issues, matching, order_of, vocabulary
from helpdesk.tasks.redmine.database.reading import ROWS, Reading

SAYING = "[^[:space:]]"
"""A note that is none but blanks is no comment. Source: Issue#visible_journals_with_index, by `notes?`."""


def cards(read: Reading, asked: Asking) -> Cards:
    """Tasks by status, and how many there are of each. Raises what `asked` does."""
    words = vocabulary(read)
    wish = asked(words)
    totals = _totals(read, wish)
    rows = read.rows(_found(read, wish, totals))
    told = _comments(read, rows)
    return Cards(wish, words, wish.in_order(Card(row, told.get(row.id, 0)) for row in rows), totals)


def _totals(read: Reading, wish: CardsAsked) -> dict[int, int]:
    if not wish.counted:
        return {}
    counts = by(read, issues.status_id, wish.of_totals)
    return {status: counts.get(status, 0) for status in wish.counted}


def _found(read: Reading, wish: CardsAsked, totals: Mapping[int, int]) -> Sequence[Any]:
    """Rows of ROWS, all in one order. MySQL 5.7 knows no window functions: so each status is a table of its own."""
    query, statuses = wish.of_cards, wish.columns(totals)
    if query is None or not statuses:
        return ()
    order, joined = order_of(read, query)
    page = sa.select(issues.id).select_from(joined).where(matching(read, query))
    page = page.order_by(*order).limit(query.per_page).offset(query.offset)
    each = (sa.select(page.where(issues.status_id == status).subquery()) for status in statuses)
    picked = sa.union_all(*each).subquery("picked")
    found = ROWS.select_from(joined.join(picked, picked.c.id == issues.id)).order_by(*order)
    return read.db.execute(found).all()


def _comments(read: Reading, rows: Sequence[TaskRow]) -> dict[int, int]:
    """How many comments the person may read on each, without those that have none."""
    if not rows:
        return {}
    said = t.journals.c
    counting = (
        sa.select(said.journalized_id, sa.func.count())
        .join_from(t.journals, t.issues, issues.id == said.journalized_id)
        .where(said.journalized_type == "Issue", said.journalized_id.in_([row.id for row in rows]))
        .where(said.notes.regexp_match(SAYING), read.sight.notes)
        .group_by(said.journalized_id)
    )
    return {row[0]: row[1] for row in read.db.execute(counting)}
