"""Every table of the product in one import, for migrations: a feature's tables stand in the feature."""

from webapp.core.accounts.tables import Company, Employee
from webapp.core.attempts.tables import GuessBudget
from webapp.core.audit.tables import AuditEvent
from webapp.core.cases.tables import CaseEvent, SupportCase
from webapp.core.challenge.tables import Challenge
from webapp.core.credentials.tables import RecoveryRequest
from webapp.core.factors.backup_codes.tables import BackupCode, BackupCodeSet, ShownBackupCodes
from webapp.core.factors.totp.tables import Authenticator, PendingSecret
from webapp.core.freezes.tables import Freeze
from webapp.core.links.tables import MailLink
from webapp.core.notices.tables import OutboxMail
from webapp.core.passwords.tables import PasswordHash
from webapp.core.policy.tables import Exemption
from webapp.core.repairs.tables import RepairPass
from webapp.core.sessions.tables import KnownBrowser, LogInSession

__all__ = [
    "AuditEvent",
    "Authenticator",
    "BackupCode",
    "BackupCodeSet",
    "CaseEvent",
    "Challenge",
    "Company",
    "Employee",
    "Exemption",
    "Freeze",
    "GuessBudget",
    "KnownBrowser",
    "LogInSession",
    "MailLink",
    "OutboxMail",
    "PasswordHash",
    "PendingSecret",
    "RecoveryRequest",
    "RepairPass",
    "ShownBackupCodes",
    "SupportCase",
]
