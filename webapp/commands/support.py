"""What runs beside Support's pages: cases whose time has come."""

import sys

import click
from flask.cli import AppGroup

from webapp.commands.common import Group
from webapp.core.support import carrying_out
from webapp.core.visitor import OPERATOR
from webapp.web.parts import Parts


def group(parts: Parts) -> AppGroup:
    commands = Group("support", help="Cases of Support.")

    @commands.command("run-due")
    def run_due() -> None:
        """Carry out cases whose waiting time is over, expire stale ones. Any number may run at once."""
        ran = carrying_out.run_due(parts.open_session(), parts.keyring, now=parts.clock(), visitor=OPERATOR)
        click.echo(f"carried out: {ran.carried_out}\nexpired: {ran.expired}\nnot possible now: {ran.left}")
        if ran.failed:
            click.echo(f"failed: {ran.failed}, see the log", err=True)
            sys.exit(1)

    return commands
