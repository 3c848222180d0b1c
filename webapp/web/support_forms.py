"""The forms of Support. Whether what they hold is right, and who may send them, is core's business."""

import re
from collections.abc import Sequence
from datetime import date

from wtforms import BooleanField, Field, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from webapp.core.accounts.rules import MAX_EMAIL_LENGTH
from webapp.core.cases.rules import MAX_REASON_LENGTH, MAX_TICKET_LENGTH, CaseKind, Channel, Document, Way
from webapp.core.outcomes import Refused
from webapp.web import wording
from webapp.web.forms import Form, OneLine
from webapp.web.support_words import CHANNELS, DOCUMENTS, FIELDS, KINDS, WAYS


class CaseForm(Form):
    def tell(self, refused: Refused) -> None:
        """Say why core refused, at the entry that it is about or above the form."""
        name = FIELDS.get(refused.reason)
        self.refuse(wording.sentence(refused), name if name in self._fields else None)


class LookUpForm(CaseForm):
    email = StringField("Employee's e-mail", [OneLine("Enter the employee's e-mail address.", MAX_EMAIL_LENGTH)])


class OpenCaseForm(CaseForm):
    """*email* is whom the page shows: the case is about whoever has that address."""

    email = StringField("Employee's e-mail", [OneLine("Look the employee up first.", MAX_EMAIL_LENGTH)])
    ticket = StringField("Ticket reference", [OneLine("Enter the reference of the ticket.", MAX_TICKET_LENGTH)])
    channel = SelectField("How did the request come?", choices={"": "Choose…", **CHANNELS}, validate_choice=False)
    kind = RadioField("What is asked for?", validate_choice=False)
    way = RadioField("How is a reset carried out?", default=Way.REPAIR, validate_choice=False)

    def offer(self, kinds: Sequence[CaseKind], ways: Sequence[Way]) -> None:
        """What can be asked for, and the *ways* of a reset; of one alone nothing is asked."""
        self.kind.choices = [SelectChoice(kind.value, KINDS[kind]) for kind in kinds]
        self.way.choices = [SelectChoice(way.value, words) for way, words in WAYS.items() if way in ways]
        if len(kinds) == 1:
            self.kind.data = kinds[0].value
        if len(ways) == 1:
            self.way.data = ways[0].value

    def validate_channel(self, field: Field) -> None:
        if field.data not in list(Channel):
            raise ValidationError("Choose how the request came.")

    def validate_kind(self, field: Field) -> None:
        if field.data not in [choice.value for choice in field.choices]:
            raise ValidationError("Choose what is asked for.")

    def validate_way(self, field: Field) -> None:
        if field.data not in list(Way):
            raise ValidationError("Choose how a reset is carried out.")


class CheckForm(CaseForm):
    """*expires_on* once it was found valid."""

    expires_on: date
    document = SelectField("Document", choices={"": "Choose…", **DOCUMENTS}, validate_choice=False)
    name_matches = BooleanField("Name is the same as in the employee's record")
    photo_matches = BooleanField("Photo matches the person")
    valid_until = StringField("Valid until")

    def validate_document(self, field: Field) -> None:
        if field.data not in list(Document):
            raise ValidationError("Choose which document you saw.")

    def validate_name_matches(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("Compare the name. If it isn't the same, stop the case.")

    def validate_photo_matches(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("Compare the photo. If it doesn't match, stop the case.")

    def validate_valid_until(self, field: Field) -> None:
        if not (field.data or "").strip():
            raise ValidationError("Enter until when the document is valid.")
        try:
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", field.data.strip()):  # Python reads more than that
                raise ValueError
            self.expires_on = date.fromisoformat(field.data.strip())
        except ValueError:
            raise ValidationError("Enter a date, as in 2031-04-30.") from None


class RefuseForm(CaseForm):
    reason = StringField("Why do you refuse?", [OneLine("Enter the reason, for your colleagues.", MAX_REASON_LENGTH)])


class StopForm(CaseForm):
    reason = StringField("Why do you stop it?", [OneLine("Enter the reason, for your colleagues.", MAX_REASON_LENGTH)])
