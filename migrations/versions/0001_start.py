"""People, sessions, first answers, and the embedded tracker."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "helpdesk_meta",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.Column("login_folded", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("email_folded", sa.String(length=200), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("position", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("redmine_id", sa.Integer(), nullable=True),
        sa.Column("is_admin", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("can_access_quality_control", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("can_access_contact_center_moscow", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_seen", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("redmine_id", name="uq_person_redmine_id"),
        sa.UniqueConstraint("source", "login_folded", name="uq_person_source_login"),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_email_folded"), ["email_folded"], unique=False)

    op.create_table(
        "signin_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login_folded", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("signin_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signin_attempt_at"), ["at"], unique=False)
        batch_op.create_index("ix_signin_attempt_who", ["login_folded", "address", "at"], unique=False)

    op.create_table(
        "tracker_kind",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "tracker_priority",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "tracker_project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("members_only", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identifier"),
    )
    op.create_table(
        "tracker_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("permissions", sa.String(length=500), nullable=False),
        sa.Column("for_everybody", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "tracker_status",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "first_answer",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column(
            "body",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("person_id", "route", "key"),
    )
    with op.batch_alter_table("first_answer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_first_answer_created_at"), ["created_at"], unique=False)

    op.create_table(
        "session",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id_hash"),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_person_id"), ["person_id"], unique=False)

    op.create_table(
        "tracker_membership",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["tracker_project.id"],
        ),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["tracker_role.id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "person_id", "role_id"),
    )
    with op.batch_alter_table("tracker_membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tracker_membership_person_id"), ["person_id"], unique=False)

    op.create_table(
        "tracker_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("kind_id", sa.Integer(), nullable=False),
        sa.Column("status_id", sa.Integer(), nullable=False),
        sa.Column("priority_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column(
            "description",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "words",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("done_ratio", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assignee_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["kind_id"],
            ["tracker_kind.id"],
        ),
        sa.ForeignKeyConstraint(
            ["priority_id"],
            ["tracker_priority.id"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["tracker_project.id"],
        ),
        sa.ForeignKeyConstraint(
            ["status_id"],
            ["tracker_status.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("tracker_task", schema=None) as batch_op:
        batch_op.create_index("ix_tracker_task_assignee", ["assignee_id", "status_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tracker_task_author_id"), ["author_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tracker_task_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tracker_task_updated_at"), ["updated_at"], unique=False)

    op.create_table(
        "tracker_transition",
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("old_status_id", sa.Integer(), nullable=False),
        sa.Column("new_status_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["new_status_id"],
            ["tracker_status.id"],
        ),
        sa.ForeignKeyConstraint(
            ["old_status_id"],
            ["tracker_status.id"],
        ),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["tracker_role.id"],
        ),
        sa.PrimaryKeyConstraint("role_id", "old_status_id", "new_status_id"),
    )
    op.create_table(
        "tracker_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("is_private", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tracker_task.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("tracker_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tracker_entry_task_id"), ["task_id"], unique=False)

    op.create_table(
        "tracker_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("old_value", sa.String(length=255), nullable=True),
        sa.Column("new_value", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["tracker_entry.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("tracker_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tracker_change_entry_id"), ["entry_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tracker_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tracker_change_entry_id"))

    op.drop_table("tracker_change")
    with op.batch_alter_table("tracker_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tracker_entry_task_id"))

    op.drop_table("tracker_entry")
    op.drop_table("tracker_transition")
    with op.batch_alter_table("tracker_task", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tracker_task_updated_at"))
        batch_op.drop_index(batch_op.f("ix_tracker_task_project_id"))
        batch_op.drop_index(batch_op.f("ix_tracker_task_author_id"))
        batch_op.drop_index("ix_tracker_task_assignee")

    op.drop_table("tracker_task")
    with op.batch_alter_table("tracker_membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tracker_membership_person_id"))

    op.drop_table("tracker_membership")
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_session_person_id"))
        batch_op.drop_index(batch_op.f("ix_session_expires_at"))

    op.drop_table("session")
    with op.batch_alter_table("first_answer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_first_answer_created_at"))

    op.drop_table("first_answer")
    op.drop_table("tracker_status")
    op.drop_table("tracker_role")
    op.drop_table("tracker_project")
    op.drop_table("tracker_priority")
    op.drop_table("tracker_kind")
    with op.batch_alter_table("signin_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_signin_attempt_who")
        batch_op.drop_index(batch_op.f("ix_signin_attempt_at"))

    op.drop_table("signin_attempt")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_email_folded"))

    op.drop_table("person")
    op.drop_table("helpdesk_meta")
