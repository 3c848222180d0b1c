"""Settings → Resource / Employees: the people of one's company, with search, filter and pages; and as a file."""

from typing import Any

from flask import Blueprint, Response, request

from webapp.core.accounts import flows as accounts
from webapp.core.accounts.flows import Person
from webapp.core.accounts.rules import Role
from webapp.core.company import people_list
from webapp.core.company.people_list import Listed, Only, Standing
from webapp.web.exports import csv_file, moment
from webapp.web.guards import admin_page, signed_in
from webapp.web.identity import me, visitor
from webapp.web.page import PAGE, ROLE_WORDS, person_words, render
from webapp.web.parts import db, now
from webapp.web.search import number, typed_search

blueprint = Blueprint("employees", __name__)

ONLY_WORDS = {
    Only.ON: "On",
    Only.OFF: "Off",
    Only.FEW: "Few backup codes left",
    Only.NEVER: "Never logged in",
}
CSV_HEADS = (
    *("Name", "E-mail", "Role", "Active"),
    *("Two-factor authentication", "On since", "Backup codes left", "Last log-in"),
)
MAX_PAGE = 999_999


@blueprint.get("/settings/employees", endpoint="list_")
@signed_in
def show_list() -> Response:
    is_admin = me().person.role is Role.ADMIN
    search, only = typed_search("q"), _only() if is_admin else None
    page = number("page", most=MAX_PAGE) or 1
    if is_admin:
        people, listed = people_list.page(db(), me().person, search=search, only=only, number=page)
        rows = [_row_for_administrators(one) for one in listed]
    else:
        people = accounts.colleagues(db(), me().person, search=search, number=page)
        rows = [_row(person) for person in people.rows]
    return render(
        "employees/list.html",
        PAGE,
        rows=rows,
        asked={name: value for name, value in (("q", search), ("two_factor", only and only.value)) if value},
        only_words={only.value: words for only, words in ONLY_WORDS.items()},
        number=people.number,
        pages=people.pages,
        total=people.total,
        is_admin=is_admin,
    )


@blueprint.get("/settings/employees.csv")
@admin_page()
def as_csv() -> Response:
    rows: list[Standing] = []
    if request.method != "HEAD":  # which exports nothing
        rows = people_list.export(
            db(), me().person, search=typed_search("q"), only=_only(), now=now(), visitor=visitor()
        )
    return csv_file("employees", CSV_HEADS, [_cells(row) for row in rows])


def _only() -> Only | None:
    """Whom the address asks for; everybody where that is no filter."""
    text = request.args.get("two_factor", "")
    return Only(text) if text in set(Only) else None


def _cells(row: Standing) -> tuple[object, ...]:
    person = row.person
    return (
        person.name,
        person.email,
        ROLE_WORDS[person.role],
        "Yes" if person.is_active else "No",
        "On" if row.on_since else "Off",
        moment(row.on_since),
        row.codes_left,
        moment(row.last_log_in),
    )


def _row(person: Person) -> dict[str, Any]:
    """Employees see names without links, but for their own."""
    is_me = person.id == me().person.id
    return {**person_words(person, is_me=is_me), "may_open": is_me}


def _row_for_administrators(listed: Listed) -> dict[str, Any]:
    """They see who has two-factor authentication on as well, and may open everybody's profile."""
    is_on = listed.codes_left is not None
    return {
        **_row(listed.person),
        "may_open": True,
        "two_factor": "On" if is_on else "Off",
        "codes_left": listed.codes_left,
        "state": _state(listed),
    }


def _state(listed: Listed) -> str:
    """Why nobody logs in to an account, or nothing."""
    if not listed.person.is_active:
        return "Deactivated"
    return "" if listed.has_password else "Invited, not yet logged in"
