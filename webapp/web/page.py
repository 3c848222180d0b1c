"""From a template to an answer: whole page or fragment from the same file, with its status and headers."""

import functools
import hashlib
import re
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, make_response, render_template, url_for
from lucide.jinja import lucide

from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.outcomes import Refused
from webapp.core.sessions.flows import SignedIn
from webapp.web import formats, htmx, wording
from webapp.web.identity import me_or_none
from webapp.web.parts import parts

PAGE = ("layouts/page.html", "layouts/fragment.html")
STEP = ("layouts/page.html", "layouts/dialog.html")
LOG_IN = ("layouts/login.html", "layouts/fragment.html")

ROLE_WORDS = {Role.EMPLOYEE: "Employee", Role.ADMIN: "Administrator", Role.SUPPORT: "Support"}


def register(app: Flask) -> None:
    app.jinja_env.filters.update(when=formats.when, day=formats.day, clock=formats.clock, moment=formats.moment)
    app.jinja_env.globals.update(lucide=functools.cache(lucide), asset=asset)
    app.context_processor(_context)


def render(template: str, layouts: tuple[str, str], *, status: int = 200, **context: Any) -> Response:
    """The answer to a browser that loads pages, or to HTMX: the second of *layouts*."""
    is_fragment = htmx.wants_fragment()
    layout = layouts[1] if is_fragment else layouts[0]
    body = render_template(
        template,
        layout=layout,
        fragment=is_fragment,
        in_dialog=layout == "layouts/dialog.html",
        has_errors=status >= 400,
        **context,
    )
    return make_response(body, status)


def render_refused(template: str, layouts: tuple[str, str], refused: Refused | None, **context: Any) -> Response:
    """A form again: 422 with what was wrong, 429 with ``Retry-After`` where there is a pause. 200 for None."""
    pause = wording.throttle(refused)
    if pause is None:
        return render(template, layouts, status=422 if refused else 200, throttle=None, **context)
    response = render(template, layouts, status=429, throttle=pause, **context)
    seconds = formats.seconds_until(pause.until) if pause.until else wording.CLOSED_RETRY_S
    response.headers["Retry-After"] = str(seconds)
    return response


def asset(path: str) -> str:
    """The address of a static file, with its fingerprint: it may be kept for ever, for a change has another."""
    return url_for("static", filename=path, v=_fingerprint(Path(str(current_app.static_folder)) / path))


def codes_file_name() -> str:
    """What the file of backup codes is called: the brand in ASCII, as a file system takes it."""
    brand = re.sub(r"[^a-z0-9]+", "-", parts().settings.brand_name.casefold()).strip("-")
    return f"{brand or 'account'}-backup-codes.txt"


def person_words(person: Person, *, is_me: bool) -> dict[str, Any]:
    """A person as templates show one."""
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "role_word": ROLE_WORDS[person.role],
        "initials": initials(person.name),
        "is_me": is_me,
    }


def initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in (words[0], *words[1:][-1:])).upper() if words else "?"


def _context() -> dict[str, Any]:
    settings, signed_in = parts().settings, me_or_none()
    return {
        "brand": settings.brand_name,
        "support_email": settings.support_email,
        "codes_file_name": codes_file_name(),
        "me": _me_words(signed_in) if signed_in else None,
    }


def _me_words(signed_in: SignedIn) -> dict[str, Any]:
    person = signed_in.person
    return {
        "id": person.id,
        "name": person.name,
        "initials": initials(person.name),
        "company_name": person.company_name,
        "email": person.email,
        "is_support": person.role is Role.SUPPORT,
        "is_admin": person.role is Role.ADMIN,
        "repairs": signed_in.repairs,
        "case_kind": signed_in.case_kind,
    }


@functools.cache
def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
