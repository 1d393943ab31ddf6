"""Tasks of some projects are counted by their status from an index alone."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The new one first: MariaDB wants some index for the foreign key at any time.
    op.create_index("ix_tracker_task_project", "tracker_task", ["project_id", "status_id"])
    op.drop_index("ix_tracker_task_project_id", "tracker_task")


def downgrade() -> None:
    op.create_index("ix_tracker_task_project_id", "tracker_task", ["project_id"])
    op.drop_index("ix_tracker_task_project", "tracker_task")
