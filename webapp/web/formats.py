"""Times, devices and addresses as people read them, in the company's time zone.

What mails use is in the reader's language; the rest is in English for now.
"""

import re
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, get_timezone_location
from flask import g
from flask_babel import get_locale, gettext, lazy_gettext, pgettext
from markupsafe import Markup

from webapp.core.visitor import OPERATOR, SUPPORT
from webapp.web.identity import me_or_none, waiting_or_none
from webapp.web.parts import now


def time_zone() -> str:
    """The zone of the person asking; UTC for somebody unknown, whose company must not show through."""
    if "time_zone" not in g:
        signed_in, half_way = me_or_none(), waiting_or_none()
        person = signed_in.person if signed_in else half_way.person if half_way else None
        g.time_zone = person.time_zone if person else "UTC"
    return str(g.time_zone)


def when(at: datetime) -> Markup:
    """ "Today at 09:12", with the moment for machines."""
    return _as_time(at, when_text(at))


def day(at: datetime) -> Markup:
    """ "3 March 2026", with the moment for machines."""
    local = at.astimezone(ZoneInfo(time_zone()))
    return _as_time(at, f"{local.day} {local:%B %Y}")


def day_before(until: datetime) -> Markup:
    """The last day that ends by *until*, as day()."""
    return day(until - timedelta(microseconds=1))


def clock(at: datetime) -> Markup:
    """As "10:15": for what is minutes away."""
    return _as_time(at, f"{at.astimezone(ZoneInfo(time_zone())):%H:%M}")


def when_text(at: datetime) -> str:
    zone = ZoneInfo(time_zone())
    local, today = at.astimezone(zone), now().astimezone(zone).date()
    days_ago = (today - local.date()).days
    if days_ago in (0, 1):
        return f"{('Today', 'Yesterday')[days_ago]} at {local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%B}{year} at {local:%H:%M}"


def moment(at: datetime) -> Markup:
    """As "17 March at 16:20", within a sentence, with the moment for machines: for what is days away."""
    local = at.astimezone(ZoneInfo(time_zone()))
    year = "" if local.year == now().astimezone(ZoneInfo(time_zone())).year else f" {local.year}"
    return _as_time(at, f"{local.day} {local:%B}{year} at {local:%H:%M}")


def date_text(on: date) -> str:
    """As "3 March 2026": a date that has no time of day."""
    return f"{on.day} {on:%B %Y}"


def try_again(at: datetime) -> str:
    """As "at 09:27, in 15 minutes (Zurich time)", with the day where it is not today's."""
    zone = ZoneInfo(time_zone())
    local, minutes = at.astimezone(zone), minutes_until(at)
    is_today = local.date() == now().astimezone(zone).date()
    on_day = "" if is_today else f" on {local.day} {local:%B}"
    wait = f"{minutes} {'minute' if minutes == 1 else 'minutes'}"
    return f"at {local:%H:%M}{on_day}, in {wait} ({zone_words(time_zone())})"


def full_time(at: datetime, zone: str) -> str:
    """ "Tuesday, 3 March 2026 at 10:24 (Zurich time)", for mails and files."""
    local = at.astimezone(ZoneInfo(zone))
    if local.day == 1:
        # NOTE: a pattern as the other one, for "1er mars" and "1º marzo".
        pattern = pgettext("first of a month", "EEEE, d MMMM y 'at' HH:mm")
    else:
        # NOTE: a pattern of Unicode's LDML: letters stand for parts of the date, words stand in single quotes.
        pattern = gettext("EEEE, d MMMM y 'at' HH:mm")
    return f"{format_datetime(local, pattern, locale=get_locale())} ({zone_words(zone)})"


def zone_words(zone: str) -> str:
    """ "Zurich time" for "Europe/Zurich": the clock on the wall there, summer and winter."""
    if zone == "UTC":
        return zone
    city = get_timezone_location(ZoneInfo(zone), locale=get_locale(), return_city=True)
    # NOTE: the time that clocks show in this city, as in "10:24 (Zurich time)".
    return gettext("%(city)s time", city=city.rsplit("/", 1)[-1])


def place(user_agent: str, address: str) -> str:
    """ "Firefox on Windows, 203.0.113.x": enough to recognise oneself, and no more than is needed."""
    browser = device(user_agent) if user_agent else ""  # the command line has none
    if address == SUPPORT.address:
        return gettext("Support")
    network = gettext("command line") if address == OPERATOR.address else short_address(address)
    return ", ".join(part for part in (browser, network) if part)


# Order decides: Edge and Opera call themselves Chrome too, Chrome calls itself Safari, Android is also Linux.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/|FxiOS", "Firefox"),
    ("Chrome/|CriOS", "Chrome"),
    ("Safari/", "Safari"),
    ("^Lynx|^w3m|^Links", lazy_gettext("Text browser")),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux|X11", "Linux"),
)


def device(user_agent: str) -> str:
    """ "Firefox on Windows", as far as a browser tells."""
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, user_agent)), gettext("Unknown browser"))
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, user_agent)), "")
    # NOTE: a device in a few words, as in "Firefox on Windows".
    return gettext("%(browser)s on %(system)s", browser=browser, system=system) if system else str(browser)


def short_address(address: str) -> str:
    """An address without its last part: the network, not the person."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return ":".join(parsed.exploded.split(":")[:3]) + ":…"
    return address.rsplit(".", 1)[0] + ".x"


def duration(hours: float) -> str:
    """As "24 hours", "1 hour", "90 minutes": for a waiting time that a setting names."""
    whole = hours == int(hours)
    number, unit = (int(hours), "hour") if whole else (max(1, round(hours * 60)), "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def minutes_until(at: datetime) -> int:
    """Whole minutes from now, at least one."""
    return max(1, -(-int((at - now()).total_seconds()) // 60))


def seconds_until(at: datetime) -> int:
    """Whole seconds from now, at least one, for ``Retry-After``."""
    return max(1, -(-int((at - now()).total_seconds() * 1000) // 1000))


def _as_time(at: datetime, words: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(at.astimezone(UTC).isoformat(timespec="seconds"), words)
