"""Settings → Resource / Employees: the people of one's company, with search and pages."""

from typing import Any

from flask import Blueprint, Response, request

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.enrolment import state as enrolment
from webapp.web.guards import signed_in
from webapp.web.identity import me
from webapp.web.page import PAGE, person_words, render
from webapp.web.parts import db

blueprint = Blueprint("employees", __name__)

MAX_SEARCH_LENGTH = 100


@blueprint.get("/settings/employees", endpoint="list_")
@signed_in
def show_list() -> Response:
    search = "".join(letter for letter in request.args.get("q", "") if letter.isprintable())[:MAX_SEARCH_LENGTH].strip()
    people = accounts.colleagues(db(), me().person, search=search, number=_number())
    is_admin = me().person.role is Role.ADMIN
    codes_left = enrolment.codes_left_of(db(), [person.id for person in people.rows]) if is_admin else {}
    return render(
        "employees/list.html",
        PAGE,
        rows=[_row(person, codes_left, is_admin=is_admin) for person in people.rows],
        q=search,
        number=people.number,
        pages=people.pages,
        total=people.total,
        is_admin=is_admin,
    )


def _number() -> int:
    """Which page the address asks for; the first where that is no number."""
    text = request.args.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _row(person: Person, codes_left: dict[Any, int], *, is_admin: bool) -> dict[str, Any]:
    """Employees see names without links; only administrators see who has two-factor authentication on."""
    is_me = person.id == me().person.id
    is_on = "On" if person.id in codes_left else "Off"
    return {
        **person_words(person, is_me=is_me),
        "may_open": is_me or is_admin,
        "two_factor": is_on if is_admin else None,
        "codes_left": codes_left.get(person.id),
    }
