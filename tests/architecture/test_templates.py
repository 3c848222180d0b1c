"""What every template keeps to."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parent.parent.parent / "webapp" / "templates"
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if "email" not in path.parts)


@pytest.mark.parametrize("template", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_template_runs_under_the_strict_policy(template: Path) -> None:
    """No inline style or script, no handler attributes, htmx as data-hx-*, only literals marked as safe."""
    text = template.read_text()

    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|\shx-|[^']\|\s*safe", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("template", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_form_that_changes_something_carries_the_token(template: Path) -> None:
    """parts/csrf.html stands in every POST form."""
    text = template.read_text()
    for form in re.findall(r"<form.*?</form>", text, re.DOTALL):
        if 'method="post"' in form or 'sends("post"' in form:
            assert "parts/csrf.html" in form
