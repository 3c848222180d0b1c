"""Every screen of the product and no rule: a request becomes one flow call, an outcome becomes a page.

Imports core's flows and rules, never its tables; wiring calls ``register``.
"""

from flask import Flask
from flask_wtf import CSRFProtect

from webapp.web import (
    adoption,
    authenticators,
    colleagues,
    company_events,
    credentials,
    csp_reports,
    dashboard,
    disputes,
    employees,
    errors,
    freeze,
    guards,
    headers,
    health,
    identity,
    invites,
    languages,
    limits,
    log_outs,
    login,
    own_case,
    page,
    policy,
    profile,
    proofs,
    recovery,
    repairs,
    saved_codes,
    support,
    support_case,
    two_factor,
)
from webapp.web.code_confirmation import confirm_code
from webapp.web.parts import Parts
from webapp.web.password import confirm_password


def register(app: Flask, parts: Parts) -> None:
    """Add pages, guards, headers and error pages to *app*."""
    app.extensions["webapp"] = parts
    languages.register(app)
    identity.register(app)
    page.register(app)
    headers.register(app)
    limits.register(app)
    CSRFProtect(app)  # makes csrf_token() for the templates; guards.py judges it
    guards.register(app, confirm_password, confirm_code)
    errors.register(app)
    for blueprint in (
        login.blueprint,
        dashboard.blueprint,
        employees.blueprint,
        profile.blueprint,
        colleagues.blueprint,
        invites.blueprint,
        two_factor.blueprint,
        proofs.backup_codes,
        log_outs.blueprint,
        authenticators.blueprint,
        saved_codes.blueprint,
        recovery.blueprint,
        repairs.blueprint,
        credentials.blueprint,
        credentials.confirmation,
        disputes.blueprint,
        freeze.blueprint,
        own_case.blueprint,
        policy.blueprint,
        support.blueprint,
        support_case.blueprint,
        company_events.blueprint,
        adoption.blueprint,
        csp_reports.blueprint,
        health.blueprint,
    ):
        app.register_blueprint(blueprint)
    _every_view_is_guarded(app)


def _every_view_is_guarded(app: Flask) -> None:
    unguarded = [
        endpoint for endpoint in app.view_functions if endpoint != "static" and not guards.guard_of(app, endpoint)
    ]
    if unguarded:
        raise RuntimeError(f"no guard on {unguarded}; put one of webapp/web/guards.py on each view")
