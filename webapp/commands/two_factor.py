"""Two-factor authentication of one employee, for operators: how it stands, breaking glass; and the keys of all."""

import os
import pwd
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from webapp.commands.common import Group, one_line, person_at, value
from webapp.core.accounts.flows import Person
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.enrolment import reset as enrolment_reset
from webapp.core.enrolment import state as enrolment
from webapp.core.factors.totp import flows as totp
from webapp.core.freezes import flows as freezes
from webapp.core.passwords import flows as passwords
from webapp.core.visitor import OPERATOR
from webapp.web.parts import Parts


def group(parts: Parts) -> AppGroup:
    commands = Group("two-factor", help="Two-factor authentication of one employee.")

    @commands.command("status")
    @click.argument("email")
    def status(email: str) -> None:
        """Active or not, since when, backup codes left, throttled until."""
        person = person_at(parts, email)
        state = enrolment.state(parts.open_session(), person.id)
        frozen_since = freezes.trusted_before(parts.open_session(), person.id)
        if frozen_since is not None:
            click.echo(
                f"frozen since: {frozen_since.astimezone(ZoneInfo(person.time_zone)).isoformat(timespec='seconds')}"
            )
        if state is None:
            click.echo("active: no")
            return
        since = state.activated_at.astimezone(ZoneInfo(person.time_zone))
        click.echo(f"active: yes\nsince: {since.isoformat(timespec='seconds')}")
        click.echo(f"backup codes left: {state.codes_left} of 8")
        for kind, words in ((GuessKind.TOTP, "authentication codes"), (GuessKind.BACKUP_CODE, "backup codes")):
            click.echo(f"{words} throttled until: {_throttled_until(parts, person, kind)}")

    @commands.command("reset")
    @click.argument("email")
    @click.option("--ticket", required=True, callback=one_line, help="Reference of the request, for the audit.")
    @click.option("--reason", required=True, callback=one_line, help="Why, and how the person was identified.")
    @click.option(
        "--former-email", is_flag=True, help="Give a frozen account the address back from before the disputed change."
    )
    def reset(email: str, ticket: str, reason: str, *, former_email: bool) -> None:
        """Break glass: switch off without a code, lift a freeze. Ends sessions, is written down, tells the owner."""
        person = person_at(parts, email)
        operator = _operator()
        value(
            enrolment_reset.reset_by_operator(
                parts.open_session(),
                parts.keyring,
                person,
                operator=operator,
                ticket=ticket,
                reason=reason,
                takes_email_back=former_email,
                now=parts.clock(),
                visitor=OPERATOR,
            )
        )
        click.echo(f"two-factor reset of employee {person.id} by {operator}, ticket {ticket}: {reason}", err=True)
        click.echo("reset")

    @commands.command("rotate-keys")
    def rotate_keys() -> None:
        """Re-seal every secret under the newest key; can be killed and repeated, safe while serving."""
        _rotate_keys(parts)

    return commands


def _rotate_keys(parts: Parts) -> None:
    session = parts.open_session()
    outcomes = [*totp.reseal(session, parts.keyring), passwords.reseal(session, parts.keyring)]
    click.echo(f"re-sealed: {sum(outcome.done for outcome in outcomes)}")
    unopened = sorted({employee_id for outcome in outcomes for employee_id in outcome.unopened})
    if unopened:
        raise click.ClickException(f"No key opens what belongs to the employees {unopened}. Is a former key missing?")


def _operator() -> str:
    """The operating-system user, as the system knows it: $LOGNAME would be whatever somebody wrote into it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _throttled_until(parts: Parts, person: Person, kind: GuessKind) -> str:
    """For unknown browsers, the owner's new one among them."""
    guesser = Guesser.at_employee(person.id, None)
    refused = attempts.refusal(parts.open_session(), guesser, kind, now=parts.clock())
    if refused is None:
        return "not throttled"
    if refused.retry_at is None:
        return "closed until a success or a reset"
    return refused.retry_at.astimezone(ZoneInfo(person.time_zone)).isoformat(timespec="seconds")
