"""The forms of the page “Security policy”: what is required of whom, and who is exempt."""

import re
from datetime import date

from wtforms import Field, RadioField, SelectField, StringField
from wtforms.validators import ValidationError

from webapp.core.accounts.rules import MAX_EMAIL_LENGTH, Role
from webapp.core.company.policy import Choice
from webapp.core.outcomes import Refusal, Refused
from webapp.core.policy.rules import MAX_REASON_LENGTH, is_grace
from webapp.web import wording
from webapp.web.forms import Form, OneLine

OPTIONAL, REQUIRED = "optional", "required"
SCOPES = {"all": "Everyone", "employee": "Employees only", "admin": "Administrators only"}
_ROLES = {
    "all": frozenset(Role),
    "employee": frozenset({Role.EMPLOYEE}),
    "admin": frozenset({Role.ADMIN}),
}


class PolicyForm(Form):
    """*scope* counts only where it is required."""

    policy = RadioField("Two-factor authentication", choices=[OPTIONAL, REQUIRED], validate_choice=False)
    scope = SelectField("Required of", choices=SCOPES, validate_choice=False)
    grace_days = StringField("Days of grace")

    @classmethod
    def of(cls, choice: Choice) -> "PolicyForm":
        """Filled in with the policy as it stands."""
        scope = next((name for name, roles in _ROLES.items() if roles == choice.roles), "all")
        policy = REQUIRED if choice.roles else OPTIONAL
        return cls(formdata=None, policy=policy, scope=scope, grace_days=str(choice.grace_days))

    @property
    def choice(self) -> Choice:
        """What was chosen, once the form is valid."""
        roles = _ROLES[self.scope.data] if self.policy.data == REQUIRED else frozenset()
        return Choice(roles, int(self.grace_days.data))

    def validate_policy(self, field: Field) -> None:
        if field.data not in (OPTIONAL, REQUIRED):
            raise ValidationError("Choose whether it is optional or required.")

    def validate_scope(self, field: Field) -> None:
        if self.policy.data == REQUIRED and field.data not in _ROLES:
            raise ValidationError("Choose of whom it is required.")

    def validate_grace_days(self, field: Field) -> None:
        """Core says which numbers are possible: here too, so that the preview refuses what can't be saved."""
        if not re.fullmatch("[0-9]{1,3}", field.data or ""):
            raise ValidationError("Enter a number of days, 0 to 90.")
        if not is_grace(int(field.data)):
            raise ValidationError(wording.sentence(Refused(Refusal.GRACE_OUT_OF_RANGE)))


class ExemptionForm(Form):
    employee = StringField("Employee's e-mail", [OneLine("Enter the employee's e-mail address.", MAX_EMAIL_LENGTH)])
    last_day = StringField("Last day")
    reason = StringField("Reason", [OneLine("Say why.", MAX_REASON_LENGTH)])

    @property
    def day(self) -> date | None:
        """The day as date fields send it, or None for anything else."""
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", self.last_day.data or ""):
            return None
        try:
            return date.fromisoformat(self.last_day.data)
        except ValueError:  # 31 February
            return None

    def validate_last_day(self, field: Field) -> None:
        if self.day is None:
            raise ValidationError("Enter a day, as in 2026-03-31.")
