"""A company to try the product with, and a vendor's company: random passwords, never in production."""

import os
import secrets
from pathlib import Path

import click
from flask.cli import with_appcontext

from webapp.commands.common import Command, value
from webapp.commands.people import employ
from webapp.core.accounts import flows as accounts
from webapp.core.accounts.rules import Plan, Role
from webapp.core.database import CompanyId, writing
from webapp.core.outcomes import Refusal, Refused
from webapp.core.visitor import OPERATOR
from webapp.web import wording
from webapp.web.parts import Parts


def command(parts: Parts, instance: Path) -> click.Command:
    @click.command("demo", cls=Command)
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
            text = "".join(f"{line}\n" for line in _people(parts))
            # Before the commit: passwords that open nothing are harmless, an account nobody can open is not.
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                out.write(text)
        click.echo(file.read_text(), nl=False)

    return demo


def _people(parts: Parts) -> list[str]:
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
        employ(parts, company, email, password, name=name, role=role)
        lines.append(f"{role.value:<9} {email:<36} {password}")
    return lines


def _create_company(parts: Parts, name: str, *, is_vendor: bool) -> CompanyId:
    return value(
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
