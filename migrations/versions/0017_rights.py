"""Rights are rows, so that a new one needs no column."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

RIGHTS = ("is_admin", "can_access_quality_control", "can_access_contact_center_moscow")
PERSON = sa.table("person", sa.column("id", sa.Integer), *(sa.column(name, sa.Boolean) for name in RIGHTS))
GRANT = sa.table(
    "right_grant",
    sa.column("person_id", sa.Integer),
    sa.column("name", sa.String),
    sa.column("source", sa.String),
    sa.column("granted_at", UTCDateTime),
)


def upgrade() -> None:
    now = sa.bindparam("now", datetime.now(UTC), UTCDateTime())
    for name in RIGHTS:
        held = sa.select(PERSON.c.id, sa.literal(name), sa.literal(""), now).where(PERSON.c[name].is_(True))
        op.execute(GRANT.insert().from_select(["person_id", "name", "source", "granted_at"], held))
    with op.batch_alter_table("person") as person:
        for name in RIGHTS:
            person.drop_column(name)


def downgrade() -> None:
    for name in RIGHTS:
        op.add_column("person", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
        holders = sa.select(GRANT.c.person_id).where(GRANT.c.name == name)
        op.execute(PERSON.update().where(PERSON.c.id.in_(holders)).values({name: True}))
    op.execute(GRANT.delete().where(GRANT.c.name.in_(RIGHTS)))
