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
REMARKS = (
    (80, "Отличная работа."),
    (70, "Ответ верный, но сухой."),
    (60, "Вопрос решён, но клиента не предупредили о задержке."),
    (0, "Вопрос решили не сразу, клиенту пришлось напоминать."),
)
"""What is said of a score that is as high at least."""
TASKS, SECOND_EVERY, DAYS = {"anna": 16, "boris": 6, "admin": 4}, 4, 140
"""So many tasks of each are assessed in so many days, and each fourth of anna's twice."""


def add(session: Session, now: datetime) -> None:
    """Store the form and the assessments; nobody assesses own work."""
    criteria = _criteria(session)
    ids = {it.login: it.id or 0 for it in session.exec(select(tables.Person))}
    boris, admin = ids["boris"], ids["admin"]
    for login, count in TASKS.items():
        for place, task in enumerate(_closed_of(session, ids[login], count)):
            day = now - timedelta(days=place * DAYS / count)
            _assess(session, task, admin if login == "boris" else boris, criteria, place, day - timedelta(hours=2))
            if login == "anna" and place % SECOND_EVERY == 0:
                _assess(session, task, admin, criteria, place, day - timedelta(hours=1), is_second=True)


def _closed_of(session: Session, person_id: int, count: int) -> Sequence[tables.Task]:
    """Return so many closed tasks of a person, the last ones."""
    closed = (col(tables.Task.closed_at).is_not(None), tables.Task.assignee_id == person_id)
    return session.exec(
        select(tables.Task).where(*closed).order_by(col(tables.Task.closed_at).desc()).limit(count)
    ).all()


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
    at: datetime,
    *,
    is_second: bool = False,
) -> None:
    """Store an assessment of the task at this place of the list."""
    marks = [Mark(_mark(place, number, is_second), it.weight, it.most) for number, it in enumerate(criteria)]
    total = score(marks) or 0
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
        score=total,
        remark=next(remark for least, remark in REMARKS if total >= least) if place % 2 == 0 else "",
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
