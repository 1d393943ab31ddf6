"""People, requests and administration: what requesters, profiles, health, numbers and the record need."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from helpdesk.store.casefold import fold
from helpdesk.store.models import LONG
from helpdesk.store.resumed_migration import Present

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SHOWN = ("login", "full_name", "department", "position", "phone", "office")
PERSON = sa.table(
    "person",
    sa.column("id", sa.Integer),
    sa.column("source", sa.String),
    sa.column("words", sa.String),
    sa.column("is_email_proven", sa.Boolean),
    *(sa.column(name, sa.String) for name in SHOWN),
)


def upgrade() -> None:
    there = Present()
    there.create_table(
        "company_text",
        sa.Column("name", AutoString(length=50), nullable=False),
        sa.Column("text", LONG, nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    there.create_table(
        "request_category",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", AutoString(length=100), nullable=False),
        sa.Column("hint", AutoString(length=200), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("tracker_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    there.create_table(
        "route_metric",
        sa.Column("route", AutoString(length=80), nullable=False),
        sa.Column("process", AutoString(length=40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("longest", sa.Float(), nullable=False),
        sa.Column("shortest", sa.Float(), nullable=False),
        sa.Column("histogram", sa.Text(), nullable=False),
        sa.Column("written_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("route", "process"),
    )
    with there.altering("route_metric") as table:
        table.create_index("ix_route_metric_written_at", ["written_at"])

    there.create_table(
        "system_sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system", AutoString(length=30), nullable=False),
        sa.Column("checked_at", UTCDateTime(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with there.altering("system_sample") as table:
        table.create_index("ix_system_sample_checked_at", ["checked_at"])

    there.create_table(
        "system_state",
        sa.Column("system", AutoString(length=30), nullable=False),
        sa.Column("status", AutoString(length=10), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("checked_at", UTCDateTime(), nullable=False),
        sa.Column("succeeded_at", UTCDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("told_status", AutoString(length=10), nullable=False),
        sa.PrimaryKeyConstraint("system"),
    )
    there.create_table(
        "request_grade",
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("word", AutoString(length=500), nullable=False),
        sa.Column("given_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("task_id", "person_id"),
    )
    with there.altering("request_grade") as table:
        table.create_index("ix_request_grade_person_id", ["person_id"])

    with there.altering("audit_record") as table:
        table.add_column(sa.Column("task_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("address", AutoString(length=60), server_default="", nullable=False))
        table.add_column(sa.Column("words", AutoString(length=500), server_default="", nullable=False))
        table.create_index("ix_audit_record_action", ["action"])
        table.create_index("ix_audit_record_actor_id", ["actor_id"])
        table.create_index("ix_audit_record_task_id", ["task_id"])

    with there.altering("person") as table:
        table.add_column(sa.Column("words", AutoString(length=1200), server_default="", nullable=False))
        table.add_column(sa.Column("is_email_proven", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("avatar", AutoString(length=64), nullable=True))
        table.add_column(sa.Column("hides_presence", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("away_until", sa.Date(), nullable=True))
        table.add_column(sa.Column("deputy_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("anonymized_at", UTCDateTime(), nullable=True))
        table.create_index("ix_person_deputy_id", ["deputy_id"])

    with there.altering("notification") as table:
        table.add_column(sa.Column("absent", AutoString(length=200), server_default="", nullable=False))

    with there.altering("tracker_project") as table:
        table.add_column(sa.Column("is_archived", sa.Boolean(), server_default=sa.false(), nullable=False))

    with there.altering("tracker_task") as table:
        table.add_column(sa.Column("requester", AutoString(length=1000), server_default="", nullable=False))

    _fill()


def _fill() -> None:
    """Fold what people are found by, and trust the e-mails that directories of the company tell."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(PERSON)).all()
    for row in rows:
        words = fold(" ".join(getattr(row, name) or "" for name in SHOWN))[:1200]
        proven = row.source in ("oracle", "ldap")
        connection.execute(PERSON.update().where(PERSON.c.id == row.id).values(words=words, is_email_proven=proven))


def downgrade() -> None:
    with op.batch_alter_table("tracker_task") as batch_op:
        batch_op.drop_column("requester")

    with op.batch_alter_table("tracker_project") as batch_op:
        batch_op.drop_column("is_archived")

    with op.batch_alter_table("notification") as batch_op:
        batch_op.drop_column("absent")

    with op.batch_alter_table("person") as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_deputy_id"))
        batch_op.drop_column("anonymized_at")
        batch_op.drop_column("deputy_id")
        batch_op.drop_column("away_until")
        batch_op.drop_column("hides_presence")
        batch_op.drop_column("avatar")
        batch_op.drop_column("is_email_proven")
        batch_op.drop_column("words")

    with op.batch_alter_table("audit_record") as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_record_task_id"))
        batch_op.drop_index(batch_op.f("ix_audit_record_actor_id"))
        batch_op.drop_index(batch_op.f("ix_audit_record_action"))
        batch_op.drop_column("words")
        batch_op.drop_column("address")
        batch_op.drop_column("task_id")

    op.drop_table("request_grade")
    op.drop_table("system_state")
    op.drop_table("system_sample")
    op.drop_table("route_metric")
    op.drop_table("request_category")
    op.drop_table("company_text")
