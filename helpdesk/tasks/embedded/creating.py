"""A new task in the embedded tracker: where, of what, and its row."""

from datetime import datetime

from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.store import tables
from helpdesk.store import tasks as rows
from helpdesk.store.folding import fold
from helpdesk.store.task_parts import put_custom_values
from helpdesk.tasks.checking import require_creatable
from helpdesk.tasks.creation import Blank, NewTask
from helpdesk.tasks.embedded.custom import definitions
from helpdesk.tasks.embedded.files import attach
from helpdesk.tasks.embedded.rights import Rights, assignable, priorities, rights
from helpdesk.tasks.embedded.rights import projects as known_projects
from helpdesk.tasks.embedded.writing import require_parent
from helpdesk.tasks.fields import Detail
from helpdesk.tasks.model import Actor, Ref, Status

DETAILS: frozenset[Detail] = frozenset({"description", "start_date", "due_date", "estimated_hours", "parent"})


def projects(session: Session, mine: Rights) -> tuple[Ref, ...]:
    """Where this person may create tasks, in the order of the vocabulary."""
    return tuple(Ref(each.id, each.name) for each in known_projects(session, mine) if mine.has(each.id, "create"))


def blank(session: Session, actor: Actor, project_id: int, tracker_id: int | None) -> Blank:
    """Every tracker is in every project; who may not steer tasks may not assign them either. Raises NotFound."""
    mine = rights(session, actor)
    project = _one_of(projects(session, mine), project_id)
    trackers = tuple(Ref(*row) for row in rows.trackers(session))
    tracker = _one_of(trackers, tracker_id if tracker_id is not None else trackers[0].id)
    return Blank(
        project=project,
        tracker=tracker,
        trackers=trackers,
        statuses=(Status(*rows.first_status(session)),),
        priorities=priorities(session),
        assignees=assignable(session, project_id) if mine.has(project_id, "edit") else (),
        default_priority=_default_priority(session),
        details=DETAILS,
        custom=tuple(field for field in definitions(session, project_id, tracker.id) if field.kind != "other"),
        may_attach=True,
    )


def create(session: Session, actor: Actor, wish: NewTask, now: datetime) -> int:
    """The new task's number. Raises NotFound, NotAllowed, Invalid."""
    offered = blank(session, actor, wish.project_id, wish.tracker_id)
    require_creatable(offered, wish)
    if wish.parent_id is not None:
        require_parent(session, actor, wish.parent_id, offered.project)
    subject = wish.subject.strip()
    task = tables.Task(
        project_id=offered.project.id,
        kind_id=offered.tracker.id,
        status_id=offered.statuses[0].id,
        priority_id=_default_priority(session) if wish.priority_id is None else wish.priority_id,
        author_id=actor.id,
        assignee_id=wish.assignee_id,
        subject=subject,
        description=wish.description,
        words=fold(f"{subject}\n{wish.description}"),
        start_date=wish.start_date,
        due_date=wish.due_date,
        estimated_hours=wish.estimated_hours,
        parent_id=wish.parent_id,
        created_at=now,
        updated_at=now,
    )
    session.add(task)
    session.flush()
    assert task.id
    defaults = {field.id: field.default for field in offered.custom}
    put_custom_values(session, task.id, defaults | dict(wish.custom))
    attach(session, task.id, wish.files)
    return task.id


def _one_of(offered: tuple[Ref, ...], wanted: int) -> Ref:
    found = next((each for each in offered if each.id == wanted), None)
    if found is None:
        raise NotFound
    return found


def _default_priority(session: Session) -> int:
    """The default, else the lowest."""
    listed = rows.priorities(session)
    chosen: int = next((row.id for row in listed if row.is_default), listed[0].id)
    return chosen
