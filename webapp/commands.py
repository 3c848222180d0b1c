"""The flask commands of operators: companies, employees, the demo, two-factor authentication, outbox, purge.

Standard output carries only the result, an id alone on the last line. A refusal is one line on standard error and
exit status 1; wrong usage is 2.
"""

import logging
import os
import pwd
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import ProgrammingError

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import MAX_NAME_LENGTH, Plan, Role
from webapp.core.attempts import flows as attempts
from webapp.core.attempts.flows import Guesser
from webapp.core.attempts.rules import GuessKind
from webapp.core.challenge import flows as challenge
from webapp.core.database import UNAVAILABLE, CompanyId, EmployeeId, writing
from webapp.core.enrolment import reset as enrolment_reset
from webapp.core.enrolment import state as enrolment
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import flows as totp
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Delivery
from webapp.core.outcomes import Accepted, Refusal, Refused
from webapp.core.passwords import flows as passwords
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.core.visitor import OPERATOR
from webapp.mail import Transport
from webapp.web import wording
from webapp.web.parts import Parts

log = logging.getLogger(__name__)

T = TypeVar("T")

WATCH_EVERY_S = 2.0

DATABASE_ERRORS = (*UNAVAILABLE, ProgrammingError)  # the last for a table that is not there yet


class _Command(click.Command):
    """Ends with one line, not a traceback, where the database is not there or has no tables yet."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DATABASE_ERRORS as error:
            reason = _reason(error)
            raise click.ClickException(f"The database can't be used: {reason}. Was flask db upgrade run?") from error


class _Group(_Command, AppGroup):
    """Flask's group of commands, with that ending."""


def register(app: Flask, parts: Parts, transport: Transport) -> None:
    """Add the commands to *app*."""
    app.cli.add_command(_company_group(parts))
    app.cli.add_command(_employee_group(parts))
    app.cli.add_command(_two_factor_group(parts))
    app.cli.add_command(_outbox_group(parts, transport))
    app.cli.add_command(_demo_command(parts, Path(app.instance_path)))
    app.cli.add_command(_purge_command(parts))


def _company_group(parts: Parts) -> AppGroup:
    group = _Group("company", help="Companies.")

    @group.command("create")
    @click.argument("name")
    @click.option("--plan", type=click.Choice([plan.value for plan in Plan]), required=True)
    @click.option("--time-zone", default="Europe/Zurich", show_default=True, callback=_known_time_zone)
    @click.option("--vendor", is_flag=True, help="The one company whose people are support.")
    def create(name: str, plan: str, time_zone: str, vendor: bool) -> None:
        """Make a company; prints its id."""
        click.echo(
            _value(
                accounts.create_company(
                    parts.open_session(),
                    _name(name),
                    Plan(plan),
                    time_zone=time_zone,
                    is_vendor=vendor,
                    now=parts.clock(),
                    visitor=OPERATOR,
                )
            )
        )

    return group


def _employee_group(parts: Parts) -> AppGroup:
    group = _Group("employee", help="Employees.")

    @group.command("create")
    @click.option("--company", type=click.IntRange(1, 2**31 - 1), required=True)
    @click.option("--email", required=True)
    @click.option("--name", required=True)
    @click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
    @click.option("--password-stdin", is_flag=True, help="Take the password from the first line of standard input.")
    def create(company: int, email: str, name: str, role: str, password_stdin: bool) -> None:
        """Make an employee, with a password from a hidden prompt; prints the id."""
        password = _first_line() if password_stdin else _prompted_password()
        employee_id = _employ(parts, CompanyId(company), email, password, name=_name(name), role=Role(role))
        click.echo(employee_id)

    return group


def _two_factor_group(parts: Parts) -> AppGroup:
    group = _Group("two-factor", help="Two-factor authentication of one employee.")

    @group.command("status")
    @click.argument("email")
    def status(email: str) -> None:
        """Active or not, since when, backup codes left, throttled until."""
        person = _person(parts, email)
        state = enrolment.state(parts.open_session(), person.id)
        if state is None:
            click.echo("active: no")
            return
        since = state.activated_at.astimezone(ZoneInfo(person.time_zone))
        click.echo(f"active: yes\nsince: {since.isoformat(timespec='seconds')}")
        click.echo(f"backup codes left: {state.codes_left} of 8")
        for kind, words in ((GuessKind.TOTP, "authentication codes"), (GuessKind.BACKUP_CODE, "backup codes")):
            click.echo(f"{words} throttled until: {_throttled_until(parts, person, kind)}")

    @group.command("reset")
    @click.argument("email")
    @click.option("--ticket", required=True, callback=_one_line, help="Reference of the request, for the audit.")
    @click.option("--reason", required=True, callback=_one_line, help="Why, and how the person was identified.")
    def reset(email: str, ticket: str, reason: str) -> None:
        """Break glass: switch off without a code. Ends sessions, is written down, tells the owner."""
        person = _person(parts, email)
        operator = _operator()
        _value(
            enrolment_reset.reset_by_operator(
                parts.open_session(),
                person,
                operator=operator,
                ticket=ticket,
                reason=reason,
                now=parts.clock(),
                visitor=OPERATOR,
            )
        )
        click.echo(f"two-factor reset of employee {person.id} by {operator}, ticket {ticket}: {reason}", err=True)
        click.echo("reset")

    @group.command("rotate-keys")
    def rotate_keys() -> None:
        """Re-seal every secret under the newest key; can be killed and repeated, safe while serving."""
        _rotate_keys(parts)

    return group


def _outbox_group(parts: Parts, transport: Transport) -> AppGroup:
    group = _Group("outbox", help="E-mail that is owed.")

    @group.command("send")
    @click.option("--watch", is_flag=True, help="Keep running and send what comes.")
    def send(watch: bool) -> None:
        """Deliver waiting e-mail."""
        stop = threading.Event()
        if watch:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
        while True:
            try:
                delivery = notices.deliver_due(parts.open_session(), transport, now=parts.clock())
            except DATABASE_ERRORS as error:
                if not watch:
                    raise
                delivery = Delivery(0, 0)
                log.warning("the database can't be used, trying again: %s", _reason(error))
            if not watch or delivery.sent or delivery.failed:
                click.echo(f"sent {delivery.sent}, failed {delivery.failed}")
            parts.open_session().close()
            if not watch or stop.wait(WATCH_EVERY_S):
                break
        if not watch and delivery.failed:
            sys.exit(1)

    return group


def _demo_command(parts: Parts, instance: Path) -> click.Command:
    @click.command("demo", cls=_Command)
    @with_appcontext
    def demo() -> None:
        """Make a demo company and a vendor's company, with random passwords; prints the log-ins."""
        if parts.settings.is_production:
            raise click.ClickException("The demo is not for production.")
        session = parts.open_session()
        file = instance / "demo-logins.txt"
        with writing(session):
            if accounts.holds_a_company(session):
                raise click.ClickException(wording.sentence(Refused(Refusal.NOT_EMPTY)))
            text = "".join(f"{line}\n" for line in _demo_people(parts))
            # Before the commit: passwords that open nothing are harmless, an account nobody can open is not.
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                out.write(text)
        click.echo(file.read_text(), nl=False)

    return demo


def _purge_command(parts: Parts) -> click.Command:
    @click.command("purge", cls=_Command)
    @with_appcontext
    def purge() -> None:
        """Delete what is past its retention."""
        session, now = parts.open_session(), parts.clock()
        click.echo(f"sessions: {sessions.purge(session, limits=parts.limits, now=now)}")
        click.echo(f"known browsers: {browsers.purge(session, now=now)}")
        click.echo(f"challenges: {challenge.purge(session, now=now)}")
        click.echo(f"pending secrets: {totp.purge(session, now=now)}")
        click.echo(f"shown backup codes: {backup_codes.purge(session, now=now)}")
        click.echo(f"guess counters: {attempts.purge(session, now=now)}")
        click.echo(f"sent mail: {notices.purge(session, now=now)}")

    return purge


def _rotate_keys(parts: Parts) -> None:
    session = parts.open_session()
    outcomes = [*totp.reseal(session, parts.keyring), passwords.reseal(session, parts.keyring)]
    click.echo(f"re-sealed: {sum(outcome.done for outcome in outcomes)}")
    unopened = sorted({employee_id for outcome in outcomes for employee_id in outcome.unopened})
    if unopened:
        raise click.ClickException(f"No key opens what belongs to the employees {unopened}. Is a former key missing?")


def _demo_people(parts: Parts) -> list[str]:
    """Make everybody; a line for each with address and password."""
    salon = _create_company(parts, "Studio Linden", is_vendor=False)
    vendor = _create_company(parts, parts.settings.brand_name, is_vendor=True)
    people = (
        (salon, "lena.brunner@studiolinden.example", "Lena Brunner", Role.EMPLOYEE),
        (salon, "david.keller@studiolinden.example", "David Keller", Role.ADMIN),
        (vendor, "mia.frei@support.example", "Mia Frei", Role.SUPPORT),
        (vendor, "jonas.weber@support.example", "Jonas Weber", Role.SUPPORT),
    )
    lines = []
    for company, email, name, role in people:
        password = secrets.token_urlsafe(18)
        _employ(parts, company, email, password, name=name, role=role)
        lines.append(f"{role.value:<9} {email:<36} {password}")
    return lines


def _create_company(parts: Parts, name: str, *, is_vendor: bool) -> CompanyId:
    return _value(
        accounts.create_company(
            parts.open_session(),
            name,
            Plan.PROFESSIONAL,
            time_zone="Europe/Zurich",
            is_vendor=is_vendor,
            now=parts.clock(),
            visitor=OPERATOR,
        )
    )


def _employ(parts: Parts, company: CompanyId, email: str, password: str, *, name: str, role: Role) -> EmployeeId:
    return _value(
        passwords.employ(
            parts.open_session(),
            parts.keyring,
            company,
            email,
            password,
            name=name,
            role=role,
            brand=parts.settings.brand_name,
            rounds=parts.settings.bcrypt_rounds,
            now=parts.clock(),
            visitor=OPERATOR,
        )
    )


def _value(outcome: Accepted[T] | Refused) -> T:
    if isinstance(outcome, Refused):
        raise click.ClickException(wording.sentence(outcome))
    return outcome.value


def _person(parts: Parts, email: str) -> Person:
    person = accounts.by_email(parts.open_session(), email)
    if person is None:
        raise click.ClickException(wording.sentence(Refused(Refusal.UNKNOWN_EMPLOYEE)))
    return person


def _reason(error: Exception) -> str:
    """The driver's own first line, without SQL and addresses."""
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]


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


def _known_time_zone(_: click.Context, __: click.Parameter, value: str) -> str:
    if value not in available_timezones():
        raise click.BadParameter("it is no time zone, as in Europe/Zurich")
    return value


def _one_line(_: click.Context, __: click.Parameter, value: str) -> str:
    """What stands in the audit and on standard error says something, and can't look like two entries."""
    text = value.strip()
    if not text or not text.isprintable():
        raise click.BadParameter("it must be one line of text")
    return text


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise click.BadParameter(f"a name is one line of 1 to {MAX_NAME_LENGTH} characters")
    return name


def _first_line() -> str:
    try:
        line = sys.stdin.readline().rstrip("\r\n")
        line.encode()
    except UnicodeError as error:  # a browser could never send it
        raise click.ClickException("The password on standard input is not text in UTF-8.") from error
    return line


def _prompted_password() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password
