"""The tables of notifications: what was told to whom, and how far the change feed was read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from helpdesk.store.task_tables import LONG


class Moment(UTCDateTime):
    """An aware time to the microsecond, which MySQL would cut to whole seconds."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(DATETIME(fsp=6))
        return super().load_dialect_impl(dialect)


def fitting(table: type[SQLModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row, texts as long as their columns: names and words are the tracker's, and may be longer."""
    columns: Mapping[str, Any] = table.__table__.c  # type: ignore[attr-defined]  # every table has one
    lengths = {name: getattr(columns[name].type, "length", None) for name in values}
    return {name: value[: lengths[name]] if isinstance(value, str) else value for name, value in values.items()}


class Notification(SQLModel, table=True):
    """What one person was told of one act; `task_id` and `project_id` are the tracker's numbers.

    `type` is what programs know of, `kind` what words are made of; `old` and `new` are what was changed, in the
    tracker's words. A later row has a higher id, and no id is used again: streams go on after the last one they sent.
    `sound` names the one that the page makes of it, if any. It is unread while there is no `read_at`.
    """

    __tablename__ = "notification"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "happening", name="uq_notification_person_happening"),
        sa.Index("ix_notification_person", "person_id", "id"),
        sa.Index("ix_notification_unread", "person_id", "read_at", "id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    happening: str = Field(max_length=60)
    type: str = Field(max_length=20)
    kind: str = Field(max_length=20)
    task_id: int
    project_id: int
    subject: str = Field(max_length=255)
    author: str = Field(default="", max_length=200)
    old: str = Field(default="", max_length=100)
    new: str = Field(default="", max_length=100)
    excerpt: str = Field(default="", max_length=300)
    is_private: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    sound: str = Field(default="", max_length=20, sa_column_kwargs={"server_default": ""})
    happened_at: datetime
    created_at: datetime = Field(index=True)
    read_at: datetime | None = Field(default=None, sa_type=Moment)


class DealtWith(SQLModel, table=True):
    """An act that was dealt with at `at`, whoever was told of it: what the feed tells again is passed over.

    Pages that show its task are told of it by what else is kept here: the statuses, where it changed that, and whose
    act it was, in the tracker's words.
    """

    __tablename__ = "happening"
    key: str = Field(primary_key=True, max_length=60)
    at: datetime = Field(index=True)
    task_id: int
    is_private: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    old_status: str = Field(default="", max_length=100)
    new_status: str = Field(default="", max_length=100)
    author: str = Field(default="", max_length=200)
    happened_at: datetime


class FeedPosition(SQLModel, table=True):
    """Where to read on; all that had happened by `as_of` has been told."""

    __tablename__ = "feed_position"
    name: str = Field(primary_key=True, max_length=50)
    position: str = Field(sa_type=LONG)
    as_of: datetime


class Lease(SQLModel, table=True):
    """What only one process may do at a time is `holder`'s to do; others may take it after `until`."""

    __tablename__ = "lease"
    name: str = Field(primary_key=True, max_length=50)
    holder: str = Field(max_length=60)
    until: datetime = Field(sa_type=Moment)


class NotificationPreference(SQLModel, table=True):
    """What a person wants to be told, and how: `told` is the JSON of `notifications/preferences.py`."""

    __tablename__ = "notification_preference"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    told: str = Field(sa_type=LONG)
