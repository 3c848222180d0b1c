"""What a confirmation carries on: the request that it interrupted, with what was typed there and no secret."""

from typing import Any

from flask import request

from webapp.web.guards import Guard

NOT_CARRIED = frozenset({"csrf_token", "carry_on", "code", "backup_code", "password"})
"""What the form of a confirmation has of its own, and what must never come back in a page."""


def carries_post(guard: Guard) -> bool:
    """Whether the request goes on as the POST it interrupted; else as a GET."""
    return guard.carries_post and request.form.get("carry_on") == "post"


def carried(guard: Guard) -> dict[str, Any]:
    """What the confirmation's form needs for that. Of a POST that does not go on nothing comes back."""
    came_by_post = request.form.get("carry_on", "post" if request.method == "POST" else "get") == "post"
    goes_on = guard.carries_post and came_by_post
    return {
        "carry_on": "post" if goes_on else "get",
        "carried": [field for field in request.form.items(multi=True) if goes_on and field[0] not in NOT_CARRIED],
        "action": request.full_path.rstrip("?"),
    }
