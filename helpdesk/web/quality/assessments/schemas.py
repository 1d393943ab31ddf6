"""Turn assessments into JSON."""

from collections.abc import Sequence

from helpdesk.store.assessment_forms import FormRow
from helpdesk.store.assessments import AssessmentRow, MarkValues, TaskValues
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.quality.assessments import forms


def one(row: AssessmentRow, is_open: bool = True, subject: str | None = None) -> Json:
    """Return an assessment; without its score and remark if it is not open to the person. `subject` is empty for a
    task that the person does not see."""
    return {
        "id": row.id,
        "source": row.source,
        "task_id": row.task_id,
        "subject": row.subject if subject is None else subject,
        "form_id": row.form_id,
        "form": row.form,
        "assessor": row.assessor,
        "assignee_id": row.executor_id,
        "assignee": row.executor,
        "project_id": row.project_id,
        "project": row.project,
        "score": row.score if is_open else None,
        "remark": row.remark if is_open else None,
        "assessed_at": moment(row.assessed_at),
        "lock_version": str(row.version),
    }


def with_marks(row: AssessmentRow, marks: Sequence[MarkValues], names: dict[int, str], subject: str) -> Json:
    """Return an assessment with its marks."""
    return {**one(row, subject=subject), "marks": [it._asdict() | {"name": names[it.criterion_id]} for it in marks]}


def to_assess(task: TaskValues, offered: Sequence[FormRow], own: AssessmentRow | None) -> Json:
    """Return what an assessor has before assessing a task."""
    return {
        "task": task._asdict(),
        "forms": [forms.to_dict(it) for it in offered],
        "own": one(own) if own else None,
    }
