"""What whoever is logged in must do about two-factor authentication: asked of core once a request, by every page."""

from flask import g

from webapp.core.policy import flows as policy
from webapp.core.policy.rules import Obligation
from webapp.web.identity import me
from webapp.web.parts import db, now


def my_obligation(*, is_on: bool | None = None) -> Obligation:
    """*is_on* where this request may have changed it since it began. No statement where nothing is required, or on."""
    so_far = me().is_on if is_on is None else is_on
    known: dict[bool, Obligation] = g.setdefault("obligations", {})
    if so_far not in known:
        known[so_far] = policy.obligation(db(), me().person, is_on=so_far, now=now())
    return known[so_far]
