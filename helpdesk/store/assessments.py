"""Store the assessments of closed tasks, with their marks."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Conflict, NotFound
from helpdesk.store import audit, locks
from helpdesk.store.assessment_picks import give_back
from helpdesk.store.database import in_batches
from helpdesk.store.models import fitting
from helpdesk.store.models.quality import Assessment, AssessmentForm, AssessmentMark
from helpdesk.store.models.tables import Person

MAIN = "main"
"""The source of the tasks of the backend."""
LONGEST_REMARK, LONGEST_MARK_REMARK = 10_000, 500


class Key(NamedTuple):
    """The number of a person or a project in a source. As text it is a value of filters: `4`, or `quality-4`."""

    source: str
    id: int

    def __str__(self) -> str:
        return str(self.id) if self.source == MAIN else f"{self.source}-{self.id}"


class TaskValues(NamedTuple):
    """The task that is assessed, and whose work it was: None is nobody's."""

    source: str
    task_id: int
    subject: str
    project_id: int
    project: str
    executor_id: int | None
    executor: str


class MarkValues(NamedTuple):
    """A mark for a criterion with its weight and the highest mark; None is "does not apply"."""

    criterion_id: int
    mark: int | None
    weight: int
    most: int
    remark: str = ""


class Wanted(NamedTuple):
    """The values that an assessor gives."""

    form_id: int
    score: int
    marks: tuple[MarkValues, ...]
    remark: str


class AssessmentRow(NamedTuple):
    """An assessment as lists show it."""

    id: int
    source: str
    task_id: int
    subject: str
    form_id: int
    form: str
    assessor_id: int
    assessor: str
    executor_id: int | None
    executor: str
    project_id: int
    project: str
    score: int
    remark: str
    assessed_at: datetime
    version: int

    @property
    def task(self) -> TaskValues:
        return TaskValues(*(getattr(self, name) for name in TaskValues._fields))


class Assessor(NamedTuple):
    """An assessor of a task."""

    source: str
    task_id: int
    assessor_id: int


class Filter(NamedTuple):
    """A filter of assessments: those from `since` until `until`, which is not included. The executor 0 is nobody."""

    since: datetime
    until: datetime
    executor: Key | None = None
    project: Key | None = None
    form_id: int | None = None


def save(
    session: Session, assessor_id: int, task: TaskValues, wanted: Wanted, known: int | None, now: datetime
) -> AssessmentRow:
    """Add an assessment, or change one's own whose version is `known`. Raises Conflict with the one that is there now,
    None if it was withdrawn meanwhile.

    A changed one keeps whose work it was, and when it was given.
    """
    locks.person(session, assessor_id)
    row = _own(session, task.source, task.task_id, assessor_id)
    if (row.version if row else None) != known:
        raise Conflict(_one(session, row.id) if row else None)
    values = {"form_id": wanted.form_id, "score": wanted.score, "remark": wanted.remark}
    if row is None:
        named = fitting(Assessment, task._asdict())
        row = Assessment.model_validate({**named, **values, "assessor_id": assessor_id, "assessed_at": now})
    else:
        row.sqlmodel_update({**values, "version": row.version + 1})
    session.add(row)
    session.flush()
    _replace_marks(session, row.id or 0, wanted.marks)
    give_back(session, task.source, task.task_id)
    act = "assessed" if known is None else "assessment_changed"
    details = {"assessment": row.id, "source": row.source, "score": row.score, "executor": row.executor_id}
    audit.note(session, assessor_id, act, None, details, row.task_id)
    return one(session, row.id or 0)


def withdraw(session: Session, assessor_id: int, assessment_id: int) -> AssessmentRow:
    """Delete one's own assessment. Raises NotFound, also for another's."""
    locks.person(session, assessor_id)
    row = one(session, assessment_id)
    if row.assessor_id != assessor_id:
        raise NotFound
    for model, key in ((AssessmentMark, AssessmentMark.assessment_id), (Assessment, Assessment.id)):
        session.execute(sa.delete(model).where(col(key) == assessment_id))
    details = {"assessment": row.id, "source": row.source, "score": row.score, "executor": row.executor_id}
    audit.note(session, assessor_id, "assessment_withdrawn", None, details, row.task_id)
    return row


def one(session: Session, assessment_id: int) -> AssessmentRow:
    """Return an assessment. Raises NotFound."""
    row = _one(session, assessment_id)
    if row is None:
        raise NotFound
    return row


def of_task(session: Session, source: str, task_id: int) -> list[AssessmentRow]:
    """Return the assessments of a task, the first one first."""
    return list(_rows(session, Assessment.source == source, Assessment.task_id == task_id))[::-1]


def of_work(session: Session, source: str, executor_ids: Collection[int], most: int) -> list[AssessmentRow]:
    """Return the last assessments of the work of a person who has these numbers there, the newest first."""
    return list(_rows(session, Assessment.source == source, col(Assessment.executor_id).in_(executor_ids), most=most))


def has_work_of(session: Session, executor_ids: Collection[int], others: bool) -> bool:
    """Tell whether there is an assessment of the work of a person who has these numbers in the backend, or with
    `others` any of another source."""
    own = sa.and_(col(Assessment.source) == MAIN, col(Assessment.executor_id).in_(executor_ids))
    wanted = sa.or_(own, col(Assessment.source) != MAIN) if others else own
    return session.execute(sa.select(sa.literal(1)).where(wanted).limit(1)).first() is not None


def within(session: Session, wanted: Filter, most: int) -> list[AssessmentRow]:
    """Return the assessments of a filter, the newest first, at most so many."""
    conditions = [col(Assessment.assessed_at) >= wanted.since, col(Assessment.assessed_at) < wanted.until]
    for column, key in ((Assessment.executor_id, wanted.executor), (Assessment.project_id, wanted.project)):
        if key:
            conditions += [col(column) == (key.id or None), col(Assessment.source) == key.source]
    if wanted.form_id:
        conditions.append(col(Assessment.form_id) == wanted.form_id)
    return list(_rows(session, *conditions, most=most))


def assessors(session: Session, tasks: Collection[tuple[str, int]]) -> list[Assessor]:
    """Return who has assessed these tasks, whenever that was."""
    found: list[Assessor] = []
    for source in sorted({source for source, _ in tasks}):
        for batch in in_batches(sorted(number for of, number in tasks if of == source)):
            its = (col(Assessment.source) == source, col(Assessment.task_id).in_(batch))
            columns = (col(Assessment.source), col(Assessment.task_id), col(Assessment.assessor_id))
            found += [Assessor(*row) for row in session.execute(sa.select(*columns).where(*its))]
    return found


def marks_of(session: Session, ids: Collection[int]) -> dict[int, list[MarkValues]]:
    """Return the marks of assessments, by the assessment's id."""
    found: dict[int, list[MarkValues]] = {it: [] for it in ids}
    columns = [getattr(AssessmentMark, name) for name in ("assessment_id", *MarkValues._fields)]
    for batch in in_batches(ids):
        query = sa.select(*columns).where(col(AssessmentMark.assessment_id).in_(batch))
        for assessment_id, *values in session.execute(query.order_by(col(AssessmentMark.criterion_id))):
            found[assessment_id].append(MarkValues(*values))
    return found


def mark_sums(session: Session, ids: Collection[int]) -> list[tuple[int, int, int, int]]:
    """Return of each criterion and highest mark the sum and the number of the marks that these assessments gave."""
    columns = (col(AssessmentMark.criterion_id), col(AssessmentMark.most))
    sums = (sa.func.sum(AssessmentMark.mark), sa.func.count(col(AssessmentMark.mark)))
    found: list[tuple[int, int, int, int]] = []
    for batch in in_batches(ids):
        query = sa.select(*columns, *sums).where(col(AssessmentMark.assessment_id).in_(batch))
        rows = session.execute(query.group_by(*columns))
        found += [(criterion_id, most, int(total or 0), number) for criterion_id, most, total, number in rows]
    return found


def assessed(session: Session, source: str, task_ids: Collection[int]) -> set[int]:
    """Return those of these tasks that somebody has assessed."""
    found = set[int]()
    for batch in in_batches(task_ids):
        same = (Assessment.source == source, col(Assessment.task_id).in_(batch))
        found.update(session.exec(select(Assessment.task_id).where(*same).distinct()))
    return found


def forget_executors(session: Session, accounts: Sequence[Person]) -> None:
    """Empty the names of people in the assessments of their work.

    A number in the backend is that of the account or that in Redmine. The name decides, too, where another person may
    have the same number: in the other system, and in the second Redmine, whose numbers no account has.
    """
    for it in accounts:
        is_named = col(Assessment.executor) == it.full_name
        own = sa.and_(col(Assessment.executor_id) == it.id, is_named)
        in_second = sa.and_(col(Assessment.source) != MAIN, is_named)
        in_redmine = sa.and_(col(Assessment.source) == MAIN, col(Assessment.executor_id) == it.redmine_id)
        session.execute(sa.update(Assessment).where(sa.or_(own, in_second, in_redmine)).values(executor=""))


def _own(session: Session, source: str, task_id: int, assessor_id: int) -> Assessment | None:
    own = (Assessment.source == source, Assessment.task_id == task_id, Assessment.assessor_id == assessor_id)
    return session.exec(select(Assessment).where(*own).with_for_update()).first()


def _replace_marks(session: Session, assessment_id: int, marks: Sequence[MarkValues]) -> None:
    session.execute(sa.delete(AssessmentMark).where(col(AssessmentMark.assessment_id) == assessment_id))
    for it in marks:
        session.add(AssessmentMark(assessment_id=assessment_id, **it._asdict()))
    session.flush()


def _one(session: Session, assessment_id: int | None) -> AssessmentRow | None:
    return next(_rows(session, Assessment.id == assessment_id), None)


def _rows(session: Session, *conditions: Any, most: int | None = None) -> Iterator[AssessmentRow]:
    others: dict[str, Any] = {"form": AssessmentForm.name, "assessor": Person.full_name}
    columns = [others[it] if it in others else getattr(Assessment, it) for it in AssessmentRow._fields]
    query = (
        sa.select(*columns)
        .join(AssessmentForm, col(AssessmentForm.id) == col(Assessment.form_id))
        .join(Person, col(Person.id) == col(Assessment.assessor_id))
        .where(*conditions)
        .order_by(col(Assessment.assessed_at).desc(), col(Assessment.id).desc())
        .limit(most)
    )
    return (AssessmentRow(*row) for row in session.execute(query))
