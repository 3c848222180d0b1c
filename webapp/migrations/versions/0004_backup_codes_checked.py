"""when somebody last showed to have saved their backup codes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Never in a batch: SQLite would drop the table and make it anew, and the codes of each set would go with it.
    op.add_column("backup_code_sets", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("backup_code_sets", "checked_at")
