"""Files of the embedded tracker's tasks; whoever may comment may create tasks."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROLE = sa.table("tracker_role", sa.column("permissions", sa.String))


def upgrade() -> None:
    op.create_table(
        "tracker_attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.String(length=200), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tracker_task.id"]),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash", name="uq_tracker_attachment_token_hash"),
    )
    with op.batch_alter_table("tracker_attachment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tracker_attachment_task_id"), ["task_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tracker_attachment_created_at"), ["created_at"], unique=False)
    commenting = ROLE.c.permissions.contains("comment")
    op.execute(ROLE.update().where(commenting).values(permissions=ROLE.c.permissions + " create"))


def downgrade() -> None:
    op.drop_table("tracker_attachment")
    without = sa.func.replace(ROLE.c.permissions, " create", "")
    op.execute(ROLE.update().values(permissions=without))
