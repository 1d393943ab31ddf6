"""Which acts of the feed are being worked on, and people found by their login whatever their source."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_attempt",
        sa.Column("key", sa.String(60), primary_key=True),
        sa.Column("holder", sa.String(60), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_feed_attempt_at", "feed_attempt", ["at"])
    op.create_index("ix_person_login_folded", "person", ["login_folded"])


def downgrade() -> None:
    op.drop_index("ix_person_login_folded", table_name="person")
    op.drop_table("feed_attempt")
