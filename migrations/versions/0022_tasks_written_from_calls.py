"""Which calls their tasks were written from, and who was noted there as who asked."""

import sqlalchemy as sa
from alembic import op

from helpdesk.store.resumed_migration import Present

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    there = Present()
    # Not as a batch: SQLite would make the table anew, which gives its numbers again.
    if ("phone_call", "began_task") not in there.columns:
        op.add_column("phone_call", sa.Column("began_task", sa.Boolean(), server_default=sa.false(), nullable=False))
    if ("phone_call", "requester_id") not in there.columns:
        op.add_column("phone_call", sa.Column("requester_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    there = Present()
    for name in ("requester_id", "began_task"):
        if ("phone_call", name) in there.columns:
            op.drop_column("phone_call", name)
