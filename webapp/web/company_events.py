"""Settings → Audit: the company's security events for its administrators, with filters, pages and exports.

A filter that can't be read is none. Pages go on from an event, not from a number: what happens meanwhile moves nothing.
"""

import re
from datetime import date
from typing import Any

from flask import Blueprint, Response, request, url_for

from webapp.core.accounts.listing import Named
from webapp.core.company import events
from webapp.core.company.events import Export, Filters, SecurityEvent
from webapp.web import event_words, formats
from webapp.web.exports import csv_file, json_lines_file, moment
from webapp.web.guards import MAX_ID, admin_page
from webapp.web.identity import me, visitor
from webapp.web.page import PAGE, render
from webapp.web.parts import db, now
from webapp.web.search import number, typed_search

blueprint = Blueprint("events", __name__)

CSV_HEADS = (
    *("Id", "Time", "Event", "Kind", "Outcome", "Reason", "Factor"),
    *("Person", "E-mail", "By", "Device", "Network", "Details"),
)


@blueprint.get("/settings/audit")
@admin_page()
def show() -> Response:
    asked = _asked()
    page = events.page(db(), me().person, _filters(asked), before=_before(), after=number("after", most=MAX_ID))
    return render(
        "events/list.html",
        PAGE,
        rows=[_row(event) for event in page.rows],
        asked=asked,
        headings=event_words.HEADINGS,
        older=url_for("events.show", **asked, before=page.older) if page.older else None,
        newer=url_for("events.show", **asked, after=page.newer) if page.newer else None,
        most=events.MOST_EXPORTED,
    )


@blueprint.get("/settings/audit.csv")
@admin_page()
def as_csv() -> Response:
    export = _export("csv")
    return _linked(csv_file("security-events", CSV_HEADS, [_cells(event) for event in export.rows]), export)


@blueprint.get("/settings/audit.jsonl")
@admin_page()
def as_json_lines() -> Response:
    export = _export("jsonl")
    return _linked(json_lines_file("security-events", [_object(event) for event in export.rows]), export)


def _export(file_format: str) -> Export:
    if request.method == "HEAD":  # nothing leaves the house
        return Export((), None)
    return events.export(
        db(),
        me().person,
        _filters(_asked()),
        before=_before(),
        file_format=file_format,
        now=now(),
        visitor=visitor(),
    )


def _linked(file: Response, export: Export) -> Response:
    """Where the rest of a long list is, for whoever fetches it by script."""
    if export.older is not None:
        rest = url_for(str(request.endpoint), **_asked(), before=export.older)
        file.headers["Link"] = f'<{rest}>; rel="next"'
    return file


def _asked() -> dict[str, str]:
    """The filters of the address that can be read, under the names of their fields."""
    heading = request.args.get("kind", "")
    asked = {
        "person": typed_search("person"),
        "kind": heading if heading in event_words.HEADINGS else "",
        "from": _day("from"),
        "to": _day("to"),
    }
    return {name: value for name, value in asked.items() if value}


def _filters(asked: dict[str, str]) -> Filters:
    first, last = asked.get("from"), asked.get("to")
    return Filters(
        asked.get("person", ""),
        event_words.kinds_under(asked.get("kind", "")),
        date.fromisoformat(first) if first else None,
        date.fromisoformat(last) if last else None,
    )


def _day(name: str) -> str:
    """A day as date fields send it, or "" for anything else."""
    text = request.args.get(name, "")
    if not re.fullmatch("2[0-9]{3}-[0-9]{2}-[0-9]{2}", text, re.ASCII):  # beyond that nobody means it
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:  # 31 February
        return ""


def _before() -> int | None:
    return number("before", most=MAX_ID)


def _row(event: SecurityEvent) -> dict[str, Any]:
    words = event_words.words(event)
    return {
        "words": words,
        "says_refused": event.outcome == "refused" and "refused" not in words,
        "person": event.person,
        "by": event_words.by_words(event),
        "at": event.at,
        "where": formats.place(event.user_agent, event.address),
        "details": event_words.detail_words(event),
    }


def _cells(event: SecurityEvent) -> tuple[object, ...]:
    return (
        event.id,
        moment(event.at),
        event_words.words(event),
        event.kind.value,
        event.outcome,
        event.reason,
        event.factor,
        event.person.name if event.person else "",
        event.person.email if event.person else "",
        event_words.by_words(event),
        *_place(event),
        event_words.detail_words(event),
    )


def _object(event: SecurityEvent) -> dict[str, Any]:
    device, network = _place(event)
    return {
        "id": event.id,
        "time": moment(event.at),
        "kind": event.kind.value,
        "outcome": event.outcome,
        "reason": event.reason,
        "factor": event.factor,
        "person": _named(event.person),
        "actor": event.actor.value,
        "by": _named(event.by),
        "device": device,
        "network": network,
        "details": event.details,
    }


def _place(event: SecurityEvent) -> tuple[str, str]:
    """Browser and network, as far as the person concerned sees them too."""
    device = formats.device(event.user_agent) if event.user_agent else ""
    return device, formats.short_address(event.address)


def _named(person: Named | None) -> dict[str, Any] | None:
    return {"id": person.id, "name": person.name, "email": person.email} if person else None
