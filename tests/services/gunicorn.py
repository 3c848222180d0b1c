"""The product as it is deployed: a real gunicorn with two worker processes on a free port, ended by its id."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
START_S = 30


@contextlib.contextmanager
def serving(uri: str, instance: Path, *, workers: int = 2, log: Path | None = None, **settings: str) -> Iterator[str]:
    """The address of a server on the database at *uri*, with more *settings*. It runs on the machine's own clock.

    What it and its access log write goes to *log*.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "FLASK_SQLALCHEMY_DATABASE_URI": uri,
        "FLASK_INSTANCE_PATH": str(instance),
        "FLASK_PUBLIC_URL": address,
        "FLASK_BCRYPT_ROUNDS": "4",
        **settings,
    }
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
    command += ["--worker-class", "gthread", "--threads", "8", "--no-control-socket", "--log-level", "warning"]
    with contextlib.ExitStack() as files:
        output = files.enter_context(log.open("wb")) if log else None
        command += ["--access-logfile", "-"] if log else []
        server = files.enter_context(
            subprocess.Popen([*command, "wsgi:app"], cwd=ROOT, env=environment, stdout=output, stderr=output)
        )
        try:
            _wait_until_it_answers(f"{address}/login", server)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_until_it_answers(address: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        # Refused while it starts: the port itself is the only sign, so it is asked again after a breath.
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.1)
    raise AssertionError("gunicorn did not answer")
