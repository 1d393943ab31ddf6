"""Add a form of criteria to the demo, and assessments of closed tasks by boris and the administrator."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

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
    form = AssessmentForm(name=FORM, name_folded=fold(FORM))
    session.add(form)
    session.flush()
    criteria = [
        Criterion(form_id=form.id or 0, name=name, hint=hint, weight=weight, most=most, position=place)
        for place, (name, hint, weight, most) in enumerate(CRITERIA)
    ]
    session.add_all(criteria)
    session.flush()
    people = {it.login: it for it in session.exec(select(tables.Person))}
    names = {it.id: it.full_name for it in people.values()}
    boris, admin = people["boris"].id or 0, people["admin"].id or 0
    projects = {it.id: it.name for it in session.exec(select(tables.Project))}
    closed = (
        col(tables.Task.closed_at).is_not(None),
        col(tables.Task.assignee_id).is_not(None),
        col(tables.Task.assignee_id).not_in((boris, admin)),
    )
    rows = session.exec(select(tables.Task).where(*closed).order_by(col(tables.Task.closed_at).desc()).limit(TASKS))
    for place, task in enumerate(rows.all()):
        for assessor in (boris, admin) if place % SECOND_EVERY == 0 else (boris,):
            at = now - timedelta(days=place * DAYS / TASKS, hours=2 if assessor == boris else 1)
            given = [_mark(place, number, assessor == admin) for number in range(len(criteria))]
            weights = [it.weight for it in criteria]
            total = sum(mark * weight for mark, weight in zip(given, weights, strict=True))
            row = Assessment(
                source="main",
                task_id=task.id or 0,
                subject=task.subject,
                form_id=form.id or 0,
                assessor_id=assessor,
                executor_id=task.assignee_id,
                executor=names[task.assignee_id],
                project_id=task.project_id,
                project=projects[task.project_id],
                score=(40 * total + sum(weights)) // (2 * sum(weights)),
                remark=REMARKS[place % len(REMARKS)],
                assessed_at=at,
            )
            session.add(row)
            session.flush()
            for it, mark in zip(criteria, given, strict=True):
                ids = {"assessment_id": row.id or 0, "criterion_id": it.id or 0}
                session.add(AssessmentMark(**ids, mark=mark, weight=it.weight, most=it.most, remark=""))


def _mark(place: int, criterion: int, is_second: bool) -> int:
    """Return a mark from 1 to 5; the second assessor is sterner with each other task."""
    mark = 5 - (place * 7 + criterion * 3) % 4 + (1 if criterion == 0 else 0)
    return max(1, min(5, mark) - (2 if is_second and place % (2 * SECOND_EVERY) == 0 else 0))
