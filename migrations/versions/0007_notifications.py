"""Notifications, how far the change feed was read, and whose turn it is to read it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql")
EXACT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("happening", sa.String(length=60), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("old", sa.String(length=100), nullable=False),
        sa.Column("new", sa.String(length=100), nullable=False),
        sa.Column("excerpt", sa.String(length=300), nullable=False),
        sa.Column("is_private", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("sounds", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("happened_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("read_at", EXACT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "happening", name="uq_notification_person_happening"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notification_person", "notification", ["person_id", "id"])
    op.create_index("ix_notification_unread", "notification", ["person_id", "read_at", "id"])
    op.create_index("ix_notification_created_at", "notification", ["created_at"])

    op.create_table(
        "happening",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_happening_at", "happening", ["at"])

    op.create_table(
        "feed_position",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("position", LONG, nullable=False),
        sa.Column("as_of", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("holder", sa.String(length=60), nullable=False),
        sa.Column("until", EXACT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "notification_preference",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("told", LONG, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("person_id"),
    )


def downgrade() -> None:
    for name in ("notification_preference", "lease", "feed_position", "happening", "notification"):
        op.drop_table(name)
