"""The one place where parts meet: settings, database, keyring, clock, mail, pages and commands."""

import functools
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from flask import Flask
from flask.config import Config
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, make_url
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix

import webapp.core.tables  # noqa: F401 (fills the metadata)
from webapp import commands, logs, web
from webapp.core.clock import Clock, system_clock
from webapp.core.database import Base, prepare_engine
from webapp.core.sealing import Keyring
from webapp.core.sessions.flows import Limits
from webapp.mail import Transport
from webapp.mail.files import file_transport
from webapp.mail.sending import EXTENSION, Sender
from webapp.mail.smtp import smtp_transport
from webapp.settings import Settings, read
from webapp.web.parts import Parts

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "webapp" / "migrations"
MAX_BODY_BYTES = 64 * 1024
"""No form of the product is larger; MAX_FORM_MEMORY_SIZE alone let 5 MB through (case D-88)."""


def build(*, clock: Clock | None, overrides: dict[str, Any]) -> Flask:
    """The application with everything connected."""
    logs.configure()
    values = _values(overrides)
    instance = Path(values.get("INSTANCE_PATH") or ROOT / "instance").resolve()
    settings = read(values, instance)
    app = Flask("webapp", instance_path=str(instance), root_path=str(ROOT / "webapp"))
    app.config.update(_flask_config(settings))
    db = _connect_database(app)
    parts = Parts(
        settings=settings,
        keyring=Keyring(settings.two_factor_keys),
        clock=clock or system_clock,
        limits=Limits(
            idle=timedelta(minutes=settings.session_idle_minutes),
            lifetime=timedelta(hours=settings.session_lifetime_hours),
        ),
        open_session=lambda: _session(db),
        newest_migration=_newest_migration,
    )
    web.register(app, parts)
    sender = Sender(app, parts, _transport(app, parts, instance))
    app.extensions[EXTENSION] = sender
    commands.register(app, parts, sender)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        # Flask's documented way to put a middleware in front; mypy takes wsgi_app for a method only.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _values(overrides: dict[str, Any]) -> dict[str, Any]:
    from_environment = Config(ROOT)
    from_environment.from_prefixed_env()
    return {**from_environment, **overrides}


def _flask_config(settings: Settings) -> dict[str, Any]:
    prefix = "__Host-" if settings.session_cookie_secure else ""
    return {
        **({"DEBUG": False} if settings.is_production else {}),  # whatever FLASK_DEBUG says (ASVS 13.4.2)
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "TRUSTED_HOSTS": list(settings.trusted_hosts),
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
        "SESSION_COOKIE_NAME": f"{prefix}session",
        "BROWSER_COOKIE_NAME": f"{prefix}browser",
        "SESSION_COOKIE_SECURE": settings.session_cookie_secure,
        "WTF_CSRF_CHECK_DEFAULT": False,  # judged by web/guards.py, which knows what comes before what
        "WTF_CSRF_TIME_LIMIT": None,  # a token lives as long as its session
        "WTF_CSRF_SSL_STRICT": False,  # web/guards.py judges Origin and Referer; a missing one is no offence
        "SQLALCHEMY_DATABASE_URI": settings.database_uri,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "hide_parameters": True,  # a failing statement is logged with its text, never with what it was to store
            **({} if settings.database_uri.startswith("sqlite") else {"pool_pre_ping": True}),
        },
        "RATELIMIT_STORAGE_URI": settings.ratelimit_storage_uri,
        "RATELIMIT_ENABLED": settings.ratelimit_enabled,
    }


def _connect_database(app: Flask) -> SQLAlchemy:
    # Core's tables are plain declarative ones: Flask-SQLAlchemy gives engine, session and `flask db`.
    db = SQLAlchemy(app, metadata=Base.metadata, session_options={"expire_on_commit": False})
    Migrate(app, db, directory=str(MIGRATIONS))
    _keep_to_owner(make_url(app.config["SQLALCHEMY_DATABASE_URI"]))
    with app.app_context():
        prepare_engine(db.engine)
    return db


def _transport(app: Flask, parts: Parts, instance: Path) -> Transport:
    settings, keyring = parts.settings, parts.keyring
    if settings.mail_server is None:
        return file_transport(app, settings, keyring, instance / "mail")
    return smtp_transport(app, settings, keyring, settings.mail_server)


@functools.cache
def _newest_migration() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _keep_to_owner(url: URL) -> None:
    """See that SQLite's file is its owner's only (ASVS 13.3.2); its -wal and -shm take over the file's mode."""
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        os.close(os.open(url.database, os.O_RDWR | os.O_CREAT, 0o600))


def _session(db: SQLAlchemy) -> Session:
    session: Session = db.session()
    return session
