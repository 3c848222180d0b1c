"""Where the product is found: its public address, and the hosts that a request may name."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from webapp.settings.reader import Reader, SettingsError


def public_url(reader: Reader, is_production: bool) -> str:
    """The origin for links in mails; without a trailing slash."""
    if is_production and not reader.has("PUBLIC_URL"):
        raise SettingsError(
            "FLASK_PUBLIC_URL is missing; set it to the address people use, as in https://app.example.com"
        )
    url = reader.text("PUBLIC_URL", "http://127.0.0.1:5000").rstrip("/")
    if not _is_origin(url):
        raise SettingsError("FLASK_PUBLIC_URL must be an origin, as in https://app.example.com")
    if urlsplit(url).scheme == "http" and not is_loopback(urlsplit(url).hostname or ""):
        raise SettingsError("FLASK_PUBLIC_URL must begin with https://; http:// is for this machine only")
    return url


def trusted_hosts(reader: Reader, public_url: str) -> tuple[str, ...]:
    hosts = reader.texts("TRUSTED_HOSTS", tuple(dict.fromkeys((host(public_url), "127.0.0.1", "localhost", "[::1]"))))
    if not hosts or "" in hosts:
        raise SettingsError("FLASK_TRUSTED_HOSTS must name at least one host, and no empty one")
    return hosts


def _is_origin(url: str) -> bool:
    """Whether *url* is scheme, host and perhaps a port, and nothing else."""
    if not re.fullmatch(r"https?://([\w.-]+|\[[\da-f:]+\])(:\d+)?", url, re.IGNORECASE):
        return False
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host
