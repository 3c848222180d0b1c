"""Who is asking, as far as a request can tell: an address, a browser's name for itself, its known-browser token.

Made in one place by the web (a forged ``X-Forwarded-For`` must not reach an audit row) and by the commands.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """*address* of the client after trusted proxies; *browser_token* the raw ``browser`` cookie, or None."""

    address: str = ""
    user_agent: str = ""
    browser_token: str | None = None


OPERATOR = Visitor(address="command line")
SUPPORT = Visitor(address="Support")
"""For what a case of Support changes: not from where its person is, nor from where the agent sits."""
