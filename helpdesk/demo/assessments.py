"""Add a form of criteria to the demo, and assessments of closed tasks by boris and the administrator."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from helpdesk.quality.assessments import Mark, score
from helpdesk.store.assessments import MAIN
from helpdesk.store.casefold import fold
from helpdesk.store.models import tables
from helpdesk.store.models.quality import Assessment, AssessmentForm, AssessmentMark, Criterion

FORM = "Работа с обращением"
CRITERIA = (
    ("Вежливость", "Поздоровался, поблагодарил, не спорил", 2, 5),
    ("Точность ответа", "Ответ решает вопрос и верен", 3, 5),
    ("Скорость", "Первый ответ без лишнего ожидания", 2, 5),
    ("Грамотность", "Без ошибок и жаргона", 1, 5),
)
REMARKS = ("", "Ответ верный, но сухой.", "", "Клиента не предупредили о задержке.", "Отличная работа.", "")
TASKS, SECOND_EVERY, DAYS = 24, 4, 140
"""So many tasks are assessed, each fourth of them twice, in so many days."""


def add(session: Session, now: datetime) -> None:
    """Store the form and the assessments; nobody assesses own work."""
    criteria = _criteria(session)
    ids = {it.login: it.id for it in session.exec(select(tables.Person))}
    boris, admin = ids["boris"] or 0, ids["admin"] or 0
    closed = (
        col(tables.Task.closed_at).is_not(None),
        col(tables.Task.assignee_id).is_not(None),
        col(tables.Task.assignee_id).not_in((boris, admin)),
    )
    tasks = session.exec(select(tables.Task).where(*closed).order_by(col(tables.Task.closed_at).desc()).limit(TASKS))
    for place, task in enumerate(tasks.all()):
        day = now - timedelta(days=place * DAYS / TASKS)
        remark = REMARKS[place % len(REMARKS)]
        _assess(session, task, boris, criteria, place, remark, day - timedelta(hours=2))
        if place % SECOND_EVERY == 0:
            _assess(session, task, admin, criteria, place, remark, day - timedelta(hours=1), is_second=True)


def _criteria(session: Session) -> list[Criterion]:
    """Store the form, and return its criteria."""
    form = AssessmentForm(name=FORM, name_folded=fold(FORM))
    session.add(form)
    session.flush()
    criteria = [
        Criterion(form_id=form.id or 0, name=name, hint=hint, weight=weight, most=most, position=place)
        for place, (name, hint, weight, most) in enumerate(CRITERIA)
    ]
    session.add_all(criteria)
    session.flush()
    return criteria


def _assess(
    session: Session,
    task: tables.Task,
    assessor_id: int,
    criteria: Sequence[Criterion],
    place: int,
    remark: str,
    at: datetime,
    *,
    is_second: bool = False,
) -> None:
    """Store an assessment of the task at this place of the list."""
    marks = [Mark(_mark(place, number, is_second), it.weight, it.most) for number, it in enumerate(criteria)]
    row = Assessment(
        source=MAIN,
        task_id=task.id or 0,
        subject=task.subject,
        form_id=criteria[0].form_id,
        assessor_id=assessor_id,
        executor_id=task.assignee_id,
        executor=session.get_one(tables.Person, task.assignee_id).full_name,
        project_id=task.project_id,
        project=session.get_one(tables.Project, task.project_id).name,
        score=score(marks) or 0,
        remark=remark,
        assessed_at=at,
    )
    session.add(row)
    session.flush()
    for it, mark in zip(criteria, marks, strict=True):
        session.add(AssessmentMark(assessment_id=row.id or 0, criterion_id=it.id or 0, **mark._asdict()))


def _mark(place: int, criterion: int, is_second: bool) -> int:
    """Return a mark from 1 to 5; the second assessor is sterner with each other task."""
    mark = 5 - (place * 7 + criterion * 3) % 4 + (1 if criterion == 0 else 0)
    return max(1, min(5, mark) - (2 if is_second and place % (2 * SECOND_EVERY) == 0 else 0))
