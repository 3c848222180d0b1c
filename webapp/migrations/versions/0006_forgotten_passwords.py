"""forgotten passwords."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recovery_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("typed", sa.String(length=254), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=256), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_requests")),
        sa.UniqueConstraint("digest", "place", name=op.f("uq_recovery_requests_digest_place")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_recovery_requests_resolved_at_id", "recovery_requests", ["resolved_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_recovery_requests_resolved_at_id", table_name="recovery_requests")
    op.drop_table("recovery_requests")
