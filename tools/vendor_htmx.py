"""Puts htmx where the product serves it: webapp/static/vendor/htmx.min.js.

It comes out of a wheel that pip fetches and checks (requirements-htmx.txt), so a machine without Node runs the
product, and no third-party script is committed or loaded from elsewhere. The script has its own hash here as well,
because a wheel also holds other versions: what browsers run changes only by a reviewed change of this file.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "webapp/static/vendor/htmx.min.js"
MEMBER = "django_htmx/static/django_htmx/htmx-2.min.js"
SHA256 = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"  # htmx 2.0.10


def main() -> None:
    script = htmx_from_the_wheel()
    found = hashlib.sha256(script).hexdigest()
    if found != SHA256:
        sys.exit(f"vendor_htmx: {MEMBER} has SHA-256 {found}, expected {SHA256}")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(script)


def htmx_from_the_wheel() -> bytes:
    with tempfile.TemporaryDirectory(prefix="htmx-") as folder:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        download += ["--only-binary=:all:", "--require-hashes", "--requirement", "requirements-htmx.txt"]
        subprocess.run([*download, "--dest", folder], check=True, cwd=ROOT)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER)


if __name__ == "__main__":
    main()
