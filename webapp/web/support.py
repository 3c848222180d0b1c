"""The console of Support: look somebody up, open a case, and bring it to its end with a colleague."""

from flask import Blueprint, Response

from webapp.web.guards import support_page
from webapp.web.page import PAGE, render

blueprint = Blueprint("support", __name__, url_prefix="/support")


@blueprint.get("", endpoint="show")
@support_page()
def show() -> Response:
    return render("support/console.html", PAGE)


@blueprint.post("")
@support_page()
def find() -> Response:
    return render("support/console.html", PAGE)
