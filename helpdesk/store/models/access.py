"""Define the tables of sessions, rights, tokens, second factors and secrets, and of what administrators do.

Tokens, recovery codes and links are stored as hashes. `secret` columns are encrypted by `helpdesk/encryption.py`.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG


class Session(SQLModel, table=True):
    """A sign-in on one device. Only the hash of its id is stored, so that reading the table lets nobody sign in.

    It may be signed in to the phone as an agent: `phone_secret` holds the password and the extension, encrypted.
    """

    __tablename__ = "session"
    id_hash: str = Field(primary_key=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime
    expires_at: datetime = Field(index=True)
    last_used: datetime | None = None
    address: str = Field(default="", max_length=60)
    user_agent: str = Field(default="", max_length=200)
    phone_agent_id: str | None = Field(default=None, max_length=64, index=True)
    phone_secret: str | None = Field(default=None, max_length=2000)


class SigninAttempt(SQLModel, table=True):
    """A sign-in that failed, or has not succeeded yet.

    `login_hash` is keyed, since people type passwords into the wrong field. `place` is an address or a device.
    """

    __tablename__ = "signin_attempt"
    __table_args__ = (
        sa.Index("ix_signin_attempt_who", "login_hash", "place", "at"),
        sa.Index("ix_signin_attempt_place", "place", "at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    login_hash: str = Field(max_length=64)
    place: str = Field(max_length=60)
    at: datetime = Field(index=True)


class RightGrant(SQLModel, table=True):
    """The `name` of a right of `people/rights.py` that a person holds.

    `source` is empty for a grant by an administrator, else the directory one of whose groups gives it.
    """

    __tablename__ = "right_grant"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    name: str = Field(primary_key=True, max_length=50)
    source: str = Field(default="", primary_key=True, max_length=20)
    granted_at: datetime
    granted_by: int | None = None


class ApiToken(SQLModel, table=True):
    """A program's token, which acts as its person. `scope` is `read` or `write`."""

    __tablename__ = "api_token"
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    name: str = Field(max_length=60)
    token_hash: str = Field(max_length=64, unique=True)
    scope: str = Field(max_length=10)
    created_at: datetime
    expires_at: datetime | None = None
    last_used: datetime | None = None


class SecondFactor(SQLModel, table=True):
    """A person's TOTP secret. It counts from `confirmed_at` on; codes up to `last_step` were used already."""

    __tablename__ = "second_factor"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    secret: str = Field(max_length=400)
    confirmed_at: datetime | None = None
    last_step: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class RecoveryCode(SQLModel, table=True):
    """A code that takes the place of a TOTP code once."""

    __tablename__ = "recovery_code"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    code_hash: str = Field(primary_key=True, max_length=64)


class PasswordLink(SQLModel, table=True):
    """A link by which the owner of a local account sets a new password, once."""

    __tablename__ = "password_link"
    token_hash: str = Field(primary_key=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True)
    expires_at: datetime


class GracePassword(SQLModel, table=True):
    """The hash of the password of the last sign-in by the ERP, for the time that the ERP is down."""

    __tablename__ = "grace_password"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    password_hash: str = Field(max_length=200)
    signed_in_at: datetime


class RedmineKey(SQLModel, table=True):
    """A person's own API key of Redmine, fetched at sign-in where REDMINE_ACT_AS is api-key."""

    __tablename__ = "redmine_key"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    secret: str = Field(max_length=400)
    fetched_at: datetime


class AccountJoin(SQLModel, table=True):
    """An account that was joined into another one. `moved` is JSON: what to give back when it is undone."""

    __tablename__ = "account_join"
    id: int | None = Field(default=None, primary_key=True)
    kept_id: int = Field(foreign_key="person.id", index=True)
    joined_id: int = Field(foreign_key="person.id", index=True)
    joined_at: datetime
    joined_by: int | None = None
    undone_at: datetime | None = None
    moved: str = Field(sa_type=LONG)


class AuditRecord(SQLModel, table=True):
    """An act: `actor_id` did `action` to the account `person_id`, or to the task `task_id`, from `address`.

    `details` is JSON without secrets. `words` are folded, for the search.
    """

    __tablename__ = "audit_record"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    actor_id: int | None = Field(default=None, index=True)
    action: str = Field(max_length=50, index=True)
    person_id: int | None = Field(default=None, index=True)
    task_id: int | None = Field(default=None, index=True)
    address: str = Field(default="", max_length=60, sa_column_kwargs={"server_default": ""})
    details: str = Field(default="{}", sa_type=sa.Text)
    words: str = Field(default="", max_length=500, sa_column_kwargs={"server_default": ""})
