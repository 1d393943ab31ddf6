"""All that a task may hold: hours, parent, relations, watchers, spent time, custom fields."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql")


def upgrade() -> None:
    with op.batch_alter_table("tracker_task", schema=None) as batch_op:
        batch_op.add_column(sa.Column("estimated_hours", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key("fk_tracker_task_parent", "tracker_task", ["parent_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_tracker_task_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "tracker_relation",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tracker_task.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["tracker_task.id"]),
        sa.PrimaryKeyConstraint("task_id", "other_id"),
    )
    with op.batch_alter_table("tracker_relation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tracker_relation_other_id"), ["other_id"], unique=False)

    op.create_table(
        "tracker_watcher",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tracker_task.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("task_id", "person_id"),
    )

    op.create_table(
        "tracker_spent_time",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("spent_on", sa.Date(), nullable=False),
        sa.Column("hours", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tracker_task.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("tracker_spent_time", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tracker_spent_time_task_id"), ["task_id"], unique=False)

    op.create_table(
        "tracker_custom_field",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("kind_id", sa.Integer(), nullable=True),
        sa.Column("options", LONG, nullable=False),
        sa.Column("multiple", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("default", LONG, nullable=False),
        sa.Column("hint", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["tracker_project.id"]),
        sa.ForeignKeyConstraint(["kind_id"], ["tracker_kind.id"]),
        sa.PrimaryKeyConstraint("id"),
    )

    op.create_table(
        "tracker_custom_value",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("value", LONG, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tracker_task.id"]),
        sa.ForeignKeyConstraint(["field_id"], ["tracker_custom_field.id"]),
        sa.PrimaryKeyConstraint("task_id", "field_id", "place"),
    )


def downgrade() -> None:
    for table in ("custom_value", "custom_field", "spent_time", "watcher", "relation"):
        op.drop_table(f"tracker_{table}")
    with op.batch_alter_table("tracker_task", schema=None) as batch_op:
        batch_op.drop_constraint("fk_tracker_task_parent", type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_tracker_task_parent_id"))
        batch_op.drop_column("parent_id")
        batch_op.drop_column("estimated_hours")
