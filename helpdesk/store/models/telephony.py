"""Define the tables of the call desk: agents of the phone system as they were seen last, calls, and favourites."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG, Moment


class PhoneAgent(SQLModel, table=True):
    """An agent who was signed in to the phone here, as the phone system showed the agent last.

    `person_id` is who signed in last. `dialogs` is JSON (`telephony/snapshot.py`). `version` rises with each change
    that pages show. `seen_at` is about when the newest answer was asked for: an older one changes nothing any more.
    `ringing` is the id of the call that rings, or 0. `asked` is what was asked last and is not seen yet, in the dialog
    `asked_dialog`; `asked_to` is the number. `passing` is the last transfer that was asked, whatever was asked since.
    Until `watched_until` a page of the agent is on a screen. `failure` is "refused" when the phone system has refused a
    password, "unavailable" while it does not answer, "left" when the last session of the agent is over; since
    `failed_at`.
    `unanswered` questions are without an answer, the newest since `unanswered_at` (`store/phone_silence.py`).
    """

    __tablename__ = "phone_agent"
    agent_id: str = Field(primary_key=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True)
    extension: str = Field(max_length=32)
    name: str = Field(default="", max_length=200)
    team_id: str = Field(default="", max_length=64)
    team_name: str = Field(default="", max_length=200)
    is_supervisor: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    state: str = Field(default="", max_length=40)
    reason: str = Field(default="", max_length=200)
    pending: str = Field(default="", max_length=40)
    state_since: datetime | None = Field(default=None, sa_type=Moment)
    dialogs: str = Field(default="[]", sa_type=LONG)
    version: int = 0
    ringing: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    seen_at: datetime | None = Field(default=None, sa_type=Moment)
    asked: str = Field(default="", max_length=40)
    asked_dialog: str = Field(default="", max_length=20)
    asked_to: str = Field(default="", max_length=32)
    asked_at: datetime | None = Field(default=None, sa_type=Moment)
    passing: str = Field(default="", max_length=40)
    passing_dialog: str = Field(default="", max_length=20)
    passing_to: str = Field(default="", max_length=32)
    passing_at: datetime | None = Field(default=None, sa_type=Moment)
    watched_until: datetime | None = Field(default=None, sa_type=Moment, index=True)
    failure: str = Field(default="", max_length=20)
    failed_at: datetime | None = Field(default=None, sa_type=Moment)
    unanswered: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    unanswered_at: datetime | None = Field(default=None, sa_type=Moment)


class PhoneCall(SQLModel, table=True):
    """A call of an agent. `direction` is "in" or "out"; `other_key` is the other end's number for comparing
    (`telephony/numbers.py`).

    `outcome` is empty while the call goes on, then a word of `telephony/call_log.py`; `passed_to` is the number it was
    transferred to. `caller_id` is who the other end is, recognised or chosen. `task_id` is the linked task. If it was
    written from this call, `began_task` says so, and `requester_id` is the caller who was noted in it as who asked.
    `note` was written as a comment of the task at `noted_at`; a process is at it `noting_since`, or has died at it. A
    missed call was called back at `called_back_at`.
    """

    __tablename__ = "phone_call"
    __table_args__ = (
        sa.UniqueConstraint("agent_id", "dialog_id", "began_at", name="uq_phone_call_once"),
        sa.Index("ix_phone_call_began", "began_at", "id"),
        sa.Index("ix_phone_call_agent", "agent_id", "began_at"),
        sa.Index("ix_phone_call_other", "other_key", "began_at"),
        sa.Index("ix_phone_call_answered", "other_key", "answered_at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    agent_id: str = Field(max_length=64)
    dialog_id: str = Field(max_length=20)
    person_id: int = Field(foreign_key="person.id", index=True)
    direction: str = Field(max_length=3)
    from_number: str = Field(max_length=40)
    to_number: str = Field(max_length=40)
    other_key: str = Field(max_length=20)
    queue: str = Field(default="", max_length=100)
    began_at: datetime = Field(sa_type=Moment)
    answered_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    outcome: str = Field(default="", max_length=20)
    passed_to: str = Field(default="", max_length=40)
    caller_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    task_id: int | None = Field(default=None, index=True)
    began_task: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    requester_id: int | None = None
    wrap_up: str = Field(default="", max_length=100)
    note: str = Field(default="", sa_type=LONG)
    noted_at: datetime | None = None
    noting_since: datetime | None = None
    called_back_at: datetime | None = None
    called_back_by: int | None = Field(default=None, foreign_key="person.id", index=True)


class PhoneRefusal(SQLModel, table=True):
    """A try to sign in to the phone that was refused, or has no answer.

    The agent's id is stored as a hash, since people type passwords into the wrong field. So are the person and the
    address, which are empty for what nobody entered.
    """

    __tablename__ = "phone_refusal"
    id: int | None = Field(default=None, primary_key=True)
    agent_hash: str = Field(max_length=64, index=True)
    person_hash: str = Field(default="", max_length=64, index=True, sa_column_kwargs={"server_default": ""})
    address_hash: str = Field(default="", max_length=64, index=True, sa_column_kwargs={"server_default": ""})
    at: datetime = Field(sa_type=Moment, index=True)


class PhoneFavourite(SQLModel, table=True):
    """A number that a person transfers calls to, or dials, often."""

    __tablename__ = "phone_favourite"
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    name: str = Field(max_length=100)
    number: str = Field(max_length=32)
    position: int = 0
