"""freezes."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "freezes",
        sa.Column("employee_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_recovery", sa.Boolean(), nullable=False),
        sa.Column("former_email", sa.String(length=254), nullable=False),
        sa.Column("former_email_key", sa.String(length=254), nullable=False),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_freezes_employee_id_employees")),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_freezes")),
    )
    op.create_index("ix_freezes_former_email_key", "freezes", ["former_email_key"])


def downgrade() -> None:
    op.drop_index("ix_freezes_former_email_key", table_name="freezes")
    op.drop_table("freezes")
