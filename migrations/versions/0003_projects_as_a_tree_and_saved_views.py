"""Projects within projects, and a person's saved views of the lists."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tracker_project", schema=None) as batch_op:
        batch_op.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key("fk_tracker_project_parent", "tracker_project", ["parent_id"], ["id"])

    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_folded", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=False),
        sa.Column("is_start", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "name_folded", name="uq_saved_view_person_name"),
    )


def downgrade() -> None:
    op.drop_table("saved_view")
    with op.batch_alter_table("tracker_project", schema=None) as batch_op:
        batch_op.drop_constraint("fk_tracker_project_parent", type_="foreignkey")
        batch_op.drop_column("parent_id")
