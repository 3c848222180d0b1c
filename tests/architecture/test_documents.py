"""What the documents list and what the code has are the same."""

import re
from pathlib import Path

import pytest
from flask import Flask

from webapp import create_app

ROOT = Path(__file__).parent.parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
TREE = (ROOT / "docs" / "architecture.md").read_text().partition("## The tree")[2].partition("Imports go one way")[0]


def test_every_command_is_documented(tmp_path: Path) -> None:
    """docs/operations.md has a row for each command of ours."""
    documented = set(re.findall(r"^\| `([a-z-]+(?: [a-z-]+)?)", OPERATIONS, re.MULTILINE))

    assert _commands(create_app(INSTANCE_PATH=str(tmp_path))) <= documented


@pytest.mark.parametrize(
    "document", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.name
)
def test_links_and_paths_in_documents_lead_somewhere(document: Path) -> None:
    """Links to files, and docs/… named in passing."""
    text = document.read_text()
    linked = {document.parent / target for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text)}
    named = {ROOT / path for path in re.findall(r"`(docs/[a-z0-9_./-]+)`", text)}

    assert [] == [str(path) for path in linked | named if not path.exists()]


def test_every_screen_and_every_feature_of_core_stands_in_the_tree_and_the_reverse() -> None:
    """By name; packages with a slash, modules of the web with their ending."""
    core, web = TREE.partition("webapp/core/\n")[2].split("webapp/web/\n")
    web = web.partition("webapp/templates/")[0]

    features = {path.parent.name for path in (ROOT / "webapp" / "core").rglob("__init__.py")} - {"core", "factors"}
    modules = {path.name for path in (ROOT / "webapp" / "web").glob("*.py")}

    assert features == set(re.findall(r"(\w+)/(?= |\n)", core))
    assert modules == set(re.findall(r"\w+\.py", web))


def _commands(app: Flask) -> set[str]:
    ours = {"company", "employee", "two-factor", "outbox", "demo", "purge", "support"}
    found = set()
    for name, command in app.cli.commands.items():
        if name in ours:
            children = getattr(command, "commands", {})
            found |= {f"{name} {child}" for child in children} or {name}
    return found
