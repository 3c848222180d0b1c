"""when a session last showed a code."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Never in a batch: SQLite would drop the table and make it anew.
    op.add_column("log_in_sessions", sa.Column("code_proved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("log_in_sessions", "code_proved_at")
