"""Lists of the embedded tracker's tasks, and the words to ask for them with."""

from sqlalchemy import and_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store import tasks as rows
from helpdesk.tasks.embedded.matching import matching
from helpdesk.tasks.embedded.reading import row_of
from helpdesk.tasks.embedded.rights import priorities, projects, rights, visible
from helpdesk.tasks.lists import TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Ref, Status
from helpdesk.tasks.statistics import summarised, whatever_status


def condition(session: Session, actor: Actor, query: TaskQuery) -> ColumnElement[bool]:
    """What the actor may see and the query asks for."""
    mine = rights(session, actor)
    return and_(visible(mine, actor), *matching(session, actor, mine, query))


def vocabulary(session: Session, actor: Actor) -> Vocabulary:
    return Vocabulary(
        statuses(session),
        priorities(session),
        projects(session, rights(session, actor)),
        tuple(Ref(*row) for row in rows.trackers(session)),
    )


def page(session: Session, actor: Actor, query: TaskQuery, summed: bool) -> TaskPage:
    matched = condition(session, actor, query)
    found = rows.page(session, matched, query.sort, query.descending, query.per_page, query.offset)
    ranks = {priority.id: priority for priority in priorities(session)}
    summary = summarised(by_status(session, actor, query), statuses(session)) if summed else None
    return TaskPage(tuple(row_of(row, ranks) for row in found), rows.count(session, matched), query, summary)


def by_status(session: Session, actor: Actor, query: TaskQuery) -> dict[int, int]:
    """How many tasks of a query there are of each status, whatever it says of statuses."""
    return rows.by_status(session, condition(session, actor, whatever_status(query)))


def statuses(session: Session) -> tuple[Status, ...]:
    return tuple(Status(*row) for row in rows.statuses(session))
