"""New tasks in the embedded tracker: their form, and their row."""

from datetime import datetime

from sqlmodel import Session

from helpdesk.store import locks
from helpdesk.store.casefold import fold
from helpdesk.store.models import tables
from helpdesk.store.tracker import tasks as rows
from helpdesk.store.tracker.task_parts import put_custom_values
from helpdesk.store.tracker.vocabulary import is_complete
from helpdesk.tasks.checks import normal, require_creatable
from helpdesk.tasks.creation import NewTask, NewTaskForm, default_priority, one_of
from helpdesk.tasks.embedded.files import attach
from helpdesk.tasks.embedded.permissions import Rights, assignable, hiding, priorities, rights
from helpdesk.tasks.embedded.permissions import projects as known_projects
from helpdesk.tasks.embedded.row_mapper import definitions
from helpdesk.tasks.embedded.update import require_parent
from helpdesk.tasks.fields import Detail
from helpdesk.tasks.model import Actor, Ref, Status

DETAILS: frozenset[Detail] = frozenset({"description", "start_date", "due_date", "estimated_hours", "parent"})


def projects(session: Session, mine: Rights) -> tuple[Ref, ...]:
    """Return the projects in which this person may create tasks, in the order of the vocabulary.

    There are none until an administrator has made a status, a priority and a type.
    """
    if not is_complete(session):
        return ()
    return tuple(Ref(each.id, each.name) for each in known_projects(session, mine) if mine.has(each.id, "create"))


def new_task_form(session: Session, actor: Actor, project_id: int, tracker_id: int | None) -> NewTaskForm:
    """Return the form of a new task: every tracker is in every project; assigning takes the right to edit.

    Raises NotFound for a project or tracker that is not offered.
    """
    mine = rights(session, actor)
    project = one_of(projects(session, mine), project_id)
    ranks, trackers = priorities(session), tuple(Ref(*row) for row in rows.trackers(session))
    tracker = one_of(trackers, tracker_id)
    return NewTaskForm(
        project=project,
        tracker=tracker,
        trackers=trackers,
        statuses=(Status(*rows.first_status(session)),),
        priorities=ranks,
        assignees=assignable(session, project_id) if mine.has(project_id, "edit") else (),
        default_priority=default_priority(ranks),
        details=DETAILS | hiding(mine, project_id, is_author=True),
        custom=tuple(field for field in definitions(session, project_id, tracker.id) if field.is_writable),
        may_attach=True,
    )


def create(
    session: Session,
    actor: Actor,
    new_task: NewTask,
    now: datetime,
    author_id: int | None = None,
    requester: str = "",
) -> int:
    """Write a new task and return its number. Raises NotFound, NotAllowed, Invalid.

    It may have another author than the actor, whose rights count, and the address of who asked for it.
    """
    form = new_task_form(session, actor, new_task.project_id, new_task.tracker_id)
    new_task = normal(form, new_task)
    require_creatable(form, new_task)
    if new_task.parent_id is not None:
        locks.tasks_below_each_other(session, form.project.id)
        require_parent(session, actor, new_task.parent_id, form.project)
    priority_id = form.default_priority if new_task.priority_id is None else new_task.priority_id
    assert priority_id is not None  # a tracker has priorities
    subject = new_task.subject.strip()
    task = tables.Task(
        project_id=form.project.id,
        kind_id=form.tracker.id,
        status_id=form.statuses[0].id,
        priority_id=priority_id,
        author_id=author_id or actor.id,
        assignee_id=new_task.assignee_id,
        subject=subject,
        description=new_task.description,
        words=fold(f"{subject}\n{new_task.description}"),
        requester=requester,
        start_date=new_task.start_date,
        due_date=new_task.due_date,
        estimated_hours=new_task.estimated_hours,
        parent_id=new_task.parent_id,
        is_private=bool(new_task.is_private),
        created_at=now,
        updated_at=now,
        closed_at=now if form.statuses[0].is_closed else None,
    )
    session.add(task)
    session.flush()
    assert task.id
    defaults = {field.id: field.default for field in form.custom}
    put_custom_values(session, task.id, defaults | dict(new_task.custom))
    attach(session, task.id, new_task.files)
    return task.id
