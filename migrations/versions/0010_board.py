"""What is said of the board's columns, how each person has them, and who wants no more hints."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "board_column",
        sa.Column("status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phase", sa.String(length=10), server_default="active", nullable=False),
        sa.Column("wip_limit", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("status_id"),
    )
    op.create_table(
        "board_fold",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("folded", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("person_id", "status_id"),
    )
    op.add_column("person", sa.Column("shows_tips", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("person") as person:
        person.drop_column("shows_tips")
    op.drop_table("board_fold")
    op.drop_table("board_column")
