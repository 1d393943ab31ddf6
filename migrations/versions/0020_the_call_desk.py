"""The call desk: who is signed in to the phone in which session, agents, calls and favourites."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from helpdesk.store.models import LONG, Moment
from helpdesk.store.resumed_migration import Present

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

PERSON = sa.table(
    "person",
    sa.column("id", sa.Integer),
    sa.column("source", sa.String),
    sa.column("joined_into", sa.Integer),
    sa.column("phone", sa.String),
    sa.column("is_phone_proven", sa.Boolean),
)


def upgrade() -> None:
    there = Present()
    there.create_table(
        "phone_agent",
        sa.Column("agent_id", AutoString(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("extension", AutoString(length=32), nullable=False),
        sa.Column("name", AutoString(length=200), nullable=False),
        sa.Column("team_id", AutoString(length=64), nullable=False),
        sa.Column("team_name", AutoString(length=200), nullable=False),
        sa.Column("is_supervisor", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", AutoString(length=40), nullable=False),
        sa.Column("reason", AutoString(length=200), nullable=False),
        sa.Column("pending", AutoString(length=40), nullable=False),
        sa.Column("state_since", Moment(), nullable=True),
        sa.Column("dialogs", LONG, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ringing", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seen_at", Moment(), nullable=True),
        sa.Column("asked", AutoString(length=40), nullable=False),
        sa.Column("asked_dialog", AutoString(length=20), nullable=False),
        sa.Column("asked_to", AutoString(length=32), nullable=False),
        sa.Column("asked_at", Moment(), nullable=True),
        sa.Column("passing", AutoString(length=40), nullable=False),
        sa.Column("passing_dialog", AutoString(length=20), nullable=False),
        sa.Column("passing_to", AutoString(length=32), nullable=False),
        sa.Column("passing_at", Moment(), nullable=True),
        sa.Column("watched_until", Moment(), nullable=True),
        sa.Column("failure", AutoString(length=20), nullable=False),
        sa.Column("failed_at", Moment(), nullable=True),
        sa.Column("unanswered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unanswered_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("agent_id"),
    )
    with there.altering("phone_agent") as table:
        table.create_index("ix_phone_agent_person_id", ["person_id"])
        table.create_index("ix_phone_agent_watched_until", ["watched_until"])

    there.create_table(
        "phone_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", AutoString(length=64), nullable=False),
        sa.Column("dialog_id", AutoString(length=20), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("direction", AutoString(length=3), nullable=False),
        sa.Column("from_number", AutoString(length=40), nullable=False),
        sa.Column("to_number", AutoString(length=40), nullable=False),
        sa.Column("other_key", AutoString(length=20), nullable=False),
        sa.Column("queue", AutoString(length=100), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("outcome", AutoString(length=20), nullable=False),
        sa.Column("passed_to", AutoString(length=40), nullable=False),
        sa.Column("caller_id", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("wrap_up", AutoString(length=100), nullable=False),
        sa.Column("note", LONG, nullable=False),
        sa.Column("noted_at", UTCDateTime(), nullable=True),
        sa.Column("noting_since", UTCDateTime(), nullable=True),
        sa.Column("called_back_at", UTCDateTime(), nullable=True),
        sa.Column("called_back_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["called_back_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["caller_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("agent_id", "dialog_id", "began_at", name="uq_phone_call_once"),
        sqlite_autoincrement=True,
    )
    with there.altering("phone_call") as table:
        table.create_index("ix_phone_call_agent", ["agent_id", "began_at"])
        table.create_index("ix_phone_call_answered", ["other_key", "answered_at"])
        table.create_index("ix_phone_call_began", ["began_at", "id"])
        table.create_index("ix_phone_call_called_back_by", ["called_back_by"])
        table.create_index("ix_phone_call_caller_id", ["caller_id"])
        table.create_index("ix_phone_call_other", ["other_key", "began_at"])
        table.create_index("ix_phone_call_person_id", ["person_id"])
        table.create_index("ix_phone_call_task_id", ["task_id"])

    there.create_table(
        "phone_refusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_hash", AutoString(length=64), nullable=False),
        sa.Column("person_hash", AutoString(length=64), server_default="", nullable=False),
        sa.Column("address_hash", AutoString(length=64), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with there.altering("phone_refusal") as table:
        table.create_index("ix_phone_refusal_address_hash", ["address_hash"])
        table.create_index("ix_phone_refusal_agent_hash", ["agent_hash"])
        table.create_index("ix_phone_refusal_at", ["at"])
        table.create_index("ix_phone_refusal_person_hash", ["person_hash"])

    there.create_table(
        "phone_favourite",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", AutoString(length=100), nullable=False),
        sa.Column("number", AutoString(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with there.altering("phone_favourite") as table:
        table.create_index("ix_phone_favourite_person_id", ["person_id"])

    with there.altering("person") as table:
        table.add_column(sa.Column("is_phone_proven", sa.Boolean(), server_default=sa.false(), nullable=False))

    with there.altering("session") as table:
        table.add_column(sa.Column("phone_agent_id", AutoString(length=64), nullable=True))
        table.add_column(sa.Column("phone_secret", AutoString(length=2000), nullable=True))
        table.create_index("ix_session_phone_agent_id", ["phone_agent_id"])

    _fill()


def _fill() -> None:
    """Trust the numbers that directories of the company tell. An account of another source, that one of theirs was
    joined into, is trusted only with the same number: another was typed by the person."""
    connection, joined = op.get_bind(), PERSON.alias()
    told, own = ("oracle", "ldap"), PERSON.c.joined_into.is_(None)
    same = sa.and_(joined.c.joined_into == PERSON.c.id, joined.c.source.in_(told), joined.c.phone == PERSON.c.phone)
    accounts = sa.select(PERSON.c.id).where(own, PERSON.c.source.in_(told))
    ids = [*connection.scalars(accounts.union(sa.select(PERSON.c.id).join(joined, same)))]
    for start in range(0, len(ids), 500):
        those = PERSON.c.id.in_(ids[start : start + 500])
        connection.execute(PERSON.update().where(those, PERSON.c.phone != "").values(is_phone_proven=True))


def downgrade() -> None:
    there = Present()
    with there.altering("person") as table:
        table.drop_column("is_phone_proven")

    with there.altering("session") as table:
        table.drop_index("ix_session_phone_agent_id")
        table.drop_column("phone_secret")
        table.drop_column("phone_agent_id")

    for name in ("phone_favourite", "phone_refusal", "phone_call", "phone_agent"):
        there.drop_table(name)
