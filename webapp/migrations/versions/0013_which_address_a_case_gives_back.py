"""whether a case gives the former address back."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

AS_IT_WAS = {"sqlite_autoincrement": True}


def upgrade() -> None:
    # Until now a former address stood there only where the person was found by it.
    with op.batch_alter_table("support_cases", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.add_column(sa.Column("takes_email_back", sa.Boolean(), nullable=True))
    op.execute("UPDATE support_cases SET takes_email_back = (former_email <> '')")
    with op.batch_alter_table("support_cases", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.alter_column("takes_email_back", existing_type=sa.Boolean(), nullable=False)


def downgrade() -> None:
    op.execute("UPDATE support_cases SET former_email = '' WHERE NOT takes_email_back")
    with op.batch_alter_table("support_cases", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.drop_column("takes_email_back")
