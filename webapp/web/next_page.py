"""Where a log-in leads to: ``next`` is honoured as a local path only (cases D-64, D-65).

Anything else is ignored, never an error: the log-in ends at the dashboard.
"""

import re

MAX_LENGTH = 512


def local_path(text: str | None) -> str | None:
    """*text* where it is a path on this host, else None.

    One slash and then neither slash nor backslash, for browsers read both as the start of a host; printable ASCII
    only, for they drop tabs and line breaks before they read.
    """
    if not text or len(text) > MAX_LENGTH or not re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", text):
        return None
    return text
