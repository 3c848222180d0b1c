"""Who answers forgotten passwords and empties the outbox: once, or turn after turn for as long as it is let.

Any number may do so at once.

A database or a server that is away is told of once, and once more when it is back; not at every turn.
"""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from flask import Flask

from webapp.core.credentials import recovery
from webapp.core.database import UNUSABLE, reason_of
from webapp.core.notices import flows as notices
from webapp.core.notices.flows import Delivery
from webapp.mail import Transport
from webapp.web.parts import Parts

log = logging.getLogger(__name__)

TURN_EVERY = timedelta(seconds=2)
WHILE_AWAY_EVERY = timedelta(seconds=30)

EXTENSION = "webapp.sender"
"""Where the application keeps its own."""

DATABASE = "the database"
MAIL_SERVER = "the mail server"


class Sender:
    """*parts* and *transport* as wiring made them."""

    def __init__(self, app: Flask, parts: Parts, transport: Transport) -> None:
        self._app = app
        self._parts = parts
        self._transport = transport
        self._troubles: dict[str, str] = {}

    def send_due(self, stop: threading.Event) -> Delivery:
        """One turn, which ends early after the mail under way once *stop* is set; raises what the database raises."""
        with self._app.app_context():
            recovery.resolve_due(self._parts.open_session(), now=self._parts.clock())
            delivery = notices.deliver_due(
                self._parts.open_session(), self._transport, clock=self._parts.clock, is_over=stop.is_set
            )
        if delivery.away or delivery.sent or delivery.failed:  # else nobody was asked
            self._tell(MAIL_SERVER, delivery.away)
        return delivery

    def keep_sending(self, stop: threading.Event, tell: Callable[[Delivery], None]) -> None:
        """Turn after turn until *stop* is set; *tell* hears of those that sent something, or were refused something."""
        while not stop.is_set():
            pause = TURN_EVERY
            try:
                delivery = self.send_due(stop)
            except UNUSABLE as error:
                self._tell(DATABASE, reason_of(error))
            else:
                self._tell(DATABASE, "")
                if delivery.sent or (delivery.failed and not delivery.away):
                    tell(delivery)
                if delivery.away:
                    pause = WHILE_AWAY_EVERY
            stop.wait(pause.total_seconds())

    def _tell(self, what: str, trouble: str) -> None:
        before = self._troubles.get(what, "")
        self._troubles[what] = trouble
        if trouble and trouble != before:
            log.warning("%s can't be used, trying again: %s", what, trouble)
        elif before and not trouble:
            log.info("%s can be used again", what)
