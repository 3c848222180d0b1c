"""two named authenticators of a person, and what a pending secret is for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

AS_IT_WAS = {"sqlite_autoincrement": True}  # SQLite alters a table by copying it, and forgets this


def upgrade() -> None:
    with op.batch_alter_table("authenticators", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.add_column(sa.Column("added_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("name", sa.String(length=40), nullable=True))
    op.execute("UPDATE authenticators SET added_at = activated_at, name = 'Authenticator app'")
    with op.batch_alter_table("authenticators", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.alter_column("added_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.alter_column("name", existing_type=sa.String(length=40), nullable=False)
        batch_op.drop_constraint(batch_op.f("uq_authenticators_employee_id"), type_="unique")
        batch_op.create_index(batch_op.f("ix_authenticators_employee_id"), ["employee_id"], unique=False)

    # They live 15 minutes: whoever is setting up an app at this moment begins again.
    op.execute("DELETE FROM pending_secrets")
    with op.batch_alter_table("pending_secrets", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.add_column(sa.Column("purpose", sa.String(length=16), nullable=False))
        batch_op.add_column(sa.Column("replaces", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("name", sa.String(length=40), nullable=False))


def downgrade() -> None:
    op.execute("DELETE FROM pending_secrets")
    with op.batch_alter_table("pending_secrets", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.drop_column("name")
        batch_op.drop_column("replaces")
        batch_op.drop_column("purpose")

    # One a person again: the first stays.
    op.execute("DELETE FROM authenticators WHERE id NOT IN (SELECT MIN(id) FROM authenticators GROUP BY employee_id)")
    with op.batch_alter_table("authenticators", table_kwargs=AS_IT_WAS) as batch_op:
        batch_op.drop_index(batch_op.f("ix_authenticators_employee_id"))
        batch_op.create_unique_constraint(batch_op.f("uq_authenticators_employee_id"), ["employee_id"])
        batch_op.drop_column("name")
        batch_op.drop_column("added_at")
