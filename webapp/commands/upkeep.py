"""What runs beside the server: delivering mail that is owed, deleting what is past its retention."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup, with_appcontext

from webapp.commands.common import Command, Group
from webapp.core.attempts import flows as attempts
from webapp.core.challenge import flows as challenge
from webapp.core.credentials import recovery
from webapp.core.factors.backup_codes import flows as backup_codes
from webapp.core.factors.totp import pending
from webapp.core.links import flows as links
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Delivery
from webapp.core.repairs import flows as repairs
from webapp.core.sessions import browsers
from webapp.core.sessions import flows as sessions
from webapp.mail.sending import Sender
from webapp.web.parts import Parts


def outbox_group(parts: Parts, sender: Sender) -> AppGroup:
    group = Group("outbox", help="E-mail that is owed.")

    @group.command("status")
    def status() -> None:
        """How many mails wait, how many of them were tried three times or more, and for how long the oldest waits."""
        outbox = notices.state(parts.open_session(), now=parts.clock())
        click.echo(f"waiting: {outbox.waiting}\nfailing: {outbox.failing}")
        click.echo(f"oldest waiting: {outbox.oldest_waiting_s} s")

    @group.command("send")
    @click.option("--watch", is_flag=True, help="Keep running and send what comes.")
    def send(watch: bool) -> None:
        """Deliver waiting e-mail."""
        with _asked_to_stop() as stop:
            if watch:
                sender.keep_sending(stop, _print)
                return
            delivery = sender.send_due(stop)
        _print(delivery)
        if delivery.failed:
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
        click.echo(f"pending secrets: {pending.purge(session, now=now)}")
        click.echo(f"shown backup codes: {backup_codes.purge(session, now=now)}")
        click.echo(f"guess counters: {attempts.purge(session, now=now)}")
        click.echo(f"links: {links.purge(session, now=now)}")
        click.echo(f"sent mail: {notices.purge(session, now=now)}")
        click.echo(f"repair passes: {repairs.purge(session, now=now)}")
        click.echo(f"forgotten passwords: {recovery.purge(session, now=now)}")

    return purge


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Set by SIGTERM or Ctrl-C: the mail under way is finished, for one that is cut off may be sent twice."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print(delivery: Delivery) -> None:
    click.echo(f"sent {delivery.sent}, failed {delivery.failed}")
