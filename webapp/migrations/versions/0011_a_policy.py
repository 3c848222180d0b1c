"""what a company requires of its people."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exemptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("given_by", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_exemptions_employee_id_employees")),
        sa.ForeignKeyConstraint(["given_by"], ["employees.id"], name=op.f("fk_exemptions_given_by_employees")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemptions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_exemptions_employee_id"), "exemptions", ["employee_id"])
    # A constant default: no database rewrites its rows for it.
    op.add_column("companies", sa.Column("required_since", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("companies", sa.Column("grace_days", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("employees", sa.Column("role_given_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("employees", sa.Column("wiped_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("employees", "wiped_at")
    op.drop_column("employees", "role_given_at")
    op.drop_column("companies", "grace_days")
    op.drop_column("companies", "required_since")
    op.drop_index(op.f("ix_exemptions_employee_id"), table_name="exemptions")
    op.drop_table("exemptions")
