"""A throw-away PostgreSQL cluster: started in a tenth of a second, gone with the process that started it.

Listens on a Unix socket in its own folder only, so several test workers never meet. Durability is off.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psycopg


class Cluster:
    """One running server; databases on it are made and dropped by name."""

    def __init__(self, socket_folder: Path) -> None:
        self.socket_folder = socket_folder

    def uri(self, database: str) -> str:
        return f"postgresql+psycopg://test@/{database}?host={self.socket_folder}"

    def create(self, database: str, *, template: str = "template1") -> None:
        """Copies *template*, which nobody may be connected to."""
        # Copying files is three times as quick as the usual way through the log, and most of what a test costs.
        self._run(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY')

    def drop(self, database: str) -> None:
        """Ends the connections that a test left open, too."""
        self._run(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def answers(self) -> bool:
        try:
            self._run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: str) -> None:
        dsn = f"host={self.socket_folder} user=test dbname=postgres"
        with contextlib.closing(psycopg.connect(dsn, autocommit=True)) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    # Not below pytest's tmp_path: the server's own account can't enter that, and a socket's path must stay short.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    try:
        initdb = [_binary("initdb"), "-D", folder / "data", "-U", "test", "-A", "trust"]
        initdb += ["--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(_as_ordinary_user(initdb), check=True, stdout=subprocess.DEVNULL, cwd="/")
        with (folder / "log").open("wb") as log, _server(folder, log) as server:
            cluster = Cluster(folder)
            _wait_for(cluster, server, folder / "log")
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _server(folder: Path, log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses="]
    settings += ["wal_level=minimal", "max_wal_senders=0", "autovacuum=off"]
    command = [_binary("postgres"), "-D", folder / "data", "-k", folder]
    command += [part for setting in settings for part in ("-c", setting)]
    server = subprocess.Popen(_as_ordinary_user(command), stdout=log, stderr=log, cwd="/")
    try:
        yield server
    finally:
        server.send_signal(signal.SIGQUIT)  # immediately: there is nothing to keep
        server.wait(timeout=30)


def _wait_for(cluster: Cluster, server: subprocess.Popen[bytes], log: Path, *, limit_s: float = 30) -> None:
    give_up_at = time.monotonic() + limit_s
    while not cluster.answers():
        if server.poll() is not None or time.monotonic() > give_up_at:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.02)  # between two questions: PostgreSQL tells nobody by itself that it is ready


def _as_ordinary_user(command: list[str | Path]) -> list[str]:
    """PostgreSQL refuses to run as root. Where setpriv is there, the server also ends with a killed test process."""
    prefix: list[str] = []
    if shutil.which("setpriv"):
        prefix = ["setpriv", "--pdeathsig=QUIT"]
        if os.geteuid() == 0:
            prefix += ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    return [*prefix, *map(str, command)]


def _binary(name: str) -> Path:
    """The newest installed; Debian keeps a server's programs off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which(name)
    if found:
        return found[-1]
    if on_path:
        return Path(on_path)
    raise RuntimeError(f"PostgreSQL's {name} is not installed: make test-system")
