"""Notifications are found by their act, by their type, and what is unread of some tasks without reading the rest."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_notification_happening", "notification", ["happening", "person_id"])
    op.create_index("ix_notification_type", "notification", ["person_id", "type", "id"])
    op.create_index("ix_notification_unread_task", "notification", ["person_id", "read_at", "task_id"])


def downgrade() -> None:
    op.drop_index("ix_notification_unread_task", table_name="notification")
    op.drop_index("ix_notification_type", table_name="notification")
    op.drop_index("ix_notification_happening", table_name="notification")
