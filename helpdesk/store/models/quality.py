"""Define the tables of quality control: what counts as what, who watches, and the assessments of closed tasks.

`source` is "main" for tasks of the backend, "quality" for those of the second Redmine.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG, exact


class QualityChoice(SQLModel, table=True):
    """What administrators chose: `role` is the name of a kind of request or of a field (quality/model.py), and
    `number` the id of the tracker or custom field that it is. Without any row the settings hold."""

    __tablename__ = "quality_choice"
    role: str = Field(primary_key=True, max_length=20)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})


class QualityWatcher(SQLModel, table=True):
    """A person who is notified of new requests of quality control."""

    __tablename__ = "quality_watcher"
    person_id: int = Field(primary_key=True, foreign_key="person.id", sa_column_kwargs={"autoincrement": False})
    since: datetime


class AssessmentForm(SQLModel, table=True):
    """A form of criteria by which closed tasks are assessed. `version` rises with each edit, also of its criteria."""

    __tablename__ = "assessment_form"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    name_folded: str = Field(sa_type=exact(100), unique=True)
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    version: int = 1


class Criterion(SQLModel, table=True):
    """A criterion of a form: marks go from 0 to `most`, and count by `weight`. One without `is_active` was removed and
    stays for the assessments that have it."""

    __tablename__ = "assessment_criterion"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    form_id: int = Field(foreign_key="assessment_form.id", index=True)
    name: str = Field(max_length=200)
    hint: str = Field(default="", max_length=500)
    weight: int = 1
    most: int = 5
    position: int = 0
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})


class Assessment(SQLModel, table=True):
    """An assessment of a closed task: `score` is from 0 to 100, of its marks by their weights.

    `executor_id` and `executor` are the number in the backend and the name of whose work it was; `project_id` is the
    project then. Each assessor has one for a task. `version` rises with each edit.
    """

    __tablename__ = "assessment"
    __table_args__ = (
        sa.UniqueConstraint("source", "task_id", "assessor_id", name="uq_assessment_task_assessor"),
        sa.Index("ix_assessment_executor", "executor_id", "assessed_at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(max_length=10)
    task_id: int
    subject: str = Field(max_length=255)
    form_id: int = Field(foreign_key="assessment_form.id", index=True)
    assessor_id: int = Field(foreign_key="person.id", index=True)
    executor_id: int | None = None
    executor: str = Field(default="", max_length=200)
    project_id: int
    project: str = Field(default="", max_length=255)
    score: int
    remark: str = Field(default="", sa_type=LONG)
    assessed_at: datetime = Field(index=True)
    version: int = 1


class AssessmentMark(SQLModel, table=True):
    """The mark for a criterion, with its weight and the highest mark as they were then; None is "does not apply"."""

    __tablename__ = "assessment_mark"
    assessment_id: int = Field(primary_key=True, foreign_key="assessment.id", sa_column_kwargs={"autoincrement": False})
    criterion_id: int = Field(
        primary_key=True, foreign_key="assessment_criterion.id", sa_column_kwargs={"autoincrement": False}
    )
    mark: int | None = None
    weight: int
    most: int
    remark: str = Field(default="", max_length=500)


class AssessmentPick(SQLModel, table=True):
    """A task that was drawn for a person to assess, so that nobody else draws it for a while."""

    __tablename__ = "assessment_pick"
    source: str = Field(primary_key=True, max_length=10)
    task_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    person_id: int = Field(foreign_key="person.id", index=True)
    picked_at: datetime
