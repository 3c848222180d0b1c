"""The flask commands of operators, a module for each thing they look after.

Standard output carries only the result, an id alone on the last line. A refusal is one line on standard error and
exit status 1; wrong usage is 2.
"""

from pathlib import Path

from flask import Flask

from webapp.commands import demo, people, support, two_factor, upkeep
from webapp.mail.sending import Sender
from webapp.web.parts import Parts


def register(app: Flask, parts: Parts, sender: Sender) -> None:
    """Add the commands to *app*."""
    app.cli.add_command(people.company_group(parts))
    app.cli.add_command(people.employee_group(parts))
    app.cli.add_command(two_factor.group(parts))
    app.cli.add_command(support.group(parts))
    app.cli.add_command(upkeep.outbox_group(parts, sender))
    app.cli.add_command(upkeep.purge_command(parts))
    app.cli.add_command(demo.command(parts, Path(app.instance_path)))
