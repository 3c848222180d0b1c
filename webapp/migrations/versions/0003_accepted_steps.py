"""which time steps of an authenticator were accepted, to tell a replay from a slow phone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AS_IT_WAS = {"sqlite_autoincrement": True}  # SQLite alters a table by copying it, and forgets this


def upgrade() -> None:
    # The last accepted step has a column of its own: rows of today need no more than an empty list.
    with op.batch_alter_table("authenticators", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.add_column(sa.Column("accepted_steps", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("authenticators", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.alter_column("accepted_steps", existing_type=sa.JSON(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("authenticators", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.drop_column("accepted_steps")
