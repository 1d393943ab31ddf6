"""What was typed as a login is kept as a hash; attempts are counted for a minute, so those there are forgotten."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("signin_attempt")
    _create("login_hash", 64, "place")
    op.create_index("ix_signin_attempt_place", "signin_attempt", ["place", "at"])


def downgrade() -> None:
    op.drop_table("signin_attempt")
    _create("login_folded", 120, "address")


def _create(login: str, length: int, place: str) -> None:
    op.create_table(
        "signin_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(login, sa.String(length=length), nullable=False),
        sa.Column(place, sa.String(length=60), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_signin_attempt_at", "signin_attempt", ["at"])
    op.create_index("ix_signin_attempt_who", "signin_attempt", [login, place, "at"])
