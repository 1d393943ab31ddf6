"""Define the tables around an embedded task: relations, watchers, spent time, files and custom fields."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG


class Relation(SQLModel, table=True):
    """A relation of `kind` from `task_id` to `other_id`; from the other side it is the opposite kind."""

    __tablename__ = "tracker_relation"
    task_id: int = Field(foreign_key="tracker_task.id", primary_key=True)
    other_id: int = Field(foreign_key="tracker_task.id", primary_key=True, index=True)
    kind: str = Field(max_length=20)


class Watcher(SQLModel, table=True):
    __tablename__ = "tracker_watcher"
    task_id: int = Field(foreign_key="tracker_task.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True)


class SpentTime(SQLModel, table=True):
    """A person's work on a task on one day."""

    __tablename__ = "tracker_spent_time"
    id: int | None = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="tracker_task.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    spent_on: date
    hours: float


class Attachment(SQLModel, table=True):
    """A file of a task. Without a task it is staged, and may be attached with the token that `token_hash` is made from.

    `blob` is the name of its content in `store/blobs.py`; `size` is in bytes.
    """

    __tablename__ = "tracker_attachment"
    __table_args__ = (sa.UniqueConstraint("token_hash", name="uq_tracker_attachment_token_hash"),)
    id: int | None = Field(default=None, primary_key=True)
    task_id: int | None = Field(default=None, foreign_key="tracker_task.id", index=True)
    author_id: int = Field(foreign_key="person.id")
    filename: str = Field(max_length=255)
    size: int = Field(sa_type=sa.BigInteger)
    content_type: str = Field(max_length=200)
    blob: str = Field(max_length=64)
    token_hash: str | None = Field(default=None, max_length=64)
    created_at: datetime = Field(index=True)


class CustomField(SQLModel, table=True):
    """A custom field of one project and one tracker (`kind_id`); without one, of all.

    `kind` is one of `tasks.fields.Kind`; `options` of a list and the values of `default` are one a line.
    """

    __tablename__ = "tracker_custom_field"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    kind: str = Field(default="text", max_length=20)
    position: int
    project_id: int | None = Field(default=None, foreign_key="tracker_project.id")
    kind_id: int | None = Field(default=None, foreign_key="tracker_kind.id")
    options: str = Field(default="", sa_type=LONG)
    multiple: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    required: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    default: str = Field(default="", sa_type=LONG)
    hint: str = Field(default="", max_length=200)


class CustomValue(SQLModel, table=True):
    """A task's value of a custom field; `place` orders several."""

    __tablename__ = "tracker_custom_value"
    task_id: int = Field(foreign_key="tracker_task.id", primary_key=True)
    field_id: int = Field(foreign_key="tracker_custom_field.id", primary_key=True)
    place: int = Field(primary_key=True)
    value: str = Field(sa_type=LONG)
