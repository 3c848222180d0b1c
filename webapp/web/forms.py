"""The forms of the product: fields, labels and the shape of what is typed. Whether it is right is core's business.

Tokens are judged in guards.py for every POST at once, so the forms carry none of their own.
"""

import re
from collections.abc import Sequence
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation, ValidationError

from webapp.core.accounts.rules import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH, Role
from webapp.core.attempts.rules import GuessKind
from webapp.core.challenge.repair import Halves
from webapp.core.database import AuthenticatorId
from webapp.core.factors.totp.flows import App
from webapp.core.factors.totp.rules import MAX_NAME_LENGTH as MAX_APP_NAME_LENGTH
from webapp.core.outcomes import Refusal, Refused
from webapp.core.proof.rules import AuthenticationCode, BackupCode, Entry, read_entry
from webapp.core.repairs.rules import read as read_half
from webapp.web import languages, wording


class Form(FlaskForm):
    """A form whose errors can be added by the view that asked core."""

    class Meta(FlaskForm.Meta):
        csrf = False

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """The fields of a POST. Flask-WTF takes uploads and JSON as well, and hands on what is no text (D-06)."""
            return request.form if formdata is not None and request.method == "POST" else None

    def refuse(self, sentence: str, field: str | None = None) -> None:
        """Show *sentence* at *field*, or above the form."""
        if field is None:
            self.form_errors = [*self.form_errors, sentence]
        else:
            self[field].errors = [*self[field].errors, sentence]


class OneLine:
    """Says what is missing, refuses control characters (a NUL ends up as a 500 otherwise) and what is too long.

    Stops at the first thing wrong: what is asked of the field after it gets a line of text, never None.
    """

    def __init__(self, missing: str, most: int) -> None:
        self.missing, self.most = missing, most

    def __call__(self, form: Any, field: Field) -> None:
        text = field.data or ""
        if self.missing and not text.strip():
            raise StopValidation(self.missing)
        if any(not letter.isprintable() for letter in text):
            raise StopValidation("Use one line of letters, digits and signs.")
        if len(text) > self.most:
            raise StopValidation(f"Use at most {self.most} characters.")


class ForgottenPasswordForm(Form):
    email = StringField("E-mail", [OneLine("Enter your e-mail address.", MAX_EMAIL_LENGTH)])

    def validate_email(self, field: Field) -> None:
        if "@" not in field.data.strip().strip("@"):
            raise ValidationError("Enter an e-mail address, as in name@example.com.")


class LogInForm(ForgottenPasswordForm):
    password = PasswordField("Password")

    def validate_password(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("Enter your password.")


class ConfirmPasswordForm(Form):
    password = PasswordField("Password")

    def validate_password(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("Enter your password.")


class NewPasswordForm(Form):
    new_password = PasswordField("New password")

    def validate_new_password(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("Enter a new password.")


class ChangePasswordForm(Form):
    current_password = PasswordField("Current password")
    new_password = PasswordField("New password")

    def validate_current_password(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("Enter your current password.")

    validate_new_password = NewPasswordForm.validate_new_password


class ChangeEmailForm(Form):
    new_email = StringField("New e-mail", [OneLine("Enter your new e-mail address.", MAX_EMAIL_LENGTH)])


class ProfileForm(Form):
    name = StringField("Name", [OneLine("Enter your name.", MAX_NAME_LENGTH)])
    phone = StringField("Phone", [OneLine("", 32)])
    language = SelectField("Language", choices=languages.NAMES)

    def validate_phone(self, field: Field) -> None:
        if field.data and not re.fullmatch(r"\+?[0-9 ()/.\-]{3,32}", field.data.strip()):
            raise ValidationError("Enter a phone number, as in +41 44 123 45 67, or leave it empty.")


ROLE_CHOICES = (
    SelectChoice(Role.EMPLOYEE.value, "Employee: their own account, and the names of colleagues"),
    SelectChoice(
        Role.ADMIN.value, "Administrator: also the security policy, the audit, invitations, accounts and roles"
    ),
)
"""What an administrator may make of somebody."""


class RoleForm(Form):
    role = RadioField("Role", choices=ROLE_CHOICES, validate_choice=False)

    def validate_role(self, field: Field) -> None:
        if field.data not in [choice.value for choice in field.choices]:
            raise ValidationError("Choose a role.")

    def chosen(self) -> Role:
        return Role(self.role.data)


class InviteForm(ForgottenPasswordForm):
    name = StringField("Name", [OneLine("Enter the person's name.", MAX_NAME_LENGTH)])
    email = StringField("E-mail", [OneLine("Enter the person's e-mail address.", MAX_EMAIL_LENGTH)])
    role = RadioField("Role", choices=ROLE_CHOICES, default=Role.EMPLOYEE.value, validate_choice=False)

    validate_role = RoleForm.validate_role
    chosen = RoleForm.chosen


# Above the forms of codes: wtforms puts fields, and what is wrong with them, in the order in which they are written.


class ChoosesApp:
    """Which of two apps is meant; of one alone nothing is asked."""

    app = RadioField("Which app do you replace?", validate_choice=False)

    def offer(self, apps: Sequence[App]) -> None:
        self.app.choices = [SelectChoice(str(app.id), app.name) for app in apps]
        if len(apps) == 1:
            self.app.data = str(apps[0].id)

    def validate_app(self, field: Field) -> None:
        if field.data not in [choice.value for choice in field.choices]:
            raise ValidationError("Choose the app that you replace.")

    def chosen(self) -> AuthenticatorId:
        return AuthenticatorId(int(self.app.data))


class NamesApp:
    """What an app is called."""

    name = StringField("Name", [OneLine("Give the app a name.", MAX_APP_NAME_LENGTH)])

    def app_name(self) -> str:
        return str(self.name.data).strip()


_FIELDS = {Refusal.NAME_TAKEN: "name", Refusal.UNKNOWN_AUTHENTICATOR: "app"}
"""Where a refusal belongs that is not about the code."""


class SecondFactorForm(Form):
    """One field for a code; whichever of the two it is, the other kind of code is taken as well.

    *kind* is what the field asks for.
    """

    kind: GuessKind

    @property
    def field_name(self) -> str:
        return next(name for name in self._fields if name in ("code", "backup_code"))

    def entry(self) -> Entry | None:
        """What was typed, or None where it is no code, with the reason at the field.

        A field sent twice, or both fields at once, is nobody's form: two answers are never judged (case D-06).
        """
        name = self.field_name
        typed = [*request.form.getlist("code"), *request.form.getlist("backup_code")]
        text = typed[0] if len(typed) == 1 else ""
        entry = read_entry(text)
        if entry is None:
            words = wording.malformed_code if name == "code" else wording.malformed_backup_code
            self.refuse(words(text), name)
        else:
            self[name].data = ""  # a code that was judged never comes back in a page
        return entry

    def tell(self, refused: Refused) -> None:
        """Say at the field why core refused, but for what is said already: by entry(), or by the page for a pause."""
        if refused.reason is not Refusal.MALFORMED and not wording.is_pause(refused):
            self.refuse(wording.sentence(refused), _FIELDS.get(refused.reason, self.field_name))


class CodeForm(SecondFactorForm):
    kind = GuessKind.TOTP
    code = StringField("Authentication code")

    def authentication_code(self) -> str | None:
        """Six digits, where only those will do; else None, with the reason at the field."""
        entry = self.entry()
        if isinstance(entry, AuthenticationCode):
            return entry.code
        if entry is not None:
            self.refuse("That is a backup code. Enter the 6-digit code from your app.", "code")
        return None


class BackupCodeForm(SecondFactorForm):
    kind = GuessKind.BACKUP_CODE
    backup_code = StringField("Backup code")

    def code_of_the_list(self) -> BackupCode | None:
        """A backup code, where only that will do; else None, with the reason at the field."""
        entry = self.entry()
        if isinstance(entry, BackupCode):
            return entry
        if entry is not None:
            self.refuse("That is a code from your app. Enter one of your backup codes.", "backup_code")
        return None


class ChangePasswordByCodeForm(ChangePasswordForm, CodeForm):
    pass


class ChangePasswordByBackupCodeForm(ChangePasswordForm, BackupCodeForm):
    pass


class ChangeEmailByCodeForm(ChangeEmailForm, CodeForm):
    pass


class ChangeEmailByBackupCodeForm(ChangeEmailForm, BackupCodeForm):
    pass


class ReplaceByCodeForm(ChoosesApp, CodeForm):
    pass


class ReplaceByBackupCodeForm(ChoosesApp, BackupCodeForm):
    pass


class AddByCodeForm(NamesApp, CodeForm):
    pass


class AddByBackupCodeForm(NamesApp, BackupCodeForm):
    pass


class RenameForm(NamesApp, Form):
    pass


class RepairForm(Form):
    """Both halves of a repair pass: judged together, so nothing here says which is wrong but for its shape."""

    mailed_half = StringField("Half from the e-mail")
    read_half = StringField("Half from the call")

    def halves(self) -> Halves | None:
        """What was typed, or None where one is no half, with the reason at its field. One sent twice is nobody's."""
        mailed, read = self._half("mailed_half"), self._half("read_half")
        return Halves(mailed, read) if mailed and read else None

    def tell(self, refused: Refused) -> None:
        """Say above the form why core refused, but for what is said already: at a field, or by the page for a pause."""
        if refused.reason is not Refusal.MALFORMED and not wording.is_pause(refused):
            self.refuse(wording.sentence(refused))

    def _half(self, name: str) -> str | None:
        typed = request.form.getlist(name)
        text = typed[0] if len(typed) == 1 else ""
        half = read_half(text)
        if half is None:
            self.refuse(wording.malformed_half(text, self[name].label.text.lower()), name)
        else:
            self[name].data = ""  # a half that was judged never comes back in a page
        return half
