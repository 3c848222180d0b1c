"""What pages and commands are given by wiring, and how a request reaches it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from flask import current_app
from sqlalchemy.orm import Session

from webapp.core.clock import Clock
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import Limits

if TYPE_CHECKING:
    from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """*open_session* gives the database session of the running request or command, *newest_migration* the one that
    this version of the product needs."""

    settings: "Settings"
    keyring: Keyring
    clock: Clock
    limits: Limits
    open_session: Callable[[], Session]
    newest_migration: Callable[[], str | None]


def parts() -> Parts:
    return cast(Parts, current_app.extensions["webapp"])


def db() -> Session:
    return parts().open_session()


def keyring() -> Keyring:
    return parts().keyring


def now() -> datetime:
    return parts().clock()


def rounds() -> int:
    """The cost of password hashes."""
    return parts().settings.bcrypt_rounds
