"""Settings: what may stand in each, and that a wrong one stops the start with one line."""

import base64
import hashlib
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from webapp.settings import Settings, SettingsError, read
from webapp.settings.mail import Encryption, MailServer

ROOT = Path(__file__).parent.parent.parent
KEY_BYTES, OTHER_KEY_BYTES = (hashlib.sha256(text).digest() for text in (b"one", b"other"))
KEY, OTHER_KEY = (base64.urlsafe_b64encode(key).decode() for key in (KEY_BYTES, OTHER_KEY_BYTES))
SECRET = "kZ8fQ2vW7xN4bT1mR6yL9pH3cJ5gD0sA"
PRODUCTION = {
    "ENV_NAME": "production",
    "SECRET_KEY": SECRET,
    "TWO_FACTOR_KEYS": [KEY],
    "PUBLIC_URL": "https://app.example.com",
}


def test_without_settings_it_starts_and_keeps_its_keys(tmp_path: Path) -> None:
    """Development: keys are made once, readable by their owner only, and used again."""
    first, second = read({}, tmp_path), read({}, tmp_path)

    assert (first.secret_key, first.two_factor_keys) == (second.secret_key, second.two_factor_keys)
    assert {0o600} == {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert ("Calenso", "support@calenso.com", 12) == (first.brand_name, first.support_email, first.bcrypt_rounds)
    assert (60, 24, 24, 2) == (
        first.session_idle_minutes,
        first.session_lifetime_hours,
        first.support_reset_wait_hours,
        first.support_reset_approvals,
    )
    assert not first.session_cookie_secure
    assert ("127.0.0.1", "localhost", "[::1]") == first.trusted_hosts
    assert f"sqlite:///{tmp_path}/dashboard.sqlite3" == first.database_uri


def test_production_starts_with_keys_and_a_public_address(tmp_path: Path) -> None:
    """And keeps nothing on the disk; cookies are secure."""
    settings = read(PRODUCTION, tmp_path)

    assert settings.is_production
    assert settings.session_cookie_secure
    assert ("app.example.com", "127.0.0.1", "localhost", "[::1]") == settings.trusted_hosts
    assert [] == list(tmp_path.iterdir())


GOOD: list[tuple[str, Any, str, Any]] = [
    ("ENV_NAME", "production", "is_production", True),
    ("SECRET_KEY_FALLBACKS", [SECRET], "secret_key_fallbacks", (SECRET,)),
    ("TWO_FACTOR_KEYS", [KEY, OTHER_KEY.rstrip("=")], "two_factor_keys", (KEY_BYTES, OTHER_KEY_BYTES)),
    ("PUBLIC_URL", "https://app.example.com:8443/", "public_url", "https://app.example.com:8443"),
    ("PUBLIC_URL", "http://localhost:5000", "public_url", "http://localhost:5000"),
    ("PUBLIC_URL", "http://127.0.0.7", "public_url", "http://127.0.0.7"),
    ("PUBLIC_URL", "http://[::1]:5000", "trusted_hosts", ("[::1]", "127.0.0.1", "localhost")),
    ("SQLALCHEMY_DATABASE_URI", "postgresql+psycopg://u:p@db/x", "database_uri", "postgresql+psycopg://u:p@db/x"),
    ("SQLALCHEMY_DATABASE_URI", "sqlite:////tmp/x.db", "database_uri", "sqlite:////tmp/x.db"),
    ("RATELIMIT_STORAGE_URI", "redis://cache:6379/1", "ratelimit_storage_uri", "redis://cache:6379/1"),
    ("RATELIMIT_ENABLED", False, "ratelimit_enabled", False),
    ("BRAND_NAME", "Müller & Söhne", "brand_name", "Müller & Söhne"),
    ("SUPPORT_EMAIL", "help@example.com", "support_email", "help@example.com"),
    ("MAIL_DEFAULT_SENDER", "no-reply@example.com", "mail_default_sender", "no-reply@example.com"),
    ("MAIL_DEFAULT_SENDER", "no-reply@müller.example", "mail_default_sender", "no-reply@xn--mller-kva.example"),
    ("MAIL_DEFAULT_SENDER", "", "mail_default_sender", "no-reply@app.example.com"),
    ("PUBLIC_URL", "https://müller.example", "mail_default_sender", "no-reply@xn--mller-kva.example"),
    ("PUBLIC_URL", "http://[::1]:5000", "mail_default_sender", "no-reply@localhost"),
    ("MAIL_SERVER", "", "mail_server", None),
    ("MAIL_SERVER", "127.0.0.1", "mail_server", MailServer("127.0.0.1", 25, Encryption.NONE, "", "")),
    ("MAIL_SERVER", "::1", "mail_server", MailServer("::1", 25, Encryption.NONE, "", "")),
    ("BCRYPT_ROUNDS", 4, "bcrypt_rounds", 4),
    ("SUPPORT_RESET_WAIT_HOURS", 0.5, "support_reset_wait_hours", 0.5),
    ("SUPPORT_RESET_APPROVALS", 3, "support_reset_approvals", 3),
    ("SESSION_IDLE_MINUTES", 15, "session_idle_minutes", 15),
    ("SESSION_LIFETIME_HOURS", 8, "session_lifetime_hours", 8),
    ("SESSION_COOKIE_SECURE", False, "session_cookie_secure", False),
    ("TRUSTED_HOSTS", ["a.example.com"], "trusted_hosts", ("a.example.com",)),
    ("TRUSTED_PROXIES", 2, "trusted_proxies", 2),
]


@pytest.mark.parametrize(("name", "value", "attribute", "expected"), GOOD)
def test_a_good_value_is_taken(tmp_path: Path, name: str, value: Any, attribute: str, expected: Any) -> None:
    """As the contract of each says."""
    assert expected == getattr(read({**PRODUCTION, name: value}, tmp_path), attribute)


COUNT = base64.urlsafe_b64encode(bytes(range(32))).decode()
PHRASE = base64.urlsafe_b64encode(b"my-super-secret-key-for-prod-abc").decode()
BAD: dict[str, list[Any]] = {
    "ENV_NAME": ["staging", "", 1, "Production"],
    "SECRET_KEY": ["", 12345, ["a"]],
    "SECRET_KEY_FALLBACKS": ["one", [1], [""]],
    "TWO_FACTOR_KEYS": [KEY, [], [1], [""], ["short"], [KEY[:-4]], [f"{KEY}AAAA"], ["!" * 43], [KEY, "x"]],
    "PUBLIC_URL": [
        "app.example.com",
        "ftp://app.example.com",
        "http://app.example.com",
        "http://192.168.0.5",
        "https://app.example.com/path",
        "https://app.example.com?x=1",
        "https://user@app.example.com",
        "https://app.example.com:port",
        "https://app.example.com:99999",
        "https://app example.com",
        "https://[",
        "https://",
        "",
        5000,
    ],
    "SQLALCHEMY_DATABASE_URI": [
        "",
        "nonsense",
        "mysql://db/x",
        "postgresql+psycopg2://db/x",
        "postgresql+psycopg://db:port/x",
        "sqlite:////no/such/folder/x.db",
        5,
    ],
    "RATELIMIT_STORAGE_URI": ["", "nonsense", "nonsense://x", True],
    "RATELIMIT_ENABLED": ["yes", 1, ""],
    "MAIL_SERVER": [
        25,
        "mail.example.com:587",
        "smtp://mail.example.com",
        "mail example",
        " ",
        "mail..example",
        "mäil",
    ],
    "MAIL_PORT": [0, 65536, "25", "", True, 25.5],
    "MAIL_USE_TLS": ["true", 1, ""],
    "MAIL_USE_SSL": ["yes", 0],
    "MAIL_USERNAME": [5, "me", "é"],
    "MAIL_PASSWORD": [12345, "secret"],
    "MAIL_DEFAULT_SENDER": ["nobody", "Calenso <a@example.com>"],
    "BRAND_NAME": ["Calenso: Zurich", "", " ", "a\nb", "x" * 101, 2024],
    "SUPPORT_EMAIL": ["support", "", "a@b@c", "a@example.com\nBcc: b@example.com", 5],
    "BCRYPT_ROUNDS": [3, 32, 12.5, "12", True, "many"],
    "SUPPORT_RESET_WAIT_HOURS": [0, -1, "24", True, float("inf"), float("nan")],
    "SUPPORT_RESET_APPROVALS": [0, 1.5, "2", True],
    "SESSION_IDLE_MINUTES": [0, -5, "60", False],
    "SESSION_LIFETIME_HOURS": [0, -5, "24", 10_000],
    "SESSION_COOKIE_SECURE": ["true", 1, 0],
    "TRUSTED_HOSTS": ["app.example.com", [], [""], [1]],
    "TRUSTED_PROXIES": [-1, 11, "1", True],
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_stops_the_start_with_a_line_that_names_it(tmp_path: Path, name: str) -> None:
    """In development too; never a traceback, never a silent default."""
    for value in BAD[name]:
        with pytest.raises(SettingsError) as stopped:
            read({name: value}, tmp_path)
        _is_one_line_about(name, stopped.value, value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("SECRET_KEY", [None, "short", "change-me-change-me-change-me-change-me", "a" * 64, "0123456789" * 4]),
        ("SECRET_KEY_FALLBACKS", [["short"], ["a" * 64]]),
        ("TWO_FACTOR_KEYS", [None, [base64.urlsafe_b64encode(bytes(32)).decode()], [KEY, "A" * 43], [PHRASE], [COUNT]]),
        ("PUBLIC_URL", [None, "http://app.example.com"]),
        ("SUPPORT_RESET_APPROVALS", [1]),
    ],
)
def test_production_asks_for_more(tmp_path: Path, name: str, values: list[Any]) -> None:
    """Missing, short and sample keys, a missing address, one approval: a line that says how to make one."""
    for value in values:
        with pytest.raises(SettingsError) as stopped:
            read({**PRODUCTION, name: value}, tmp_path)
        _is_one_line_about(name, stopped.value, value)
        if "KEY" in name:
            assert "make one: python -c" in str(stopped.value)


def test_the_ways_to_make_a_key_make_good_ones(tmp_path: Path) -> None:
    """The commands of the messages, run as they stand, give values that production takes."""
    made = {}
    for name in ("SECRET_KEY", "TWO_FACTOR_KEYS"):
        with pytest.raises(SettingsError) as stopped:
            read({**PRODUCTION, name: None}, tmp_path)
        found = re.search(r"python -c '(.+)'", str(stopped.value))
        assert found
        made[name] = subprocess.run(
            [sys.executable, "-c", found.group(1)], capture_output=True, text=True, check=True
        ).stdout.strip()

    settings = read({**PRODUCTION, **_from_environment(made)}, tmp_path)

    assert (made["SECRET_KEY"], 32) == (settings.secret_key, len(settings.two_factor_keys[0]))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"BCRYPT_ROUNDS": 9}, "FLASK_BCRYPT_ROUNDS is 9"),
        ({"SESSION_COOKIE_SECURE": False}, "FLASK_SESSION_COOKIE_SECURE is off"),
        ({"RATELIMIT_STORAGE_URI": "memory://"}, "FLASK_RATELIMIT_STORAGE_URI is memory://"),
        ({"MAIL_SERVER": ""}, "FLASK_MAIL_SERVER is not set"),
        ({"MAIL_USE_TLS": False}, "FLASK_MAIL_SERVER is spoken to without encryption"),
    ],
)
def test_what_is_weak_is_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, values: dict[str, Any], words: str
) -> None:
    """It starts all the same."""
    strong = {"RATELIMIT_STORAGE_URI": "redis://cache", "MAIL_SERVER": "mail.example.com", "MAIL_USE_TLS": True}

    with caplog.at_level(logging.WARNING):
        read({**PRODUCTION, **strong}, tmp_path)
        assert not [message for message in caplog.messages if message.startswith(words)]
        read({**PRODUCTION, **strong, **values}, tmp_path)

    assert 1 == len([message for message in caplog.messages if message.startswith(words)])


SERVER = {"MAIL_SERVER": "mail.example.com"}
WHO = {"MAIL_USERNAME": "dashboard", "MAIL_PASSWORD": "a word for the server"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, MailServer("mail.example.com", 25, Encryption.NONE, "", "")),
        ({"MAIL_USE_TLS": True}, MailServer("mail.example.com", 587, Encryption.STARTTLS, "", "")),
        ({"MAIL_USE_SSL": True}, MailServer("mail.example.com", 465, Encryption.TLS, "", "")),
        ({"MAIL_USE_TLS": True, "MAIL_PORT": 2525}, MailServer("mail.example.com", 2525, Encryption.STARTTLS, "", "")),
        (WHO, MailServer("mail.example.com", 25, Encryption.NONE, "dashboard", "a word for the server")),
    ],
)
def test_a_mail_server_is_known_by_its_settings(tmp_path: Path, values: dict[str, Any], expected: MailServer) -> None:
    """The port is the usual one for how the server is spoken to."""
    assert expected == read({**PRODUCTION, **SERVER, **values}, tmp_path).mail_server


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"MAIL_USE_TLS": True, "MAIL_USE_SSL": True}, "FLASK_MAIL_USE_TLS and FLASK_MAIL_USE_SSL are both on"),
        ({"MAIL_USERNAME": "dashboard"}, "FLASK_MAIL_USERNAME is set without FLASK_MAIL_PASSWORD"),
        ({"MAIL_PASSWORD": "a word"}, "FLASK_MAIL_PASSWORD is set without FLASK_MAIL_USERNAME"),
        ({**WHO, "MAIL_PASSWORD": "ein Schlüssel"}, "FLASK_MAIL_PASSWORD may hold printable ASCII"),
        ({**WHO, "MAIL_USERNAME": "a\nb"}, "FLASK_MAIL_USERNAME may hold printable ASCII"),
    ],
)
def test_mail_settings_that_contradict_each_other_stop_the_start(
    tmp_path: Path, values: dict[str, Any], words: str
) -> None:
    """With a server or without; the line shows no password."""
    for server in (SERVER, {}):
        with pytest.raises(SettingsError, match=words) as stopped:
            read({**server, **values}, tmp_path)
        assert not any(str(value) in str(stopped.value) for name, value in values.items() if name == "MAIL_PASSWORD")


def test_a_mail_server_on_this_machine_needs_no_encryption(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A relay beside the product is spoken to in the clear without a warning."""
    with caplog.at_level(logging.WARNING):
        read({**PRODUCTION, "MAIL_SERVER": "127.0.0.1"}, tmp_path)
        read({**PRODUCTION, "MAIL_SERVER": "localhost"}, tmp_path)

    assert not [message for message in caplog.messages if "without encryption" in message]


def test_the_command_line_ends_with_the_line_and_no_traceback(tmp_path: Path) -> None:
    """Exit status 1; the value came from the environment, where numbers are JSON."""
    environment = {**os.environ, "FLASK_INSTANCE_PATH": str(tmp_path), "FLASK_BRAND_NAME": "2024"}

    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "purge"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (1, "") == (ended.returncode, ended.stdout)
    assert ["FLASK_BRAND_NAME must be text; put a value that looks like JSON in double quotes"] == (
        ended.stderr.splitlines()
    )


def _is_one_line_about(name: str, stopped: SettingsError, value: Any) -> None:
    line = str(stopped)
    assert f"FLASK_{name}" in line, value
    assert "\n" not in line, value


def _from_environment(made: dict[str, str]) -> dict[str, Any]:
    """As Flask's from_prefixed_env reads them."""
    import json

    return {**made, "TWO_FACTOR_KEYS": json.loads(made["TWO_FACTOR_KEYS"])}


def test_settings_are_never_shown_with_their_keys(tmp_path: Path) -> None:
    """A settings object in a log or a traceback tells no secret."""
    settings: Settings = read({**PRODUCTION, **SERVER, **WHO}, tmp_path)

    assert SECRET not in repr(settings)
    assert WHO["MAIL_PASSWORD"] not in repr(settings)
    assert repr(KEY_BYTES) not in repr(settings)
