"""Lists of the embedded tracker's tasks, cards of its board, and the vocabulary of their filters."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, or_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store.tracker import lists as list_rows
from helpdesk.store.tracker import tasks as rows
from helpdesk.tasks import colors
from helpdesk.tasks.embedded.permissions import Rights, priorities, projects, visible
from helpdesk.tasks.embedded.row_mapper import row_of
from helpdesk.tasks.lists import Card, CardQuery, CardQueryFactory, Cards, TaskPage, TaskQuery, Vocabulary, Who
from helpdesk.tasks.model import Ref, Status, TaskRow
from helpdesk.tasks.phases import Rules, summarised
from helpdesk.tasks.projects import with_descendants
from helpdesk.tasks.statistics import listed


def condition(session: Session, mine: Rights, query: TaskQuery) -> ColumnElement[bool]:
    """Return the condition of a query, limited to the tasks that the person may see."""
    return and_(visible(mine), *_matching(session, mine, query))


def vocabulary(session: Session, mine: Rights) -> Vocabulary:
    return Vocabulary(
        statuses(session),
        priorities(session),
        projects(session, mine),
        tuple(Ref(*row) for row in rows.trackers(session)),
        any(mine.has(project, "edit") for project in mine.permissions),
    )


def page(session: Session, mine: Rights, query: TaskQuery, summed: bool, rules: Rules) -> TaskPage:
    """When summed, the tasks of all statuses are counted once for the total and the summary."""
    matched = condition(session, mine, query)
    order = (query.sort, query.descending, query.per_page, query.offset, query.wanted_id)
    found = list_rows.page(session, matched, *order)
    ranks = {priority.id: priority for priority in priorities(session)}
    shown = tuple(row_of(row, ranks) for row in found)
    if not summed:
        return TaskPage(shown, rows.count(session, matched), query)
    counts = rows.by_status(session, condition(session, mine, query.of_any_status()))
    known = statuses(session)
    resolved = sum(counts.get(it, 0) for it in colors.resolved(known, rules))
    return TaskPage(shown, listed(counts, query, known), query, summarised(counts, known, rules), resolved=resolved)


def numbers(session: Session, mine: Rights, query: TaskQuery) -> Sequence[int]:
    """Return the ids of all tasks that match, in the query's order."""
    return list_rows.numbers(session, condition(session, mine, query), query.sort, query.descending)


def among(session: Session, mine: Rights, query: TaskQuery, ids: Sequence[int]) -> tuple[TaskRow, ...]:
    """Return those of these tasks that match, in the order of the ids."""
    found = list_rows.rows_of(session, ids, condition(session, mine, query))
    ranks = {priority.id: priority for priority in priorities(session)}
    return tuple(row_of(row, ranks) for row in found)


def statuses(session: Session) -> tuple[Status, ...]:
    return tuple(Status(*row) for row in rows.statuses(session))


def cards(session: Session, mine: Rights, factory: CardQueryFactory) -> Cards:
    """Return tasks by status, and their totals. Raises what `factory` does."""
    choices = vocabulary(session, mine)
    request = factory(choices)
    counts = rows.by_status(session, condition(session, mine, request.of_totals)) if request.counted else {}
    totals = {status: counts.get(status, 0) for status in request.counted}
    cards = _card_rows(session, mine, request, totals)
    comments = _comments(session, mine, cards)
    ranks = {priority.id: priority for priority in choices.priorities}
    mapped = (Card(row_of(row, ranks), comments.get(row.id, 0)) for row in cards)
    return Cards(request, choices, request.in_order(mapped), totals)


def _card_rows(session: Session, mine: Rights, request: CardQuery, totals: Mapping[int, int]) -> Sequence[Any]:
    query, statuses = request.of_cards, request.statuses_on_page(totals)
    if query is None or not statuses:
        return ()
    matched = condition(session, mine, query)
    order = (query.sort, query.descending, query.per_page, query.offset, query.wanted_id)
    return list_rows.pages(session, matched, statuses, *order)


def _comments(session: Session, mine: Rights, cards: Sequence[Any]) -> dict[int, int]:
    with_private = {row.project_id for row in cards if mine.has(row.project_id, "view_private")}
    return list_rows.comments(session, [row.id for row in cards], with_private, mine.person_id)


def _matching(session: Session, mine: Rights, query: TaskQuery) -> list[ColumnElement[bool]]:
    task, conditions = rows.TASK.c, _searched(mine, query)
    if query.status_ids:
        conditions.append(task.status_id.in_(query.status_ids))
    elif query.only_open:
        conditions.append(rows.OPEN)
    chosen = (
        (task.priority_id, query.priority_ids),
        (task.project_id, query.project_ids and with_descendants(query.project_ids, projects(session, mine))),
        (task.kind_id, query.tracker_ids),
        (task.id, query.task_ids),
    )
    conditions += [column.in_(ids) for column, ids in chosen if ids]
    if query.updated_since:
        conditions.append(task.updated_at >= query.updated_since)
    if query.created_since:
        conditions.append(task.created_at >= query.created_since)
    if query.created_before:
        conditions.append(task.created_at < query.created_before)
    if query.due_by:
        conditions.append(task.due_date <= query.due_by)
    return conditions


def _searched(mine: Rights, query: TaskQuery) -> list[ColumnElement[bool]]:
    """Return the conditions for people and words; a task found by its number needs none of them."""
    task, conditions = rows.TASK.c, list[ColumnElement[bool]]()
    if query.assignees:
        conditions.append(_any_of(task.assignee_id, query.assignees, mine))
    if query.authors:
        conditions.append(_any_of(task.author_id, query.authors, mine))
    if query.words:
        conditions.append(rows.containing(query.words))
    if query.wanted_id is None:
        return conditions
    by_number = task.id == query.wanted_id
    return [or_(by_number, and_(*conditions)) if query.words else by_number]


def _any_of(column: ColumnElement[Any], people: tuple[Who, ...], mine: Rights) -> ColumnElement[bool]:
    ids = [mine.person_id if who == "me" else who for who in people if who != "nobody"]
    return or_(column.in_(ids), column.is_(None)) if "nobody" in people else column.in_(ids)
