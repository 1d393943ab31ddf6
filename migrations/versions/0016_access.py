"""Accounts of directories, rights one by one, tokens, second factors, and a record of what administrators do."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
PERSON = (
    ("phone", sa.String(length=100), ""),
    ("office", sa.String(length=200), ""),
    ("vpn_enabled", sa.Boolean(), None),
    ("vpn_end_date", sa.Date(), None),
    ("directory_id", sa.String(length=200), None),
    ("redmine_username", sa.String(length=120), None),
    ("redmine_username_folded", sa.String(length=120), None),
    ("blocked_at", UTCDateTime(), None),
    ("blocked_by", sa.String(length=20), None),
    ("joined_into", sa.Integer(), None),
)
TABLES = (
    "audit_record",
    "account_join",
    "redmine_key",
    "grace_password",
    "password_link",
    "recovery_code",
    "second_factor",
    "api_token",
    "right_grant",
)


def upgrade() -> None:
    for name, kind, default in PERSON:
        op.add_column("person", sa.Column(name, kind, server_default=default, nullable=default is None))
    op.create_index("ix_person_redmine_username_folded", "person", ["redmine_username_folded"])
    op.add_column("session", sa.Column("last_used", UTCDateTime(), nullable=True))
    op.create_table(
        "right_grant",
        _person(primary_key=True),
        sa.Column("name", sa.String(length=50), primary_key=True),
        sa.Column("source", sa.String(length=20), primary_key=True),
        sa.Column("granted_at", UTCDateTime(), nullable=False),
        sa.Column("granted_by", sa.Integer()),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), primary_key=True),
        _person(index=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False, unique=True),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime()),
        sa.Column("last_used", UTCDateTime()),
    )
    op.create_table(
        "second_factor",
        _person(primary_key=True),
        sa.Column("secret", sa.String(length=400), nullable=False),
        sa.Column("confirmed_at", UTCDateTime()),
        sa.Column("last_step", sa.Integer(), server_default="0", nullable=False),
    )
    op.create_table(
        "recovery_code", _person(primary_key=True), sa.Column("code_hash", sa.String(length=64), primary_key=True)
    )
    op.create_table(
        "password_link",
        sa.Column("token_hash", sa.String(length=64), primary_key=True),
        _person(index=True),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
    )
    op.create_table(
        "grace_password",
        _person(primary_key=True),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("signed_in_at", UTCDateTime(), nullable=False),
    )
    op.create_table(
        "redmine_key",
        _person(primary_key=True),
        sa.Column("secret", sa.String(length=400), nullable=False),
        sa.Column("fetched_at", UTCDateTime(), nullable=False),
    )
    op.create_table(
        "account_join",
        sa.Column("id", sa.Integer(), primary_key=True),
        _person("kept_id", index=True),
        _person("joined_id", index=True),
        sa.Column("joined_at", UTCDateTime(), nullable=False),
        sa.Column("joined_by", sa.Integer()),
        sa.Column("undone_at", UTCDateTime()),
        sa.Column("moved", LONG, nullable=False),
    )
    op.create_table(
        "audit_record",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", UTCDateTime(), nullable=False, index=True),
        sa.Column("actor_id", sa.Integer()),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("person_id", sa.Integer(), index=True),
        sa.Column("details", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    with op.batch_alter_table("session") as session:
        session.drop_column("last_used")
    op.drop_index("ix_person_redmine_username_folded", "person")
    with op.batch_alter_table("person") as person:
        for name, *_ in reversed(PERSON):
            person.drop_column(name)


def _person(name: str = "person_id", *, primary_key: bool = False, index: bool = False) -> sa.Column[int]:
    reference = sa.ForeignKey("person.id")
    return sa.Column(name, sa.Integer(), reference, primary_key=primary_key, nullable=False, index=index)
