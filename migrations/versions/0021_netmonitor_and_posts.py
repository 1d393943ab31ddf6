"""The network monitor, announcements and knowledge pages."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from helpdesk.store.models import LONG, Moment, exact
from helpdesk.store.models.netmonitor import PACKED
from helpdesk.store.resumed_migration import Present

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

PERSON = sa.table("person", sa.column("source", sa.String), sa.column("is_department_proven", sa.Boolean))


def upgrade() -> None:
    there = Present()
    there.create_table(
        "host_hour",
        sa.Column("host_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=True),
        sa.Column("mean", sa.Integer(), nullable=True),
        sa.Column("high", sa.Integer(), nullable=True),
        sa.Column("p95", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("host_id", "hour"),
        sqlite_with_rowid=False,
    )
    there.create_table(
        "host_packed",
        sa.Column("host_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("resolution", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("packed", PACKED, nullable=False),
        sa.PrimaryKeyConstraint("host_id", "resolution", "hour"),
    )
    there.create_table(
        "host_sample",
        sa.Column("host_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ms", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("host_id", "at"),
        sqlite_with_rowid=False,
    )
    there.create_table(
        "monitored_host",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", AutoString(length=100), nullable=False),
        sa.Column("name_folded", exact(100), nullable=False),
        sa.Column("group_name", exact(100), nullable=False),
        sa.Column("method", AutoString(length=10), nullable=False),
        sa.Column("address", AutoString(length=500), nullable=False),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("query", AutoString(length=255), nullable=False),
        sa.Column("expected_status", AutoString(length=60), nullable=False),
        sa.Column("expected_words", AutoString(length=200), nullable=False),
        sa.Column("certificate_days", sa.Integer(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("failures_to_open", sa.Integer(), nullable=False),
        sa.Column("successes_to_close", sa.Integer(), nullable=False),
        sa.Column("is_set", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_public", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("opens_task", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name_folded"),
        sqlite_autoincrement=True,
    )
    there.create_table(
        "host_incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("open_host_id", sa.Integer(), nullable=True),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("fault", AutoString(length=20), nullable=False),
        sa.Column("detail", AutoString(length=200), nullable=False),
        sa.Column("is_unwatched", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_damped", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("flaps", sa.Integer(), nullable=False),
        sa.Column("note", LONG, nullable=False),
        sa.Column("noted_by", sa.Integer(), nullable=True),
        sa.Column("noted_at", UTCDateTime(), nullable=True),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("task_state", AutoString(length=10), nullable=False),
        sa.Column("task_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["host_id"],
            ["monitored_host.id"],
        ),
        sa.ForeignKeyConstraint(
            ["noted_by"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_host_id", name="uq_host_incident_open"),
        sqlite_autoincrement=True,
    )
    with there.altering("host_incident") as table:
        table.create_index("ix_host_incident_host", ["host_id", "began_at"])
        table.create_index("ix_host_incident_noted_by", ["noted_by"])
        table.create_index("ix_host_incident_task_state", ["task_state"])

    there.create_table(
        "host_maintenance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("group_name", AutoString(length=100), nullable=False),
        sa.Column("begins_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("reason", AutoString(length=200), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"],
            ["monitored_host.id"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with there.altering("host_maintenance") as table:
        table.create_index("ix_host_maintenance_ends_at", ["ends_at"])
        table.create_index("ix_host_maintenance_host_id", ["host_id"])
        table.create_index("ix_host_maintenance_made_by", ["made_by"])

    there.create_table(
        "host_news",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", AutoString(length=20), nullable=False),
        sa.Column("event", AutoString(length=60), nullable=False),
        sa.Column("subject", AutoString(length=100), nullable=False),
        sa.Column("happened_at", UTCDateTime(), nullable=False),
        sa.Column("told_to", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    there.create_table(
        "host_state",
        sa.Column("host_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", AutoString(length=10), nullable=False),
        sa.Column("since", Moment(), nullable=True),
        sa.Column("ms", sa.Double(), nullable=True),
        sa.Column("checked_at", Moment(), nullable=True),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("successes", sa.Integer(), nullable=False),
        sa.Column("run_since", Moment(), nullable=True),
        sa.Column("is_maintained", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("fault", AutoString(length=20), nullable=False),
        sa.Column("detail", AutoString(length=200), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("told_expiry", Moment(), nullable=True),
        sa.Column("recent", PACKED, nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"],
            ["monitored_host.id"],
        ),
        sa.PrimaryKeyConstraint("host_id"),
    )
    there.create_table(
        "monitor_watcher",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("person_id"),
    )
    there.create_table(
        "post",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", AutoString(length=10), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", AutoString(length=100), nullable=False),
        sa.Column("title_folded", exact(100), nullable=False),
        sa.Column("content", LONG, nullable=False),
        sa.Column("words", LONG, nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("updated_by", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("asked_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("is_draft", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("published_from", UTCDateTime(), nullable=True),
        sa.Column("published_until", UTCDateTime(), nullable=True),
        sa.Column("is_pinned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_important", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("announced_at", UTCDateTime(), nullable=True),
        sa.Column("announced_to", sa.Integer(), server_default="0", nullable=False),
        sa.Column("picture", AutoString(length=64), nullable=True),
        sa.Column("picture_size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("picture_alt", AutoString(length=200), nullable=False),
        sa.Column("reviewed_at", UTCDateTime(), nullable=True),
        sa.Column("reviewed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["post.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with there.altering("post") as table:
        table.create_index("ix_post_announced_at", ["announced_at"])
        table.create_index("ix_post_author_id", ["author_id"])
        table.create_index("ix_post_list", ["kind", "is_draft", "published_from"])
        table.create_index("ix_post_reviewed_by", ["reviewed_by"])
        table.create_index("ix_post_title_folded", ["title_folded"])
        table.create_index("ix_post_tree", ["kind", "parent_id", "position"])
        table.create_index("ix_post_updated_by", ["updated_by"])

    there.create_table(
        "post_feed",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", AutoString(length=64), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("person_id"),
        sa.UniqueConstraint("token_hash"),
    )
    there.create_table(
        "page_vote",
        sa.Column("post_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("is_helpful", sa.Boolean(), nullable=False),
        sa.Column("given_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("post_id", "person_id"),
    )
    with there.altering("page_vote") as table:
        table.create_index("ix_page_vote_person_id", ["person_id"])

    there.create_table(
        "page_word",
        sa.Column("word", exact(20), nullable=False),
        sa.Column("post_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_in_title", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("word", "post_id"),
    )
    with there.altering("page_word") as table:
        table.create_index("ix_page_word_post_id", ["post_id"])

    there.create_table(
        "post_audience",
        sa.Column("post_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", AutoString(length=10), nullable=False),
        sa.Column("value_folded", exact(200), nullable=False),
        sa.Column("value", AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("post_id", "kind", "value_folded"),
    )
    there.create_table(
        "post_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", AutoString(length=64), nullable=True),
        sa.Column("blob", AutoString(length=64), nullable=False),
        sa.Column("filename", AutoString(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content_type", AutoString(length=200), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
        sqlite_autoincrement=True,
    )
    with there.altering("post_file") as table:
        table.create_index("ix_post_file_added_by", ["added_by"])
        table.create_index("ix_post_file_post_id", ["post_id"])

    there.create_table(
        "post_read",
        sa.Column("post_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("read_at", UTCDateTime(), nullable=False),
        sa.Column("understood_at", UTCDateTime(), nullable=True),
        sa.Column("understood_version", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("post_id", "person_id"),
    )
    with there.altering("post_read") as table:
        table.create_index("ix_post_read_person_id", ["person_id"])

    there.create_table(
        "post_revision",
        sa.Column("post_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", AutoString(length=100), nullable=False),
        sa.Column("content", LONG, nullable=False),
        sa.Column("edited_by", sa.Integer(), nullable=False),
        sa.Column("edited_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edited_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("post_id", "version"),
    )
    with there.altering("post_revision") as table:
        table.create_index("ix_post_revision_edited_by", ["edited_by"])

    with there.altering("person") as table:
        table.add_column(sa.Column("is_department_proven", sa.Boolean(), server_default=sa.false(), nullable=False))

    # Directories of the company own the department; another one was typed by the person.
    told = PERSON.c.source.in_(("oracle", "ldap"))
    op.get_bind().execute(PERSON.update().where(told).values(is_department_proven=True))


def downgrade() -> None:
    there = Present()
    with there.altering("person") as table:
        table.drop_column("is_department_proven")

    names = (
        "post_feed",
        "page_vote",
        "page_word",
        "post_audience",
        "post_file",
        "post_read",
        "post_revision",
        "post",
        "monitor_watcher",
        "host_maintenance",
        "host_news",
        "host_incident",
        "host_state",
        "host_sample",
        "host_packed",
        "host_hour",
        "monitored_host",
    )
    for name in names:
        there.drop_table(name)
