"""From a notice to an e-mail in text and HTML, and out of the house.

Core owes the mail and knows neither; ``flask outbox send`` calls what is made here.
"""

from collections.abc import Callable

from webapp.core.notices.flows import Mail

Transport = Callable[[Mail], None]
"""Sends one mail, or raises whatever kept it from being sent."""
