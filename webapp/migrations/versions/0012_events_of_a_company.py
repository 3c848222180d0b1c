"""events of a company.

PostgreSQL builds the new indexes beside the running server: each log-in writes an event, and must not wait for a table
of years. One that was left half-built is made anew.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE = "audit_events"
BEFORE = {"ix_audit_events_company_id": ["company_id"]}
AFTER = {
    "ix_audit_events_company_id_id": ["company_id", "id"],
    "ix_audit_events_company_id_kind_id": ["company_id", "kind", "id"],
}


def upgrade() -> None:
    _exchange(BEFORE, AFTER)


def downgrade() -> None:
    _exchange(AFTER, BEFORE)


def _exchange(old: dict[str, list[str]], new: dict[str, list[str]]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            for name, columns in new.items():
                op.drop_index(name, TABLE, if_exists=True, postgresql_concurrently=True)
                op.create_index(name, TABLE, columns, postgresql_concurrently=True)
            for name in old:
                op.drop_index(name, TABLE, if_exists=True, postgresql_concurrently=True)
        return
    for name, columns in new.items():
        op.create_index(name, TABLE, columns)
    for name in old:
        op.drop_index(name, TABLE)
