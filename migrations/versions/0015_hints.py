"""Each hint is closed by itself; whoever wanted no tips on the board has closed those of the board."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PERSON = sa.table("person", sa.column("closed_hints", sa.String), sa.column("shows_tips", sa.Boolean))


def upgrade() -> None:
    op.add_column("person", sa.Column("closed_hints", sa.String(length=200), server_default="", nullable=False))
    op.execute(PERSON.update().where(PERSON.c.shows_tips.is_(False)).values(closed_hints="cards move"))
    with op.batch_alter_table("person") as person:
        person.drop_column("shows_tips")


def downgrade() -> None:
    op.add_column("person", sa.Column("shows_tips", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute(PERSON.update().where(PERSON.c.closed_hints.contains("move")).values(shows_tips=False))
    with op.batch_alter_table("person") as person:
        person.drop_column("closed_hints")
