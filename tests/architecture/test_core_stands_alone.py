"""Core loads without the web, proven where nothing was imported before: contracts see only our own lines."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

LOAD_CORE = """
import importlib, pkgutil, sys

BLOCKED = {
    "flask", "flask_login", "flask_wtf", "flask_sqlalchemy", "flask_migrate", "flask_limiter",
    "wtforms", "jinja2", "werkzeug", "markupsafe", "click", "itsdangerous", "gunicorn", "lucide", "limits", "qrcode",
}

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"core must not load {name}")

sys.meta_path.insert(0, Block())
import webapp.core

names = [module.name for module in pkgutil.walk_packages(webapp.core.__path__, "webapp.core.")]
for name in names:
    importlib.import_module(name)
outside = [name for name in sys.modules if name.startswith("webapp.") and not name.startswith("webapp.core")]
print(len(names), outside)
"""


def test_core_loads_with_every_web_library_blocked() -> None:
    """In a fresh interpreter, every module of it, and nothing of ours beside it."""
    run = subprocess.run([sys.executable, "-c", LOAD_CORE], cwd=ROOT, capture_output=True, text=True)

    assert 0 == run.returncode, run.stderr
    count, _, outside = run.stdout.strip().partition(" ")
    assert "[]" == outside
    assert int(count) > 30
