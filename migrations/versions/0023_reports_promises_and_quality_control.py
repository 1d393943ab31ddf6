"""Reports, promises of time, and quality control."""

import sqlalchemy as sa
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from helpdesk.store.models import LONG, exact
from helpdesk.store.resumed_migration import Present

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    there = Present()
    there.create_table(
        "assessment_form",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", AutoString(length=100), nullable=False),
        sa.Column("name_folded", exact(100), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name_folded"),
        sqlite_autoincrement=True,
    )
    there.create_table(
        "business_calendar",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", AutoString(length=100), nullable=False),
        sa.Column("name_folded", exact(100), nullable=False),
        sa.Column("timezone", AutoString(length=60), nullable=False),
        sa.Column("hours", AutoString(length=400), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name_folded"),
        sqlite_autoincrement=True,
    )
    there.create_table(
        "promise_warning",
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", AutoString(length=10), nullable=False),
        sa.Column("percent", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("minutes", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_silent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("warned_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "kind", "percent", "minutes"),
    )
    with there.altering("promise_warning") as table:
        table.create_index("ix_promise_warning_warned_at", ["warned_at"])

    there.create_table(
        "quality_choice",
        sa.Column("role", AutoString(length=20), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("role", "number"),
    )
    there.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", AutoString(length=10), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("subject", AutoString(length=255), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("assessor_id", sa.Integer(), nullable=False),
        sa.Column("executor_id", sa.Integer(), nullable=True),
        sa.Column("executor", AutoString(length=200), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("project", AutoString(length=255), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("remark", LONG, nullable=False),
        sa.Column("assessed_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["assessor_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["form_id"], ["assessment_form.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "task_id", "assessor_id", name="uq_assessment_task_assessor"),
        sqlite_autoincrement=True,
    )
    with there.altering("assessment") as table:
        table.create_index("ix_assessment_assessed_at", ["assessed_at"])
        table.create_index("ix_assessment_assessor_id", ["assessor_id"])
        table.create_index("ix_assessment_executor", ["executor_id", "assessed_at"])
        table.create_index("ix_assessment_form_id", ["form_id"])

    there.create_table(
        "assessment_criterion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("name", AutoString(length=200), nullable=False),
        sa.Column("hint", AutoString(length=500), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["assessment_form.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with there.altering("assessment_criterion") as table:
        table.create_index("ix_assessment_criterion_form_id", ["form_id"])

    there.create_table(
        "calendar_day",
        sa.Column("calendar_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hours", AutoString(length=60), nullable=False),
        sa.Column("name", AutoString(length=100), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["business_calendar.id"]),
        sa.PrimaryKeyConstraint("calendar_id", "day"),
    )
    there.create_table(
        "calendar_project",
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["business_calendar.id"]),
        sa.PrimaryKeyConstraint("project_id"),
    )
    with there.altering("calendar_project") as table:
        table.create_index("ix_calendar_project_calendar_id", ["calendar_id"])

    there.create_table(
        "promise",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", AutoString(length=100), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("tracker_id", sa.Integer(), nullable=True),
        sa.Column("priority_id", sa.Integer(), nullable=True),
        sa.Column("answer_minutes", sa.Integer(), nullable=True),
        sa.Column("solution_minutes", sa.Integer(), nullable=True),
        sa.Column("escalate_to", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["escalate_to"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with there.altering("promise") as table:
        table.create_index("ix_promise_escalate_to", ["escalate_to"])

    there.create_table(
        "quality_watcher",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("person_id"),
    )
    there.create_table(
        "saved_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", AutoString(length=60), nullable=False),
        sa.Column("name_folded", exact(60), nullable=False),
        sa.Column("query", AutoString(length=2000), nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("owner_id", "name_folded", name="uq_saved_report_owner_name"),
        sqlite_autoincrement=True,
    )
    there.create_table(
        "assessment_pick",
        sa.Column("source", AutoString(length=10), nullable=False),
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("picked_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("source", "task_id"),
    )
    with there.altering("assessment_pick") as table:
        table.create_index("ix_assessment_pick_person_id", ["person_id"])

    there.create_table(
        "assessment_mark",
        sa.Column("assessment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("criterion_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("remark", AutoString(length=500), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"]),
        sa.ForeignKeyConstraint(["criterion_id"], ["assessment_criterion.id"]),
        sa.PrimaryKeyConstraint("assessment_id", "criterion_id"),
    )
    there.create_table(
        "report_mailing",
        sa.Column("report_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("rhythm", AutoString(length=10), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["report_id"], ["saved_report.id"]),
        sa.PrimaryKeyConstraint("report_id", "person_id"),
    )
    with there.altering("report_mailing") as table:
        table.create_index("ix_report_mailing_next_at", ["next_at"])
        table.create_index("ix_report_mailing_person_id", ["person_id"])

    with there.altering("tracker_task") as table:
        table.create_index(
            "ix_tracker_task_report",
            [
                *("project_id", "status_id", "kind_id", "priority_id", "author_id", "assignee_id", "created_at"),
                *("updated_at", "closed_at", "is_private"),
            ],
        )
    with there.altering("tracker_change") as table:
        table.create_index("ix_tracker_change_old_value", ["old_value", "field"])


def downgrade() -> None:
    there = Present()
    with there.altering("tracker_change") as table:
        table.drop_index("ix_tracker_change_old_value")
    with there.altering("tracker_task") as table:
        table.drop_index("ix_tracker_task_report")
    for name in (
        "report_mailing",
        "assessment_mark",
        "assessment_pick",
        "saved_report",
        "quality_watcher",
        "promise",
        "calendar_project",
        "calendar_day",
        "assessment_criterion",
        "assessment",
        "quality_choice",
        "promise_warning",
        "business_calendar",
        "assessment_form",
    ):
        there.drop_table(name)
