"""What HTMX needs to be told apart from a browser that loads whole pages."""

from flask import Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse


def wants_fragment() -> bool:
    """Whether this request swaps a fragment in. Going back through the history wants whole pages."""
    is_restoring = request.headers.get("HX-History-Restore-Request") == "true"
    return request.headers.get("HX-Request") == "true" and not is_restoring


def go(location: str) -> BaseResponse:
    """Send the browser to another page: 303, which HTMX would follow within the pop-up, so 204 for it."""
    if wants_fragment():
        return Response(status=204, headers={"HX-Redirect": location})
    return redirect(location, 303)


def into_main(page: Response) -> Response:
    """A page's fragment as the end of a pop-up: it replaces the page behind, and the pop-up closes."""
    page.headers["HX-Retarget"] = "#main"
    page.headers["HX-Reswap"] = "innerHTML"
    return page
