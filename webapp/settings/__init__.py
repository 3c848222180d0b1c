"""Reads and checks the FLASK_* settings of docs/operations.md; the only place that knows their names and defaults,
but for FLASK_INSTANCE_PATH, which wiring needs first.

A value that can't be read, or that breaks its rule, stops the start with one line; everything else that is weak is
a warning. Keys of development are made once and kept in ``instance/``.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from webapp.settings.addresses import is_loopback, public_url, trusted_hosts
from webapp.settings.keys import secret_key, secret_key_fallbacks, two_factor_keys
from webapp.settings.mail import Encryption, MailServer, default_sender, mail_server
from webapp.settings.reader import Reader, SettingsError

__all__ = ["Settings", "SettingsError", "read"]

log = logging.getLogger(__name__)

DATABASES = ("sqlite", "postgresql+psycopg")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, checked. Units are in the names; durations as the contract counts them.

    What holds a key or a password is left out where the whole is shown: in a traceback or a log.
    """

    env_name: str
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    two_factor_keys: tuple[bytes, ...] = field(repr=False)
    public_url: str
    database_uri: str = field(repr=False)
    ratelimit_storage_uri: str = field(repr=False)
    ratelimit_enabled: bool
    mail_server: MailServer | None
    brand_name: str
    support_email: str
    mail_default_sender: str
    bcrypt_rounds: int
    support_reset_wait_hours: float
    support_reset_approvals: int
    session_idle_minutes: float
    session_lifetime_hours: float
    session_cookie_secure: bool
    trusted_hosts: tuple[str, ...]
    trusted_proxies: int

    @property
    def is_production(self) -> bool:
        return self.env_name == "production"


def read(values: Mapping[str, Any], instance: Path) -> Settings:
    """The settings in *values* (names without the FLASK_ prefix); raises SettingsError.

    Development keys and the SQLite file go to *instance*, a folder that is made where missing.
    """
    reader = Reader(values)
    env_name = reader.text("ENV_NAME", "development")
    if env_name not in ("development", "production"):
        raise SettingsError(f'FLASK_ENV_NAME is "{env_name}"; it must be "development" or "production"')
    is_production = env_name == "production"
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    origin = public_url(reader, is_production)
    settings = Settings(
        env_name=env_name,
        secret_key=secret_key(reader, instance, is_production),
        secret_key_fallbacks=secret_key_fallbacks(reader, is_production),
        two_factor_keys=two_factor_keys(reader, instance, is_production),
        public_url=origin,
        database_uri=_database_uri(reader, instance),
        ratelimit_storage_uri=_ratelimit_storage_uri(reader),
        ratelimit_enabled=reader.flag("RATELIMIT_ENABLED", True),
        mail_server=mail_server(reader),
        brand_name=_brand(reader),
        support_email=reader.email("SUPPORT_EMAIL", "support@calenso.com"),
        mail_default_sender=default_sender(reader, origin),
        bcrypt_rounds=reader.whole("BCRYPT_ROUNDS", 12, least=4, most=31),
        support_reset_wait_hours=reader.number("SUPPORT_RESET_WAIT_HOURS", 24),
        support_reset_approvals=reader.whole("SUPPORT_RESET_APPROVALS", 2, least=2 if is_production else 1, most=9),
        session_idle_minutes=reader.number("SESSION_IDLE_MINUTES", 60),
        session_lifetime_hours=reader.number("SESSION_LIFETIME_HOURS", 24),
        session_cookie_secure=reader.flag("SESSION_COOKIE_SECURE", is_production),
        trusted_hosts=trusted_hosts(reader, origin),
        trusted_proxies=reader.whole("TRUSTED_PROXIES", 0, least=0, most=10),
    )
    _warn_of_weak(settings)
    return settings


def _database_uri(reader: Reader, instance: Path) -> str:
    uri = reader.text("SQLALCHEMY_DATABASE_URI", f"sqlite:///{instance.resolve()}/dashboard.sqlite3")
    try:
        url = make_url(uri)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in DATABASES:
        raise SettingsError(
            "FLASK_SQLALCHEMY_DATABASE_URI must be an address that begins with sqlite:/// or postgresql+psycopg://"
        )
    if url.drivername == "sqlite" and not Path(url.database or ".").parent.is_dir():
        raise SettingsError(f"FLASK_SQLALCHEMY_DATABASE_URI: there is no folder {Path(url.database or '.').parent}")
    return uri


def _ratelimit_storage_uri(reader: Reader) -> str:
    uri = reader.text("RATELIMIT_STORAGE_URI", "memory://")
    if not uri.startswith(("memory://", "redis://", "rediss://")):
        raise SettingsError("FLASK_RATELIMIT_STORAGE_URI must be memory://, or begin with redis:// or rediss://")
    return uri


def _brand(reader: Reader) -> str:
    brand = reader.text("BRAND_NAME", "Calenso").strip()
    # A colon separates issuer and account in the address that authenticator apps scan.
    if not brand or ":" in brand or not brand.isprintable() or len(brand) > 100:
        raise SettingsError("FLASK_BRAND_NAME must be one line of 1 to 100 characters without a colon")
    return brand


def _warn_of_weak(settings: Settings) -> None:
    if not settings.is_production:
        return
    weak = {
        f"FLASK_BCRYPT_ROUNDS is {settings.bcrypt_rounds}; 10 is the least that is advised": settings.bcrypt_rounds
        < 10,
        "FLASK_SESSION_COOKIE_SECURE is off: cookies travel without encryption": not settings.session_cookie_secure,
        "FLASK_RATELIMIT_STORAGE_URI is memory://: each process counts for itself": (
            settings.ratelimit_enabled and settings.ratelimit_storage_uri == "memory://"
        ),
        "FLASK_MAIL_SERVER is not set: mail is written to files": settings.mail_server is None,
        "FLASK_MAIL_SERVER is spoken to without encryption: set FLASK_MAIL_USE_TLS or FLASK_MAIL_USE_SSL": (
            settings.mail_server is not None
            and settings.mail_server.encryption is Encryption.NONE
            and not is_loopback(settings.mail_server.host)
        ),
    }
    for warning, applies in weak.items():
        if applies:
            log.warning(warning)
