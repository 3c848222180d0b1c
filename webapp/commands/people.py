"""Making companies and employees."""

import sys
from zoneinfo import available_timezones

import click
from flask.cli import AppGroup

from webapp.commands.common import Group, one_name, person_at, value
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.rules import Plan, Role
from webapp.core.company import deactivation
from webapp.core.database import CompanyId, EmployeeId
from webapp.core.log_outs import flows as log_outs
from webapp.core.passwords import flows as passwords
from webapp.core.visitor import OPERATOR
from webapp.web.parts import Parts


def company_group(parts: Parts) -> AppGroup:
    group = Group("company", help="Companies.")

    @group.command("create")
    @click.argument("name")
    @click.option("--plan", type=click.Choice([plan.value for plan in Plan]), required=True)
    @click.option("--time-zone", default="Europe/Zurich", show_default=True, callback=_known_time_zone)
    @click.option("--vendor", is_flag=True, help="The one company whose people are support.")
    def create(name: str, plan: str, time_zone: str, vendor: bool) -> None:
        """Make a company; prints its id."""
        click.echo(
            value(
                accounts.create_company(
                    parts.open_session(),
                    one_name(name),
                    Plan(plan),
                    time_zone=time_zone,
                    is_vendor=vendor,
                    now=parts.clock(),
                    visitor=OPERATOR,
                )
            )
        )

    return group


def employee_group(parts: Parts) -> AppGroup:
    group = Group("employee", help="Employees.")

    @group.command("create")
    @click.option("--company", type=click.IntRange(1, 2**31 - 1), required=True)
    @click.option("--email", required=True)
    @click.option("--name", required=True)
    @click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
    @click.option("--password-stdin", is_flag=True, help="Take the password from the first line of standard input.")
    def create(company: int, email: str, name: str, role: str, password_stdin: bool) -> None:
        """Make an employee, with a password from a hidden prompt; prints the id."""
        password = _first_line() if password_stdin else _prompted_password()
        employee_id = employ(parts, CompanyId(company), email, password, name=one_name(name), role=Role(role))
        click.echo(employee_id)

    @group.command("log-out")
    @click.argument("email")
    def log_out(email: str) -> None:
        """End every session of one employee, wherever; prints how many there were."""
        person = person_at(parts, email)
        click.echo(log_outs.end_by_operator(parts.open_session(), person, now=parts.clock(), visitor=OPERATOR))

    @group.command("deactivate")
    @click.argument("email")
    def deactivate(email: str) -> None:
        """Close one employee's account, an agent's too: sessions end at once. Nothing is deleted."""
        _set_active(parts, email, is_active=False)

    @group.command("reactivate")
    @click.argument("email")
    def reactivate(email: str) -> None:
        """Open a closed account again, for the log-in that it had."""
        _set_active(parts, email, is_active=True)

    return group


def _set_active(parts: Parts, email: str, *, is_active: bool) -> None:
    person = person_at(parts, email)
    value(
        deactivation.set_active_by_operator(
            parts.open_session(), person, is_active=is_active, now=parts.clock(), visitor=OPERATOR
        )
    )
    click.echo("active" if is_active else "deactivated")


def employ(parts: Parts, company: CompanyId, email: str, password: str, *, name: str, role: Role) -> EmployeeId:
    return value(
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


def _known_time_zone(_: click.Context, __: click.Parameter, value: str) -> str:
    if value not in available_timezones():
        raise click.BadParameter("it is no time zone, as in Europe/Zurich")
    return value


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
