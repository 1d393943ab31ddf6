"""Define every table of ours for SQLite, PostgreSQL and MySQL alike.

Portable rules: every text has a length; times are aware UTC; values compared without regard to case have a second,
folded column, because SQLite folds no Cyrillic and MySQL folds more than we want; Booleans get their defaults from
`sa.false()`; nothing relies on the order of ids.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG
from helpdesk.store.models import netmonitor as netmonitor
from helpdesk.store.models import posts as posts
from helpdesk.store.models import promises as promises
from helpdesk.store.models import quality as quality
from helpdesk.store.models import reports as reports
from helpdesk.store.models.access import AccountJoin as AccountJoin
from helpdesk.store.models.access import ApiToken as ApiToken
from helpdesk.store.models.access import AuditRecord as AuditRecord
from helpdesk.store.models.access import GracePassword as GracePassword
from helpdesk.store.models.access import PasswordLink as PasswordLink
from helpdesk.store.models.access import RecoveryCode as RecoveryCode
from helpdesk.store.models.access import RedmineKey as RedmineKey
from helpdesk.store.models.access import RightGrant as RightGrant
from helpdesk.store.models.access import SecondFactor as SecondFactor
from helpdesk.store.models.access import Session as Session
from helpdesk.store.models.access import SigninAttempt as SigninAttempt
from helpdesk.store.models.board import BoardColumn as BoardColumn
from helpdesk.store.models.board import BoardFold as BoardFold
from helpdesk.store.models.company import CompanyText as CompanyText
from helpdesk.store.models.company import RequestCategory as RequestCategory
from helpdesk.store.models.company import RequestGrade as RequestGrade
from helpdesk.store.models.company import RouteMetric as RouteMetric
from helpdesk.store.models.company import SystemSample as SystemSample
from helpdesk.store.models.company import SystemState as SystemState
from helpdesk.store.models.delivery import ChannelState as ChannelState
from helpdesk.store.models.delivery import Device as Device
from helpdesk.store.models.delivery import FlaggedAddress as FlaggedAddress
from helpdesk.store.models.delivery import Letter as Letter
from helpdesk.store.models.delivery import OutboxRow as OutboxRow
from helpdesk.store.models.notifications import FeedAttempt as FeedAttempt
from helpdesk.store.models.notifications import FeedCursor as FeedCursor
from helpdesk.store.models.notifications import Lease as Lease
from helpdesk.store.models.notifications import Notification as Notification
from helpdesk.store.models.notifications import NotificationPreference as NotificationPreference
from helpdesk.store.models.notifications import ProcessedEvent as ProcessedEvent
from helpdesk.store.models.task_parts import Attachment as Attachment
from helpdesk.store.models.task_parts import CustomField as CustomField
from helpdesk.store.models.task_parts import CustomValue as CustomValue
from helpdesk.store.models.task_parts import Relation as Relation
from helpdesk.store.models.task_parts import SpentTime as SpentTime
from helpdesk.store.models.task_parts import Watcher as Watcher
from helpdesk.store.models.telephony import PhoneAgent as PhoneAgent
from helpdesk.store.models.telephony import PhoneCall as PhoneCall
from helpdesk.store.models.telephony import PhoneFavourite as PhoneFavourite
from helpdesk.store.models.telephony import PhoneRefusal as PhoneRefusal


class Meta(SQLModel, table=True):
    """A property of this store: `kind` is `production` or `demo`. The table marks the database as ours."""

    __tablename__ = "helpdesk_meta"
    name: str = Field(primary_key=True, max_length=50)
    value: str = Field(max_length=200)


class Person(SQLModel, table=True):
    """An account. `source` is the directory that checks its password; logins are unique within a source.

    `directory_id` is the directory's id of the person, `redmine_username` the login in Redmine if it is another one,
    empty where an administrator has unbound the account. An account that is `joined_into` another one only serves to
    sign in to that one. `is_active` is what administrators say; the directory `blocked_by` has set `blocked_at`.
    `closed_hints` are the names of the hints that are not shown any more, separated by spaces. `words` are folded, for
    the search. `is_email_proven`, `is_phone_proven` and `is_department_proven`: a directory of the company or an
    administrator vouches for the e-mail, the number, the department. `avatar` names a picture. `language` is the last
    one that the person signed in with or chose. While the person is away, until the end of `away_until`, the deputy is
    offered what would be theirs.
    """

    __tablename__ = "person"
    __table_args__ = (
        sa.UniqueConstraint("source", "login_folded", name="uq_person_source_login"),
        sa.UniqueConstraint("redmine_id", name="uq_person_redmine_id"),
        sa.Index("ix_person_login_folded", "login_folded"),
    )
    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(max_length=20)
    login: str = Field(max_length=120)
    login_folded: str = Field(max_length=120)
    email: str = Field(default="", max_length=200)
    email_folded: str = Field(default="", max_length=200, index=True)
    full_name: str = Field(default="", max_length=200)
    department: str = Field(default="", max_length=200)
    position: str = Field(default="", max_length=200)
    phone: str = Field(default="", max_length=100, sa_column_kwargs={"server_default": ""})
    office: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    vpn_enabled: bool | None = None
    vpn_end_date: date | None = None
    directory_id: str | None = Field(default=None, max_length=200)
    password_hash: str | None = Field(default=None, max_length=200)
    redmine_id: int | None = Field(default=None)
    redmine_username: str | None = Field(default=None, max_length=120)
    redmine_username_folded: str | None = Field(default=None, max_length=120, index=True)
    joined_into: int | None = None
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    blocked_at: datetime | None = None
    blocked_by: str | None = Field(default=None, max_length=20)
    closed_hints: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    words: str = Field(default="", max_length=1200, sa_column_kwargs={"server_default": ""})
    is_email_proven: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    is_phone_proven: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    is_department_proven: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    avatar: str | None = Field(default=None, max_length=64)
    language: str = Field(default="", max_length=5, sa_column_kwargs={"server_default": ""})
    hides_presence: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    away_until: date | None = None
    deputy_id: int | None = Field(default=None, index=True)
    anonymized_at: datetime | None = None
    created_at: datetime
    last_seen: datetime | None = None


class FirstAnswer(SQLModel, table=True):
    """The first answer to an idempotency key; `status` is 0 while the first request is still at work."""

    __tablename__ = "first_answer"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    route: str = Field(primary_key=True, max_length=120)
    key: str = Field(primary_key=True, max_length=80)
    body_hash: str = Field(max_length=64)
    status: int = 0
    headers: str = Field(default="[]", sa_type=sa.Text)
    body: str = Field(default="", sa_type=LONG)
    created_at: datetime = Field(index=True)


class Project(SQLModel, table=True):
    __tablename__ = "tracker_project"
    id: int | None = Field(default=None, primary_key=True)
    identifier: str = Field(max_length=100, unique=True)
    name: str = Field(max_length=200)
    description: str = Field(default="", sa_type=sa.Text)
    parent_id: int | None = Field(default=None, foreign_key="tracker_project.id")
    members_only: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    is_archived: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})


class Role(SQLModel, table=True):
    """A role; `permissions` is a space-separated list of names from `tasks/embedded`."""

    __tablename__ = "tracker_role"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    permissions: str = Field(default="", max_length=500)
    for_everybody: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})


class Membership(SQLModel, table=True):
    __tablename__ = "tracker_membership"
    project_id: int = Field(foreign_key="tracker_project.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True, index=True)
    role_id: int = Field(foreign_key="tracker_role.id", primary_key=True)


class Status(SQLModel, table=True):
    __tablename__ = "tracker_status"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    position: int
    is_closed: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    is_default: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})


class Priority(SQLModel, table=True):
    __tablename__ = "tracker_priority"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    position: int
    is_default: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})


class Kind(SQLModel, table=True):
    """A kind of task, which Redmine calls a tracker: incident, request, change."""

    __tablename__ = "tracker_kind"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    position: int


class Transition(SQLModel, table=True):
    """A step of the workflow: people with the role may move a task from the old status to the new one."""

    __tablename__ = "tracker_transition"
    role_id: int = Field(foreign_key="tracker_role.id", primary_key=True)
    old_status_id: int = Field(foreign_key="tracker_status.id", primary_key=True)
    new_status_id: int = Field(foreign_key="tracker_status.id", primary_key=True)


class Task(SQLModel, table=True):
    """A task. `words` is its subject and description folded for search; `version` rises with every write.

    `requester` holds the addresses of those who asked for it besides the author, as in a mail's To.

    Reports need no more than their index holds. Ids of tasks and entries are never used again, since the change feed
    is read on from the last id.
    """

    __tablename__ = "tracker_task"
    __table_args__ = (
        sa.Index("ix_tracker_task_assignee", "assignee_id", "status_id"),
        sa.Index("ix_tracker_task_project", "project_id", "status_id"),
        sa.Index(
            *("ix_tracker_task_report", "project_id", "status_id", "kind_id", "priority_id", "author_id"),
            *("assignee_id", "created_at", "updated_at", "closed_at", "is_private"),
        ),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="tracker_project.id")
    kind_id: int = Field(foreign_key="tracker_kind.id")
    status_id: int = Field(foreign_key="tracker_status.id")
    priority_id: int = Field(foreign_key="tracker_priority.id")
    author_id: int = Field(foreign_key="person.id", index=True)
    assignee_id: int | None = Field(default=None, foreign_key="person.id")
    subject: str = Field(max_length=255)
    description: str = Field(default="", sa_type=LONG)
    words: str = Field(default="", sa_type=LONG)
    requester: str = Field(default="", max_length=1000, sa_column_kwargs={"server_default": ""})
    start_date: date | None = None
    due_date: date | None = None
    done_ratio: int = 0
    estimated_hours: float | None = None
    parent_id: int | None = Field(default=None, foreign_key="tracker_task.id", index=True)
    is_private: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    version: int = 1
    created_at: datetime
    updated_at: datetime = Field(index=True)
    closed_at: datetime | None = None


class Entry(SQLModel, table=True):
    """A comment, changes, or both, that one person made to a task at once."""

    __tablename__ = "tracker_entry"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="tracker_task.id", index=True)
    author_id: int = Field(foreign_key="person.id")
    created_at: datetime
    notes: str = Field(default="", sa_type=LONG)
    is_private: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})


class Change(SQLModel, table=True):
    """The change of one field within an entry; ids are stored as text, as in Redmine."""

    __tablename__ = "tracker_change"
    __table_args__ = (sa.Index("ix_tracker_change_old_value", "old_value", "field"),)
    id: int | None = Field(default=None, primary_key=True)
    entry_id: int = Field(foreign_key="tracker_entry.id", index=True)
    field: str = Field(max_length=30)
    old_value: str | None = Field(default=None, max_length=255)
    new_value: str | None = Field(default=None, max_length=255)


class Draft(SQLModel, table=True):
    """A person's unsent text in the form of `place` (such as `task:7:comments`); `fields` is JSON."""

    __tablename__ = "draft"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    place: str = Field(primary_key=True, max_length=80)
    fields: str = Field(sa_type=LONG)
    updated_at: datetime = Field(index=True)


class ReplyTemplate(SQLModel, table=True):
    """A prepared reply; without a person it is shared. `position` orders it within its list."""

    __tablename__ = "reply_template"
    id: int | None = Field(default=None, primary_key=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    name: str = Field(max_length=100)
    text: str = Field(sa_type=LONG)
    position: int


class SavedView(SQLModel, table=True):
    """A list that a person saved under a name: `address` is its path and query, never another site's."""

    __tablename__ = "saved_view"
    __table_args__ = (sa.UniqueConstraint("person_id", "name_folded", name="uq_saved_view_person_name"),)
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    name: str = Field(max_length=60)
    name_folded: str = Field(max_length=200)
    address: str = Field(max_length=2000)
    is_start: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
