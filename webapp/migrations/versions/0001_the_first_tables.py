"""the first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "companies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("plan", sa.String(length=16), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("is_vendor", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "guess_budgets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("browser_id", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("recent", sa.JSON(), nullable=False),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guess_budgets")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("guess_budgets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guess_budgets_charged_at"), ["charged_at"], unique=False)
        batch_op.create_index(
            "uq_guess_budgets_subject_kind_browser_id", ["subject", "kind", "browser_id"], unique=True
        )

    op.create_table(
        "employees",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("sort_key", sa.String(length=400), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_employees_company_id_companies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employees")),
        sa.UniqueConstraint("email_key", name=op.f("uq_employees_email_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("employees", schema=None) as batch_op:
        batch_op.create_index("ix_employees_company_id_sort_key_id", ["company_id", "sort_key", "id"], unique=False)

    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("employee_id", sa.Integer(), nullable=True),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("factor", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=256), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["employees.id"], name=op.f("fk_audit_events_actor_id_employees")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_audit_events_company_id_companies")),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_audit_events_employee_id_employees")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_events_company_id"), ["company_id"], unique=False)
        batch_op.create_index("ix_audit_events_employee_id_kind_id", ["employee_id", "kind", "id"], unique=False)

    op.create_table(
        "authenticators",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_authenticators_employee_id_employees")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticators")),
        sa.UniqueConstraint("employee_id", name=op.f("uq_authenticators_employee_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("authenticators", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_authenticators_key_id"), ["key_id"], unique=False)

    op.create_table(
        "backup_code_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_backup_code_sets_employee_id_employees")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_code_sets")),
        sa.UniqueConstraint("employee_id", name=op.f("uq_backup_code_sets_employee_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "challenges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("next_path", sa.String(length=512), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_challenges_employee_id_employees")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_challenges_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("challenges", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_challenges_employee_id"), ["employee_id"], unique=False)
        batch_op.create_index("ix_challenges_made_at", ["made_at"], unique=False)

    op.create_table(
        "known_browsers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("last_log_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_known_browsers_employee_id_employees")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_browsers")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_known_browsers_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("known_browsers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_known_browsers_employee_id"), ["employee_id"], unique=False)

    op.create_table(
        "log_in_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("csrf_secret", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("browser_id", sa.Integer(), nullable=True),
        sa.Column("factor", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=256), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_code_counts_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_log_in_sessions_employee_id_employees")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_in_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_log_in_sessions_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("log_in_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_log_in_sessions_employee_id_ended_at", ["employee_id", "ended_at"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice", sa.String(length=32), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name=op.f("fk_outbox_employee_id_employees")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_sent_at_next_try_at", ["sent_at", "next_try_at"], unique=False)

    op.create_table(
        "password_hashes",
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_password_hashes_employee_id_employees")
        ),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_password_hashes")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("password_hashes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_password_hashes_key_id"), ["key_id"], unique=False)

    op.create_table(
        "pending_secrets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_pending_secrets_employee_id_employees")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_secrets")),
        sa.UniqueConstraint("employee_id", name=op.f("uq_pending_secrets_employee_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("pending_secrets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pending_secrets_key_id"), ["key_id"], unique=False)

    op.create_table(
        "shown_backup_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_shown_backup_codes_employee_id_employees")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shown_backup_codes")),
        sa.UniqueConstraint("session_id", name=op.f("uq_shown_backup_codes_session_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("shown_backup_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shown_backup_codes_employee_id"), ["employee_id"], unique=False)

    op.create_table(
        "backup_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["set_id"],
            ["backup_code_sets.id"],
            name=op.f("fk_backup_codes_set_id_backup_code_sets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_codes")),
        sa.UniqueConstraint("set_id", "position", name=op.f("uq_backup_codes_set_id_position")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("backup_codes")
    with op.batch_alter_table("shown_backup_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shown_backup_codes_employee_id"))

    op.drop_table("shown_backup_codes")
    with op.batch_alter_table("pending_secrets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pending_secrets_key_id"))

    op.drop_table("pending_secrets")
    with op.batch_alter_table("password_hashes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_password_hashes_key_id"))

    op.drop_table("password_hashes")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_sent_at_next_try_at")

    op.drop_table("outbox")
    with op.batch_alter_table("log_in_sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_log_in_sessions_employee_id_ended_at")

    op.drop_table("log_in_sessions")
    with op.batch_alter_table("known_browsers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_known_browsers_employee_id"))

    op.drop_table("known_browsers")
    with op.batch_alter_table("challenges", schema=None) as batch_op:
        batch_op.drop_index("ix_challenges_made_at")
        batch_op.drop_index(batch_op.f("ix_challenges_employee_id"))

    op.drop_table("challenges")
    op.drop_table("backup_code_sets")
    with op.batch_alter_table("authenticators", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_authenticators_key_id"))

    op.drop_table("authenticators")
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_events_employee_id_kind_id")
        batch_op.drop_index(batch_op.f("ix_audit_events_company_id"))

    op.drop_table("audit_events")
    with op.batch_alter_table("employees", schema=None) as batch_op:
        batch_op.drop_index("ix_employees_company_id_sort_key_id")

    op.drop_table("employees")
    with op.batch_alter_table("guess_budgets", schema=None) as batch_op:
        batch_op.drop_index("uq_guess_budgets_subject_kind_browser_id")

    op.drop_table("guess_budgets")
    op.drop_table("companies")
