"""What runs beside the server: delivering mail that is owed, deleting what is past its retention."""

import logging
import signal
import sys
import threading

import click
from flask.cli import AppGroup, with_appcontext

from webapp.commands.common import DATABASE_ERRORS, Command, Group, reason_of
from webapp.core.attempts import flows as attempts
from webapp.core.challenge import flows as challenge
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import flows as totp
from webapp.core.links import flows as links
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Delivery
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.mail import Transport
from webapp.web.parts import Parts

log = logging.getLogger(__name__)

WATCH_EVERY_S = 2.0


def outbox_group(parts: Parts, transport: Transport) -> AppGroup:
    group = Group("outbox", help="E-mail that is owed.")

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
                log.warning("the database can't be used, trying again: %s", reason_of(error))
            if not watch or delivery.sent or delivery.failed:
                click.echo(f"sent {delivery.sent}, failed {delivery.failed}")
            parts.open_session().close()
            if not watch or stop.wait(WATCH_EVERY_S):
                break
        if not watch and delivery.failed:
            sys.exit(1)

    return group


def purge_command(parts: Parts) -> click.Command:
    @click.command("purge", cls=Command)
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
        click.echo(f"links: {links.purge(session, now=now)}")
        click.echo(f"sent mail: {notices.purge(session, now=now)}")

    return purge
