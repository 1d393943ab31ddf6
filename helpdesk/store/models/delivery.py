"""Define the tables of what is sent to people: the outbox, their devices, letters, and the state of the channels."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG, Moment

WEB_PUSH, FCM = "webpush", "fcm"
"""The services of devices, which are also channels."""


class Device(SQLModel, table=True):
    """A browser or a phone that gets pushes by `service` ("webpush" or "fcm").

    `address` is the endpoint or the token; `address_hash` makes it unique, whoever uses the browser. `p256dh` and
    `auth` are the keys of Web Push in base64url. `session_hash` is the session that subscribed last: with a sign-out
    the device is forgotten. `succeeded_at`, `failed_at` and `failure` (a reason of `notifications/reasons.py`) are the
    last outcomes.
    """

    __tablename__ = "push_device"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    service: str = Field(max_length=10)
    address: str = Field(sa_type=sa.Text)
    address_hash: str = Field(max_length=64, unique=True)
    p256dh: str = Field(default="", max_length=120)
    auth: str = Field(default="", max_length=40)
    name: str = Field(default="", max_length=100)
    session_hash: str = Field(default="", max_length=64, index=True)
    created_at: datetime
    renewed_at: datetime
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = Field(default="", max_length=30)


class Letter(SQLModel, table=True):
    """A letter that somebody wrote: from a task, or to many people at once where `task_id` is 0.

    `recipients` is JSON: the lists `to` and `cc` of addresses, and when some have got it, those who have not: `put_off`
    and `refused`. For a letter to many it has the group; its people are those of its rows in the outbox.
    `content` is the whole MIME message of a letter from a task, emptied when it was sent.
    """

    __tablename__ = "letter"
    id: int | None = Field(default=None, primary_key=True)
    author_id: int = Field(foreign_key="person.id", index=True)
    task_id: int = Field(index=True)
    recipients: str = Field(default="", sa_type=LONG)
    subject: str = Field(max_length=255)
    text: str = Field(sa_type=LONG)
    content: str = Field(default="", sa_type=LONG)
    created_at: datetime


class OutboxRow(SQLModel, table=True):
    """Something to be sent to one person over one channel, to one device where the channel has devices.

    `channel` is "webpush", "fcm" or "email". `event` is that of the notification, else names a letter or a test.
    `notification_id` is 0 when it is not listed on the page. `content` is the notification as JSON
    (`notifications/outbox.py`), emptied at the end. Rows with a `bundle` are sent to a person together.
    `state` is waiting, sent, skipped or failed; the latter two have a `reason` (`notifications/reasons.py`), and a
    `detail` for administrators. It is sent from `due_at` on by the `holder` of the row, until `leased_until`.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "event", "channel", "device_id", name="uq_outbox_once"),
        sa.Index("ix_outbox_due", "channel", "state", "due_at"),
        sa.Index("ix_outbox_order", "state", "channel", "person_id", "device_id", "task_id", "id"),
        sa.Index("ix_outbox_person", "person_id", "channel", "id"),
        sa.Index("ix_outbox_event", "event"),
        sa.Index("ix_outbox_ended", "ended_at", "channel"),
        sa.Index("ix_outbox_holder", "holder"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    channel: str = Field(max_length=10)
    person_id: int = Field(foreign_key="person.id")
    event: str = Field(max_length=60)
    type: str = Field(max_length=20)
    device_id: int = 0
    notification_id: int = 0
    task_id: int = 0
    letter_id: int | None = None
    content: str = Field(default="", sa_type=LONG)
    bundle: str = Field(default="", max_length=10)
    state: str = Field(default="waiting", max_length=10)
    reason: str = Field(default="", max_length=30)
    detail: str = Field(default="", max_length=200)
    attempts: int = 0
    due_at: datetime = Field(sa_type=Moment)
    holder: str = Field(default="", max_length=40)
    leased_until: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)


class ChannelState(SQLModel, table=True):
    """The state of a channel in all processes. It rests until `paused_until`, and while an administrator stopped it.

    `failures` are those of the channel in a row, since `failing_since`; `reason` and `detail` are of the last one.
    """

    __tablename__ = "channel_state"
    channel: str = Field(primary_key=True, max_length=10)
    is_stopped: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    stopped_by: int | None = None
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=Moment)
    paused_until: datetime | None = Field(default=None, sa_type=Moment)
    reason: str = Field(default="", max_length=30)
    detail: str = Field(default="", max_length=200)


class FlaggedAddress(SQLModel, table=True):
    """A person's e-mail address that a mail server refused for good: no mail is sent there until it changes."""

    __tablename__ = "flagged_address"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    address: str = Field(max_length=200)
    detail: str = Field(max_length=200)
    flagged_at: datetime
