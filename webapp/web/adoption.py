"""The part of “Security policy” on how many have two-factor authentication on; it reminds the others by mail."""

from typing import Any

from flask import Blueprint, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.core.company import adoption, reminders
from webapp.core.company.adoption import Count
from webapp.web import htmx
from webapp.web.guards import admin_page
from webapp.web.identity import me, visitor
from webapp.web.parts import db, now

blueprint = Blueprint("adoption", __name__, url_prefix="/settings/security")

COLUMN, BAR, HEIGHT = 20, 14, 100
"""Of the chart, in units of its own: it is as wide as the page gives it room."""


@blueprint.post("/reminder")
@admin_page(form_page="policy.show")
def remind() -> BaseResponse:
    """The page says what came of it: when the last one was sent, and to how many."""
    reminders.send(db(), me(), now=now(), visitor=visitor())
    return htmx.go(url_for("policy.show"))


@blueprint.app_template_global("adoption_of_my_company")
def adoption_of_my_company() -> dict[str, Any]:
    """For templates/policy/adoption.html, whichever view shows the page around it. Two statements."""
    standing = adoption.standing(db(), me().person.company_id, now=now())
    counts, last = standing.counts, standing.last_reminder
    next_at = reminders.next_at(last)
    today = counts[-1]
    return {
        "on": today.on,
        "people": today.people,
        "percent": round(100 * today.on / today.people) if today.people else 0,
        "counts": counts,
        "chart": _chart(counts),
        "reminded_at": last.at if last else None,
        "reminded": last.details["count"] if last else 0,
        "next_at": next_at if next_at and next_at > now() else None,
    }


def _chart(counts: tuple[Count, ...]) -> dict[str, Any]:
    """Two bars for each count, one in front of the other: everybody, and those who have it on."""
    most = max(1, *(count.people for count in counts))
    bars = [
        {"x": at * COLUMN + (COLUMN - BAR) // 2, "on": _high(count.on, most), "people": _high(count.people, most)}
        for at, count in enumerate(counts)
    ]
    return {"width": len(counts) * COLUMN, "height": HEIGHT, "bar": BAR, "bars": bars}


def _high(number: int, most: int) -> int:
    """Never nothing for somebody."""
    return max(1 if number else 0, round(HEIGHT * number / most))
