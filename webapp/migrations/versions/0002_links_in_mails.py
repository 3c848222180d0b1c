"""links in mails."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("seed_hash", sa.LargeBinary(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_mail_links_employee_id_employees")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_links")),
        sa.UniqueConstraint("seed_hash", name=op.f("uq_mail_links_seed_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mail_links_employee_id_kind_made_at", "mail_links", ["employee_id", "kind", "made_at"])
    op.create_index("ix_mail_links_made_at", "mail_links", ["made_at"])


def downgrade() -> None:
    op.drop_index("ix_mail_links_made_at", table_name="mail_links")
    op.drop_index("ix_mail_links_employee_id_kind_made_at", table_name="mail_links")
    op.drop_table("mail_links")
