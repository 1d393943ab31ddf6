"""A board's cards: one query for how many there are, one for all statuses' tasks, one for their comments."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from helpdesk.tasks.lists import Card, CardQuery, CardQueryFactory, Cards
from helpdesk.tasks.model import TaskRow
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.lists import by, issues, matching, order_of, vocabulary
from helpdesk.tasks.redmine.sql.read_context import ROWS, Reading

SAYING = "[^[:space:]]"
"""A note that is none but blanks is no comment. Source: Issue#visible_journals_with_index, by `notes?`."""


def cards(read: Reading, asked: CardQueryFactory) -> Cards:
    """Tasks by status, and how many there are of each. Raises what `asked` does."""
    known = vocabulary(read)
    request = asked(known)
    totals = _totals(read, request)
    rows = read.rows(_found(read, request, totals))
    comments = _comments(read, rows)
    return Cards(request, known, request.in_order(Card(row, comments.get(row.id, 0)) for row in rows), totals)


def _totals(read: Reading, request: CardQuery) -> dict[int, int]:
    if not request.counted:
        return {}
    counts = by(read, issues.status_id, request.of_totals)
    return {status: counts.get(status, 0) for status in request.counted}


def _found(read: Reading, request: CardQuery, totals: Mapping[int, int]) -> Sequence[Any]:
    """Rows of ROWS, all in one order. MySQL 5.7 knows no window functions: so each status is a table of its own."""
    query, statuses = request.of_cards, request.columns(totals)
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
    """Count the comments that the person may read on each task; tasks without any are absent."""
    if not rows:
        return {}
    said = t.journals.c
    counting = (
        sa.select(said.journalized_id, sa.func.count())
        .join_from(t.journals, t.issues, issues.id == said.journalized_id)
        .where(said.journalized_type == "Issue", said.journalized_id.in_([row.id for row in rows]))
        .where(said.notes.regexp_match(SAYING), read.permissions.notes)
        .group_by(said.journalized_id)
    )
    return {row[0]: row[1] for row in read.db.execute(counting)}
