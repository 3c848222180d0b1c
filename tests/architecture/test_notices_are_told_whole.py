"""Where core tells a notice, it tells what the notice's texts need."""

import ast
from pathlib import Path

from webapp.core.notices.flows import Notice
from webapp.mail.facts import NEEDED

TELLING = ("tell", "tell_plainly", "tell_with")

CORE = Path(__file__).parent.parent.parent / "webapp" / "core"


def test_every_notice_is_told_with_the_facts_that_its_texts_need() -> None:
    """A mail that lacks one is never written; this is noticed before somebody misses it."""
    told = [(file, call) for file in sorted(CORE.rglob("*.py")) for call in _calls_of_tell(file)]

    assert told, "core tells its notices in another way than this test looks for"
    for file, call in told:
        given = {keyword.arg for keyword in call.keywords}
        for notice in _named(call):
            missing = set(NEEDED.get(notice, ())) - given
            # None is a dictionary that is handed on: a test of its flow must see the mail.
            assert None in given or not missing, f"{file.relative_to(CORE)} tells {notice} without {sorted(missing)}"


def _calls_of_tell(file: Path) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in TELLING]


def _named(call: ast.Call) -> list[Notice]:
    """The notices that stand in the call, more than one where it chooses."""
    inside = [node for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Attribute)]
    return [Notice[node.attr] for node in inside if isinstance(node.value, ast.Name) and node.value.id == "Notice"]
