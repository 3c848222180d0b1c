"""Every case of docs/attack-cases.md has a test that names it, and no test names a case that is not listed."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CASE = re.compile(r"\bD-\d\d\b")


def test_every_attack_case_is_a_test() -> None:
    """Its id stands in the docstring."""
    listed = set(re.findall(r"^\| (D-\d\d) ", (ROOT / "docs" / "attack-cases.md").read_text(), re.MULTILINE))
    tested = _tests_by_case()

    assert len(listed) > 70
    assert [] == sorted(listed - tested.keys()), "write a test, with the id in its docstring"
    assert [] == sorted(tested.keys() - listed), "add the case to docs/attack-cases.md"


def _tests_by_case() -> dict[str, list[str]]:
    found = defaultdict(list)
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for case in CASE.findall(ast.get_docstring(node) or ""):
                    found[case].append(f"{file.name}::{node.name}")
    return found
