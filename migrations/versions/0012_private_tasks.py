"""Tasks that are private, and the right to make them so for the roles that write private comments."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ROLE = sa.table("tracker_role", sa.column("id", sa.Integer), sa.column("permissions", sa.String))
RIGHTS = ("comment_privately", "set_private")


def upgrade() -> None:
    op.add_column("tracker_task", sa.Column("is_private", sa.Boolean(), server_default=sa.false(), nullable=False))
    _give(lambda held: [*held, RIGHTS[1]] if RIGHTS[0] in held else held)


def downgrade() -> None:
    _give(lambda held: [each for each in held if each != RIGHTS[1]])
    with op.batch_alter_table("tracker_task") as task:
        task.drop_column("is_private")


def _give(rights):
    bind = op.get_bind()
    for number, permissions in bind.execute(sa.select(ROLE.c.id, ROLE.c.permissions)).all():
        bind.execute(ROLE.update().where(ROLE.c.id == number).values(permissions=" ".join(rights(permissions.split()))))
