"""Reads and checks the FLASK_* settings of docs/operations.md; the only place that knows their names and defaults,
but for FLASK_INSTANCE_PATH, which wiring needs first.

A value that can't be read, or that breaks its rule, stops the start with one line; everything else that is weak is
a warning. Keys of development are made once and kept in ``instance/``.
"""

import base64
import contextlib
import json
import logging
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from webapp.core.accounts.rules import valid_email
from webapp.core.sealing import KEY_BYTES, parse_key

log = logging.getLogger(__name__)

MIN_SECRET_LENGTH = 32
MAKE_SECRET = "make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
MAKE_KEY = (
    "make one: python -c 'import base64, json, secrets;"
    " print(json.dumps([base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()]))'"
)
DATABASES = ("sqlite", "postgresql+psycopg")
SAMPLE_WORDS = ("change", "secret", "example", "sample", "default", "insecure", "password", "12345", "test", "dev-")


class SettingsError(SystemExit):
    """A setting stops the start. A SystemExit, so that servers and commands end with this line and no traceback."""


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
    mail_server: str
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
    reader = _Reader(values)
    env_name = reader.text("ENV_NAME", "development")
    if env_name not in ("development", "production"):
        raise SettingsError(f'FLASK_ENV_NAME is "{env_name}"; it must be "development" or "production"')
    is_production = env_name == "production"
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    public_url = _public_url(reader, is_production)
    settings = Settings(
        env_name=env_name,
        secret_key=_secret_key(reader, instance, is_production),
        secret_key_fallbacks=_secret_key_fallbacks(reader, is_production),
        two_factor_keys=_two_factor_keys(reader, instance, is_production),
        public_url=public_url,
        database_uri=_database_uri(reader, instance),
        ratelimit_storage_uri=_ratelimit_storage_uri(reader),
        ratelimit_enabled=reader.flag("RATELIMIT_ENABLED", True),
        mail_server=reader.text("MAIL_SERVER", ""),
        brand_name=_brand(reader),
        support_email=_email(reader, "SUPPORT_EMAIL", "support@calenso.com"),
        mail_default_sender=_email(reader, "MAIL_DEFAULT_SENDER", ""),
        bcrypt_rounds=reader.whole("BCRYPT_ROUNDS", 12, least=4, most=31),
        support_reset_wait_hours=reader.number("SUPPORT_RESET_WAIT_HOURS", 24),
        support_reset_approvals=reader.whole("SUPPORT_RESET_APPROVALS", 2, least=2 if is_production else 1, most=9),
        session_idle_minutes=reader.number("SESSION_IDLE_MINUTES", 60),
        session_lifetime_hours=reader.number("SESSION_LIFETIME_HOURS", 24),
        session_cookie_secure=reader.flag("SESSION_COOKIE_SECURE", is_production),
        trusted_hosts=_trusted_hosts(reader, public_url),
        trusted_proxies=reader.whole("TRUSTED_PROXIES", 0, least=0, most=10),
    )
    _warn_of_weak(settings)
    return settings


class _Reader:
    """Takes values of one kind out of what the environment gave, or says what is wrong with one."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def text(self, name: str, default: str) -> str:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise SettingsError(f"FLASK_{name} must be text; put a value that looks like JSON in double quotes")
        return value

    def texts(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise SettingsError(f'FLASK_{name} must be a JSON list of texts, as in ["one", "two"]')
        return tuple(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise SettingsError(f"FLASK_{name} must be true or false")
        return value

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise SettingsError(f"FLASK_{name} must be a whole number from {least} to {most}")
        return value

    def number(self, name: str, default: float) -> float:
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10_000:
            raise SettingsError(f"FLASK_{name} must be a number above 0 and below 10000")
        return float(value)


def _public_url(reader: _Reader, is_production: bool) -> str:
    """The origin for links in mails; without a trailing slash."""
    if is_production and not reader.has("PUBLIC_URL"):
        raise SettingsError(
            "FLASK_PUBLIC_URL is missing; set it to the address people use, as in https://app.example.com"
        )
    url = reader.text("PUBLIC_URL", "http://127.0.0.1:5000").rstrip("/")
    if not _is_origin(url):
        raise SettingsError("FLASK_PUBLIC_URL must be an origin, as in https://app.example.com")
    if urlsplit(url).scheme == "http" and not _is_loopback(urlsplit(url).hostname or ""):
        raise SettingsError("FLASK_PUBLIC_URL must begin with https://; http:// is for this machine only")
    return url


def _database_uri(reader: _Reader, instance: Path) -> str:
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


def _ratelimit_storage_uri(reader: _Reader) -> str:
    uri = reader.text("RATELIMIT_STORAGE_URI", "memory://")
    if not uri.startswith(("memory://", "redis://", "rediss://")):
        raise SettingsError("FLASK_RATELIMIT_STORAGE_URI must be memory://, or begin with redis:// or rediss://")
    return uri


def _is_origin(url: str) -> bool:
    """Whether *url* is scheme, host and perhaps a port, and nothing else."""
    if not re.fullmatch(r"https?://([\w.-]+|\[[\da-f:]+\])(:\d+)?", url, re.IGNORECASE):
        return False
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def _trusted_hosts(reader: _Reader, public_url: str) -> tuple[str, ...]:
    hosts = reader.texts("TRUSTED_HOSTS", tuple(dict.fromkeys((_host(public_url), "127.0.0.1", "localhost", "[::1]"))))
    if not hosts or "" in hosts:
        raise SettingsError("FLASK_TRUSTED_HOSTS must name at least one host, and no empty one")
    return hosts


def _secret_key(reader: _Reader, instance: Path, is_production: bool) -> str:
    if not is_production and not reader.has("SECRET_KEY"):
        return _kept(instance / "secret-key.txt", lambda: secrets.token_urlsafe(48))
    key = reader.text("SECRET_KEY", "")
    if not key:
        raise SettingsError(f"FLASK_SECRET_KEY is missing; {MAKE_SECRET}")
    if is_production and _is_weak(key):
        raise SettingsError(f"FLASK_SECRET_KEY is too short, or a sample; {MAKE_SECRET}")
    return key


def _secret_key_fallbacks(reader: _Reader, is_production: bool) -> tuple[str, ...]:
    """Former keys. What they signed is still accepted, so an empty one would let anybody sign."""
    keys = reader.texts("SECRET_KEY_FALLBACKS", ())
    if "" in keys or (is_production and any(_is_weak(key) for key in keys)):
        raise SettingsError(f"FLASK_SECRET_KEY_FALLBACKS holds a key that is too short, or a sample; {MAKE_SECRET}")
    return keys


def _two_factor_keys(reader: _Reader, instance: Path, is_production: bool) -> tuple[bytes, ...]:
    if reader.has("TWO_FACTOR_KEYS"):
        texts = reader.texts("TWO_FACTOR_KEYS", ())
    elif is_production:
        raise SettingsError(f"FLASK_TWO_FACTOR_KEYS is missing; {MAKE_KEY}")
    else:
        kept = _kept(instance / "two-factor-keys.json", lambda: json.dumps([_new_key()]))
        texts = tuple(json.loads(kept))
    if not texts:
        raise SettingsError(f"FLASK_TWO_FACTOR_KEYS holds no key; {MAKE_KEY}")
    keys = []
    for at, text in enumerate(texts, start=1):
        try:
            key = parse_key(text)
        except ValueError as error:
            raise SettingsError(f"FLASK_TWO_FACTOR_KEYS: key {at} can't be used, {error}; {MAKE_KEY}") from None
        if is_production and _is_pattern(key):
            raise SettingsError(f"FLASK_TWO_FACTOR_KEYS: key {at} is a sample or not random; {MAKE_KEY}")
        keys.append(key)
    return tuple(keys)


def _is_pattern(key: bytes) -> bool:
    """Whether *key* repeats itself, counts up or is a phrase: what 32 random bytes hardly ever do."""
    is_phrase = all(0x20 <= byte < 0x7F for byte in key)
    is_count = len({(later - earlier) % 256 for earlier, later in pairwise(key)}) == 1
    return len(set(key)) < KEY_BYTES // 2 or is_phrase or is_count


def _new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _is_weak(key: str) -> bool:
    is_sample = len(set(key)) < 10 or any(word in key.casefold() for word in SAMPLE_WORDS)
    return len(key) < MIN_SECRET_LENGTH or is_sample


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The text in *path*, made once and readable by its owner only.

    Written aside and then linked: of two processes that start at once, both end up with the same whole text.
    """
    if not path.exists():
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(make())
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
    return path.read_text().strip()


def _brand(reader: _Reader) -> str:
    brand = reader.text("BRAND_NAME", "Calenso").strip()
    # A colon separates issuer and account in the address that authenticator apps scan.
    if not brand or ":" in brand or not brand.isprintable() or len(brand) > 100:
        raise SettingsError("FLASK_BRAND_NAME must be one line of 1 to 100 characters without a colon")
    return brand


def _email(reader: _Reader, name: str, default: str) -> str:
    email = reader.text(name, default)
    if email != default and valid_email(email) is None:
        raise SettingsError(f"FLASK_{name} must be an e-mail address")
    return email


def _warn_of_weak(settings: Settings) -> None:
    if settings.mail_server:
        log.warning("FLASK_MAIL_SERVER is set, but delivery by SMTP is still to come: mail is written to files")
    if not settings.is_production:
        return
    weak = {
        f"FLASK_BCRYPT_ROUNDS is {settings.bcrypt_rounds}; 10 is the least that is advised": settings.bcrypt_rounds
        < 10,
        "FLASK_SESSION_COOKIE_SECURE is off: cookies travel without encryption": not settings.session_cookie_secure,
        "FLASK_RATELIMIT_STORAGE_URI is memory://: each process counts for itself": (
            settings.ratelimit_enabled and settings.ratelimit_storage_uri == "memory://"
        ),
        "FLASK_MAIL_SERVER is not set: mail is written to files": not settings.mail_server,
    }
    for warning, applies in weak.items():
        if applies:
            log.warning(warning)
