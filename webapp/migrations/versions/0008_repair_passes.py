"""repair passes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repair_passes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("read_half_signature", sa.String(length=64), nullable=False),
        sa.Column("read_half_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_repair_passes_employee_id_employees")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_passes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_repair_passes_case_id"), "repair_passes", ["case_id"])
    op.create_index(op.f("ix_repair_passes_employee_id"), "repair_passes", ["employee_id"])
    op.add_column("log_in_sessions", sa.Column("repair_pass_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    # What such a session may open nobody knows any more.
    op.execute("DELETE FROM log_in_sessions WHERE repair_pass_id IS NOT NULL")
    with op.batch_alter_table("log_in_sessions", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_column("repair_pass_id")
    op.drop_index(op.f("ix_repair_passes_employee_id"), table_name="repair_passes")
    op.drop_index(op.f("ix_repair_passes_case_id"), table_name="repair_passes")
    op.drop_table("repair_passes")
