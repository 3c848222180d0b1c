"""The product: ``create_app()``. Flask is imported inside it, so that ``webapp.core`` loads without the web."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from webapp.core.clock import Clock


def create_app(*, clock: Clock | None = None, **settings: Any) -> Flask:
    """The Flask application. *clock* tells the time in tests; *settings* come before FLASK_* of the environment.

    Stops with SettingsError, a line that says which setting is wrong and how to make it right.
    """
    from webapp.wiring import build

    return build(clock=clock, overrides=settings)
