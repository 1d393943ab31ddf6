"""Define the tables of notifications, of the feed's progress and of preferences."""

from datetime import datetime
from typing import Annotated, NamedTuple, get_type_hints

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG, Moment


class NotificationRow(NamedTuple):
    """One notification of one person: the only definition of the table's columns.

    `task_id`, `project_id` and the texts are those of the backend. Programs and preferences know the `type`; the `kind`
    selects the message. `old` and `new` are the statuses, or the priorities where `kind` is "priority", and are empty
    when they did not change. `author` is empty when it is not known. `sound` names the sound that pages play, if any.
    `absent` is the name of the person in whose place a deputy gets it.

    `id` and `created_at` are set when it is stored. It is unread while `read_at` is None.
    """

    person_id: Annotated[int, Field(foreign_key="person.id")]
    event: Annotated[str, Field(max_length=60, sa_column_kwargs={"name": "happening", "key": "event"})]
    type: Annotated[str, Field(max_length=20)]
    kind: Annotated[str, Field(max_length=20)]
    task_id: int
    project_id: int
    subject: Annotated[str, Field(max_length=255)]
    author: Annotated[str, Field(max_length=200)]
    old: Annotated[str, Field(max_length=100)]
    new: Annotated[str, Field(max_length=100)]
    excerpt: Annotated[str, Field(max_length=300)]
    is_private: Annotated[bool, Field(sa_column_kwargs={"server_default": sa.false()})]
    sound: Annotated[str, Field(max_length=20, sa_column_kwargs={"server_default": ""})]
    happened_at: datetime
    id: int = 0
    created_at: Annotated[datetime | None, Field(index=True, nullable=False)] = None
    read_at: Annotated[datetime | None, Field(sa_type=Moment)] = None
    absent: Annotated[str, Field(max_length=200, sa_column_kwargs={"server_default": ""})] = ""


class Notification(SQLModel, table=True):
    """The table of NotificationRow.

    A later row has a higher id, and no id is used twice: a stream resumes after the last id that it sent.
    """

    __tablename__ = "notification"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "event", name="uq_notification_person_happening"),
        sa.Index("ix_notification_person", "person_id", "id"),
        sa.Index("ix_notification_unread", "person_id", "read_at", "id"),
        sa.Index("ix_notification_unread_task", "person_id", "read_at", "task_id"),
        sa.Index("ix_notification_type", "person_id", "type", "id"),
        sa.Index("ix_notification_happening", "event", "person_id"),
        {"sqlite_autoincrement": True},
    )
    __annotations__ = get_type_hints(NotificationRow, include_extras=True)
    id: int | None = Field(default=None, primary_key=True)


class EventRecord(NamedTuple):
    """What pages that show its task are told of an event. The statuses are empty when it changed none."""

    key: Annotated[str, Field(primary_key=True, max_length=60)]
    task_id: int
    is_private: Annotated[bool, Field(sa_column_kwargs={"server_default": sa.false()})]
    old_status: Annotated[str, Field(max_length=100)]
    new_status: Annotated[str, Field(max_length=100)]
    author: Annotated[str, Field(max_length=200)]
    happened_at: datetime


class ProcessedEvent(SQLModel, table=True):
    """The table of EventRecord: an event was processed at `at`, and is skipped when the feed repeats it."""

    __tablename__ = "happening"
    __annotations__ = get_type_hints(EventRecord, include_extras=True)
    at: datetime = Field(index=True)


class FeedAttempt(SQLModel, table=True):
    """An event that `holder` has been working on since `at`. `tries` counts the processes that began with it, of which
    the earlier ones did not finish. A process that finishes deletes the row, whatever the outcome.
    """

    __tablename__ = "feed_attempt"
    key: str = Field(primary_key=True, max_length=60)
    holder: str = Field(max_length=60)
    tries: int
    at: datetime = Field(index=True)


class FeedCursor(SQLModel, table=True):
    """Where to continue reading the feed. Every event until `as_of` has been processed."""

    __tablename__ = "feed_position"
    name: str = Field(primary_key=True, max_length=50)
    position: str = Field(sa_type=LONG)
    as_of: datetime


class Lease(SQLModel, table=True):
    """A right that only one process has at a time, until then `holder`. Others may take it after `until`."""

    __tablename__ = "lease"
    name: str = Field(primary_key=True, max_length=50)
    holder: str = Field(max_length=60)
    until: datetime = Field(sa_type=Moment)


class NotificationPreference(SQLModel, table=True):
    """A person's preferences: `told` is the JSON of `notifications/preferences.py`."""

    __tablename__ = "notification_preference"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    told: str = Field(sa_type=LONG)
