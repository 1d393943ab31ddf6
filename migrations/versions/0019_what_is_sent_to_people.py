"""What is sent to people: the outbox, devices, letters and channels."""

import sqlalchemy as sa
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from helpdesk.store.models import LONG, Moment
from helpdesk.store.resumed_migration import Present

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    there = Present()
    there.create_table(
        "channel_state",
        sa.Column("channel", AutoString(length=10), nullable=False),
        sa.Column("is_stopped", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("stopped_by", sa.Integer(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", Moment(), nullable=True),
        sa.Column("paused_until", Moment(), nullable=True),
        sa.Column("reason", AutoString(length=30), nullable=False),
        sa.Column("detail", AutoString(length=200), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    there.create_table(
        "flagged_address",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("address", AutoString(length=200), nullable=False),
        sa.Column("detail", AutoString(length=200), nullable=False),
        sa.Column("flagged_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("person_id"),
    )
    there.create_table(
        "letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("recipients", LONG, nullable=False),
        sa.Column("subject", AutoString(length=255), nullable=False),
        sa.Column("text", LONG, nullable=False),
        sa.Column("content", LONG, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with there.altering("letter") as table:
        table.create_index("ix_letter_author_id", ["author_id"])
        table.create_index("ix_letter_task_id", ["task_id"])

    there.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", AutoString(length=10), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("event", AutoString(length=60), nullable=False),
        sa.Column("type", AutoString(length=20), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("notification_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        sa.Column("content", LONG, nullable=False),
        sa.Column("bundle", AutoString(length=10), nullable=False),
        sa.Column("state", AutoString(length=10), nullable=False),
        sa.Column("reason", AutoString(length=30), nullable=False),
        sa.Column("detail", AutoString(length=200), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("holder", AutoString(length=40), nullable=False),
        sa.Column("leased_until", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "event", "channel", "device_id", name="uq_outbox_once"),
        sqlite_autoincrement=True,
    )
    with there.altering("outbox") as table:
        table.create_index("ix_outbox_due", ["channel", "state", "due_at"])
        table.create_index("ix_outbox_ended", ["ended_at", "channel"])
        table.create_index("ix_outbox_event", ["event"])
        table.create_index("ix_outbox_holder", ["holder"])
        table.create_index("ix_outbox_order", ["state", "channel", "person_id", "device_id", "task_id", "id"])
        table.create_index("ix_outbox_person", ["person_id", "channel", "id"])

    there.create_table(
        "push_device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("service", AutoString(length=10), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_hash", AutoString(length=64), nullable=False),
        sa.Column("p256dh", AutoString(length=120), nullable=False),
        sa.Column("auth", AutoString(length=40), nullable=False),
        sa.Column("name", AutoString(length=100), nullable=False),
        sa.Column("session_hash", AutoString(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("renewed_at", UTCDateTime(), nullable=False),
        sa.Column("succeeded_at", UTCDateTime(), nullable=True),
        sa.Column("failed_at", UTCDateTime(), nullable=True),
        sa.Column("failure", AutoString(length=30), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address_hash"),
        sqlite_autoincrement=True,
    )
    with there.altering("push_device") as table:
        table.create_index("ix_push_device_person_id", ["person_id"])
        table.create_index("ix_push_device_session_hash", ["session_hash"])

    with there.altering("person") as table:
        table.add_column(sa.Column("language", AutoString(length=5), server_default="", nullable=False))


def downgrade() -> None:
    there = Present()
    with there.altering("person") as table:
        table.drop_column("language")

    for name in ("push_device", "outbox", "letter", "flagged_address", "channel_state"):
        there.drop_table(name)
