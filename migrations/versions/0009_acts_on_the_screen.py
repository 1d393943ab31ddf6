"""What pages that show a task are told of an act, and which sound a notification makes."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("happening") as happening:
        happening.add_column(sa.Column("task_id", sa.Integer(), nullable=False, server_default="0"))
        happening.add_column(sa.Column("is_private", sa.Boolean(), nullable=False, server_default=sa.false()))
        happening.add_column(sa.Column("old_status", sa.String(length=100), nullable=False, server_default=""))
        happening.add_column(sa.Column("new_status", sa.String(length=100), nullable=False, server_default=""))
        happening.add_column(sa.Column("author", sa.String(length=200), nullable=False, server_default=""))
        happening.add_column(sa.Column("happened_at", UTCDateTime(), nullable=True))
    op.execute(sa.text("UPDATE happening SET happened_at = at"))
    with op.batch_alter_table("happening") as happening:
        happening.alter_column("happened_at", existing_type=UTCDateTime(), nullable=False)
    op.add_column("notification", sa.Column("sound", sa.String(length=20), nullable=False, server_default=""))
    op.execute(sa.text("UPDATE notification SET sound = 'chime' WHERE sounds"))
    with op.batch_alter_table("notification", table_kwargs={"sqlite_autoincrement": True}) as notification:
        notification.drop_column("sounds")


def downgrade() -> None:
    op.add_column("notification", sa.Column("sounds", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(sa.text("UPDATE notification SET sounds = (sound <> '')"))
    with op.batch_alter_table("notification", table_kwargs={"sqlite_autoincrement": True}) as notification:
        notification.drop_column("sound")
    with op.batch_alter_table("happening") as happening:
        for name in ("happened_at", "author", "new_status", "old_status", "is_private", "task_id"):
            happening.drop_column(name)
