"""What all commands share: one line in place of a traceback, results and refusals, texts that are one line."""

from typing import Any, TypeVar

import click
from flask.cli import AppGroup

from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import MAX_NAME_LENGTH
from webapp.core.database import UNUSABLE, reason_of
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.web import wording
from webapp.web.parts import Parts

T = TypeVar("T")


class Command(click.Command):
    """Ends with one line, not a traceback, where the database is not there or has no tables yet."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UNUSABLE as error:
            reason = reason_of(error)
            raise click.ClickException(f"The database can't be used: {reason}. Was flask db upgrade run?") from error


class Group(Command, AppGroup):
    """Flask's group of commands, with that ending."""


def value(outcome: Accepted[T] | Refused) -> T:
    if isinstance(outcome, Refused):
        raise click.ClickException(wording.sentence(outcome))
    return outcome.value


def person_at(parts: Parts, email: str) -> Person:
    """By today's address, or by the former one while its owner disputes the change."""
    person = passwords.person_at(parts.open_session(), email)
    if person is None:
        raise click.ClickException(wording.sentence(Refused(Refusal.UNKNOWN_EMPLOYEE)))
    return person


def one_line(_: click.Context, __: click.Parameter, value: str) -> str:
    """What stands in the audit and on standard error says something, and can't look like two entries."""
    text = value.strip()
    if not text or not text.isprintable():
        raise click.BadParameter("it must be one line of text")
    return text


def one_name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise click.BadParameter(f"a name is one line of 1 to {MAX_NAME_LENGTH} characters")
    return name
